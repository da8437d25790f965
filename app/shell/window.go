// Package shell is the life of the window: it runs at most one demo at a time,
// started and ended by taps, and keeps the device well meanwhile.
//
// In: the configuration, the settings, touches and buttons. Out: a window. It is
// the one package that imports ui, with those beneath it; only app imports it.
package shell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/bench"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/device"
	"reterminal-vision/app/doctor"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/library"
	"reterminal-vision/app/light"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/people"
	"reterminal-vision/app/pin"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/app/speeds"
	"reterminal-vision/app/supervise"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/demos"
	"reterminal-vision/assets/lang"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/models"
	"reterminal-vision/ui"
)

// window runs the touchscreen app: at most one session at a time, started and
// ended by taps.
type window struct {
	cfg    config.Config
	prefs  *preferences.Store
	people introductions
	camera *cameraChoices
	pages  *pages
	bench  *benchPages
	device *device.Device
	notify device.Notify
	link   *supervise.Link
	safe   atomic.Bool // too many crashes: nothing runs by itself
	open   func(context.Context, config.Config, string) (*demo.Task, error)
	light  *light.Light
	screen *ui.UI
	ctx    context.Context
	tries  *pin.Lockout
	speeds *speeds.Store
	checks func() []doctor.Check

	handover pipeline.Handover // of the camera, from a session to the next

	mu         sync.Mutex
	asked      askedKeep          // for how long people are to be kept, which waits for an answer
	stop       context.CancelFunc // ends the session that runs
	ended      chan struct{}      // closed when it has ended
	running    string             // the demo, "" when none is meant to
	attracts   bool               // it runs in attract mode
	changes    uint64             // demos begun and ended so far, but for those that the health guard stops
	networks   []*models.Model    // of the session that runs
	adjustLive func()             // has the session that runs take up its configuration; nil without one
	attracting context.CancelFunc // ends the attract loop; nil for none
	picture    *snapshot.FrameSaver
	lastHealth device.Health
	measuring  string                  // title of the demo that is measured; "" for none
	measured   *measurement            // the last one; nil for none
	imports    map[string]importChoice // of the model files that are looked at
	fetching   map[string]*download    // by model ID
	working    sync.WaitGroup          // loops and downloads
}

// newWindow makes the app, whose screen the function makes.
func newWindow(ctx context.Context, cfg config.Config, screen func(ui.Options) *ui.UI) *window {
	cfg.Loop = true
	w := &window{cfg: cfg, ctx: ctx, picture: snapshot.NewFrameSaver(cfg.SaveFrame), prefs: preferences.Load(), device: device.New(),
		notify: device.NewNotify(), speeds: speeds.Load(), open: roster.OpenDemo, fetching: map[string]*download{}, imports: map[string]importChoice{}}
	w.tries = pin.NewLockout(w.prefs, time.Now())
	w.camera = newCameraChoices(cfg, w.prefs, w.restart, w.adjust)
	w.pages, w.bench = newPages(w.page), newBenchPages(w)
	w.checks = func() []doctor.Check {
		return doctor.Run(w.ctx, doctor.Options{DataDir: filepath.Dir(w.prefs.Path), Store: library.OpenStore(w.cfg.ModelsDir), Catalogue: library.Catalogue()})
	}
	style := w.style()
	started := time.Now()
	w.screen = screen(ui.Options{
		Title: "reTerminal Vision", Cards: w.cards(), Kiosk: cfg.Kiosk, Handler: w, People: &w.people, Pages: w.pages, Style: style,
		Left: w.prefs.Relock, Away: w.away,
		FirstFrame: func() {
			slog.Info("window shown", "after", time.Since(started).Round(time.Millisecond))
			w.tell(w.notify.Ready)
			w.link.Ready()
		},
	})
	w.people.screen, w.pages.screen = w.screen, w.screen
	w.light = light.New(w.prefs, w.device)
	return w
}

