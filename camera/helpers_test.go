package camera

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// media returns the path of a file of the shared test material.
func media(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("RTV_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(root, "media", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("test material is not here (set RTV_SHARED): %v", err)
	}
	return path
}

// needTurbo skips what only libjpeg-turbo does.
func needTurbo(t testing.TB) {
	t.Helper()
	if pureGo {
		t.Skip("built without libjpeg-turbo")
	}
}

// makeVideo makes a file in a new folder from ffmpeg's arguments.
func makeVideo(t testing.TB, name string, args ...string) string {
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

// testClip makes a 64x48 video of n frames at 25 a second.
func testClip(t testing.TB, name string, n string, args ...string) string {
	return makeVideo(t, name, append([]string{"-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-frames:v", n}, args...)...)
}

func open(t testing.TB, spec string, opt Options) Source {
	t.Helper()
	src, err := Open(context.Background(), spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// read returns the next frame or fails the test after ten seconds.
func read(t testing.TB, src Source) (*Frame, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return src.Read(ctx)
}

// noLeaks fails the test if what it opened is still there at its end.
func noLeaks(t *testing.T) {
	t.Helper()
	goroutines, files, children := runtime.NumGoroutine(), openFiles(t), processes(t)
	t.Cleanup(func() {
		deadline := time.Now().Add(2 * time.Second) // runtime helpers end a little later
		for runtime.NumGoroutine() > goroutines && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			buf := make([]byte, 1<<16)
			t.Errorf("%d goroutines were left running:\n%s", n-goroutines, buf[:runtime.Stack(buf, true)])
		}
		if n := openFiles(t); n > files {
			t.Errorf("%d files were left open", n-files)
		}
		if n := processes(t); n > children {
			t.Errorf("%d processes were left", n-children)
		}
	})
}

func openFiles(t *testing.T) (n int) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		// The runtime's poller stays once it was needed.
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && !strings.HasPrefix(target, "anon_inode:") {
			n++
		}
	}
	return n
}

func processes(t *testing.T) int {
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		data, _ := os.ReadFile(f)
		n += len(strings.Fields(string(data)))
	}
	return n
}

// testImage is a picture with edges and gradients in every channel.
func testImage(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(x ^ y), 255})
		}
	}
	return img
}

func testJPEG(t testing.TB, w, h int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, testImage(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
