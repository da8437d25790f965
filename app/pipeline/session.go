// Package pipeline carries frames from a source through a demo's task to a sink.
//
// In: an open demo and the configuration of the source. Out: frames, results,
// status and errors to a Sink, until the context ends. A source that fails is
// reopened with back-off; built-in footage stands in for a missing camera. It
// imports app/config, app/demo, app/metrics, app/watchdog, assets/demos,
// assets/lang, camera and inference; app and its packages may import it.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/demos"
	"reterminal-vision/assets/lang"
	"reterminal-vision/camera"
	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Sink takes what a session produces. Its methods are called from the
// session's goroutines, must not keep what they are given, and must return
// quickly.
type Sink interface {
	Frame(*frame.Frame)
	Result(*inference.Result)
	Status(Status)
	// Lost reports that the source failed and is being reopened.
	Lost(error)
	// Failed reports a frame that could not be processed.
	Failed(error)
}

// Status is the state of a session, a few times a second.
type Status struct {
	Source  camera.Info
	Notice  string
	Model   string
	FPS     float64 // results a second
	Network float64 // of them those inferred by the first network
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

// RetryPolicy says which failed sources a session reopens.
type RetryPolicy uint8

// RetryCameras reopens cameras that have worked before, RetryAny every source.
const (
	RetryNever RetryPolicy = iota
	RetryCameras
	RetryAny
)

// settle is how long a signal that changed has to become steady.
const settle = 100 * time.Millisecond

// Session carries frames of one source through one task to one sink.
type Session struct {
	cfg        config.Config
	task       *demo.Task
	sink       Sink
	EveryFrame bool    // process every frame: the source waits for the worker
	Pace       float64 // pictures a second at which recorded sources play; 0 leaves them their own
	Retry      RetryPolicy
	Watchdog   *watchdog.Watchdog // nil for none
	Handover   *Handover          // nil for none
	results    Rate
	looks      Rate                       // results inferred by the first network
	turn       atomic.Pointer[frame.Turn] // nil leaves that of cfg
	openSource func(context.Context, config.Config, string, camera.Options) (camera.Source, string, error)
	mu         sync.Mutex
	state      Status
	told       time.Time
}

// New makes a session; its exported fields may be set before Run.
func New(cfg config.Config, task *demo.Task, s Sink) *Session {
	ses := &Session{cfg: cfg, task: task, sink: s, openSource: OpenSource, results: *NewRate(2 * time.Second), looks: *NewRate(2 * time.Second)}
	ses.state.Model = task.Title()
	return ses
}

// Run works until ctx ends or a source that does not loop is at its end. Both
// are success; it returns when all its goroutines have.
func (s *Session) Run(ctx context.Context) error {
	worker := inference.NewWorker(s.Watchdog.Wrap(s.task.Task), s.result, func(err error) {
		metrics.Total.Failed.Add(1)
		s.sink.Failed(err)
	})
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() {
		s.task.WarmUp(s.Watchdog) // while the source opens
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
		metrics.Total.SourceFailed(err)
		if frames > 0 && errors.Is(err, camera.ErrChanged) {
			slog.Info("source is opened again", "reason", err)
			if !Sleep(ctx, settle) {
				return nil
			}
			continue
		}
		if frames > 0 {
			trying.worked = s.Source().Live()
		}
		if s.Retry == RetryNever || s.Retry == RetryCameras && !trying.worked {
			return err
		}
		if trying.failed(err, frames > 0) {
			slog.Warn("source failed", "error", err)
		}
		s.sink.Lost(err)
		if !Sleep(ctx, trying.wait) {
			return nil
		}
	}
}

// Adjust applies those parts of a changed configuration that need neither the
// source nor a network opened: mirror, rotation, confidence threshold and frame
// skipping, from the next frame on. Any goroutine may call it.
func (s *Session) Adjust(cfg config.Config) {
	turn := cfg.Turn
	s.turn.Store(&turn)
	s.task.Adjust(cfg)
}

// notice joins what the screen says about the source and the delegate.
func (s *Session) notice(source string) string {
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

// Source describes the source that is or was last open.
func (s *Session) Source() camera.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Source
}

// outage is a period in which a source gives no frames.
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
		metrics.Total.SourceRecovered(down)
		o.since, o.said = time.Time{}, ""
	}
}

