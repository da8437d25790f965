package shell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/choices"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/app/speeds"
	"reterminal-vision/app/supervise"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/models"
	"reterminal-vision/ui"
)

// runner runs at most one demo at a time. Any goroutine may use it.
type runner struct {
	ctx       context.Context // ends with the window
	given     config.Config   // of the command line
	prefs     *preferences.Store
	open      func(context.Context, config.Config, string) (*demo.Task, error)
	link      *supervise.Link
	speeds    *speeds.Store
	people    *introductions
	measuring *pages.Measuring // gives way to a demo
	screen    *ui.UI

	newSink    func(ctx context.Context, id string, quiet bool, giveUp context.CancelCauseFunc) *screenSink
	problem    func(err error, id string) ui.Problem // words an error
	stuck      func(ctx context.Context, id string, what watchdog.Part, tell bool)
	news       func() // the speed of a demo has changed
	endAttract func()

	handover pipeline.Handover // of the camera, from a session to the next

	mu         sync.Mutex
	stop       context.CancelFunc // ends the session that runs
	ended      chan struct{}      // closed when it has ended
	running    string             // the demo, "" when none is meant to
	attracts   bool               // it runs in attract mode
	changes    uint64             // demos begun and ended so far, but for those that the health guard stops
	networks   []*models.Model    // of the session that runs
	adjustLive func()             // has the session that runs take up its configuration; nil without one
}

// Running implements pages.Demos.
func (r *runner) Running() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

// Networks implements pages.Demos.
func (r *runner) Networks() []*models.Model {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.networks
}

// Restart implements pages.Demos.
func (r *runner) Restart() {
	if id := r.Running(); id != "" {
		r.handover.Expect()
		r.begin(id, nil)
	}
}

// Adjust implements pages.Demos.
func (r *runner) Adjust() {
	r.mu.Lock()
	live := r.adjustLive
	r.mu.Unlock()
	if live != nil {
		live()
	}
}

// AwaitNetworks implements pages.Demos. It waits for a few seconds at most.
func (r *runner) AwaitNetworks() {
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until) && len(r.Networks()) == 0; {
		if !pipeline.Sleep(r.ctx, 20*time.Millisecond) {
			return
		}
	}
}

// End implements pages.Demos.
func (r *runner) End() (ended <-chan struct{}) {
	r.endAttract()
	r.stopDemo()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// begin ends what runs and runs a demo; attract, when it is not nil, is how it
// runs for nobody in particular.
func (r *runner) begin(id string, attract func(config.Config) config.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start(id, attract)
}

// beginAttract begins a demo of attract mode, unless that has ended by a touch.
func (r *runner) beginAttract(ctx context.Context, id string, how func(config.Config) config.Config) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	r.start(id, how)
	r.attracts = true
	return true
}

// start does so for begin and beginAttract, which hold mu.
func (r *runner) start(id string, attract func(config.Config) config.Config) {
	r.stopLocked()
	ctx, stop := context.WithCancel(r.ctx)
	before, ended := r.ended, make(chan struct{})
	r.stop, r.ended, r.running, r.networks = stop, ended, id, nil
	go func() {
		defer close(ended)
		defer stop()
		// The device and the cores are free once the session before is gone.
		if before != nil {
			<-before
		}
		r.measuring.GiveWay()
		r.session(ctx, id, attract)
	}()
}

// stopDemo asks the running demo to end and returns at once.
func (r *runner) stopDemo() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopLocked()
}

// stopLocked does so; mu is held.
func (r *runner) stopLocked() {
	if r.stop != nil {
		r.stop()
	}
	r.running, r.attracts = "", false
	r.changes++
}

// hold stops the demo that runs until the device is well, unless people have
// begun or ended one meanwhile: the guard's next look is at that.
func (r *runner) hold(changes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes == changes {
		r.stopLocked()
		r.changes = changes
	}
}

