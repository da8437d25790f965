package shell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/config"
	"reterminal-vision/app/device"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/assets/lang"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/ui"
)

// screenSink shows what a session produces, as long as the session is the one
// on the screen.
type screenSink struct {
	runner  *runner
	screen  *ui.UI
	picture *snapshot.FrameSaver
	health  func() device.Health

	ctx    context.Context
	id     string
	quiet  bool                    // nothing is said of troubles
	giveUp context.CancelCauseFunc // ends the session that is beyond help

	mu           sync.Mutex
	lost         bool
	failed       time.Time
	failing      int // frames that could not be worked on since the last result
	failingSince time.Time
	invoke       time.Duration
	results      int
}

// A demo is given up when so many frames in a row have failed, or frames for so
// long.
const (
	failingMost = 30
	failingFor  = 3 * time.Second
)

func (s *screenSink) Frame(f *frame.Frame) {
	if s.ctx.Err() != nil {
		return
	}
	s.found()
	s.picture.Frame(f)
	s.screen.Live.Frame(f)
}

func (s *screenSink) Result(r *inference.Result) {
	if s.ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	s.failing = 0
	if s.results++; s.results > bench.Warmup && r.Origin == inference.Inferred {
		s.invoke = pipeline.Smooth(s.invoke, r.Timing.Invoke)
	}
	s.mu.Unlock()
	s.picture.Result(r)
	s.screen.Live.Result(r)
}

func (s *screenSink) Status(st pipeline.Status) {
	if s.ctx.Err() != nil {
		return
	}
	health := s.health()
	s.screen.Live.Status(ui.Status{
		Source: st.Source.Name, SourceKind: st.Source.Kind, Notice: st.Notice, Model: st.Model,
		FPS: st.FPS, NetworkFPS: st.Network, DisplayFPS: s.screen.Live.DisplayFPS(), Latency: st.Latency, Invoke: st.Invoke, Dropped: st.Dropped,
		Damaged: st.Counts.Damaged, Lost: st.Counts.Lost, Celsius: health.Temperature.Or(0), Throttled: health.Throttling.Now.Any(),
	})
}

// Lost tells once that the pictures stopped; the session goes on trying.
func (s *screenSink) Lost(err error) {
	s.mu.Lock()
	first := !s.lost
	s.lost = true
	s.mu.Unlock()
	if !first || s.quiet || s.ctx.Err() != nil {
		return
	}
	s.screen.Live.Problem(s.noPictures(err))
}

// noPictures words why the source gives none.
func (s *screenSink) noPictures(err error) ui.Problem {
	p := ui.Problem{
		Title: lang.T("No video"), Detail: faults.Worded(err),
		Remedy: lang.T("The demo resumes automatically when frames arrive again."),
		Label:  lang.T("Built-in footage"), Retry: s.useFootage,
	}
	switch {
	case errors.Is(err, camera.ErrGone):
		p.Title, p.Remedy = lang.T("Camera disconnected"), lang.T("Plug it in again: the demo resumes automatically.")
	case errors.Is(err, camera.ErrBusy):
		p.Title, p.Remedy = lang.T("The camera is in use"), lang.T("Close the other program: the demo resumes automatically.")
	case errors.Is(err, camera.ErrStalled):
		p.Title, p.Remedy = lang.T("The camera sends no frames"), lang.T("Unplug it and plug it in again: the demo resumes automatically.")
	}
	return p
}

// useFootage goes on with built-in footage, until another demo is started.
func (s *screenSink) useFootage() {
	s.screen.Live.ClearProblem()
	s.runner.begin(s.id, withFootage)
}

// withFootage has a demo show its built-in footage.
func withFootage(cfg config.Config) config.Config { cfg.Source = pipeline.Footage; return cfg }

// found takes the message away again.
func (s *screenSink) found() {
	s.mu.Lock()
	was := s.lost
	s.lost = false
	s.mu.Unlock()
	if was {
		s.screen.Live.ClearProblem()
	}
}

// Failed logs at most one failure a second, and gives the demo up when frame
// after frame fails.
func (s *screenSink) Failed(err error) {
	s.mu.Lock()
	now := time.Now()
	if s.failing++; s.failing == 1 {
		s.failingSince = now
	}
	hopeless := s.failing >= failingMost || now.Sub(s.failingSince) > failingFor
	if now.Sub(s.failed) > time.Second {
		s.failed = now
		slog.Error("frame failed", "error", err)
	}
	s.mu.Unlock()
	if hopeless {
		s.giveUp(fmt.Errorf("%w: %w", errCrashed, err))
	}
}
