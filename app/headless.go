package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
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
	s.every = cfg.Unpaced
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

// appendResult appends the result as a JSON object. Times are milliseconds,
// boxes x0 y0 x1 y1 in frame pixels.
func appendResult(b []byte, r *inference.Result) []byte {
	b = append(b, `{"sequence":`...)
	b = strconv.AppendUint(b, r.Sequence, 10)
	b = append(b, `,"captured":"`...)
	b = r.Captured.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendMillis(b, "timestamp_ms", r.Timestamp)
	b = appendMillis(b, "preprocess_ms", r.Timing.Preprocess)
	b = appendMillis(b, "invoke_ms", r.Timing.Invoke)
	b = appendMillis(b, "decode_ms", r.Timing.Decode)
	b = appendMillis(b, "latency_ms", r.Timing.Latency)
	b = append(b, `,"dropped":`...)
	b = strconv.AppendUint(b, r.Dropped, 10)
	b = append(b, `,"width":`...)
	b = strconv.AppendInt(b, int64(r.Width), 10)
	b = append(b, `,"height":`...)
	b = strconv.AppendInt(b, int64(r.Height), 10)
	b = append(b, `,"objects":[`...)
	for i := range r.Objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendObject(b, &r.Objects[i])
	}
	return append(b, "]}"...)
}

func appendObject(b []byte, o *inference.Object) []byte {
	b = append(b, `{"label":`...)
	b = strconv.AppendQuote(b, o.Label)
	b = append(b, `,"class":`...)
	b = strconv.AppendInt(b, int64(o.Class), 10)
	b = append(b, `,"score":`...)
	b = appendFloat(b, o.Score, 4)
	b = append(b, `,"box":[`...)
	for i, v := range [4]float32{o.Box.X0, o.Box.Y0, o.Box.X1, o.Box.Y1} {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat(b, v, 2)
	}
	return append(b, "]}"...)
}

func appendMillis(b []byte, name string, d time.Duration) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return strconv.AppendFloat(b, float64(d)/1e6, 'f', 3, 64)
}

// appendFloat writes a number that JSON can hold; decoders never let NaN or
// infinity through.
func appendFloat(b []byte, v float32, digits int) []byte {
	return strconv.AppendFloat(b, float64(v), 'f', digits, 32)
}
