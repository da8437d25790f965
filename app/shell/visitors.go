package shell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"time"

	"reterminal-vision/app/config"
	"reterminal-vision/app/device"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/guard"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/people"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/settings"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/ui"
)

// attractEach is how long a screen that nobody touches shows each demo.
const attractEach = 12 * time.Second

// Idle implements ui.Handler: nobody has touched the screen for a while.
func (w *window) Idle() {
	w.prefs.Lock()
	if w.safe.Load() {
		return // what would attract visitors may be what crashes
	}
	if w.light.Dark(time.Now()) {
		w.sleepScreen()
		return
	}
	if w.prefs.Get().Visitors.Attract == "off" {
		w.StopDemo()
		w.screen.ShowHome()
		return
	}
	w.beginAttracting(w.screen.Touches())
}

// beginAttracting has the screen attract visitors, unless somebody has touched it
// more often than that.
func (w *window) beginAttracting(touches uint64) {
	var demos []string
	for _, c := range w.cards() {
		if c.Ready && !c.People {
			demos = append(demos, c.ID)
		}
	}
	if len(demos) == 0 {
		return
	}
	how := withFootage
	if w.prefs.Get().Visitors.Attract == "camera" {
		how = func(cfg config.Config) config.Config { return cfg }
	}
	w.endAttract()
	ctx, stop := context.WithCancel(w.ctx)
	w.mu.Lock()
	w.attracting = stop
	w.mu.Unlock()
	w.working.Go(func() {
		defer stop()
		w.attract(ctx, touches, demos, how)
	})
}

// attract shows one demo after the other until ctx ends, or the screen is
// touched before it has shown the first.
func (w *window) attract(ctx context.Context, touches uint64, demos []string, how func(config.Config) config.Config) {
	for i := 0; ; i++ {
		id := demos[i%len(demos)]
		if !w.screen.Attract(id, touches) || !w.beginAttract(ctx, id, how) || !pipeline.Sleep(ctx, attractEach) {
			return
		}
		if w.light.Dark(time.Now()) {
			w.sleepScreen()
			return
		}
	}
}

// beginAttract begins a demo of attract mode, unless the touch that ends the mode
// has come first.
func (w *window) beginAttract(ctx context.Context, id string, how func(config.Config) config.Config) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	w.start(id, how)
	w.attracts = true
	return true
}

// endAttract ends the attract loop, when it runs.
func (w *window) endAttract() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.attracting != nil {
		w.attracting()
		w.attracting = nil
	}
}

// sleepScreen turns the screen dark until a finger touches it.
func (w *window) sleepScreen() {
	w.StopDemo()
	w.screen.Blank()
	w.light.Power(false)
}

// away locks the device again when nobody has touched the screen for two minutes,
// also where it never attracts; what visitors tried ends there too, since no other
// moment tells that they have gone.
func (w *window) away() {
	s := w.prefs.Get()
	if s.PIN == "" {
		return
	}
	w.prefs.Relock()
	w.screen.Pages.Leave()
	if preferences.IdleAfter(s.Visitors) == 0 && w.prefs.Lock() {
		w.restart()
	}
}

// Wake implements ui.Handler: somebody touches a screen that attracts or is dark.
func (w *window) Wake() {
	w.endAttract()
	w.StopDemo()
	w.light.Power(true)
	w.screen.SetCards(w.cards())
}

