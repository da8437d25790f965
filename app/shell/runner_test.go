package shell

import (
	"context"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/ui"
)

// spoilt is a task that does something else.
type spoilt struct {
	inference.Task
	run func() error
}

func (s spoilt) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := s.run(); err != nil {
		return err
	}
	return s.Task.Run(f, in, out)
}

// spoiltShell is an app without a screen whose demos run what spoil makes of them.
func spoiltShell(t *testing.T, spoil func() error) *shell {
	t.Helper()
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cfg := config.Config{Source: "auto", ModelsDir: filepath.Join("..", "..", "models", "trained"), Delegate: inference.XNNPACK, Threads: 1}
	w := newShell(ctx, cfg, nil, func(o ui.Options) *ui.UI { return ui.NewOn(test.NewApp(), o) })
	w.runner.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
		task, err := roster.OpenDemo(ctx, cfg, id)
		if err == nil && spoil != nil {
			task.Task = spoilt{task.Task, spoil}
		}
		return task, err
	}
	t.Cleanup(func() {
		cancel()
		w.StopDemo()
		w.runner.wait()
		w.handler.Wait()
		w.screen.Stop()
	})
	return w
}

// soon fails a test in which a fault was not noticed within as long as the watchdog
// allows a process whose cores others take, as other tests do; with RTV_PROMPT=1,
// for a machine that does nothing else, within 5 s.
func soon(t *testing.T, what string, noticed, waited time.Duration) {
	t.Helper()
	limit := 5 * time.Second
	if os.Getenv("RTV_PROMPT") != "1" {
		limit += watchdog.StarvedFactor * watchdog.FrameLimit
	}
	if noticed > limit {
		t.Errorf("%s: noticed after %v, in which it waited %v for a core: want %v", what, noticed, waited, limit)
	}
}

// trouble tells whether the screen shows what is wrong: a sign in its middle.
func trouble(w *shell) bool {
	img := w.screen.Capture(time.Now())
	red := 0
	for y := 300; y < 700; y++ {
		for x := 300; x < 420; x++ {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			if c.R > 230 && c.G > 90 && c.G < 140 && c.B < 120 {
				red++
			}
		}
	}
	return red > 2000
}

func awaitSo(t *testing.T, what string, so func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !so() {
		if time.Since(start) > 90*time.Second {
			t.Fatalf("%s: not within a minute and a half", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(start)
}

// TestPanickingDemo has a demo panic in every frame until it is opened anew: it
// starts again by itself, once.
func TestPanickingDemo(t *testing.T) {
	var bad atomic.Bool
	w := spoiltShell(t, func() error {
		if bad.Load() {
			panic("index out of range")
		}
		return nil
	})
	open := w.runner.open
	w.runner.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
		bad.Store(false)
		return open(ctx, cfg, id)
	}
	results, again := metrics.Total.Results.Load, metrics.Total.DemoRestarts.Load
	w.StartDemo("belt")
	awaitSo(t, "results", func() bool { return results() > 5 })
	if trouble(w) {
		t.Error("trouble from the beginning")
	}
	before, starved := again(), watchdog.CPUWaits("self")
	bad.Store(true)
	noticed := awaitSo(t, "starting again", func() bool { return again() > before }) - restartAfter
	soon(t, "a demo panics", noticed, watchdog.CPUWaits("self").Since(starved))
	n := results()
	back := restartAfter + awaitSo(t, "running again", func() bool { return results() > n+5 && !trouble(w) })
	t.Logf("TABLE a demo panics | noticed %v | back %v", noticed.Round(time.Millisecond), back.Round(time.Millisecond))
	if n := again() - before; n != 1 {
		t.Errorf("started %d times again", n)
	}
}

// TestDemoGoesOnPanicking leaves a demo alone that panics in every frame, after a
// few times, with what happened on the screen, until a person starts it.
func TestDemoGoesOnPanicking(t *testing.T) {
	var bad atomic.Bool
	bad.Store(true)
	w := spoiltShell(t, func() error {
		if bad.Load() {
			panic("index out of range")
		}
		return nil
	})
	results, again := metrics.Total.Results.Load, metrics.Total.DemoRestarts.Load
	before, n := again(), results()
	w.StartDemo("belt")
	w.runner.wait()
	if times := again() - before; times != restartsMost || results() != n {
		t.Errorf("started %d times again, with %d results: want %d, without", times, results()-n, restartsMost)
	}
	awaitSo(t, "being told", func() bool { return trouble(w) })
	bad.Store(false)
	w.StartDemo("belt")
	awaitSo(t, "running", func() bool { return results() > n+5 && !trouble(w) })
}

// TestDemoThatCannotOpen is said at once, and not tried again without end.
func TestDemoThatCannotOpen(t *testing.T) {
	w := spoiltShell(t, nil)
	var opened atomic.Int32
	w.runner.open = func(context.Context, config.Config, string) (*demo.Task, error) {
		opened.Add(1)
		return nil, errors.New("no such model")
	}
	w.StartDemo("belt")
	awaitSo(t, "being told", func() bool { return trouble(w) })
	w.runner.wait()
	if opened.Load() != 1 {
		t.Errorf("opened %d times", opened.Load())
	}
}

// TestPanicLeavesPart has a demo panic while its networks or its source are opened
// or the networks closed: the watchdog is not left to think that it is still at it.
func TestPanicLeavesPart(t *testing.T) {
	for name, spoil := range map[string]func(*demo.Task) *demo.Task{
		"opening the networks": func(*demo.Task) *demo.Task { panic("spoilt") },
		"opening the source":   func(task *demo.Task) *demo.Task { task.Demo = nil; return task },
		"closing the networks": func(task *demo.Task) *demo.Task {
			task.Task = closing{spoilt{task.Task, func() error { panic("spoilt") }}, func() { panic("spoilt") }}
			return task
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := spoiltShell(t, nil)
			open := w.runner.open
			w.runner.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
				task, err := open(ctx, cfg, id)
				if err != nil {
					return nil, err
				}
				return spoil(task), nil
			}
			v := watchdog.New()
			if err := w.runner.attempt(t.Context(), v, "belt", nil); !errors.Is(err, errCrashed) {
				t.Errorf("it ended by %v", err)
			}
			for p := range watchdog.Parts {
				if v.Inside(p) {
					t.Errorf("it is still in %v", p)
				}
			}
		})
	}
}

// closing is a task with an end of its own.
type closing struct {
	inference.Task
	end func()
}

func (c closing) Close() error {
	defer c.end()
	return c.Task.Close()
}

// TestClosingHangs notices networks that cannot be closed.
func TestClosingHangs(t *testing.T) {
	w := spoiltShell(t, nil)
	open, hang := w.runner.open, make(chan struct{})
	w.runner.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
		task, err := open(ctx, cfg, id)
		if err == nil {
			task.Task = closing{task.Task, func() { <-hang }}
		}
		return task, err
	}
	v, found := watchdog.New(), make(chan watchdog.Part, 1)
	defer v.Watch(func(p watchdog.Part) { found <- p })()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.runner.attempt(ctx, v, "belt", nil) }()
	n := metrics.Total.Results.Load()
	awaitSo(t, "results", func() bool { return metrics.Total.Results.Load() > n })
	start, starved := time.Now(), watchdog.CPUWaits("self")
	cancel()
	if p := <-found; p != watchdog.CloseNetworks {
		t.Errorf("%v is stuck", p)
	}
	soon(t, "closing hangs", time.Since(start), watchdog.CPUWaits("self").Since(starved))
	close(hang)
	<-ended
}
