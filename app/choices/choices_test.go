package choices

import (
	"os"
	"path/filepath"
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/settings"
	"reterminal-vision/camera/frame"
)

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
	cfg := Camera(config.Config{Source: "auto"}, preferences.Load())
	if cfg.Source != device || cfg.Width != 1280 || cfg.PixelFormat != "MJPG" || cfg.Turn != (frame.Turn{Degrees: 90, Mirror: true}) {
		t.Errorf("configured %+v", cfg)
	}
	given := config.Config{Source: "cars.mp4", Width: 640, Height: 480, Turn: frame.Turn{Degrees: 180}}
	if cfg := Camera(given, preferences.Load()); cfg.Source != "cars.mp4" || cfg.Width != 640 || cfg.Turn.Degrees != 180 {
		t.Errorf("the command line gives way: %+v", cfg)
	}
	os.Remove(device)
	if cfg := Camera(config.Config{Source: "auto"}, preferences.Load()); cfg.Source != "auto" {
		t.Errorf("a camera that is gone is opened: %+v", cfg)
	}
	os.WriteFile(path, []byte("{"), 0o600)
	if p := preferences.Load(); p.Wrong == "" {
		t.Error("damaged settings are not told")
	}
}
