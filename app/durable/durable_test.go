package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put := func(text string, fails error) error {
		return Write(path, 0o640, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fails)
		})
	}
	check := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("the file holds %q, %v, want %q", got, err, want)
		}
		if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
			t.Errorf("left behind: %v", files)
		}
	}
	for _, text := range []string{"first", "second"} {
		if err := put(text, nil); err != nil {
			t.Fatal(err)
		}
		check(text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	full := errors.New("no space left")
	if err := put("half", full); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	check("second")
	if err := Write(filepath.Join(path, "in a file"), 0o600, func(io.Writer) error { return nil }); err == nil {
		t.Error("written into a folder that is none")
	}
}

// Only what Write left, and long ago, is swept.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]struct {
		old  time.Duration
		left bool
	}{
		".settings.json-123":      {time.Hour, false},
		".settings.json-124":      {time.Minute, true},
		".settings.json-12a":      {time.Hour, true},
		"settings.json-123":       {time.Hour, true},
		".settings.json.last-1":   {time.Hour, true},
		".belt-20260501-1.jpg-77": {time.Hour, false},
		".holiday.jpg-77":         {time.Hour, true},
	} {
		file, at := filepath.Join(folder, name), time.Now().Add(-c.old)
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
		if err := Sweep(folder, "settings.json", "*-????????-?.jpg"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); (err == nil) != c.left {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Sweep(folder, "["); err == nil {
		t.Error("a pattern that is none")
	}
}
