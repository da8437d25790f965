package app

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/settings"
)

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		hour, from, to int
		want           bool
	}{
		{3, 0, 0, false}, {3, 22, 7, true}, {23, 22, 7, true}, {22, 22, 7, true}, {7, 22, 7, false}, {12, 22, 7, false},
		{12, 9, 17, true}, {17, 9, 17, false}, {8, 9, 17, false},
	} {
		if got := within(c.hour, c.from, c.to); got != c.want {
			t.Errorf("%d from %d to %d: %v", c.hour, c.from, c.to, got)
		}
	}
}

// Wrong PINs soon cost time, ever more of it; the right one ends that.
func TestLockout(t *testing.T) {
	hash, err := hashPIN("2580")
	if err != nil || strings.Contains(hash, "2580") {
		t.Fatal(hash, err)
	}
	var l lockout
	now := time.Now()
	for i := range freeTries {
		if l.wait(now) > 0 {
			t.Fatalf("try %d has to wait", i)
		}
		if l.check("0000", hash, now) {
			t.Fatal("a wrong PIN unlocks")
		}
	}
	first := l.wait(now)
	if first < 5*time.Second {
		t.Errorf("after %d wrong PINs one waits %v", freeTries, first)
	}
	now = now.Add(first)
	l.check("1111", hash, now)
	if second := l.wait(now); second <= first || second > longestWait {
		t.Errorf("then %v", second)
	}
	now = now.Add(longestWait)
	if !l.check("2580", hash, now) || l.wait(now) > 0 {
		t.Error("the right PIN does not unlock")
	}
}

// What visitors change in a demo of a locked device is gone when they leave;
// what its people change stays.
func TestVisitorsOnlyTry(t *testing.T) {
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	p := loadPreferences()
	set := func(threads int) {
		t.Helper()
		if err := p.changeDemo("vehicles", func(d *settings.Demo) { d.Threads = threads }); err != nil {
			t.Fatal(err)
		}
	}
	set(1)
	if err := p.change(func(s *settings.Settings) { s.PIN = "a hash" }); err != nil {
		t.Fatal(err)
	}
	set(2)
	if got := p.demo("vehicles").Threads; got != 2 {
		t.Errorf("a visitor's choice has no effect: %d", got)
	}
	if kept := loadPreferences().demo("vehicles").Threads; kept != 1 {
		t.Errorf("a visitor's choice is kept: %d", kept)
	}
	p.lock()
	if got := p.demo("vehicles").Threads; got != 1 {
		t.Errorf("a visitor's choice stays: %d", got)
	}
	p.unlock()
	set(3)
	p.lock()
	if got := loadPreferences().demo("vehicles").Threads; got != 3 {
		t.Errorf("the owner's choice is not kept: %d", got)
	}
}

// TestKiosk is a day of a locked device: nobody there, so it attracts; a
// visitor, who finds no way to the settings; its owner, who has the PIN; and
// settings that hold after a restart.
func TestKiosk(t *testing.T) {
	folder := t.TempDir()
	hash, err := hashPIN("2580")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "reterminal-vision", "settings.json")
	kept := settings.Settings{Welcomed: true, PIN: hash, Visitors: settings.Visitors{Idle: 3}}
	if err := settings.Save(path, kept); err != nil {
		t.Fatal(err)
	}
	s := screen{t, display(t)}
	models := filepath.Join("..", "models", "trained")
	p := start(t, []string{s.display, "LANGUAGE=en", "XDG_DATA_HOME=" + folder}, "--kiosk", "--models-dir", models)
	p.log.await(t, "source open", 1) // it attracts by itself
	time.Sleep(time.Second)
	s.shot("attract")
	s.tap(360, 900)
	time.Sleep(time.Second)
	home := s.shot("kiosk-home")
	s.run("xdotool", "key", "Escape", "key", "alt+F4", "key", "ctrl+q", "key", "super")
	s.tap(650, 88) // settings
	time.Sleep(500 * time.Millisecond)
	asked := s.shot("kiosk-pin")
	if alike(asked, home) {
		t.Fatal("the settings ask for nothing")
	}
	keys := map[rune][2]int{'2': {360, 760}, '5': {360, 900}, '8': {360, 1040}, '0': {360, 1180}, '1': {150, 760}}
	enter := func(pin string) {
		for _, r := range pin {
			s.tap(keys[r][0], keys[r][1])
		}
		s.tap(570, 1180)
		time.Sleep(700 * time.Millisecond)
	}
	enter("1111")
	if wrong := s.shot("kiosk-wrong"); alike(wrong, home) {
		t.Error("a wrong PIN closes the question")
	}
	enter("2580")
	if inside := s.shot("kiosk-settings"); alike(inside, asked) || alike(inside, home) {
		t.Error("the PIN does not open the settings")
	}
	p.log.await(t, "source open", 2) // nobody touches it any more
	time.Sleep(500 * time.Millisecond)
	s.tap(360, 900)
	time.Sleep(time.Second)
	s.tap(650, 88)
	time.Sleep(500 * time.Millisecond)
	if again := s.shot("kiosk-locked-again"); !alike(again, asked) {
		t.Error("the settings stay open for whoever comes next")
	}
	p.end(t, syscall.SIGTERM)
	if got, err := settings.Load(path); err != nil || got.PIN != hash || got.Visitors.Idle != 3 {
		t.Errorf("settings after it: %+v, %v", got, err)
	}
}
