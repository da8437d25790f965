package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
)

// headless runs a demo without a window: one JSON object a frame on stdout, a
// summary on stderr at the end.
func headless(ctx context.Context, cfg Config, stdout, stderr io.Writer) error {
	task, err := openDemo(cfg, cfg.Demo)
	if err != nil {
		return err
	}
	defer task.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &lineWriter{to: stdout, fail: cancel, picture: newPicture(cfg.SaveFrame)}
	s := newSession(cfg, task, out)
	s.every, s.retry = cfg.Unpaced, forCameras
	start := time.Now()
	if err := s.run(ctx); err != nil {
		return err
	}
	if out.err != nil {
		return fmt.Errorf("writing results: %w", out.err)
	}
	took := time.Since(start)
	fmt.Fprintf(stderr, "%d results in %.2f s: %.1f FPS, %d frames dropped, %d failed\n",
		out.count, took.Seconds(), float64(out.count)/took.Seconds(), out.dropped, out.failures)
	return out.picture.save()
}

// lineWriter is the sink that writes JSON lines.
type lineWriter struct {
	to      io.Writer
	fail    context.CancelCauseFunc
	picture *picture
	buf     []byte
	count   int
	dropped uint64
	err     error

	mu       sync.Mutex
	failures int
}

func (w *lineWriter) Frame(f *camera.Frame) { w.picture.frame(f) }
func (w *lineWriter) Status(status)         {}
func (w *lineWriter) Lost(error)            {}

// Failed logs the first failures; a stream of them would fill the disk.
func (w *lineWriter) Failed(err error) {
	w.mu.Lock()
	w.failures++
	n := w.failures
	w.mu.Unlock()
	if n <= 5 {
		slog.Error("frame failed", "error", err)
	}
}

// Result writes one line; when that fails the session ends.
func (w *lineWriter) Result(r *inference.Result) {
	if w.err != nil {
		return
	}
	w.buf = append(appendResult(w.buf[:0], r), '\n')
	if _, err := w.to.Write(w.buf); err != nil {
		w.err = err
		w.fail(err)
		return
	}
	w.count++
	w.dropped = r.Dropped
	w.picture.result(r)
}
