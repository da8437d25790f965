package shell

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/shell/pages"
)

// Steps of the threshold and of frame skipping, the mirror and a rotation leave
// the networks and the camera of the running demo open; a thread more opens the
// networks again, and leaves the camera open.
func TestAdjustOpensNothing(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	dir := t.TempDir()
	starts := filepath.Join(dir, "starts")
	script := "#!/bin/sh\n[ \"$1\" = --list-cameras ] && exit\necho start >>" + starts + "\nexec ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc=size=320x180:rate=30 -pix_fmt yuv420p -f rawvideo pipe:1\n"
	if err := os.WriteFile(filepath.Join(dir, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	w := spoiltShell(t, nil)
	w.runner.given.Source, w.runner.given.Width, w.runner.given.Height = "csi:0", 320, 180
	var opened atomic.Int32
	open := w.runner.open
	w.runner.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
		opened.Add(1)
		return open(ctx, cfg, id)
	}
	results := metrics.Total.Results.Load
	more := func() {
		t.Helper()
		n := results()
		awaitSo(t, "results", func() bool { return results() > n+3 })
	}
	w.StartDemo("vehicles")
	more()
	adjust := pages.Adjust{App: w.pages}
	for _, c := range []struct {
		name string
		do   func()
		want int32 // networks opened so far
	}{
		{"threshold", func() { step(t, adjust, "Confidence threshold", true) }, 1},
		{"frame skipping", func() { step(t, adjust, "Frame skipping", true) }, 1},
		{"mirror", func() { tap(t, adjust, "Mirrored") }, 1},
		{"rotation", func() { tap(t, pages.Camera{App: w.pages}, "Rotated right") }, 1},
		{"threads", func() { step(t, adjust, "Threads", true) }, 2},
	} {
		c.do()
		more()
		if got := opened.Load(); got != c.want {
			t.Errorf("%s: networks opened %d times, want %d", c.name, got, c.want)
		}
	}
	lines, err := os.ReadFile(starts)
	if n := bytes.Count(lines, []byte("start")); err != nil || n != 1 {
		t.Errorf("the camera was opened %d times, want once: %v", n, err)
	}
}
