package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/choices"
	"reterminal-vision/app/device"
	"reterminal-vision/app/guard"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/people"
	"reterminal-vision/app/pin"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/settings"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/ui/kit"
)

// Where settings cannot be read they stay as they are on the disk, and whoever
// tries PINs waits the longest, since a restart would forget the tries.
func TestSettingsUnread(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("RTV_PEOPLE", filepath.Join(folder, "people.db"))
	hash, err := pin.Hash("2580")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "settings.json")
	if err := settings.Save(path, settings.Settings{PIN: hash, Keep: 30}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	p, now := preferences.Load(), time.Now()
	if got := p.Get(); got.PIN != hash || got.Keep != 30 || p.WhyLost() == "" {
		t.Fatalf("%+v, %q", got, p.WhyLost())
	}
	if err := p.Change(func(s *settings.Settings) { s.Theme = "light" }); !errors.Is(err, settings.ErrUnread) || p.Get().Theme != "light" || p.WhyLost() == "" {
		t.Errorf("a change: %v, %q, %q", err, p.Get().Theme, p.WhyLost())
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Errorf("the file was written over: %v", err)
	}
	if again := preferences.Load().Get(); again.PIN != hash || again.Theme != "" {
		t.Errorf("the next time: %+v", again)
	}
	l := pin.NewLockout(p, now)
	if l.Check("0000", hash, now) || l.Wait(now) != pin.LongestWait {
		t.Errorf("a wrong PIN that is not counted costs %v", l.Wait(now))
	}
	now = now.Add(pin.LongestWait)
	if !l.Check("2580", hash, now) || l.Wait(now) > 0 {
		t.Errorf("after the right one one waits %v", l.Wait(now))
	}
	if l.Check("0000", settings.Locked, now) {
		t.Error("a number unlocks where no PIN is known")
	}
}

// What visitors change in a demo of a locked device is gone when they leave;
// what its people change stays.
func TestVisitorsOnlyTry(t *testing.T) {
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	p := preferences.Load()
	set := func(threads int) {
		t.Helper()
		if err := p.ChangeDemo("vehicles", func(d *settings.Demo) { d.Threads = threads }); err != nil {
			t.Fatal(err)
		}
	}
	set(1)
	if err := p.Change(func(s *settings.Settings) { s.PIN = "a hash" }); err != nil {
		t.Fatal(err)
	}
	set(2)
	if got := p.Demo("vehicles").Threads; got != 2 {
		t.Errorf("a visitor's choice has no effect: %d", got)
	}
	if kept := preferences.Load().Demo("vehicles").Threads; kept != 1 {
		t.Errorf("a visitor's choice is kept: %d", kept)
	}
	p.Lock()
	if got := p.Demo("vehicles").Threads; got != 1 {
		t.Errorf("a visitor's choice stays: %d", got)
	}
	p.Unlock()
	set(3)
	p.Lock()
	if got := preferences.Load().Demo("vehicles").Threads; got != 3 {
		t.Errorf("the owner's choice is not kept: %d", got)
	}
}

