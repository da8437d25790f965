// Package shell is the life of the window: it runs at most one demo at a time,
// started and ended by taps, and keeps the device well meanwhile.
//
// In: the configuration, the settings, touches and buttons. Out: a window. It is
// the one package that imports ui, with those beneath it; only app imports it.
package shell

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/device"
	"reterminal-vision/app/doctor"
	"reterminal-vision/app/library"
	"reterminal-vision/app/light"
	"reterminal-vision/app/pin"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/settings"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/app/speeds"
	"reterminal-vision/app/supervise"
	"reterminal-vision/assets/demos"
	"reterminal-vision/assets/lang"
	"reterminal-vision/models"
	"reterminal-vision/ui"
)

// shell is the app on the screen.
type shell struct {
	ctx     context.Context
	cfg     config.Config
	prefs   *preferences.Store
	tries   *pin.Lockout
	device  *device.Device
	notify  device.Notify
	link    *supervise.Link
	light   *light.Light
	speeds  *speeds.Store
	picture *snapshot.FrameSaver
	safe    atomic.Bool // too many crashes: nothing runs by itself
	checks  func() []doctor.Check

	screen  *ui.UI
	handler *pages.Handler
	pages   *pages.App
	people  introductions
	runner  *runner
	attract *attractor
	health  *healthWatch
	working sync.WaitGroup // loops and downloads
}

// newShell makes the app, whose screen the function makes.
func newShell(ctx context.Context, cfg config.Config, link *supervise.Link, screen func(ui.Options) *ui.UI) *shell {
	cfg.Loop = true
	w := &shell{ctx: ctx, cfg: cfg, link: link, prefs: preferences.Load(), device: device.New(), notify: device.NewNotify(),
		speeds: speeds.Load(), picture: snapshot.NewFrameSaver(cfg.SaveFrame), handler: pages.NewHandler()}
	w.tries = pin.NewLockout(w.prefs, time.Now())
	w.light = light.New(w.prefs, w.device)
	w.checks = func() []doctor.Check {
		return doctor.Run(w.ctx, doctor.Options{DataDir: filepath.Dir(w.prefs.Path), Store: library.OpenStore(w.cfg.ModelsDir), Catalogue: library.Catalogue()})
	}
	w.runner = &runner{ctx: ctx, given: cfg, prefs: w.prefs, open: roster.OpenDemo, link: link, speeds: w.speeds, people: &w.people,
		measuring: &pages.Measuring{}, newSink: w.newSink, problem: w.problem, stuck: w.stuck,
		news: func() { w.screen.SetCards(w.cards()) }, endAttract: func() { w.attract.end() }}
	w.attract = &attractor{ctx: ctx, prefs: w.prefs, runner: w.runner, light: w.light, cards: w.cards, work: &w.working}
	w.health = &healthWatch{device: w.device, runner: w.runner, attract: w.attract, start: w.StartDemo, noRoom: w.noRoom,
		hourly: func() { w.people.deleteOver(w.prefs.Get().Keep, false) }, folder: filepath.Dir(w.prefs.Path)}
	w.pages = pages.New(pages.Parts{Context: ctx, Config: cfg, Prefs: w.prefs, Handler: w.handler, Device: w.device, Light: w.light, Speeds: w.speeds,
		Demos: w.runner, People: enrolled{&w.people, w.prefs}, Measuring: w.runner.measuring, Work: &w.working, Before: link.Before, Cores: runtime.NumCPU(),
		Checks: func() []doctor.Check { return w.checks() }, Cards: w.cards, Home: w.leaveSafe})
	started := time.Now()
	w.screen = screen(ui.Options{
		Title: "reTerminal Vision", Cards: w.cards(), Kiosk: cfg.Kiosk, Handler: w, People: &w.people, Style: pages.Style(w.prefs),
		Pages: w.handler, Adjust: pages.Adjust{App: w.pages}, About: pages.Explain{App: w.pages},
		Left: w.prefs.Relock, Away: w.away,
		FirstFrame: func() {
			slog.Info("window shown", "after", time.Since(started).Round(time.Millisecond))
			w.tell(w.notify.Ready)
			w.link.Ready()
		},
	})
	w.people.screen, w.handler.Screen, w.pages.Screen = w.screen, w.screen.Pages, w.screen
	w.handler.Gate = w.gate
	w.runner.screen, w.attract.screen, w.health.screen = w.screen, w.screen, w.screen
	return w
}

