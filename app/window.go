package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"reterminal-vision/app/people"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/models"
	"reterminal-vision/ui"
)

// window runs the touchscreen app: at most one session at a time, started and
// ended by taps.
type window struct {
	cfg    Config
	people introductions
	camera *cameraChoices
	screen *ui.UI
	ctx    context.Context

	mu      sync.Mutex
	stop    context.CancelFunc // ends the session that runs
	ended   chan struct{}      // closed when it has ended
	running string             // the demo, "" when none is meant to
	picture *picture
}

// runWindow shows the app until it is quit or ctx ends.
func runWindow(ctx context.Context, cfg Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg.Loop = true
	w := &window{cfg: cfg, ctx: ctx, picture: newPicture(cfg.SaveFrame)}
	w.camera = newCameraChoices(cfg, w.restart)
	started := time.Now()
	w.screen = ui.New(ui.Options{
		Title: "reTerminal Vision", Cards: cards(cfg), Kiosk: cfg.Kiosk, Handler: w, People: &w.people, Camera: w.camera,
		FirstFrame: func() { slog.Info("window shown", "after", time.Since(started).Round(time.Millisecond)) },
	})
	w.people.screen, w.camera.screen = w.screen, w.screen
	context.AfterFunc(ctx, w.screen.Stop)
	if cfg.Demo != "" {
		w.StartDemo(cfg.Demo)
	}
	err := w.screen.Run()
	w.StopDemo()
	w.wait()
	w.people.wait()
	w.camera.wait()
	return errors.Join(err, w.picture.save())
}

// cards describes the demos to the home screen.
func cards(cfg Config) []ui.Card {
	catalogue, store := models.Default(), cfg.store()
	var all []ui.Card
	for _, d := range catalogue.Demos {
		all = append(all, card(catalogue, store, &d))
	}
	return all
}

// card describes one demo: ready when every stage has a model.
func card(catalogue *models.Catalogue, store *models.Store, d *models.Demo) ui.Card {
	c := ui.Card{ID: d.ID, Title: d.Title, Summary: d.Summary, Ready: true, People: d.Task == "recognize"}
	var titles []string
	var chosen []*models.Model
	for _, candidates := range append([][]string{d.Models}, d.Heads...) {
		if answered(candidates, chosen) {
			continue
		}
		model := firstPresent(catalogue, store, candidates)
		if model == nil {
			c.Ready, c.Reason = false, "Its model is not on this device. Fetch it with: reterminal-vision models fetch "+candidates[0]
			return c
		}
		titles, chosen = append(titles, model.Title), append(chosen, model)
		if model.Experimental {
			c.Summary = "Experimental. " + d.Summary
		}
	}
	c.Model = strings.Join(titles, " + ")
	return c
}

func firstPresent(catalogue *models.Catalogue, store *models.Store, candidates []string) *models.Model {
	for _, id := range candidates {
		if m := catalogue.Model(id); store.Has(m) {
			return m
		}
	}
	return nil
}

// StartDemo ends what runs and starts a demo.
func (w *window) StartDemo(id string) {
	w.screen.ShowDemo(id)
	w.begin(id)
}

// restart starts the demo that runs, if one does, anew: with the camera as it
// is set now.
func (w *window) restart() {
	w.mu.Lock()
	id := w.running
	w.mu.Unlock()
	if id != "" {
		w.begin(id)
	}
}

func (w *window) begin(id string) {
	w.StopDemo()
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, stop := context.WithCancel(w.ctx)
	before, ended := w.ended, make(chan struct{})
	w.stop, w.ended, w.running = stop, ended, id
	go func() {
		defer close(ended)
		defer stop()
		// The device and the cores are free once the session before is gone.
		if before != nil {
			<-before
		}
		w.session(ctx, id)
	}()
}

// StopDemo asks the running demo to end and returns at once.
func (w *window) StopDemo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop()
	}
	w.running = ""
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
// from running.
func (w *window) session(ctx context.Context, id string) {
	task, err := openDemo(w.cfg, id)
	if err != nil {
		slog.Error("demo cannot start", "demo", id, "error", err)
		w.screen.Problem(w.problem(err, id))
		return
	}
	defer task.Close()
	if r, ok := task.Task.(*recognize.Task); ok {
		w.people.recognising(ctx, r)
		defer w.people.recognising(ctx, nil)
	}
	s := newSession(w.camera.configure(w.cfg), task, &screenSink{window: w, ctx: ctx})
	s.retry = forAnySource
	if err := s.run(ctx); err != nil {
		w.screen.Problem(w.problem(err, id))
	}
}

// problem words an error for a person at the screen.
func (w *window) problem(err error, id string) ui.Problem {
	p := ui.Problem{Title: "This demo cannot run", Detail: err.Error(), Retry: func() { w.StartDemo(id) }}
	var m *modelError
	var damaged *people.DamagedError
	if errors.As(err, &damaged) {
		p.Title, p.Detail = "The list of people is damaged", damaged.Path+": "+damaged.Err.Error()
		p.Remedy = "Start over with nobody. The file is kept beside the new one, and a backup can be imported."
		p.Label, p.Retry = "Start over", func() { w.startOver(damaged.Path, id) }
		return p
	}
	if errors.As(err, &m) {
		p.Title, p.Detail, p.Remedy = "The model is missing or damaged", m.detail(), m.Remedy
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
	mu     sync.Mutex
	lost   bool
	failed time.Time
}

func (s *screenSink) Frame(f *camera.Frame) {
	if s.ctx.Err() != nil {
		return
	}
	s.found()
	s.picture.frame(f)
	s.screen.Frame(f)
}

func (s *screenSink) Result(r *inference.Result) {
	if s.ctx.Err() != nil {
		return
	}
	s.picture.result(r)
	s.screen.Result(r)
}

func (s *screenSink) Status(st status) {
	if s.ctx.Err() != nil {
		return
	}
	s.screen.Status(ui.Status{
		Source: st.Source.Name, SourceKind: st.Source.Kind, Notice: st.Notice, Model: st.Model,
		FPS: st.FPS, DisplayFPS: s.screen.DisplayFPS(), Latency: st.Latency, Invoke: st.Invoke, Dropped: st.Dropped,
		Damaged: st.Counts.Damaged, Lost: st.Counts.Lost,
	})
}

// Lost tells once that the pictures stopped; the session goes on trying.
func (s *screenSink) Lost(err error) {
	s.mu.Lock()
	first := !s.lost
	s.lost = true
	s.mu.Unlock()
	if !first || s.ctx.Err() != nil {
		return
	}
	p := ui.Problem{
		Title: "No pictures", Detail: err.Error(),
		Remedy: "The demo goes on by itself when they come back.",
	}
	switch {
	case errors.Is(err, camera.ErrGone):
		p.Title, p.Remedy = "The camera is gone", "Plug it in again: the demo goes on by itself."
	case errors.Is(err, camera.ErrBusy):
		p.Title, p.Remedy = "The camera is in use", "Close the other program: the demo goes on by itself."
	case errors.Is(err, camera.ErrStalled):
		p.Title, p.Remedy = "The camera is silent", "Unplug it and plug it in again: the demo goes on by itself."
	}
	s.screen.Problem(p)
}

// found takes the message away again.
func (s *screenSink) found() {
	s.mu.Lock()
	was := s.lost
	s.lost = false
	s.mu.Unlock()
	if was {
		s.screen.ClearProblem()
	}
}

// Failed logs at most one failure a second.
func (s *screenSink) Failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.failed) > time.Second {
		s.failed = now
		slog.Error("frame failed", "error", err)
	}
}
