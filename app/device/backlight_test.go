package device

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

const panel = "sys/class/backlight/1-0045/"

func light(t *testing.T, files map[string]string) (*Device, *Backlight) {
	t.Helper()
	d := tree(t, files)
	b, err := d.Backlight()
	if err != nil {
		t.Fatal(err)
	}
	return d, b
}

func panelFiles(level string, power bool) map[string]string {
	files := map[string]string{panel + "brightness": level + "\n", panel + "max_brightness": "255\n"}
	if power {
		files[panel+"bl_power"] = "0\n"
	}
	return files
}

func TestBrightness(t *testing.T) {
	d, b := light(t, panelFiles("255", true))
	if b.Name != "1-0045" {
		t.Errorf("name %q", b.Name)
	}
	for _, tt := range []struct {
		percent int
		raw     string
	}{{100, "255"}, {50, "128"}, {2, "5"}, {1, "3"}} {
		if err := b.SetBrightness(tt.percent); err != nil {
			t.Fatal(err)
		}
		if got := content(t, d, panel+"brightness"); got != tt.raw {
			t.Errorf("%d%% wrote %q, want %s", tt.percent, got, tt.raw)
		}
		if got, err := b.Brightness(); got != tt.percent || err != nil {
			t.Errorf("%d%% reads as %d, %v", tt.percent, got, err)
		}
	}
	for _, percent := range []int{0, -1, 101} {
		if err := b.SetBrightness(percent); err == nil {
			t.Errorf("%d%% is taken", percent)
		}
	}
	if got := content(t, d, panel+"brightness"); got != "3" {
		t.Errorf("refused values wrote %q", got)
	}
}

// TestBrightnessOfFewSteps checks that the least percent still lights.
func TestBrightnessOfFewSteps(t *testing.T) {
	d, b := light(t, map[string]string{panel + "brightness": "7", panel + "max_brightness": "7"})
	if err := b.SetBrightness(1); err != nil || content(t, d, panel+"brightness") != "1" {
		t.Errorf("wrote %q, %v", content(t, d, panel+"brightness"), err)
	}
}

func TestPower(t *testing.T) {
	for _, tt := range []struct {
		name  string
		level string
		power bool
		do    func(*Backlight) error
		want  string // brightness
		state string // bl_power
	}{
		{"off", "200", true, func(b *Backlight) error { return b.SetPower(false) }, "200", powerOff},
		{"off and on", "200", true, func(b *Backlight) error { return errors.Join(b.SetPower(false), b.SetPower(true)) }, "200", powerOn},
		{"on from zero", "0", true, func(b *Backlight) error { return b.SetPower(true) }, "255", powerOn},
		{"off without a switch", "200", false, func(b *Backlight) error { return b.SetPower(false) }, "0", ""},
		{"off twice and on without a switch", "200", false, func(b *Backlight) error {
			return errors.Join(b.SetPower(false), b.SetPower(false), b.SetPower(true))
		}, "200", ""},
		{"set while off without a switch", "200", false, func(b *Backlight) error {
			return errors.Join(b.SetPower(false), b.SetBrightness(20))
		}, "0", ""},
		{"set while off, then on, without a switch", "200", false, func(b *Backlight) error {
			return errors.Join(b.SetPower(false), b.SetBrightness(20), b.SetPower(true))
		}, "51", ""},
		{"left off by a program that ended, without a switch", "0", false, func(b *Backlight) error { return b.SetPower(true) }, "255", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, b := light(t, panelFiles(tt.level, tt.power))
			if err := tt.do(b); err != nil {
				t.Fatal(err)
			}
			if got := content(t, d, panel+"brightness"); got != tt.want {
				t.Errorf("brightness %q, want %s", got, tt.want)
			}
			if tt.power && content(t, d, panel+"bl_power") != tt.state {
				t.Errorf("bl_power %q, want %s", content(t, d, panel+"bl_power"), tt.state)
			}
			if _, err := os.Stat(d.Path(panel + "bl_power")); (err == nil) != tt.power {
				t.Errorf("bl_power: %v", err)
			}
		})
	}
}

func TestBacklightRefused(t *testing.T) {
	d, b := light(t, panelFiles("200", true))
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"brightness", "bl_power"} {
		if err := os.Chmod(d.Path(panel+name), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	var failed map[string]error
	unprivileged(t, d, func() {
		failed = map[string]error{"brightness": b.SetBrightness(50), "off": b.SetPower(false), "check": b.Check()}
		if got, err := b.Brightness(); got != 78 || err != nil {
			t.Errorf("reading %d, %v", got, err)
		}
	})
	for what, err := range failed {
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), BacklightRule) || !strings.Contains(err.Error(), "usermod -aG video") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestNoBacklight(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"none": nil, "one that tells nothing": {panel + "brightness": "3"}, "one without steps": {panel + "max_brightness": "0"},
	} {
		if b, err := tree(t, files).Backlight(); !errors.Is(err, ErrAbsent) {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
	d, b := light(t, panelFiles("200", true))
	if err := os.RemoveAll(d.Path(panel)); err != nil {
		t.Fatal(err)
	}
	if err := b.SetBrightness(50); err == nil {
		t.Error("a backlight that has gone is set")
	}
}
