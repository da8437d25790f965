// Package headless runs a demo without a window.
//
// In: the configuration, and a function that opens the demo. Out: one JSON
// object a frame, and a summary. It imports app/backend, app/config, app/demo,
// app/pipeline, app/snapshot, app/watchdog, camera and inference; app may
// import it.
package headless

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Run runs the demo of cfg, which open opens: one JSON object a frame on
// stdout, a summary on stderr at the end. A part that hangs ends the process.
func Run(ctx context.Context, cfg config.Config, open func(context.Context, config.Config, string) (*demo.Task, error), stdout, stderr io.Writer) error {
	stdout, err := backend.Output(cfg.Delegate, stdout)
	if err != nil {
		return err
	}
	task, err := open(ctx, cfg, cfg.Demo)
	if err != nil {
		return err
	}
	defer task.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &lineWriter{to: stdout, end: cancel, most: cfg.Frames, picture: snapshot.NewFrameSaver(cfg.SaveFrame)}
	s := pipeline.New(cfg, task, out)
	s.EveryFrame, s.Retry, s.Watchdog = cfg.Unpaced, pipeline.RetryCameras, watchdog.New()
	s.Watchdog.SetPace(task.Imported(), 0)
	defer s.Watchdog.Watch(func(what watchdog.Part) {
		fmt.Fprintf(stderr, "reterminal-vision: stuck in %v: start it again, with another --model or --delegate\n", what)
		os.Exit(1) // nothing ends C code that hangs
	})()
	start := time.Now()
	if err := s.Run(ctx); err != nil {
		return err
	}
	if out.err != nil {
		return fmt.Errorf("writing results: %w", out.err)
	}
	took := time.Since(start)
	fmt.Fprintf(stderr, "%d results in %.2f s: %.1f FPS, %d frames dropped, %d failed\n",
		out.count, took.Seconds(), float64(out.count)/took.Seconds(), out.dropped, out.failures)
	if out.looks < out.count {
		fmt.Fprintf(stderr, "the network looked at %d frames: %.1f FPS\n", out.looks, float64(out.looks)/took.Seconds())
	}
	return out.picture.Save()
}

// lineWriter is the sink that writes JSON lines.
type lineWriter struct {
	to      io.Writer
	end     context.CancelCauseFunc
	most    int // results after which it ends; 0 for all
	picture *snapshot.FrameSaver
	buf     []byte
	count   int
	looks   int // of the first network
	dropped uint64
	err     error

	mu       sync.Mutex
	failures int
}

func (w *lineWriter) Frame(f *frame.Frame)   { w.picture.Frame(f) }
func (w *lineWriter) Status(pipeline.Status) {}
func (w *lineWriter) Lost(error)             {}

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

// Result writes one line; when that fails, or was the last, the session ends.
func (w *lineWriter) Result(r *inference.Result) {
	if w.err != nil || w.most > 0 && w.count == w.most {
		return
	}
	w.buf = append(appendResult(w.buf[:0], r), '\n')
	if _, err := w.to.Write(w.buf); err != nil {
		w.err = err
		w.end(err)
		return
	}
	w.count++
	if r.Origin == inference.Inferred {
		w.looks++
	}
	w.dropped = r.Dropped
	w.picture.Result(r)
	if w.count == w.most {
		w.end(nil)
	}
}
