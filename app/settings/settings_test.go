package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "settings.json")
	if s, err := Load(path); err != nil || !reflect.DeepEqual(s, Settings{}) {
		t.Errorf("before any were saved: %+v, %v", s, err)
	}
	want := Settings{Camera: Camera{Source: "/dev/v4l/by-id/x", Format: "MJPG", Width: 1280, Height: 720, FPS: 30, Rotate: 90, Mirror: true,
		Controls: map[string]int32{"brightness": 140}}}
	for range 2 { // the second time over the first
		if err := Save(path, want); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(path); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	os.WriteFile(path, []byte(`{"camera": {"width": "wide"`), 0o600)
	s, err := Load(path)
	if err == nil || !strings.Contains(err.Error(), path+".damaged") || !reflect.DeepEqual(s, Settings{}) {
		t.Errorf("%+v, %v", s, err)
	}
	if kept, _ := os.ReadFile(path + ".damaged"); !strings.Contains(string(kept), "wide") {
		t.Errorf("kept %q", kept)
	}
	if err := Save(path, Settings{}); err != nil {
		t.Error(err)
	}
}

// A disk that takes nothing leaves the settings that were there.
func TestFailedSaveKeepsTheOld(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "settings.json")
	if err := Save(path, Settings{Camera: Camera{Rotate: 180}}); err != nil {
		t.Fatal(err)
	}
	blocked := filepath.Join(path, "settings.json") // in a folder that is a file
	if err := Save(blocked, Settings{}); err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("error %v", err)
	}
	if s, err := Load(path); err != nil || s.Camera.Rotate != 180 {
		t.Errorf("%+v, %v", s, err)
	}
}
