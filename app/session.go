package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"reterminal-vision/assets"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
)

// sink takes what a session produces. Its methods are called from the
// session's goroutines, must not keep what they are given, and must return
// quickly.
type sink interface {
	Frame(*camera.Frame)
	Result(*inference.Result)
	Status(status)
	// Lost tells that the source failed and is tried again until ctx ends.
	Lost(error)
	// Failed tells of one frame that could not be worked on.
	Failed(error)
}

// status is the state of a session, a few times a second.
type status struct {
	Source  camera.Info
	Notice  string
	Model   string
	FPS     float64 // results a second
	Latency time.Duration
	Invoke  time.Duration
	Dropped uint64
	Counts  camera.Counts // of a camera, since it was opened
}

// statusEvery is how often a session reports its state.
const statusEvery = 250 * time.Millisecond

// Times between attempts to reopen a source that failed, which goes on within
// two seconds of its return: the first soon, since a camera is back within a
// second of being replugged.
const (
	retryFirst = 250 * time.Millisecond
	retryMost  = time.Second
)

// session carries frames of one source through one task to one sink.
type session struct {
	cfg     Config
	task    *demoTask
	sink    sink
	every   bool // work on every frame: the source waits for the worker
	retry   bool // reopen a source that fails
	results rate
	mu      sync.Mutex
	state   status
	told    time.Time
}

func newSession(cfg Config, task *demoTask, s sink) *session {
	ses := &session{cfg: cfg, task: task, sink: s, results: *newRate(2 * time.Second)}
	ses.state.Model = task.title()
	return ses
}

// run works until ctx ends or a source that does not loop is at its end. Both
// are success; it returns when all its goroutines have.
func (s *session) run(ctx context.Context) error {
	worker := inference.NewWorker(s.task, s.result, s.sink.Failed)
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() { worker.Run(ctx) })
	defer working.Wait()
	defer cancel()
	wait := retryFirst
	for {
		frames, err := s.play(ctx, worker)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			worker.Drain(ctx)
			return nil
		case !s.retry:
			return err
		}
		slog.Warn("source failed", "error", err, "retry", wait)
		s.sink.Lost(err)
		if frames > 0 {
			wait = retryFirst
		}
		if !sleep(ctx, wait) {
			return nil
		}
		wait = min(2*wait, retryMost)
	}
}

// play opens the source and reads it to its end; frames is how many came.
func (s *session) play(ctx context.Context, worker *inference.Worker) (frames int, err error) {
	source, notice, err := openSource(ctx, s.cfg, s.task.Demo.Builtin, camera.Options{
		Width: s.cfg.Width, Height: s.cfg.Height, FPS: s.cfg.FPS, PixelFormat: s.cfg.PixelFormat, Turn: s.cfg.Turn, Controls: s.cfg.Controls,
		Paced: !s.every, Loop: s.cfg.Loop,
	})
	if err != nil {
		return 0, err
	}
	defer source.Close()
	counts := func() camera.Counts {
		if c, ok := source.(camera.Counter); ok {
			return c.Counts()
		}
		return camera.Counts{}
	}
	s.mu.Lock()
	s.state.Source, s.state.Notice = source.Info(), notice
	s.mu.Unlock()
	if source.Info().Live() {
		defer func() { slog.Info("camera closed", "source", source.Info().Name, "counts", counts()) }()
	}
	slog.Info("source open", "source", source.Info().Name, "size", fmt.Sprintf("%dx%d", source.Info().Width, source.Info().Height))
	for {
		f, err := source.Read(ctx)
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		frames++
		err = s.deliver(ctx, worker, f)
		f.Release()
		if err != nil {
			return frames, err
		}
		s.tellStatus(time.Now(), counts)
	}
}

func (s *session) deliver(ctx context.Context, worker *inference.Worker, f *camera.Frame) error {
	if s.every {
		s.sink.Frame(f)
		return worker.Put(ctx, f)
	}
	// The network gets the frame first: showing it takes longer.
	worker.Offer(f)
	s.sink.Frame(f)
	return nil
}

// result passes a result on and keeps the running figures.
func (s *session) result(r *inference.Result) {
	s.mu.Lock()
	s.results.add(time.Now())
	s.state.Latency = smooth(s.state.Latency, r.Timing.Latency)
	s.state.Invoke = smooth(s.state.Invoke, r.Timing.Invoke)
	s.state.Dropped = r.Dropped
	s.mu.Unlock()
	s.sink.Result(r)
}

// tellStatus reports the state when it is time again.
func (s *session) tellStatus(now time.Time, counts func() camera.Counts) {
	s.mu.Lock()
	if now.Sub(s.told) < statusEvery {
		s.mu.Unlock()
		return
	}
	s.told = now
	s.state.FPS, s.state.Counts = s.results.perSecond(now), counts()
	state := s.state
	s.mu.Unlock()
	s.sink.Status(state)
}

// smooth is an exponential average that takes its first value whole.
func smooth(average, now time.Duration) time.Duration {
	if average == 0 {
		return now
	}
	return average + (now-average)/8
}

// sleep waits, and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// openSource opens what the configuration names. "auto" is the first camera,
// or the demo's built-in footage when there is none, which the notice says.
func openSource(ctx context.Context, cfg Config, builtin string, opt camera.Options) (camera.Source, string, error) {
	opt.Builtin = assets.Clips()
	if cfg.Source != "auto" {
		source, err := camera.Open(ctx, cfg.Source, opt)
		return source, "", err
	}
	devices, err := camera.Devices()
	if err != nil {
		slog.Warn("cameras cannot be listed", "error", err)
	}
	if len(devices) == 0 && builtin == "" {
		return nil, "", errors.New("no camera is connected: plug one in, or choose a video or pictures with --source")
	}
	notice := "No camera: showing built-in footage"
	if len(devices) > 0 {
		source, err := camera.Open(ctx, devices[0].Path, opt)
		if err == nil {
			return source, "", nil
		}
		if builtin == "" {
			return nil, "", err
		}
		slog.Warn("camera cannot be used", "device", devices[0].Path, "error", err)
		notice = fmt.Sprintf("%s cannot be used: showing built-in footage", devices[0].Name)
	}
	opt.Loop = true
	source, err := camera.Open(ctx, "builtin:"+builtin, opt)
	return source, notice, err
}