// gate does something that visitors may not, after the PIN where there is one.
func (w *window) gate(then func()) {
	hash := w.prefs.Get().PIN
	if hash == "" || w.prefs.IsUnlocked() {
		then()
		return
	}
	words := lang.T("This is for the people who run this device.")
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
func (w *window) Settings() { w.gate(func() { w.screen.Pages.Open(pageSettings) }) }

// People implements ui.Handler.
func (w *window) People() { w.gate(w.screen.People.Open) }

// SavePicture implements ui.Handler: it keeps the picture on the screen, with
// what was found drawn in.
func (w *window) SavePicture() {
	img, result := w.screen.Live.Shown()
	if img == nil {
		w.screen.Toast(lang.T("There is no picture to save yet."))
		return
	}
	demo := w.runs()
	w.working.Go(func() {
		result.Mask = nil // it is in the picture
		err := snapshot.Annotate(img, result)
		file := ""
		if err == nil {
			file, err = snapshot.NewFile(demo, time.Now())
		}
		if err == nil && device.FreeDisk(filepath.Dir(file)).Or(roomForPictures) < roomForPictures {
			slog.Warn("picture not saved: the disk is nearly full", "folder", filepath.Dir(file))
			w.screen.Toast(lang.T("Not saved: hardly any room is left on this device. Delete pictures that were saved."))
			return
		}
		if err == nil {
			err = snapshot.SavePicture(file, img)
		}
		if err != nil {
			slog.Error("picture not saved", "error", err)
			w.screen.Toast(lang.T("Not saved: %s", err.Error()))
			return
		}
		w.screen.Toast(lang.T("Saved as %s", file))
	})
}

// roomForPictures is what has to be free where pictures are saved, in bytes:
// anybody may save some, over and over. Tests raise it.
var roomForPictures = float64(500 << 20)

// sweepUp removes what power cuts left of files that were being written.
func (w *window) sweepUp() {
	var err error
	if w.prefs.Path != "" {
		err = durable.Sweep(filepath.Dir(w.prefs.Path), "settings.json*", "speeds.json", "benchmarks.json", roster.ClockFile, reportName)
	}
	if folder, bad := snapshot.FolderPath(); bad == nil {
		err = errors.Join(err, durable.Sweep(folder, "*-????????-??????.???.jpg"))
	}
	if err != nil {
		slog.Warn("what was left of writes stays", "error", err)
	}
}

// pressed is one of the device's own buttons: F1 leads to the gallery, F2 and
// F3 to the demo before and after, the green one holds the picture, or saves
// it when it is held down; the one that turns the device off turns the screen
// dark.
func (w *window) pressed(p device.Press) {
	if p.Button == device.Power {
		w.sleepScreen()
		return
	}
	if w.screen.Touch() {
		return // it woke the screen
	}
	switch {
	case p.Button == device.F1:
		w.StopDemo()
		w.screen.ShowHome()
	case p.Button == device.F2 || p.Button == device.F3:
		by := 1
		if p.Button == device.F2 {
			by = -1
		}
		if id := w.neighbour(by); id != "" {
			w.StartDemo(id)
		}
	case p.Button == device.O && p.Long:
		w.screen.Live.SavePicture()
	case p.Button == device.O:
		w.screen.Live.ToggleFreeze()
	}
}

// neighbour is the demo that is ready before or after the one that runs.
func (w *window) neighbour(by int) string {
	var ready []string
	at := -1
	for _, c := range w.cards() {
		if c.ID == w.runs() {
			at = len(ready)
		}
		if c.Ready {
			ready = append(ready, c.ID)
		}
	}
	if len(ready) == 0 {
		return ""
	}
	if at < 0 && by < 0 {
		at = 0
	}
	return ready[(at+by+len(ready))%len(ready)]
}

// keepAlive tells once a second who supervises that the app is alive, and pings
// systemd's watchdog, where it watches this process, for as long as the screen
// is drawn.
func (w *window) keepAlive(ctx context.Context) {
	every, pinged, tick := w.notify.WatchdogInterval(), time.Time{}, time.Second
	if every > 0 {
		tick = min(tick, every)
	}
	for pipeline.Sleep(ctx, tick) {
		drawn := w.screen.Alive()
		w.link.Alive(drawn)
		if now := time.Now(); drawn && every > 0 && now.Sub(pinged) > every-tick {
			pinged = now
			w.tell(w.notify.Watchdog)
		}
	}
}

// fullDisk is the free room below which a disk is nearly full, in bytes.
const fullDisk = 64 << 20

// watchHealth stops a demo while the device is too hot or has too little
// memory, and says so; and deletes people whose time is over.
func (w *window) watchHealth(ctx context.Context) {
	var held guard.Guard
	rested := 0
	w.setHealth(w.device.Health())
	for tick := 0; pipeline.Sleep(ctx, 2*time.Second); tick++ {
		metrics.Total.Paints.Store(w.screen.Paints())
		if rested++; w.runs() != "" {
			rested = 0
		} else if rested == 2 { // the window has let go of the demo's pictures by then
			returnMemory()
		}
		if tick%1800 == 0 {
			w.forgetOld(false)
		}
		if tick%300 == 0 {
			w.lookForRoom()
		}
		h := w.device.Health()
		w.setHealth(h)
		w.guardHealth(&held, h)
	}
}

// guardHealth stops the demo that runs, or has the one go on that it has stopped,
// as the guard says.
func (w *window) guardHealth(g *guard.Guard, h device.Health) {
	celsius, room := h.Temperature.Or(0), h.Available.Or(guard.EnoughAgain+1)
	now := guard.Look{Celsius: celsius, Room: room, Touches: w.screen.Touches()}
	w.mu.Lock()
	now.Running, now.Attracts, now.Changes = w.running, w.attracts, w.changes
	w.mu.Unlock()
	switch do := g.Look(now); {
	case do.Stop:
		w.endAttract()
		w.hold(now.Changes)
		w.screen.Live.Problem(sick(do.Hot, celsius, room))
		slog.Error("demo stopped", "celsius", celsius, "memory", room)
	case do.Attract:
		w.beginAttracting(do.Touches)
	case do.Resume != "":
		w.StartDemo(do.Resume)
	}
}

// hold stops the demo that runs until the device is well, unless people have
// begun or ended one meanwhile: the guard's next look is at that.
func (w *window) hold(changes uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changes == changes {
		w.end()
		w.changes = changes
	}
}

// returnMemory gives the system back what nothing holds any more, in Go and in C:
// each by itself keeps what it was given for long, and for days in pieces.
func returnMemory() {
	debug.FreeOSMemory()
	inference.ReturnMemory()
}

// lookForRoom says so when the disk is nearly full.
func (w *window) lookForRoom() {
	free := device.FreeDisk(filepath.Dir(w.prefs.Path)).Or(fullDisk)
	if free >= fullDisk {
		return
	}
	slog.Error("disk is nearly full", "free", int64(free))
	if w.runs() == "" {
		w.screen.Live.Problem(w.noRoom(free))
	} else {
		w.screen.Toast(lang.T("Hardly any room is left on this device."))
	}
}

// noRoom words a disk that is nearly full.
func (w *window) noRoom(free float64) ui.Problem {
	return ui.Problem{Title: lang.T("Hardly any room is left on this device."), Detail: megabytes(int64(free)),
		Remedy: lang.T("People and settings may not be kept. Delete models here, or pictures that were saved."),
		Label:  lang.T("Models"), Retry: func() { w.gate(func() { w.screen.Pages.Open(pageModels) }) }}
}

// setHealth keeps how the device was last; it is shown four times a second.
func (w *window) setHealth(h device.Health) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastHealth = h
}

func (w *window) health() device.Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastHealth
}

// sick words what the device suffers from.
func sick(hot bool, celsius, room float64) ui.Problem {
	if hot {
		return ui.Problem{Title: lang.T("The device is too hot"), Detail: fmt.Sprintf("%.0f °C", celsius),
			Remedy: lang.T("Take it out of the sun and give it air. The demo goes on by itself when it is cooler.")}
	}
	return ui.Problem{Title: lang.T("Memory is running out"), Detail: megabytes(int64(room)),
		Remedy: lang.T("Close other programs or restart the device. The demo goes on by itself when there is room.")}
}

// forgetOld deletes the people whose time is over, which opening the list does
// once the clock is believed; where a person wants it, at once.
func (w *window) forgetOld(wanted bool) {
	keep := w.prefs.Get().Keep
	if keep == 0 {
		return
	}
	roster.Clock.Save()
	w.people.change("deleting people whose time is over", func(s *people.Store) error {
		if !wanted {
			return nil
		}
		_, err := s.DeleteOver(keep, time.Now())
		return err
	})
}
