package device

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tree makes a device of files, by path and content.
func tree(t *testing.T, files map[string]string) *Device {
	t.Helper()
	d := At(t.TempDir())
	for path, text := range files {
		put(t, d, path, text)
	}
	return d
}

func put(t *testing.T, d *Device, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.Path(path)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.Path(path), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, d *Device, path string) string {
	t.Helper()
	text, err := os.ReadFile(d.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// unprivileged calls do without root's rights over files.
func unprivileged(t *testing.T, d *Device, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	for _, folder := range []string{d.root, filepath.Dir(d.root)} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread() // the rights are the thread's
	defer runtime.UnlockOSThread()
	if _, err := unix.SetfsuidRetUid(65534); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := unix.SetfsuidRetUid(0); err != nil {
			t.Error(err)
		}
	}()
	do()
}
