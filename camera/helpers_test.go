package camera

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/camera/testpicture"
)

// testClip makes a 64x48 video of n frames at 25 a second.
func testClip(t testing.TB, name string, n string, args ...string) string {
	return testpicture.Video(t, name, append([]string{"-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-frames:v", n}, args...)...)
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
func read(t testing.TB, src Source) (*frame.Frame, error) {
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
