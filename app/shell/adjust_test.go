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
	script := "#!/bin/sh\necho start >>" + starts + "\nexec ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc=size=320x180:rate=30 -pix_fmt yuv420p -f rawvideo pipe:1\n"
	if err := os.WriteFile(filepath.Join(dir, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	w := spoiltWindow(t, nil)
	w.cfg.Source, w.cfg.Width, w.cfg.Height = "csi:0", 320, 180
	var opened atomic.Int32
	open := w.open
	w.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
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
	for _, step := range []struct {
		name string
		do   func() error
		want int32 // networks opened so far
	}{
		{"threshold", func() error { return w.stepAdjust("threshold", true) }, 1},
		{"frame skipping", func() error { return w.stepAdjust("spare", true) }, 1},
		{"mirror", func() error { return w.chooseAdjust(chooseMirror + "on") }, 1},
		{"rotation", func() error { return w.camera.choose(chooseRotate + "90") }, 1},
		{"threads", func() error { return w.stepAdjust("threads", true) }, 2},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		more()
		if got := opened.Load(); got != step.want {
			t.Errorf("%s: networks opened %d times, want %d", step.name, got, step.want)
		}
	}
	lines, err := os.ReadFile(starts)
	if n := bytes.Count(lines, []byte("start")); err != nil || n != 1 {
		t.Errorf("the camera was opened %d times, want once: %v", n, err)
	}
}
