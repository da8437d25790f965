package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/settings"
	"reterminal-vision/camera"
)

func TestStepped(t *testing.T) {
	menu := []camera.Choice{{Value: 0, Name: "Off"}, {Value: 1, Name: "50 Hz"}, {Value: 3, Name: "Auto"}}
	for name, c := range map[string]struct {
		k    camera.Control
		up   bool
		want int32
	}{
		"range":            {camera.Control{Min: 0, Max: 255, Step: 1, Value: 100}, true, 115},
		"range down":       {camera.Control{Min: 0, Max: 255, Step: 1, Value: 100}, false, 85},
		"stops at the end": {camera.Control{Min: -64, Max: 64, Step: 1, Value: 62}, true, 64},
		"switch":           {camera.Control{Min: 0, Max: 1, Step: 1, Value: 0}, true, 1},
		"whole steps":      {camera.Control{Min: 0, Max: 250, Step: 5, Value: 50}, true, 65},
		"coarse":           {camera.Control{Min: 2800, Max: 6500, Step: 1000, Value: 2800}, true, 3800},
		"list":             {camera.Control{Max: 3, Step: 1, Value: 1, Choices: menu}, true, 3},
		"list's end":       {camera.Control{Max: 3, Step: 1, Value: 3, Choices: menu}, true, 3},
		"wide range":       {camera.Control{Min: -1 << 31, Max: 1<<31 - 1, Step: 1, Value: 1<<31 - 2}, true, 1<<31 - 1},
	} {
		if got := stepped(c.k, c.up); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// What was chosen is used where the command line leaves it open, and is there
// again after a restart; a camera that is not connected gives way.
func TestCameraChoicesAreKept(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("RTV_PEOPLE", filepath.Join(folder, "people.db"))
	device := filepath.Join(folder, "camera")
	if err := os.WriteFile(device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "settings.json")
	chosen := settings.Camera{Source: device, Format: "MJPG", Width: 1280, Height: 720, FPS: 30, Rotate: 90, Mirror: true}
	if err := settings.Save(path, settings.Settings{Camera: chosen}); err != nil {
		t.Fatal(err)
	}
	cfg := newCameraChoices(config.Config{Source: "auto"}, preferences.Load(), nil, nil).configure(config.Config{Source: "auto"})
	if cfg.Source != device || cfg.Width != 1280 || cfg.PixelFormat != "MJPG" || cfg.Turn != (camera.Turn{Degrees: 90, Mirror: true}) {
		t.Errorf("configured %+v", cfg)
	}
	given := config.Config{Source: "cars.mp4", Width: 640, Height: 480, Turn: camera.Turn{Degrees: 180}}
	if cfg := newCameraChoices(given, preferences.Load(), nil, nil).configure(given); cfg.Source != "cars.mp4" || cfg.Width != 640 || cfg.Turn.Degrees != 180 {
		t.Errorf("the command line gives way: %+v", cfg)
	}
	os.Remove(device)
	if cfg := newCameraChoices(config.Config{Source: "auto"}, preferences.Load(), nil, nil).configure(config.Config{Source: "auto"}); cfg.Source != "auto" {
		t.Errorf("a camera that is gone is opened: %+v", cfg)
	}
	os.WriteFile(path, []byte("{"), 0o600)
	if p := preferences.Load(); p.Wrong == "" {
		t.Error("damaged settings are not told")
	}
}

// Taps on the controls of a camera and footage that stands in for one do not have
// the cameras on ribbons listed over and over; opening the page does, once.
func TestCamerasAreListedOnce(t *testing.T) {
	if nodes := camera.Nodes(); len(nodes) > 0 {
		t.Skip("this machine has cameras of its own: ", nodes)
	}
	w, folder := testWindow(t), t.TempDir()
	called := filepath.Join(folder, "called")
	script := "#!/bin/sh\necho \"$@\" >>" + called + "\n[ \"$1\" = --list-cameras ] && echo '0 : imx219 [640x480] (/base/imx219@10)'\nexit 0\n"
	if err := os.WriteFile(filepath.Join(folder, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	if devices := camera.Devices(); devices[len(devices)-1].Path != "csi:0" {
		t.Fatalf("listed %+v", devices)
	}
	listed := func() int {
		args, _ := os.ReadFile(called)
		return strings.Count(string(args), "--list-cameras")
	}
	c := w.camera
	for range 5 {
		if err := c.step("brightness", true); err == nil {
			t.Error("a camera on a ribbon has controls")
		}
		c.show()
	}
	if err := c.choose(chooseRotate + "90"); err != nil {
		t.Error(err)
	}
	rowOf(t, c.show(), chooseSource+"csi:0")
	if got := listed(); got != 1 {
		t.Errorf("at taps: listed %d times", got)
	}
	p := newPages(func(string) page { return c })
	p.screen = w.screen
	p.ShowPage(pageCamera)
	p.Choose(pageCamera, chooseRotate+"0")
	p.wait()
	if got := listed(); got != 2 {
		t.Errorf("with the page opened: listed %d times", got)
	}
}
