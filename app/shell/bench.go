package shell

import (
	"context"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/config"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/ui"
)

// benchScreen shows in the app's window what a benchmark measures.
type benchScreen struct{ shell *shell }

// Show implements bench.Screen.
func (s benchScreen) Show(ctx context.Context, demo string) pipeline.Sink {
	s.shell.screen.ShowDemo(demo)
	return s.shell.newSink(ctx, demo, false, nil)
}

// FPS implements bench.Screen.
func (s benchScreen) FPS() float64 { return s.shell.screen.Live.DisplayFPS() }

// Bench opens the app's window and has measure show there what it does, on
// another goroutine.
func Bench(ctx context.Context, cfg config.Config, measure func(bench.Screen) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newShell(ctx, cfg, nil, ui.New)
	context.AfterFunc(ctx, w.screen.Stop)
	measured := make(chan error, 1)
	go func() {
		for w.screen.Paints() == 0 && pipeline.Sleep(ctx, 10*time.Millisecond) {
		}
		measured <- measure(benchScreen{w})
		w.screen.Stop()
	}()
	if err := w.screen.Run(); err != nil {
		cancel()
		<-measured
		return err
	}
	cancel()
	return <-measured
}
