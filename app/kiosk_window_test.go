package app

import (
	"image"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/pin"
	"reterminal-vision/app/settings"
)

// TestKiosk is a day of a locked device: nobody there, so it attracts; a
// visitor, who finds no way to the settings; its owner, who has the PIN; and
// settings that hold after a restart.
func TestKiosk(t *testing.T) {
	folder := t.TempDir()
	hash, err := pin.Hash("2580")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "reterminal-vision", "settings.json")
	kept := settings.Settings{Welcomed: true, PIN: hash, Visitors: settings.Visitors{Idle: 8}}
	if err := settings.Save(path, kept); err != nil {
		t.Fatal(err)
	}
	s := screen{t, display(t)}
	models := filepath.Join("..", "models", "trained")
	p := start(t, []string{s.display, "LANGUAGE=en", "XDG_DATA_HOME=" + folder}, "--kiosk", "--models-dir", models)
	p.log.await(t, "source open", 1) // it attracts by itself
	s.shot("attract")
	home := s.tapped(360, 900, "kiosk-home")
	s.run("xdotool", "key", "Escape", "key", "alt+F4", "key", "ctrl+q", "key", "super")
	asked := s.tapped(650, 88, "kiosk-pin") // settings
	keys := map[rune][2]int{'2': {360, 760}, '5': {360, 900}, '8': {360, 1040}, '0': {360, 1180}, '1': {150, 760}}
	enter := func(pin string, wrong int) {
		for _, r := range pin {
			s.tap(keys[r][0], keys[r][1])
		}
		s.tap(570, 1180)
		for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			if s, err := settings.Load(path); err == nil && s.WrongPINs == wrong {
				break
			}
		}
	}
	enter("1111", 1)
	if wrong := s.still("kiosk-wrong"); alike(words(wrong), words(home)) {
		t.Error("a wrong PIN closes the question")
	}
	enter("2580", 0)
	s.awaitShot("kiosk-settings", func(img image.Image) bool {
		return !alike(words(img), words(asked)) && !alike(words(img), words(home))
	})
	p.log.await(t, "source open", 2) // nobody touches it any more
	s.tapped(360, 900, "kiosk-home-again")
	if again := s.tapped(650, 88, "kiosk-locked-again"); !alike(again, asked) {
		t.Error("the settings stay open for whoever comes next")
	}
	p.end(t, syscall.SIGTERM)
	if got, err := settings.Load(path); err != nil || got.PIN != hash || got.Visitors.Idle != 8 {
		t.Errorf("settings after it: %+v, %v", got, err)
	}
}
