package watchdog

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"reterminal-vision/camera"
)

// soon fails a test in which a fault was not noticed within as long as the
// watchdog allows a process whose cores others take, as other tests do; with
// RTV_PROMPT=1, for a machine that does nothing else, within 5 s.
func soon(t *testing.T, what string, noticed, waited time.Duration) {
	t.Helper()
	limit := 5 * time.Second
	if os.Getenv("RTV_PROMPT") != "1" {
		limit += StarvedFactor * FrameLimit
	}
	if noticed > limit {
		t.Errorf("%s: noticed after %v, in which it waited %v for a core: want %v", what, noticed, waited, limit)
	}
}

// TestWatchdog notices what hangs, and nothing else.
func TestWatchdog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(v *Watchdog)
		stuck Part
	}{
		{"nothing", func(*Watchdog) {}, -1},
		{"frame after frame", func(v *Watchdog) {
			go func() {
				for range 1000 {
					v.Enter(Network)
					time.Sleep(5 * time.Millisecond)
					v.Leave(Network)
				}
			}()
		}, -1},
		{"a network", func(v *Watchdog) { v.Enter(Network + 3) }, Network + 3},
		{"after many frames", func(v *Watchdog) {
			for range 1000 {
				v.Enter(Finish)
				v.Leave(Finish)
			}
			v.Enter(Finish)
		}, Finish},
		{"a slow card", func(v *Watchdog) { v.Enter(OpenNetworks) }, -1},
		{"a machine that is slow throughout", func(v *Watchdog) {
			v.Enter(WarmUp)
			time.Sleep(FrameLimit + time.Second)
			v.Leave(WarmUp)
			for range 3 {
				time.Sleep(2 * Interval)
				v.Enter(Prepare)
				v.Leave(Prepare)
			}
			v.Enter(Network)
		}, -1},
		{"closing the networks", func(v *Watchdog) { v.Enter(CloseNetworks) }, CloseNetworks},
		{"a first run, in a demo that never ran here", func(v *Watchdog) { v.Enter(WarmUp) }, -1},
		{"a first run, in one that did", func(v *Watchdog) { v.SetPace(false, 2); v.Enter(WarmUp) }, WarmUp},
		{"a first run, in one that takes a second", func(v *Watchdog) { v.SetPace(false, 1); v.Enter(WarmUp) }, -1},
		{"a slow network of one's own", func(v *Watchdog) { v.SetPace(true, 0); v.Enter(Network) }, -1},
		{"one whose first run took a second", func(v *Watchdog) {
			v.SetPace(true, 0)
			v.Do(WarmUp, func() { time.Sleep(time.Second) })
			v.Enter(Network)
		}, -1},
		{"one whose first run was quick", func(v *Watchdog) {
			v.SetPace(true, 0)
			v.Do(WarmUp, func() {})
			v.Enter(Network)
		}, Network},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, found := New(), make(chan Part, 1)
			start, starved := time.Now(), CPUWaits("self")
			defer v.Watch(func(p Part) { found <- p })()
			tt.do(v)
			select {
			case p := <-found:
				if p != tt.stuck {
					t.Errorf("%v is stuck", p)
				}
				soon(t, tt.name, time.Since(start), CPUWaits("self").Since(starved))
				t.Logf("after %v", time.Since(start))
			case <-time.After(map[bool]time.Duration{true: time.Minute, false: FrameLimit + time.Second}[tt.stuck >= 0]):
				if tt.stuck >= 0 {
					t.Error("nothing was noticed")
				}
			}
		})
	}
}

// TestSilence ends the reading of a source that gives nothing, not of one that
// is slow, and not while nobody reads.
func TestSilence(t *testing.T) {
	for _, tt := range []struct {
		name   string
		info   camera.Info
		within time.Duration // 0 for never
		Heard  bool
	}{
		{"a film", camera.Info{Name: "film", Kind: camera.KindVideo, FPS: 30}, 5 * time.Second, false},
		{"pictures, one in ten seconds", camera.Info{Name: "album", Kind: camera.KindStills, FPS: .1}, 0, false},
		{"while a frame is worked on", camera.Info{Name: "film", Kind: camera.KindVideo, FPS: 30}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := NewSilence(t.Context(), tt.info)
			defer s.End()
			start := time.Now()
			s.Listen()
			if tt.Heard {
				s.Heard()
			}
			select {
			case <-s.Context.Done():
				if err := context.Cause(s.Context); tt.within == 0 || !errors.Is(err, camera.ErrStalled) || !strings.Contains(err.Error(), tt.info.Name) {
					t.Errorf("ended by %v", err)
				}
				if noticed := time.Since(start); noticed > tt.within {
					t.Errorf("noticed after %v", noticed)
				}
				t.Logf("TABLE %s silent | noticed %v", tt.name, time.Since(start).Round(time.Millisecond))
			case <-time.After(6 * time.Second):
				if tt.within > 0 {
					t.Error("nothing was noticed")
				}
			}
		})
	}
}