// state is what runs, whether that attracts, and how often that changed so far.
func (r *runner) state() (running string, attracts bool, changes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running, r.attracts, r.changes
}

// wait returns when the last session has ended.
func (r *runner) wait() {
	r.mu.Lock()
	ended := r.ended
	r.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// A demo that stopped by an error starts again after a while in which a person
// can read why, but not without end: one that ran well for longer starts from
// nothing again.
const (
	restartAfter = 3 * time.Second
	restartsMost = 4
	restartsOver = time.Minute
)

// session runs one demo until ctx ends, and tells the screen what keeps it
// from running. One that attracts keeps its troubles to the log.
func (r *runner) session(ctx context.Context, id string, attract func(config.Config) config.Config) {
	r.link.Running(id, attract != nil)
	v := watchdog.New()
	defer v.Watch(func(what watchdog.Part) { r.stuck(ctx, id, what, attract == nil) })()
	defer v.Do(watchdog.CloseSource, r.handover.Settle)
	restarts := 0
	for {
		began := time.Now()
		err := r.attempt(ctx, v, id, attract)
		if err == nil || ctx.Err() != nil {
			return
		}
		slog.Error("demo cannot run", "demo", id, "error", err)
		if time.Since(began) > restartsOver {
			restarts = 0
		}
		p := r.problem(err, id)
		again := errors.Is(err, errCrashed) && restarts < restartsMost
		if again {
			p.Remedy = lang.T("It restarts automatically.")
		}
		if attract == nil {
			r.screen.Live.Problem(p)
		}
		if !again || !pipeline.Sleep(ctx, restartAfter) {
			return
		}
		restarts++
		metrics.Total.DemoRestarts.Add(1)
		slog.Warn("demo starts again", "demo", id, "times", restarts)
		if attract == nil {
			r.screen.Live.ClearProblem()
		}
	}
}

// attempt runs one demo until ctx ends, or something keeps it from running.
func (r *runner) attempt(ctx context.Context, v *watchdog.Watchdog, id string, attract func(config.Config) config.Config) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.Error("demo crashed", "demo", id, "panic", cause, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", errCrashed, cause)
		}
	}()
	configure := func() config.Config {
		cfg := choices.Demo(r.given, r.prefs, id)
		if attract != nil {
			cfg = attract(cfg)
		}
		return cfg
	}
	cfg := configure()
	if _, external := cfg.Delegate.External(); external {
		v.AllowProbe(backend.ProbeLimit())
	}
	var task *demo.Task
	v.Do(watchdog.OpenNetworks, func() { task, err = r.open(ctx, cfg, id) })
	if err != nil {
		return err
	}
	defer inference.ReturnMemory()
	defer v.Do(watchdog.CloseNetworks, func() { task.Close() })
	r.mu.Lock()
	if ctx.Err() == nil {
		r.networks = task.Models
	}
	r.mu.Unlock()
	v.SetPace(task.Imported(), r.speeds.Of(id))
	if rec := task.Recognizer; rec != nil {
		r.people.recognising(ctx, rec)
		defer r.people.recognising(ctx, nil)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	sink := r.newSink(ctx, id, attract != nil, giveUp)
	s := pipeline.New(cfg, task, sink)
	s.Retry, s.Watchdog, s.Handover = pipeline.RetryAny, v, &r.handover
	defer r.adjustable(func() { s.Adjust(configure()) })()
	err = s.Run(ctx)
	if r.speeds.Note(id, sink.invoke) && r.ctx.Err() == nil {
		r.news()
	}
	if cause := context.Cause(ctx); errors.Is(cause, errCrashed) {
		return cause
	}
	return err
}

// adjustable has adjust call a function until the one that it returns is called,
// and once for what changed before.
func (r *runner) adjustable(live func()) (end func()) {
	set := func(live func()) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.adjustLive = live
	}
	set(live)
	live()
	return func() { set(nil) }
}

// errCrashed marks a demo that ended in a way that it never should.
var errCrashed = errors.New("the demo stopped by an error of its own")
