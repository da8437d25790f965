package app

import (
	"context"
	"sync/atomic"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/ui"
)

// stage is what a benchmark runs before.
type stage struct {
	pace   float64 // pictures a second; 0 for all, as fast as they are taken
	window *window // shows them; nil for none
	paints float64 // shown a second at most; 0 for no limit
	exact  bool    // a delegate that cannot be used is an error, rather than XNNPACK's figures
}

// sink shows what b gets, where there is a window.
func (g stage) sink(ctx context.Context, cfg Config, b *benchSink) sink {
	if g.window == nil {
		return b
	}
	g.window.screen.ShowDemo(cfg.Demo)
	s := &shownBench{benchSink: b, screen: &screenSink{window: g.window, ctx: ctx, id: cfg.Demo}}
	if g.paints > 0 {
		s.every = time.Duration(float64(time.Second) / g.paints)
	}
	return s
}

// note writes down what was measured before.
func (g stage) note(f *Figures) {
	f.Pace, f.PaintsWanted = g.pace, g.paints
	if f.Window = g.window != nil; f.Window {
		f.Paints = g.window.screen.Live.DisplayFPS()
	}
}

// shownBench is a benchmark whose pictures and results are shown.
type shownBench struct {
	*benchSink
	screen *screenSink
	every  time.Duration // between pictures shown; 0 for all
	next   time.Time
	wanted atomic.Bool // the next result belongs to a picture that was shown
}

func (s *shownBench) Frame(f *camera.Frame) {
	now := time.Now()
	if s.every > 0 {
		if now.Before(s.next) {
			return
		}
		if s.next = s.next.Add(s.every); s.next.Before(now) {
			s.next = now
		}
	}
	s.screen.Frame(f)
	s.wanted.Store(true)
}

func (s *shownBench) Result(r *inference.Result) {
	s.benchSink.Result(r)
	if s.wanted.Swap(false) {
		s.screen.Result(r)
	}
}

func (s *shownBench) Status(st status) { s.screen.Status(st) }

// beforeWindow opens the app's window and has measure run before it, on
// another goroutine.
func beforeWindow(ctx context.Context, cfg Config, measure func(*window) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newWindow(ctx, cfg, ui.New)
	context.AfterFunc(ctx, w.screen.Stop)
	measured := make(chan error, 1)
	go func() {
		for w.screen.Paints() == 0 && sleep(ctx, 10*time.Millisecond) {
		}
		measured <- measure(w)
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

// metronome paces frames that are there already, as a camera paces its own.
type metronome struct {
	every time.Duration
	next  time.Time
	timer *time.Timer
}

// wait sleeps until the next beat, at which f counts as captured; false when
// ctx ends first.
func (m *metronome) wait(ctx context.Context, f *camera.Frame) bool {
	now := time.Now()
	if m.next.IsZero() || now.Sub(m.next) > m.every {
		m.next = now
	}
	if d := m.next.Sub(now); d > 0 {
		if m.timer == nil {
			m.timer = time.NewTimer(d)
		} else {
			m.timer.Reset(d)
		}
		select {
		case <-m.timer.C:
		case <-ctx.Done():
			m.timer.Stop()
			return false
		}
	}
	m.next = m.next.Add(m.every)
	f.Captured = time.Now()
	return ctx.Err() == nil
}
