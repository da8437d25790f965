package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"reterminal-vision/assets"
	"reterminal-vision/assets/lang"
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
	Network float64 // of them those that the first network looked for
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

// patience is with which sources a session goes on trying.
type patience uint8

const (
	noPatience   patience = iota
	forCameras            // that have worked before
	forAnySource          // as long as ctx lives
)

// settle is how long a signal that changed has to become steady.
const settle = 100 * time.Millisecond

// session carries frames of one source through one task to one sink.
type session struct {
	cfg     Config
	task    *demoTask
	sink    sink
	every   bool    // work on every frame: the source waits for the worker
	pace    float64 // pictures a second at which recorded sources play; 0 leaves them their own
	retry   patience
	vigil   *vigil // nil for one that nobody looks at
	results rate
	looks   rate // results that the first network looked for
	mu      sync.Mutex
	state   status
	told    time.Time
}

func newSession(cfg Config, task *demoTask, s sink) *session {
	ses := &session{cfg: cfg, task: task, sink: s, results: *newRate(2 * time.Second), looks: *newRate(2 * time.Second)}
	ses.state.Model = task.title()
	return ses
}

// run works until ctx ends or a source that does not loop is at its end. Both
// are success; it returns when all its goroutines have.
func (s *session) run(ctx context.Context) error {
	worker := inference.NewWorker(s.vigil.over(s.task.Task), s.result, func(err error) {
		counted.failed.Add(1)
		s.sink.Failed(err)
	})
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() {
		s.task.warmUp(s.vigil) // while the source opens
		worker.Run(ctx)
	})
	defer working.Wait()
	defer cancel()
	var trying outage
	for {
		frames, err := s.play(ctx, worker, &trying)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			worker.Drain(ctx)
			return nil
		case errors.Is(err, errAnother):
			slog.Info("another source takes its place", "reason", err)
			continue
		}
		counted.sourceFailed(err)
		if frames > 0 && errors.Is(err, camera.ErrChanged) {
			slog.Info("source is opened again", "reason", err)
			if !sleep(ctx, settle) {
				return nil
			}
			continue
		}
		if frames > 0 {
			trying.worked = s.source().Live()
		}
		if s.retry == noPatience || s.retry == forCameras && !trying.worked {
			return err
		}
		if trying.failed(err, frames > 0) {
			slog.Warn("source failed", "error", err)
		}
		s.sink.Lost(err)
		if !sleep(ctx, trying.wait) {
			return nil
		}
	}
}

// notice puts what is to be said of the source and of the delegate together.
func (s *session) notice(source string) string {
	if s.task.Refused == nil {
		return source
	}
	file, _ := s.cfg.Delegate.External()
	refused := lang.T("%s cannot be used: running on XNNPACK", filepath.Base(file))
	if source == "" {
		return refused
	}
	return refused + ". " + source
}

// source describes the source that is or was last open.
func (s *session) source() camera.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Source
}

// outage is the time in which a source gives nothing.
type outage struct {
	worked bool // it is a camera, and gave pictures before
	since  time.Time
	wait   time.Duration // before the next attempt
	said   string
	saidAt time.Time
}

// sayAgain is how often a failure that stays is logged.
const sayAgain = time.Minute

// failed notes a failure, after pictures or of an attempt to open the source
// again, and reports whether it is worth a line in the log.
func (o *outage) failed(err error, afterPictures bool) bool {
	now := time.Now()
	if afterPictures || o.since.IsZero() {
		o.since, o.wait = now, retryFirst
	} else {
		o.wait = min(2*o.wait, retryMost)
	}
	if o.said == err.Error() && now.Sub(o.saidAt) < sayAgain {
		return false
	}
	o.said, o.saidAt = err.Error(), now
	return true
}

// ended notes the first picture after an outage.
func (o *outage) ended() {
	if !o.since.IsZero() {
		down := time.Since(o.since)
		slog.Info("source is back", "after", down.Round(time.Millisecond))
		counted.sourceRecovered(down)
		o.since, o.said = time.Time{}, ""
	}
}

// errAnother ends footage that stands in for a camera when one is connected.
var errAnother = errors.New("a camera can be used")

// standIn watches, while footage stands in for a camera, whether one can be
// used: one that is connected, or one that is and could not be opened.
type standIn struct {
	options camera.Options
	vigil   *vigil
	nodes   []string
	listed  bool // a camera is among the devices
	looked  time.Time
}

// over reports, once a second, whether a camera can be used.
func (w *standIn) over(ctx context.Context, now time.Time) bool {
	if now.Sub(w.looked) < time.Second {
		return false
	}
	w.looked = now
	nodes := camera.Nodes()
	if slices.Equal(nodes, w.nodes) && !w.listed {
		return false // the usual case of no camera costs one look at a folder
	}
	w.nodes = nodes
	w.vigil.enter(partSource)
	defer w.vigil.leave(partSource)
	devices := camera.Devices()
	if w.listed = len(devices) > 0; !w.listed {
		return false
	}
	source, err := camera.Open(ctx, devices[0].Path, w.options)
	if err != nil {
		return false
	}
	source.Close()
	return true
}