// The PIN is asked for again once the settings are left, or nobody touches them
// for two minutes, also where the screen never attracts; what visitors tried ends
// then, too.
func TestLocksAgain(t *testing.T) {
	w := testShell(t)
	if err := w.prefs.Change(func(s *settings.Settings) { s.PIN, s.Visitors.Idle = "a hash", -1 }); err != nil {
		t.Fatal(err)
	}
	w.screen.SetIdle(0)
	now := time.Now()
	enter := func() {
		w.prefs.Unlock()
		w.screen.Pages.Open(pages.Settings{App: w.pages})
		w.screen.Capture(now)
		if !w.prefs.IsUnlocked() {
			t.Fatal("it locks at once")
		}
	}
	enter()
	w.screen.ShowHome()
	for range 2 {
		now = now.Add(2 * time.Second)
		w.screen.Capture(now)
	}
	if w.prefs.IsUnlocked() {
		t.Error("it stays open when the settings are left")
	}
	enter()
	now = now.Add(3 * time.Minute)
	w.screen.Capture(now)
	if w.prefs.IsUnlocked() {
		t.Error("it stays open when nobody is there")
	}
	w.screen.Touch()
	for _, err := range []error{w.prefs.ChangeDemo("belt", func(d *settings.Demo) { d.Threads = 1 }), w.prefs.Mirror(true)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if choices.Demo(w.cfg, w.prefs, "belt").Threads != 1 || !choices.Demo(w.cfg, w.prefs, "belt").Turn.Mirror || w.prefs.Get().Camera.Mirror {
		t.Error("a visitor's choice has no effect, or is kept")
	}
	w.screen.Capture(now.Add(3 * time.Minute))
	if choices.Demo(w.cfg, w.prefs, "belt").Threads != 2 || choices.Demo(w.cfg, w.prefs, "belt").Turn.Mirror {
		t.Error("a visitor's choice stays")
	}
	// With the PIN it can be kept.
	for _, err := range []error{w.prefs.ChangeDemo("belt", func(d *settings.Demo) { d.Threads = 1 }), w.prefs.Mirror(true), w.prefs.KeepTried()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if kept := preferences.Load(); kept.Demo("belt").Threads != 1 || !kept.Camera().Mirror || w.prefs.IsTried() {
		t.Errorf("kept %+v", kept.Get())
	}
}

// A device that is too hot or short of memory runs no demo, whichever is opened,
// and goes on with the last one as it was: in attract mode where that ran.
func TestHealthGuard(t *testing.T) {
	w := testShell(t)
	health := func(celsius, room float64) device.Health {
		return device.Health{Temperature: device.Value{Number: celsius, Known: true}, Available: device.Value{Number: room, Known: true}}
	}
	cool, warm, hot, short := health(60, 1<<30), health(80, 1<<30), health(86, 1<<30), health(60, 64<<20)
	attracting := func() bool {
		_, attracts, _ := w.runner.state()
		return attracts
	}
	attract := func() { w.attract.begin(w.screen.Touches()) }
	var g guard.Guard
	for i, c := range []struct {
		do       func()
		now      device.Health
		want     string // runs then; "any" where attract mode chooses
		attracts bool
	}{
		{func() { w.StartDemo("belt") }, cool, "belt", false},
		{nil, hot, "", false},
		{func() { w.StartDemo("vehicles") }, hot, "", false},
		{func() { w.StartDemo("belt") }, warm, "", false},
		{nil, cool, "belt", false},
		{nil, short, "", false},
		{w.StopDemo, short, "", false}, // back to the gallery
		{nil, cool, "", false},
		{attract, cool, "any", true},
		{nil, hot, "", false},
		{nil, warm, "", false},
		{nil, cool, "any", true},
		{nil, hot, "", false},
		{func() { w.screen.Touch() }, cool, "", false}, // who touches it does not have it attract
		{attract, cool, "any", true},
		{func() { w.screen.Touch() }, cool, "", false},
	} {
		if c.do != nil {
			c.do()
		}
		if c.attracts && c.do != nil {
			await(t, attracting)
		}
		w.health.guard(&g, c.now)
		if c.attracts {
			await(t, attracting)
		} else {
			w.working.Wait() // what would attract has seen that it may not
		}
		if got := w.runner.Running(); got != c.want && (c.want != "any" || got == "") || attracting() != c.attracts {
			t.Fatalf("step %d: %q runs, attracts %v", i, got, attracting())
		}
	}
}

// await waits until something is so.
func await(t *testing.T, so func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("not within half a minute")
		}
	}
}

// A touch between the decision to attract and any step of it ends it for good.
func TestTouchBeforeAttractMode(t *testing.T) {
	for name, touch := range map[string]struct{ decided, shown, begun bool }{
		"once it is decided": {decided: true}, "once it is shown": {shown: true}, "once the demo has begun": {begun: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := testShell(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			w.attract.stop = stop
			touches := w.screen.Touches()
			if touch.decided {
				w.screen.Touch()
				w.attract.loop(ctx, touches, []string{"belt"}, withFootage)
			}
			if !touch.decided && !w.screen.Attract("belt", touches) {
				t.Error("it is not shown, and nobody touches the screen")
			}
			if touch.shown {
				w.screen.Touch()
			}
			if begun := !touch.decided && w.runner.beginAttract(ctx, "belt", withFootage); begun != touch.begun {
				t.Errorf("begun %v", begun)
			}
			if touch.begun {
				w.screen.Touch()
			}
			if got := w.runner.Running(); got != "" {
				t.Errorf("%s runs", got)
			}
		})
	}
}

// opened is a screen that writes down which pages are opened.
type opened struct{ pages []any }

func (o *opened) Open(page any) { o.pages = append(o.pages, page) }
func (o *opened) Show(kit.Page) {}

