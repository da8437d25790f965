// Package testmedia finds the published models, pictures and footage that
// tests run on. They are not part of the project: tests that need them skip
// when they are absent. Only tests import it.
package testmedia

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
)

// Root is the folder that holds models/ and media/: $RTV_SHARED, else shared
// beside the project.
func Root() string {
	if dir := os.Getenv("RTV_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(Project(), "..", "shared")
}

// Project is the project's own top folder.
func Project() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Path is a file under Root; the test skips when it is absent.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(), filepath.FromSlash(name))
	need(t, path)
	return path
}

// Mirror is a model that the set-up script brings; the test skips when it is
// absent.
func Mirror(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Project(), ".native", "mirror", name)
	need(t, path)
	return path
}

// need skips the test without path, except where RTV_REQUIRE_MEDIA says that
// everything has to be there.
func need(t testing.TB, path string) {
	t.Helper()
	_, err := os.Stat(path)
	switch {
	case err == nil:
	case os.Getenv("RTV_REQUIRE_MEDIA") != "":
		t.Fatalf("test material is missing: %v", err)
	default:
		t.Skipf("test material is absent: %v (set RTV_SHARED)", err)
	}
}

// Frame is the picture under Root as an RGB24 frame, decoded as the picture
// source does it.
func Frame(t testing.TB, name string) *frame.Frame {
	t.Helper()
	source, err := camera.Open(t.Context(), Path(t, name), camera.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	f, err := source.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Release)
	return f
}

// Delegate builds the external delegate inference/testdata/delegate/NAME.c for
// this machine.
func Delegate(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(Project(), "inference")
	library := filepath.Join(t.TempDir(), name+".so")
	// An emulated machine has its compiler elsewhere.
	cmd := exec.Command(cmp.Or(os.Getenv("RTV_CC"), "gcc"), "-shared", "-fPIC", "-O2", "-Wall", "-I"+filepath.Join(dir, "include"), "-o", library,
		filepath.Join(dir, "testdata", "delegate", name+".c"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return library
}