// runWindow shows the app until it is quit or ctx ends.
func Run(ctx context.Context, cfg config.Config, link *supervise.Link) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newWindow(ctx, cfg, ui.New)
	w.link = link
	context.AfterFunc(ctx, w.screen.Stop)
	w.screen.SetIdle(preferences.IdleAfter(w.prefs.Get().Visitors))
	before := link.Before()
	switch {
	case before.Safe:
		w.beSafe()
	case len(before.Crashes) > 0:
		w.goOn(before)
	case cfg.Demo != "":
		w.StartDemo(cfg.Demo)
	case !w.prefs.Get().Welcomed:
		w.screen.Pages.Open(pageWelcome)
	}
	w.working.Go(w.sweepUp)
	w.working.Go(func() { w.light.Run(ctx) })
	w.working.Go(func() { w.watchHealth(ctx) })
	w.working.Go(func() { w.device.Buttons(ctx, w.pressed) })
	w.working.Go(func() { w.keepAlive(ctx) })
	err := w.screen.Run()
	w.tell(w.notify.Stopping)
	w.link.Stopping()
	cancel()
	w.StopDemo()
	w.wait()
	w.people.wait()
	w.working.Wait()
	w.pages.wait()
	return errors.Join(err, w.picture.Save())
}

// tell has systemd know, where it wants to.
func (w *window) tell(what func() error) {
	if err := what(); err != nil {
		slog.Warn("systemd cannot be told", "error", err)
	}
}

// cards describes the demos to the home screen.
func (w *window) cards() []ui.Card {
	known, store := library.Catalogue(), library.OpenStore(w.cfg.ModelsDir)
	var all []ui.Card
	for i := range known.Demos {
		c := card(known, store, &known.Demos[i])
		c.FPS = w.speeds.Of(c.ID)
		all = append(all, c)
	}
	return all
}

// card describes one demo: ready when every stage has a model.
func card(known *models.Catalogue, store *models.Store, d *models.Demo) ui.Card {
	c := ui.Card{ID: d.ID, Title: lang.Name(d.Title), Summary: lang.Name(d.Summary), Ready: true, People: d.Kind().Identifies, Preview: demos.Preview(d.ID), Task: d.Task}
	var titles []string
	var chosen []*models.Model
	for _, candidates := range d.Stages() {
		if demo.Answered(candidates, chosen) {
			continue
		}
		model := library.First(known, store, candidates)
		if model == nil {
			c.Ready, c.Reason = false, lang.T("Its model is not on this device. Get it in the settings, under Models.")
			return c
		}
		titles, chosen = append(titles, model.Title), append(chosen, model)
		if model.Experimental {
			c.Summary = lang.T("Experimental.") + " " + lang.Name(d.Summary)
		}
	}
	c.Model = strings.Join(titles, " + ")
	return c
}

// StartDemo ends what runs and starts a demo.
func (w *window) StartDemo(id string) {
	w.endAttract()
	w.screen.ShowDemo(id)
	w.begin(id, nil)
}

// restart starts the demo that runs, if one does, anew: as it is set now.
func (w *window) restart() {
	if id := w.runs(); id != "" {
		w.handover.Expect()
		w.begin(id, nil)
	}
}

// runs is the demo that runs, "" for none.
func (w *window) runs() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running
}

// modelsRunning are the networks of the session that runs.
func (w *window) modelsRunning() []*models.Model {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.networks
}

// settled waits until a session that was begun has its networks, or cannot
// have them, or a while is over.
func (w *window) settled() {
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until) && len(w.modelsRunning()) == 0; {
		if !pipeline.Sleep(w.ctx, 20*time.Millisecond) {
			return
		}
	}
}

// begin runs a demo; attract, when it is not nil, is how it runs for nobody in
// particular.
func (w *window) begin(id string, attract func(config.Config) config.Config) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.start(id, attract)
}