// errAnother ends footage that stands in for a camera when one can be used.
var errAnother = errors.New("a camera can be used")

// standIn checks, while footage stands in for a camera, whether one can be used:
// a new one, or one that could not be opened before.
type standIn struct {
	options  camera.Options
	watchdog *watchdog.Watchdog
	nodes    []string
	listed   bool // a camera is among the devices
	looked   time.Time
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
	w.watchdog.Enter(watchdog.OpenSource)
	defer w.watchdog.Leave(watchdog.OpenSource)
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

// reading is a source that is open.
type reading struct {
	camera.Source
	notice string
	since  time.Time     // frames captured before are stale; zero but for a camera that was handed over
	counts camera.Counts // of a camera, as last told to the metrics
	turn   frame.Turn
	frames int
}

// open is the camera that was handed over, else the source of the configuration.
func (s *Session) open(ctx context.Context, options camera.Options) (*reading, error) {
	var source camera.Source
	s.Watchdog.Do(watchdog.CloseSource, func() { source = s.Handover.take(s.cfg) }) // another camera is closed
	if source != nil {
		r := &reading{Source: source, since: time.Now()}
		r.counts = r.count()
		if err := r.setTurn(options.Turn); err != nil {
			source.Close()
			return nil, err
		}
		return r, nil
	}
	r := &reading{turn: options.Turn}
	var err error
	s.Watchdog.Do(watchdog.OpenSource, func() { r.Source, r.notice, err = s.openSource(ctx, s.cfg, s.task.Demo.Builtin, options) })
	return r, err
}

// close leaves a camera to the next session, or closes the source.
func (s *Session) close(ctx context.Context, r *reading) {
	s.tell(r)
	if r.frames > 0 && ctx.Err() != nil && s.Handover.leave(s.cfg, r.Source) {
		return
	}
	if r.frames > 0 && r.Info().Live() {
		slog.Info("camera closed", "source", r.Info().Name, "counts", r.counts)
	}
	s.Watchdog.Do(watchdog.CloseSource, func() { r.Close() })
}

// tell counts for the metrics what a camera has done since.
func (s *Session) tell(r *reading) camera.Counts {
	now := r.count()
	metrics.Total.Add(r.counts, now)
	r.counts = now
	return now
}

func (r *reading) count() camera.Counts {
	if c, ok := r.Source.(camera.Counter); ok {
		return c.Counts()
	}
	return camera.Counts{}
}

// setTurn turns the pictures from the next one on.
func (r *reading) setTurn(turn frame.Turn) error {
	t, ok := r.Source.(camera.Turner)
	if !ok {
		return errAnother
	}
	r.turn = turn
	return t.SetTurn(turn)
}

// next reads a frame that is not stale. io.EOF tells of the end.
func (r *reading) next(silence *watchdog.Silence) (*frame.Frame, error) {
	for {
		silence.Listen()
		f, err := r.Read(silence.Context)
		silence.Heard()
		if err != nil || !f.Captured.Before(r.since) {
			return f, err
		}
		f.Release()
	}
}

// play opens the source and reads it to its end; frames is how many came.
func (s *Session) play(ctx context.Context, worker *inference.Worker, trying *outage) (frames int, err error) {
	options := camera.Options{
		Width: s.cfg.Width, Height: s.cfg.Height, FPS: s.cfg.FPS, PixelFormat: s.cfg.PixelFormat, Turn: *cmp.Or(s.turn.Load(), &s.cfg.Turn), Controls: s.cfg.Controls,
		Paced: !s.EveryFrame && s.Pace == 0, Loop: s.cfg.Loop,
	}
	r, err := s.open(ctx, options)
	if err != nil {
		return 0, err
	}
	defer s.close(ctx, r)
	silence := watchdog.NewSilence(ctx, r.Info())
	defer silence.End()
	s.show(r)
	waiting := standIn{options: options, watchdog: s.Watchdog, looked: time.Now()}
	beat := pacer{every: time.Duration(float64(time.Second) / max(s.Pace, 1e-3))}
	for {
		if turn := s.turn.Load(); turn != nil && *turn != r.turn {
			if err := r.setTurn(*turn); err != nil {
				return r.frames, err
			}
			s.show(r)
		}
		f, err := r.next(silence)
		switch {
		case errors.Is(err, io.EOF):
			return r.frames, nil
		case err != nil && ctx.Err() == nil && silence.Context.Err() != nil:
			return r.frames, context.Cause(silence.Context)
		case err != nil:
			return r.frames, err
		}
		if r.frames++; r.frames == 1 {
			slog.Info("source open", "source", r.Info().Name, "size", fmt.Sprintf("%dx%d", f.Width, f.Height), "handed_over", !r.since.IsZero())
			trying.ended()
		}
		if s.Pace > 0 && !beat.wait(ctx, f) {
			f.Release()
			return r.frames, nil
		}
		err = s.deliver(ctx, worker, f)
		f.Release()
		if err != nil {
			return r.frames, err
		}
		now := time.Now()
		s.tellStatus(now, func() camera.Counts { return s.tell(r) })
		if r.notice != "" && waiting.over(ctx, now) {
			return r.frames, errAnother
		}
	}
}

// show takes up the source for the status.
func (s *Session) show(r *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Source, s.state.Notice = r.Info(), s.notice(r.notice)
}

func (s *Session) deliver(ctx context.Context, worker *inference.Worker, f *frame.Frame) error {
	if s.EveryFrame {
		s.sink.Frame(f)
		return worker.Put(ctx, f)
	}
	// The network gets the frame first: showing it takes longer.
	worker.Offer(f)
	s.sink.Frame(f)
	return nil
}

// result passes a result on and keeps the running figures.
func (s *Session) result(r *inference.Result) {
	s.mu.Lock()
	now := time.Now()
	if s.results.n == 0 {
		slog.Debug("first result", "source", s.state.Source.Name)
	}
	s.results.add(now)
	s.state.Latency = Smooth(s.state.Latency, r.Timing.Latency)
	metrics.Total.Results.Add(1)
	switch r.Origin {
	case inference.Inferred:
		s.looks.add(now)
		s.state.Invoke = Smooth(s.state.Invoke, r.Timing.Invoke)
	case inference.Reused:
		metrics.Total.Reused.Add(1)
	case inference.Propagated:
		metrics.Total.Propagated.Add(1)
	}
	metrics.Total.Dropped.Add(r.Dropped - s.state.Dropped)
	s.state.Dropped = r.Dropped
	s.mu.Unlock()
	s.sink.Result(r)
}

// tellStatus reports the state when it is time again.
func (s *Session) tellStatus(now time.Time, counts func() camera.Counts) {
	s.mu.Lock()
	if now.Sub(s.told) < statusEvery {
		s.mu.Unlock()
		return
	}
	s.told = now
	s.state.FPS, s.state.Network, s.state.Counts = s.results.perSecond(now), s.looks.perSecond(now), counts()
	state := s.state
	s.mu.Unlock()
	metrics.Total.FPS.Store(math.Float64bits(state.FPS))
	metrics.Total.Network.Store(math.Float64bits(state.Network))
	metrics.Total.Latency.Store(int64(state.Latency))
	metrics.Total.Invoke.Store(int64(state.Invoke))
	s.sink.Status(state)
}

// Smooth is an exponential average that takes its first value whole.
func Smooth(average, now time.Duration) time.Duration {
	if average == 0 {
		return now
	}
	return average + (now-average)/8
}

// Sleep waits, and reports whether ctx is still alive.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// BuiltinClips are the demos' own footage, for the camera.
func BuiltinClips() map[string]camera.Clip {
	clips := map[string]camera.Clip{}
	for name, c := range demos.Clips() {
		clips[name] = camera.Clip(c)
	}
	return clips
}

// Footage is the source that is no camera: the demo's own built-in clip.
const Footage = "footage"

// OpenSource opens what the configuration names. "auto" is the first camera,
// or the demo's built-in footage when there is none, which the notice says.
func OpenSource(ctx context.Context, cfg config.Config, builtin string, opt camera.Options) (camera.Source, string, error) {
	opt.Builtin = BuiltinClips()
	if cfg.Source == Footage && builtin != "" {
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
		return nil, "", fault.Errorf("no camera is connected: plug one in, or choose a video or pictures with --source")
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
