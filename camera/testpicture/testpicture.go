// Package testpicture has pictures and videos for the tests of camera and the
// packages beneath it.
//
// In: names of test material, sizes. Out: files and pictures. It imports nothing
// of this project; only tests import it.
package testpicture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Media returns the path of a file of the shared test material.
func Media(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("RTV_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	path := filepath.Join(root, "media", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("test material is not here (set RTV_SHARED): %v", err)
	}
	return path
}

// Video makes a file in a new folder from ffmpeg's arguments.
func Video(t testing.TB, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	path := filepath.Join(t.TempDir(), name)
	args = append([]string{"-nostdin", "-loglevel", "error", "-y"}, append(args, path)...)
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
	return path
}

// Image is a picture with edges and gradients in every channel.
func Image(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(x ^ y), 255})
		}
	}
	return img
}

func JPEG(t testing.TB, w, h int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, Image(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
