package device

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	type look struct {
		up, leapt time.Duration // since the start, by the monotonic clock; by which the time of day differs
		set, sure bool
	}
	for name, looks := range map[string][]look{
		"nothing sets it":            {{0, 0, false, false}, {23 * time.Hour, 0, false, false}, {25 * time.Hour, 0, false, true}},
		"it runs a little fast":      {{0, 0, false, false}, {25 * time.Hour, 40 * time.Second, false, true}, {26 * time.Hour, 42 * time.Second, false, true}},
		"a server sets it":           {{0, 0, true, true}, {time.Hour, 400 * day, true, true}},
		"leap on after three days":   {{0, 0, false, false}, {3 * day, 0, false, true}, {3*day + time.Hour, 400 * day, false, false}, {4 * day, 400 * day, false, false}, {4*day + 2*time.Hour, 400 * day, false, true}},
		"a leap of two hours":        {{0, 0, false, false}, {3 * day, 2 * time.Hour, false, false}},
		"leap back after three days": {{0, 0, false, false}, {3 * day, 0, false, true}, {3*day + time.Hour, -40 * day, false, false}, {5 * day, -40 * day, false, true}},
		"a server sets it right":     {{0, 400 * day, false, false}, {time.Hour, 0, true, true}, {2 * time.Hour, 0, false, false}},
		"there and back":             {{0, 0, false, false}, {3 * day, 90 * day, false, false}, {3*day + time.Hour, 0, false, false}, {4*day + 2*time.Hour, 0, false, true}},
		"the time is lost":           {{0, -400 * 30 * day, false, false}, {2 * day, -400 * 30 * day, false, false}, {2 * day, -400 * 30 * day, true, false}},
	} {
		var c Clock
		for i, l := range looks {
			if got := c.Sure(start.Add(l.up+l.leapt), l.up, l.set); got != l.sure {
				t.Errorf("%s, look %d: sure %v", name, i, got)
			}
		}
	}
}

// A device that is switched off every night is believed in the end, one whose
// clock leapt meanwhile is not.
func TestClockResumes(t *testing.T) {
	start := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		night time.Duration
		days  int // after which it is sure; 0 for never
	}{
		"every night":     {14 * time.Hour, 3},
		"a long weekend":  {70 * time.Hour, 3},
		"leaps on":        {90 * 24 * time.Hour, 0},
		"forgets the day": {-2 * time.Hour, 0},
	} {
		was, wall, sure := Steady{}, start, 0
		for day := 1; day <= 6 && sure == 0; day++ {
			var clock Clock
			clock.Resume(was, wall, 0)
			wall = wall.Add(10 * time.Hour)
			if was = clock.Look(wall, 10*time.Hour); clock.Sure(wall, 10*time.Hour, false) {
				sure = day
			}
			wall = wall.Add(c.night)
		}
		if sure != c.days {
			t.Errorf("%s: sure after %d days, want %d", name, sure, c.days)
		}
	}
}

func TestClockSet(t *testing.T) {
	was := synchronized
	t.Cleanup(func() { synchronized = was })
	synchronized = filepath.Join(t.TempDir(), "synchronized")
	kernel := ClockSet() // without the file
	if err := os.WriteFile(synchronized, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if !ClockSet() {
		t.Error("timesyncd set the clock")
	}
	for _, off := range []time.Duration{-48 * time.Hour, 48 * time.Hour} { // the clock leapt away from it
		at := time.Now().Add(off)
		if err := os.Chtimes(synchronized, at, at); err != nil {
			t.Fatal(err)
		}
		if ClockSet() != kernel {
			t.Errorf("the clock was set %v from now, and is believed", off)
		}
	}
}