// Run shows the app until it is quit or ctx ends.
func Run(ctx context.Context, cfg config.Config, link *supervise.Link) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newShell(ctx, cfg, link, ui.New)
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
		w.screen.Pages.Open(pages.Welcome{App: w.pages})
	}
	w.working.Go(w.sweepUp)
	w.working.Go(func() { w.light.Run(ctx) })
	w.working.Go(func() { w.health.watch(ctx) })
	w.working.Go(func() { w.device.Buttons(ctx, w.pressed) })
	w.working.Go(func() { w.keepAlive(ctx) })
	err := w.screen.Run()
	w.tell(w.notify.Stopping)
	w.link.Stopping()
	cancel()
	w.StopDemo()
	w.runner.wait()
	w.people.wait()
	w.working.Wait()
	w.handler.Wait()
	return errors.Join(err, w.picture.Save())
}

// tell has systemd know, where it wants to.
func (w *shell) tell(what func() error) {
	if err := what(); err != nil {
		slog.Warn("systemd cannot be told", "error", err)
	}
}

// cards describes the demos to the home screen.
func (w *shell) cards() []ui.Card {
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
			c.Ready, c.Reason = false, lang.T("Its model is not installed. Download it under Settings > Models.")
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

// newSink is where a session's results go.
func (w *shell) newSink(ctx context.Context, id string, quiet bool, giveUp context.CancelCauseFunc) *screenSink {
	return &screenSink{runner: w.runner, screen: w.screen, picture: w.picture, health: w.health.now, ctx: ctx, id: id, quiet: quiet, giveUp: giveUp}
}

// StartDemo implements ui.Handler: it ends what runs and starts a demo.
func (w *shell) StartDemo(id string) {
	w.attract.end()
	w.screen.ShowDemo(id)
	w.runner.begin(id, nil)
}

// StopDemo implements ui.Handler: it asks the running demo to end and returns at
// once.
func (w *shell) StopDemo() { w.runner.stopDemo() }

// Quit implements ui.Handler: it ends the app.
func (w *shell) Quit() { w.screen.Stop() }

// Idle implements ui.Handler: nobody has touched the screen for a while.
func (w *shell) Idle() {
	w.prefs.Lock()
	if w.safe.Load() {
		return // what would attract visitors may be what crashes
	}
	if w.light.Dark(time.Now()) {
		w.attract.darken()
		return
	}
	if w.prefs.Get().Visitors.Attract == "off" {
		w.StopDemo()
		w.screen.ShowHome()
		return
	}
	w.attract.begin(w.screen.Touches())
}

// away locks the device again when nobody has touched the screen for two minutes,
// also where it never attracts; what visitors tried ends there too, since no other
// moment tells that they have gone.
func (w *shell) away() {
	s := w.prefs.Get()
	if s.PIN == "" {
		return
	}
	w.prefs.Relock()
	w.screen.Pages.Leave()
	if preferences.IdleAfter(s.Visitors) == 0 && w.prefs.Lock() {
		w.runner.Restart()
	}
}

// Wake implements ui.Handler: somebody touches a screen that attracts or is dark.
func (w *shell) Wake() {
	w.attract.end()
	w.StopDemo()
	w.light.Power(true)
	w.screen.SetCards(w.cards())
}

// gate does something that visitors may not, after the PIN where there is one.
func (w *shell) gate(then func()) {
	hash := w.prefs.Get().PIN
	if hash == "" || w.prefs.IsUnlocked() {
		then()
		return
	}
	words := lang.T("For operators of this device.")
	if hash == settings.Locked {
		words = lang.T("The settings cannot be read, nor a PIN in them. The manual tells the people who run this device what to do.")
	}
	w.screen.Pages.AskPIN(lang.T("PIN"), words, func(pin string, answer func(string, func())) {
		w.working.Go(func() {
			now := time.Now()
			if wait := w.tries.Wait(now); wait > 0 {
				answer(lang.T("Too many tries. Wait %d seconds.", int(wait.Seconds())+1), nil)
				return
			}
			if !w.tries.Check(pin, hash, now) {
				answer(lang.T("That is not the PIN."), nil)
				return
			}
			answer("", func() {
				w.prefs.Unlock()
				then()
			})
		})
	})
}

// Settings implements ui.Handler.
func (w *shell) Settings() { w.gate(func() { w.screen.Pages.Open(pages.Settings{App: w.pages}) }) }

// People implements ui.Handler.
func (w *shell) People() { w.gate(w.screen.People.Open) }

// leaveSafe leads from the safe screen to the gallery.
func (w *shell) leaveSafe() {
	w.safe.Store(false)
	w.screen.ShowHome()
}