// play opens the source and reads it to its end; frames is how many came.
func (s *session) play(ctx context.Context, worker *inference.Worker, trying *outage) (frames int, err error) {
	options := camera.Options{
		Width: s.cfg.Width, Height: s.cfg.Height, FPS: s.cfg.FPS, PixelFormat: s.cfg.PixelFormat, Turn: s.cfg.Turn, Controls: s.cfg.Controls,
		Paced: !s.every && s.pace == 0, Loop: s.cfg.Loop,
	}
	waiting := standIn{options: options, vigil: s.vigil, looked: time.Now()}
	beat := metronome{every: time.Duration(float64(time.Second) / max(s.pace, 1e-3))}
	var source camera.Source
	var notice string
	s.vigil.in(partSource, func() { source, notice, err = openSource(ctx, s.cfg, s.task.Demo.Builtin, options) })
	if err != nil {
		return 0, err
	}
	defer s.vigil.in(partSourceEnd, func() { source.Close() })
	silence := newSilence(ctx, source.Info())
	defer silence.end()
	var last camera.Counts
	counts := func() camera.Counts {
		if c, ok := source.(camera.Counter); ok {
			now := c.Counts()
			counted.add(last, now)
			last = now
		}
		return last
	}
	s.mu.Lock()
	s.state.Source, s.state.Notice = source.Info(), s.notice(notice)
	s.mu.Unlock()
	defer func() {
		if c := counts(); frames > 0 && source.Info().Live() {
			slog.Info("camera closed", "source", source.Info().Name, "counts", c)
		}
	}()
	for {
		silence.listen()
		f, err := source.Read(silence.ctx)
		silence.heard()
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil && ctx.Err() == nil && silence.ctx.Err() != nil {
			err = context.Cause(silence.ctx)
		}
		if err != nil {
			return frames, err
		}
		if frames++; frames == 1 {
			slog.Info("source open", "source", source.Info().Name, "size", fmt.Sprintf("%dx%d", f.Width, f.Height))
			trying.ended()
		}
		if s.pace > 0 && !beat.wait(ctx, f) {
			f.Release()
			return frames, nil
		}
		err = s.deliver(ctx, worker, f)
		f.Release()
		if err != nil {
			return frames, err
		}
		now := time.Now()
		s.tellStatus(now, counts)
		if notice != "" && waiting.over(ctx, now) {
			return frames, errAnother
		}
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
	now := time.Now()
	if s.results.n == 0 {
		slog.Debug("first result", "source", s.state.Source.Name)
	}
	s.results.add(now)
	s.state.Latency = smooth(s.state.Latency, r.Timing.Latency)
	counted.results.Add(1)
	switch r.Spared {
	case inference.Looked:
		s.looks.add(now)
		s.state.Invoke = smooth(s.state.Invoke, r.Timing.Invoke)
	case inference.Reused:
		counted.reused.Add(1)
	case inference.Carried:
		counted.carried.Add(1)
	}
	counted.dropped.Add(r.Dropped - s.state.Dropped)
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
	s.state.FPS, s.state.Network, s.state.Counts = s.results.perSecond(now), s.looks.perSecond(now), counts()
	state := s.state
	s.mu.Unlock()
	counted.fps.Store(math.Float64bits(state.FPS))
	counted.network.Store(math.Float64bits(state.Network))
	counted.latency.Store(int64(state.Latency))
	counted.invoke.Store(int64(state.Invoke))
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
	if cfg.Source == footage && builtin != "" {
		opt.Loop = true
		source, err := camera.Open(ctx, "builtin:"+builtin, opt)
		return source, "", err
	}
	if cfg.Source != "auto" {
		source, err := camera.Open(ctx, cfg.Source, opt)
		return source, "", err
	}
	devices := camera.Devices()
	if len(devices) == 0 && builtin == "" {
		return nil, "", camera.Faultf("no camera is connected: plug one in, or choose a video or pictures with --source")
	}
	notice := lang.T("No camera: showing built-in footage")
	if len(devices) > 0 {
		source, err := camera.Open(ctx, devices[0].Path, opt)
		if err == nil {
			return source, "", nil
		}
		if builtin == "" {
			return nil, "", err
		}
		slog.Warn("camera cannot be used", "device", devices[0].Path, "error", err)
		notice = lang.T("%s cannot be used: showing built-in footage", devices[0].Name)
	}
	opt.Loop = true
	source, err := camera.Open(ctx, "builtin:"+builtin, opt)
	return source, notice, err
}
