package kiosk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// systemd stands in for the real one: it keeps the default target, and the
// service runs once its target was gone to.
type systemd struct {
	target string
	broken bool // the app does not start
	active bool
	asked  []string
}

func (s *systemd) run(_ context.Context, name string, args ...string) (string, error) {
	s.asked = append(s.asked, strings.Join(args, " "))
	switch args[0] {
	case "get-default":
		return s.target + "\n", nil
	case "set-default":
		s.target = args[1]
	case "isolate":
		s.active = args[1] == target && !s.broken
	case "stop":
		s.active = false
	case "is-active":
		if !s.active {
			return "inactive\n", errors.New("exit status 3")
		}
		return "active\n", nil
	}
	return "", nil
}

func machine(t *testing.T, s *systemd, files map[string]string) Machine {
	t.Helper()
	m := Machine{Root: t.TempDir(), Run: s.run}
	for name, text := range files {
		path := filepath.Join(m.Root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// installed is a machine with the package and the programs.
func installed(conf string, programs ...string) map[string]string {
	files := map[string]string{unitFile: "", confFile: conf, running + "/x": "", "dev/dri/card0": ""}
	for _, p := range programs {
		files["usr/bin/"+p] = ""
	}
	return files
}

var (
	wayland = []string{"cage", "Xwayland", "seatd"}
	xorg    = []string{"Xorg", "xrandr", "xinput", "xauth"}
)

func TestOnAndOff(t *testing.T) {
	s := &systemd{target: "graphical.target"}
	m := machine(t, s, installed("ROTATE=90\nNETWORK=no\n# DISPLAY_SERVER=x\n", wayland...))
	got, err := m.On(t.Context())
	if want := (State{On: true, Active: true, Display: "cage", Target: target}); err != nil || got != want {
		t.Fatalf("on: %+v, %v", got, err)
	}
	text, err := os.ReadFile(m.path(dropIn))
	if err != nil || !strings.Contains(string(text), "RTV_DISPLAY=cage\n") || strings.Contains(string(text), "IPAddressAllow") ||
		strings.Contains(string(text), "Requires=") {
		t.Errorf("drop-in %v:\n%s", err, text)
	}
	// Again, with changed settings, and where it came from is not forgotten.
	if err := os.WriteFile(m.path(confFile), []byte("NETWORK='yes'\nDISPLAY_SERVER=x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range xorg {
		if err := os.WriteFile(m.path("usr/bin/"+p), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err = m.On(t.Context()); err != nil || got.Display != "x" {
		t.Fatalf("on again: %+v, %v", got, err)
	}
	text, _ = os.ReadFile(m.path(dropIn))
	if !strings.Contains(string(text), "Requires="+server) || !strings.Contains(string(text), "IPAddressAllow=any") {
		t.Errorf("drop-in of X:\n%s", text)
	}
	got, err = m.Off(t.Context())
	if want := (State{Target: "graphical.target"}); err != nil || got != want {
		t.Errorf("off: %+v, %v", got, err)
	}
	if _, err := os.Stat(filepath.Dir(m.path(dropIn))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	asked := len(s.asked)
	if got, err := m.Off(t.Context()); err != nil || got.On || slices.Contains(s.asked[asked:], "set-default graphical.target") {
		t.Errorf("off again: %+v, %v, %v", got, err, s.asked[asked:])
	}
}

// TestPrepared is an image that systemd does not run yet.
func TestPrepared(t *testing.T) {
	s := &systemd{target: "multi-user.target"}
	files := installed("", wayland...)
	delete(files, running+"/x")
	delete(files, "dev/dri/card0")
	m := machine(t, s, files)
	got, err := m.On(t.Context())
	if want := (State{On: true, Display: "cage", Target: target}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if want := []string{"get-default", "set-default " + target, "get-default"}; !slices.Equal(s.asked, want) {
		t.Errorf("asked systemd %q", s.asked)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		word  string
	}{
		{"not installed", nil, "apt install ./reterminal-vision"},
		{"nothing to draw with", installed("", "xrandr"), "apt install cage seatd xwayland"},
		{"cage without seatd", installed("DISPLAY_SERVER=auto", "cage", "Xwayland"), "apt install cage seatd xwayland"},
		{"cage wanted, X there", installed("DISPLAY_SERVER=cage", xorg...), "apt install cage"},
		{"X wanted, cage there", installed("DISPLAY_SERVER=x", wayland...), "apt install xserver-xorg-core"},
		{"another display", installed("DISPLAY_SERVER=mir", wayland...), "choose auto, cage or x"},
		{"another turn", installed("ROTATE=45", wayland...), "choose 0, 90, 180 or 270"},
		{"another network", installed("NETWORK=maybe", wayland...), "choose no or yes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &systemd{target: "graphical.target"}
			if got, err := machine(t, s, tt.files).On(t.Context()); err == nil || !strings.Contains(err.Error(), tt.word) || s.target != "graphical.target" {
				t.Errorf("%+v, %v, default %s", got, err, s.target)
			}
		})
	}
	s := &systemd{target: "graphical.target", broken: true}
	if _, err := machine(t, s, installed("", wayland...)).On(t.Context()); err == nil || !strings.Contains(err.Error(), "journalctl -u reterminal-vision") {
		t.Errorf("an app that does not start: %v", err)
	}
}

func TestDisplay(t *testing.T) {
	both := append(slices.Clone(wayland), xorg...)
	for _, tt := range []struct {
		name string
		drop string
		has  []string
		want string
	}{
		{"both", "", both, "cage"},
		{"X alone", "", xorg, "x"},
		{"both, but no driver of the kernel's", "dev/dri/card0", both, "x"},
		{"cage alone, and no driver", "dev/dri/card0", wayland, "cage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := installed("DISPLAY_SERVER=auto", tt.has...)
			delete(files, tt.drop)
			got, err := machine(t, &systemd{target: "graphical.target"}, files).On(t.Context())
			if err != nil || got.Display != tt.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