// What leads from the safe screen and from beside a demo to the settings takes the PIN.
func TestLeadsTakeThePIN(t *testing.T) {
	w := testShell(t)
	w.StartDemo("belt")
	w.runner.AwaitNetworks()
	if err := w.prefs.Change(func(s *settings.Settings) { s.PIN = "a hash" }); err != nil {
		t.Fatal(err)
	}
	for label, c := range map[string]struct{ from, to pages.Page }{
		"Settings":          {pages.Safe{App: w.pages}, pages.Settings{App: w.pages}},
		"Camera and source": {pages.Adjust{App: w.pages}, pages.Camera{App: w.pages}},
	} {
		for _, unlocked := range []bool{false, true} {
			w.prefs.Lock()
			if unlocked {
				w.prefs.Unlock()
			}
			screen := &opened{}
			w.handler.Screen = screen
			w.handler.Choose(c.from, rowOf(t, c.from.Show(), label).Action)
			if got := len(screen.pages) == 1 && screen.pages[0] == c.to; got != unlocked || !unlocked && len(screen.pages) > 0 {
				t.Errorf("%s, unlocked %v: opened %v", label, unlocked, screen.pages)
			}
		}
	}
}

// A visitor cannot set the list of people aside.
func TestStartOverTakesThePIN(t *testing.T) {
	for name, err := range map[string]func(db string) error{
		"damaged": func(db string) error { return &people.DamagedError{Path: db, Err: errors.New("x")} },
		"no key":  func(db string) error { return &people.KeyError{Path: db, Key: db + ".key", Err: errors.New("x")} },
	} {
		t.Run(name, func(t *testing.T) {
			w := testShell(t)
			db, _ := paths.People()
			if err := errors.Join(os.MkdirAll(filepath.Dir(db), 0o700), os.WriteFile(db, []byte("people"), 0o600)); err != nil {
				t.Fatal(err)
			}
			if err := w.prefs.Change(func(s *settings.Settings) { s.PIN = "a hash" }); err != nil {
				t.Fatal(err)
			}
			again := w.problem(err(db), pages.RecognitionDemo).Retry
			again()
			if _, err := os.Stat(db); err != nil {
				t.Errorf("a visitor set it aside: %v", err)
			}
			w.prefs.Unlock()
			again()
			if _, err := os.Stat(db); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("with the PIN it stays: %v", err)
			}
		})
	}
}

// enrol makes the list of people, with one who was enrolled then.
func enrol(t *testing.T, since time.Time) (db string) {
	t.Helper()
	db, err := paths.People()
	if err != nil {
		t.Fatal(err)
	}
	store, err := people.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	text := fmt.Sprintf(`{"format":"reterminal-vision people","version":2,"exported":%q,"people":[{"id":"a","name":"Ada","created":%[1]q,"consent":%[1]q,"shots":[{"model":"m","embedding":[1,0],"added":%[1]q}]}]}`,
		since.UTC().Format(time.RFC3339))
	if _, _, err := store.Import(strings.NewReader(text), "", people.Merge); err != nil {
		t.Fatal(err)
	}
	return db
}

// Whatever the clock does, nobody is deleted before their time by a leap, nor kept
// beyond it by a clock that is right; also over a restart of the app.
func TestNobodyGoesByALeap(t *testing.T) {
	const day = 24 * time.Hour
	was := roster.Clock
	t.Cleanup(func() { roster.Clock = was })
	type look struct {
		up, wall time.Duration // since the start; since Ada was enrolled
		set      bool
		there    bool
	}
	for name, c := range map[string]struct {
		began time.Duration // since Ada was enrolled
		looks []look
	}{
		"in its time":           {0, []look{{0, 0, false, true}, {29 * day, 29 * day, false, true}, {31 * day, 31 * day, false, false}}},
		"a leap within 60 days": {3 * day, []look{{3 * day, 6 * day, false, true}, {3*day + time.Hour, 50 * day, false, true}, {3*day + 2*time.Hour, 6*day + 2*time.Hour, false, true}}},
		"a leap of ten years":   {3 * day, []look{{3 * day, 6 * day, false, true}, {3*day + time.Hour, 3650 * day, false, true}, {4 * day, 3651 * day, false, true}}},
		"a leap back":           {3 * day, []look{{3 * day, 6 * day, false, true}, {3*day + time.Hour, -400 * day, false, true}, {3*day + 2*time.Hour, 6*day + 2*time.Hour, false, true}}},
		"off for long, then set": {40 * day, []look{{0, 40 * day, false, true}, {time.Hour, 40*day + time.Hour, false, true},
			{2 * time.Hour, 41 * day, true, false}}},
		"off for long, not set": {40 * day, []look{{0, 40 * day, false, true}, {25 * time.Hour, 41*day + time.Hour, false, false}}},
	} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restarts %v", name, restarts), func(t *testing.T) {
				t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
				since := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
				db := enrol(t, since)
				if err := preferences.Load().Change(func(s *settings.Settings) { s.Keep = 30 }); err != nil {
					t.Fatal(err)
				}
				var at look
				first := time.Duration(0)
				begin := func(up time.Duration) {
					first = up
					roster.Clock = &roster.DayClock{Now: func() time.Time { return since.Add(at.wall) }, Up: func() time.Duration { return at.up - first }, Set: func() bool { return at.set }}
				}
				begin(0)
				at = look{0, c.began, false, true}
				roster.Clock.Save()
				for i, l := range c.looks {
					at = l
					if restarts && i > 0 {
						begin(c.looks[i-1].up) // where it was looked at last
						at = c.looks[i-1]
						roster.Clock.Trusted()
						at = l
					}
					store, err := roster.Open(db)
					if err != nil {
						t.Fatal(err)
					}
					if got := len(store.List()) > 0; got != l.there {
						t.Errorf("look %d: there %v", i, got)
					}
					store.Close()
					roster.Clock.Save()
				}
			})
		}
	}
}

