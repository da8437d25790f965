package settings

import (
	"bytes"
	"errors"
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
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

// Whatever becomes of the file, no PIN is lost without a word, nor what it said of
// people.
func TestDamaged(t *testing.T) {
	hash := "$2a$11$" + strings.Repeat("a.Z/9", 10) + "xyz"
	owner := Settings{PIN: hash, Keep: 30, Liveness: true, Theme: "light"}
	folder := func(path string) error { return errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o700)) }
	becomes := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	cut := func(path string) error { return os.Truncate(path, 190) } // behind PIN, keep and liveness
	for name, c := range map[string]struct {
		file, last func(path string) error
		want       Settings
		unread     bool
	}{
		"cut":                               {cut, nil, owner, false},
		"zeros":                             {becomes("\x00\x00\x00"), nil, owner, false},
		"of another shape":                  {becomes(`{"camera": 3}`), nil, owner, false},
		"unreadable":                        {folder, nil, owner, true},
		"cut, and no copy":                  {cut, os.Remove, Settings{Welcomed: true, PIN: hash, Keep: 30, Liveness: true}, false},
		"cut, and the copy is unreadable":   {cut, folder, Settings{Welcomed: true, PIN: hash, Keep: 30, Liveness: true}, false},
		"zeros, and the copy is cut":        {becomes("\x00\x00\x00"), cut, Settings{Welcomed: true, PIN: hash, Keep: 30, Liveness: true}, false},
		"a PIN that is cut":                 {becomes(`{"pin": "$2a$11$aaa`), os.Remove, Settings{Welcomed: true, PIN: Locked}, false},
		"empty, and no copy":                {becomes(""), os.Remove, Settings{Welcomed: true, PIN: Locked}, false},
		"gone":                              {os.Remove, nil, owner, false},
		"gone, and the copy is cut":         {os.Remove, cut, Settings{Welcomed: true, PIN: hash, Keep: 30, Liveness: true}, false},
		"gone, and the copy is unreadable":  {os.Remove, folder, Settings{Welcomed: true, PIN: Locked}, false},
		"unreadable, and no copy":           {folder, os.Remove, Settings{Welcomed: true, PIN: Locked}, true},
		"of another shape, without any PIN": {becomes(`{"camera": 3, "keep": 7}`), os.Remove, Settings{Welcomed: true, Keep: 7}, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "settings.json")
			if err := Save(path, owner); err != nil {
				t.Fatal(err)
			}
			if err := c.file(path); err != nil {
				t.Fatal(err)
			}
			if c.last != nil {
				if err := c.last(path + lastSuffix); err != nil {
					t.Fatal(err)
				}
			}
			before, _ := os.ReadFile(path)
			got, err := Load(path)
			if err == nil || errors.Is(err, ErrUnread) != c.unread || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("%+v, %v, want %+v", got, err, c.want)
			}
			if c.unread {
				if info, err := os.Stat(path); err != nil || !info.IsDir() {
					t.Errorf("what could not be read is not there any more: %v, %v", info, err)
				}
				return
			}
			if kept, _ := os.ReadFile(path + ".damaged"); !bytes.Equal(kept, before) || before != nil && !strings.Contains(err.Error(), path+".damaged") {
				t.Errorf("kept %q; %v", kept, err)
			}
			if c.last == nil || !strings.Contains(name, "copy is unreadable") {
				if again, err := Load(path); err != nil || !reflect.DeepEqual(again, c.want) {
					t.Errorf("the next time: %+v, %v", again, err)
				}
			}
		})
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