// start does so for begin and beginAttract, which hold mu.
func (w *window) start(id string, attract func(config.Config) config.Config) {
	w.end()
	ctx, stop := context.WithCancel(w.ctx)
	before, ended := w.ended, make(chan struct{})
	w.stop, w.ended, w.running, w.networks = stop, ended, id, nil
	go func() {
		defer close(ended)
		defer stop()
		// The device and the cores are free once the session before is gone.
		if before != nil {
			<-before
		}
		w.measuringGivesWay()
		w.session(ctx, id, attract)
	}()
}

// adjust has the demo that runs take up a changed configuration where that needs
// nothing opened again.
func (w *window) adjust() {
	w.mu.Lock()
	live := w.adjustLive
	w.mu.Unlock()
	if live != nil {
		live()
	}
}

// StopDemo asks the running demo to end and returns at once.
func (w *window) StopDemo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
}

// end does so; mu is held.
func (w *window) end() {
	if w.stop != nil {
		w.stop()
	}
	w.running, w.attracts = "", false
	w.changes++
}

// Quit ends the app.
func (w *window) Quit() { w.screen.Stop() }

// wait returns when the last session has ended.
func (w *window) wait() {
	w.mu.Lock()
	ended := w.ended
	w.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// session runs one demo until ctx ends, and tells the screen what keeps it
// from running. One that attracts keeps its troubles to the log.
func (w *window) session(ctx context.Context, id string, attract func(config.Config) config.Config) {
	w.link.Running(id, attract != nil)
	v := watchdog.New()
	defer v.Watch(func(what watchdog.Part) { w.stuck(ctx, id, what, attract == nil) })()
	defer v.Do(watchdog.CloseSource, w.handover.Settle)
	restarts := 0
	for {
		began := time.Now()
		err := w.attempt(ctx, v, id, attract)
		if err == nil || ctx.Err() != nil {
			return
		}
		slog.Error("demo cannot run", "demo", id, "error", err)
		if time.Since(began) > restartsOver {
			restarts = 0
		}
		p := w.problem(err, id)
		again := errors.Is(err, errCrashed) && restarts < restartsMost
		if again {
			p.Remedy = lang.T("It starts again by itself.")
		}
		if attract == nil {
			w.screen.Live.Problem(p)
		}
		if !again || !pipeline.Sleep(ctx, restartAfter) {
			return
		}
		restarts++
		metrics.Total.DemoRestarts.Add(1)
		slog.Warn("demo starts again", "demo", id, "times", restarts)
		if attract == nil {
			w.screen.Live.ClearProblem()
		}
	}
}

// attempt runs one demo until ctx ends, or something keeps it from running.
func (w *window) attempt(ctx context.Context, v *watchdog.Watchdog, id string, attract func(config.Config) config.Config) (err error) {
	defer func() {
		if r := recover(); r != nil {
			slog.Error("demo crashed", "demo", id, "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", errCrashed, r)
		}
	}()
	configure := func() config.Config {
		cfg := w.configureDemo(id)
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
	v.Do(watchdog.OpenNetworks, func() { task, err = w.open(ctx, cfg, id) })
	if err != nil {
		return err
	}
	defer inference.ReturnMemory()
	defer v.Do(watchdog.CloseNetworks, func() { task.Close() })
	w.mu.Lock()
	if ctx.Err() == nil {
		w.networks = task.Models
	}
	w.mu.Unlock()
	v.SetPace(task.Imported(), w.speeds.Of(id))
	if r := task.Recognizer; r != nil {
		w.people.recognising(ctx, r)
		defer w.people.recognising(ctx, nil)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	sink := &screenSink{window: w, ctx: ctx, id: id, quiet: attract != nil, giveUp: giveUp}
	s := pipeline.New(cfg, task, sink)
	s.Retry, s.Watchdog, s.Handover = pipeline.RetryAny, v, &w.handover
	defer w.adjustable(func() { s.Adjust(configure()) })()
	err = s.Run(ctx)
	if w.speeds.Note(id, sink.invoke) && w.ctx.Err() == nil {
		w.screen.SetCards(w.cards())
	}
	if cause := context.Cause(ctx); errors.Is(cause, errCrashed) {
		return cause
	}
	return err
}

// adjustable has adjust call a function until the one that it returns is called,
// and once for what changed before.
func (w *window) adjustable(live func()) (end func()) {
	set := func(live func()) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.adjustLive = live
	}
	set(live)
	live()
	return func() { set(nil) }
}

// errCrashed marks a demo that ended in a way that it never should.
var errCrashed = errors.New("the demo stopped by an error of its own")

// problem words an error for a person at the screen.
func (w *window) problem(err error, id string) ui.Problem {
	p := ui.Problem{Title: lang.T("This demo cannot run"), Detail: faults.Worded(err), Retry: func() { w.StartDemo(id) }}
	var m *demo.ModelError
	var damaged *people.DamagedError
	var key *people.KeyError
	switch {
	case errors.As(err, &key):
		p.Title, p.Detail = lang.T("The key to the list of people is missing or damaged"), key.Key+": "+key.Err.Error()
		p.Remedy = lang.T("Put the right key there, or start over with nobody. The list is kept beside the new one.")
		p.Label, p.Retry = lang.T("Start over"), func() { w.gate(func() { w.startOver(key.Path, id) }) }
	case errors.As(err, &damaged):
		p.Title, p.Detail = lang.T("The list of people is damaged"), damaged.Path+": "+damaged.Err.Error()
		p.Remedy = lang.T("Start over with nobody. The file is kept beside the new one, and a backup can be imported.")
		p.Label, p.Retry = lang.T("Start over"), func() { w.gate(func() { w.startOver(damaged.Path, id) }) }
	case errors.As(err, &m):
		p.Title, p.Detail = lang.T("The model is missing or damaged"), m.Detail()
		p.Remedy = lang.T("Get it in the settings, under Models, or choose another one there.")
		p.Label, p.Retry = lang.T("Models"), func() { w.gate(func() { w.screen.Pages.Open(pageModels) }) }
	case errors.Is(err, errCrashed):
		p.Title, p.Remedy = lang.T("This demo has stopped"), lang.T("Try again, or choose another model for it. The log tells more.")
	}
	return p
}

// startOver sets a damaged database of people aside.
func (w *window) startOver(path, id string) {
	kept, err := people.SetAside(path)
	if err != nil {
		slog.Error("damaged database stays", "error", err)
	} else {
		slog.Warn("damaged database set aside", "kept", kept)
	}
	w.StartDemo(id)
}

// screenSink shows what a session produces, as long as the session is the one
// on the screen.
type screenSink struct {
	*window
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
// long. It starts again after a while in which a person can read why, but not
// without end: one that ran well for longer starts from nothing again.
const (
	failingMost  = 30
	failingFor   = 3 * time.Second
	restartAfter = 3 * time.Second
	restartsMost = 4
	restartsOver = time.Minute
)

func (s *screenSink) Frame(f *camera.Frame) {
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
		Title: lang.T("No pictures"), Detail: faults.Worded(err),
		Remedy: lang.T("The demo goes on by itself when they come back."),
		Label:  lang.T("Built-in footage"), Retry: s.useFootage,
	}
	switch {
	case errors.Is(err, camera.ErrGone):
		p.Title, p.Remedy = lang.T("The camera is gone"), lang.T("Plug it in again: the demo goes on by itself.")
	case errors.Is(err, camera.ErrBusy):
		p.Title, p.Remedy = lang.T("The camera is in use"), lang.T("Close the other program: the demo goes on by itself.")
	case errors.Is(err, camera.ErrStalled):
		p.Title, p.Remedy = lang.T("The camera is silent"), lang.T("Unplug it and plug it in again: the demo goes on by itself.")
	}
	return p
}

// useFootage goes on with built-in footage, until another demo is started.
func (s *screenSink) useFootage() {
	s.screen.Live.ClearProblem()
	s.begin(s.id, withFootage)
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