// agree taps on the question's row, which is named as the step is.
func agree(t *testing.T, p pages.Keep) {
	t.Helper()
	for _, g := range p.Show().Groups {
		for _, r := range g.Rows {
			if r.Kind == kit.RowAction && r.Danger {
				if err := p.Choose(r.Action); err != nil {
					t.Error(err)
				}
				return
			}
		}
	}
	t.Error("nothing is asked")
}

// reopen leaves a page and opens it again.
func reopen(w *shell, p pages.Page) {
	w.handler.ShowPage(p)
	done := make(chan struct{})
	w.handler.Do(p, func() error { close(done); return nil })
	<-done
}

// People whose time would be over are deleted only when a person has said so.
func TestKeepAsks(t *testing.T) {
	w := testShell(t)
	db := enrol(t, time.Now().AddDate(0, 0, -45))
	p := pages.Keep{App: w.pages}
	for i, c := range []struct {
		do    func()
		keep  int // as kept
		value string
		asks  bool
		left  int
	}{
		{func() { step(t, p, "Delete", false) }, 365, "after 365 days", false, 1},
		{func() { step(t, p, "Delete", false) }, 90, "after 90 days", false, 1},
		{func() { step(t, p, "Delete", false) }, 90, "after 30 days", true, 1},
		{func() { step(t, p, "Delete", false) }, 90, "after 7 days", true, 1},
		{func() { step(t, p, "Delete", true) }, 90, "after 30 days", true, 1},
		{func() { step(t, p, "Delete", true) }, 90, "after 90 days", false, 1},
		{func() { step(t, p, "Delete", false) }, 90, "after 30 days", true, 1},
		{func() { tap(t, p, "Keep them") }, 90, "after 90 days", false, 1},
		{func() { step(t, p, "Delete", false) }, 90, "after 30 days", true, 1},
		{func() { reopen(w, p) }, 90, "after 90 days", false, 1}, // left and opened anew
		{func() { step(t, p, "Delete", false) }, 90, "after 30 days", true, 1},
		{func() { agree(t, p) }, 30, "after 30 days", false, 0},
	} {
		c.do()
		w.people.wait()
		shown := p.Show()
		if kept, value := preferences.Load().Get().Keep, rowOf(t, shown, "Delete").Value; kept != c.keep || value != c.value || (len(shown.Groups) == 3) != c.asks {
			t.Errorf("step %d: kept %d, shown %q, %d groups", i, kept, value, len(shown.Groups))
		}
		store, err := people.Open(db)
		if err != nil {
			t.Fatal(err)
		}
		if left := len(store.List()); left != c.left {
			t.Errorf("step %d: %d people", i, left)
		}
		store.Close()
	}
}

// Visitors cannot fill the disk with pictures; what a power cut left of one goes.
func TestRoomForPictures(t *testing.T) {
	w := testShell(t)
	folder := filepath.Join(t.TempDir(), "pictures")
	t.Setenv("RTV_PICTURES", folder)
	was := roomForPictures
	t.Cleanup(func() { roomForPictures = was })
	f := footageFrame(t, "belt", 0)
	defer f.Release()
	w.screen.ShowDemo("belt")
	w.screen.Capture(time.Now()) // it is shown from now on
	w.screen.Live.Frame(f)
	w.screen.Capture(time.Now())
	for room, want := range map[float64]int{1: 1, 1e18: 0} {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		roomForPictures = room
		w.SavePicture()
		w.working.Wait()
		if saved, _ := filepath.Glob(filepath.Join(folder, "*.jpg")); len(saved) != want {
			t.Errorf("with %g bytes to be left free: %v", room, saved)
		}
	}
	left, at := filepath.Join(folder, ".belt-20260501-120000.000.jpg-123"), time.Now().Add(-time.Hour)
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(left, nil, 0o600), os.Chtimes(left, at, at)); err != nil {
		t.Fatal(err)
	}
	w.sweepUp()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", left, err)
	}
}
