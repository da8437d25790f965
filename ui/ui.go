// Package ui is what a person sees and touches: the gallery of demos, the live
// view with its overlay, and the screens that say what is wrong.
//
// In: cards, pictures (*camera.Frame), results (*inference.Result), status and
// problems, from any goroutine. Out: calls of a Handler, on the UI goroutine.
// It knows results, never tensors, models or sources. Only app imports it.
//
// Screens change by fyne.Do. Pictures, results and status are kept as the
// newest of their kind and shown at the next tick of the event loop, 60 times a
// second, so that a slow screen never holds up the camera or the network, and a
// quick one is never waited for.
package ui

import (
	"fmt"
	"image"
	"os"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/assets/icon"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
)

// Card is one demo in the gallery.
type Card struct {
	ID      string // what Handler.StartDemo gets; its words choose the illustration
	Title   string
	Summary string // one line
	Model   string // name of the network, shown small
	Ready   bool
	Reason  string // shown when not ready: why, and the remedy
	People  bool   // it tells people apart, whom a person can introduce to it
}

// Handler does what the person asks for. Its methods are called on the UI
// goroutine and must return at once.
type Handler interface {
	// StartDemo runs a demo. Its live screen is shown already.
	StartDemo(id string)
	// StopDemo ends the demo that runs. The gallery is shown already.
	StopDemo()
	// Quit is told that the window closes; Run returns after it.
	Quit()
}

// PeopleHandler does what the person asks for about those who are enrolled.
// Its methods are called on the UI goroutine and must return at once.
type PeopleHandler interface {
	// ShowPeople wants to know who is enrolled: UI.People answers.
	ShowPeople()
	// CheckName tells what is wrong with a name for the person with the ID, ""
	// for somebody new; "" when nothing is.
	CheckName(id, name string) string
	// Enrol takes shots of the face before the camera of the demo that runs, and
	// ends an enrolment before: UI.Enrolment tells how it goes. An ID stands for
	// a person whose shots are to be replaced, "" for somebody new.
	Enrol(id, name string)
	// StopEnrol ends an enrolment, when one is on.
	StopEnrol()
	// Rename and Forget change who is enrolled: UI.People tells the outcome.
	Rename(id, name string)
	Forget(id string)
}

// Options describe the application.
type Options struct {
	Title   string // of the window and the gallery
	Cards   []Card
	Kiosk   bool // full screen, no cursor, no way out by keyboard
	Handler Handler
	People  PeopleHandler // wanted where a card has People
	Camera  ChoiceHandler // what is chosen on the screen about the camera; nil leaves it out
	// FirstFrame is called once, on the UI goroutine, after the window's first paint.
	FirstFrame func()
	// Size of the window; 720x1280 when zero. Units are screen pixels, unless
	// FYNE_SCALE in the environment says otherwise.
	Size fyne.Size
}

// Status is how a demo is doing, wanted about four times a second.
type Status struct {
	Source          string // what a person would call it
	SourceKind      camera.Kind
	Notice          string // shown prominently; empty with built-in footage shows a notice of our own
	Model           string
	FPS             float64       // results a second
	DisplayFPS      float64       // pictures painted a second; 0 shows the UI's own count
	Latency, Invoke time.Duration // from capture to result; inside the network
	Dropped         uint64        // frames passed over by the worker
	Damaged, Lost   uint64        // pictures that the camera gave damaged, and that its driver dropped
}

// Problem is why there is no live picture.
type Problem struct {
	Title  string
	Detail string
	Remedy string
	Retry  func() // behind the button "Try again", called on the UI goroutine; nil leaves it out
	Label  string // of that button, when another word says better what it does
	Fatal  bool   // there is no way on: the way out is Quit, not the gallery
}

// UI is the application's window. Its methods may be called from any
// goroutine unless they say otherwise.
type UI struct {
	opt    Options
	app    fyne.App
	win    fyne.Window
	root   *root
	home   *homeScreen
	live   *liveScreen
	people peopleScreens
	camera *choicesScreen
	stack  stack
	tickAn *fyne.Animation

	stopping atomic.Bool
	ended    chan struct{} // closed when Run returns
	painted  bool          // the window was painted once; UI goroutine
	greeted  bool          // FirstFrame was called; UI goroutine
}

// New makes the application and its window, which Run shows. Call it and Run
// from the main goroutine.
func New(opt Options) *UI {
	fixScale()
	// Without an ID Fyne keeps no preferences file of its own.
	return newUI(app.NewWithID(""), opt)
}

// fixScale makes one Fyne unit one screen pixel unless the user chose a scale:
// a 5 inch panel often reports no physical size or a wrong one, from which
// Fyne would guess a scale, and this UI is laid out in pixels of that panel.
func fixScale() {
	for _, v := range [...]struct{ key, value string }{
		{"FYNE_SCALE", "1"},
		{"FYNE_DISABLE_DPI_DETECTION", "true"},
	} {
		if os.Getenv(v.key) == "" {
			os.Setenv(v.key, v.value)
		}
	}
}

func newUI(a fyne.App, opt Options) *UI {
	if opt.Size.IsZero() {
		opt.Size = fyne.NewSize(720, 1280)
	}
	u := &UI{opt: opt, app: a, ended: make(chan struct{})}
	a.Settings().SetTheme(newTheme())
	a.SetIcon(fyne.NewStaticResource("icon.png", icon.App()))

	var camera func()
	if opt.Camera != nil {
		u.camera = newChoicesScreen(say.camera, opt.Camera, u.stack.pop)
		camera = u.openCamera
	}
	u.home = newHome(opt.Title, opt.Cards, u.chooseDemo, camera)
	u.live = newLive(liveActions{
		back: u.leaveDemo, quit: u.quit, people: u.openPeople, camera: camera,
		retryEnrol: u.enrol, endEnrol: u.endEnrol, cancelEnrol: u.cancelEnrol,
	})
	u.people = u.newPeopleScreens()
	u.root = newRoot(opt.Kiosk, func() { u.painted = true })
	u.stack = stack{root: u.root}
	u.stack.reset(u.home)

	u.win = a.NewWindow(opt.Title)
	u.win.SetPadded(false)
	u.win.SetContent(u.root)
	u.win.Resize(opt.Size)
	u.win.SetFullScreen(opt.Kiosk)
	u.win.SetMaster()
	u.win.SetCloseIntercept(u.quit)
	u.bindKeys()

	// An animation's tick comes just before each paint, on the UI goroutine,
	// and costs no wake-up of another goroutine.
	u.tickAn = &fyne.Animation{Duration: time.Hour, RepeatCount: fyne.AnimationRepeatForever,
		Curve: fyne.AnimationLinear, Tick: func(float32) { u.tick(time.Now()) }}
	return u
}

// bindKeys lets a keyboard write names, and gives a desktop user Escape for
// back and Ctrl+Q for quit.
func (u *UI) bindKeys() {
	u.win.Canvas().SetOnTypedRune(func(r rune) {
		if u.stack.top() == u.people.name {
			u.people.name.typeRune(r)
		}
	})
	u.win.Canvas().SetOnTypedKey(u.typedKey)
	if u.opt.Kiosk {
		return
	}
	u.win.Canvas().AddShortcut(
		&desktop.CustomShortcut{KeyName: fyne.KeyQ, Modifier: fyne.KeyModifierControl},
		func(fyne.Shortcut) { u.quit() })
}

func (u *UI) typedKey(e *fyne.KeyEvent) {
	name := u.people.name
	switch writing := u.stack.top() == name; {
	case e.Name == fyne.KeyEscape && !u.opt.Kiosk:
		u.stack.top().back()
	case e.Name == fyne.KeyBackspace && writing:
		name.erase()
	case (e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter) && writing:
		name.accept()
	}
}

// Run shows the window and blocks until it closes. It returns an error when
// no window could be opened.
func (u *UI) Run() error {
	defer close(u.ended)
	if u.stopping.Load() {
		return nil
	}
	u.win.Show()
	if !u.painted {
		return fmt.Errorf("ui: no window on display %q: start a desktop or compositor and set DISPLAY or WAYLAND_DISPLAY to it, or run without a window",
			os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY"))
	}
	u.tickAn.Start()
	u.app.Run()
	u.stopping.Store(true)
	return nil
}

// Stop closes the window; Run returns. Before Run it keeps Run from starting.
func (u *UI) Stop() {
	if u.stopping.CompareAndSwap(false, true) {
		fyne.Do(u.app.Quit)
	}
}

// quit is the person's wish to leave.
func (u *UI) quit() {
	if u.stopping.Load() {
		return
	}
	if u.opt.Handler != nil {
		u.opt.Handler.Quit()
	}
	u.Stop()
}

// tick brings the window up to date before a paint. UI goroutine.
func (u *UI) tick(now time.Time) {
	if u.painted && !u.greeted {
		u.greeted = true
		if u.opt.FirstFrame != nil {
			u.opt.FirstFrame()
		}
	}
	u.stack.top().tick(now)
}

// ShowHome shows the gallery. It does not stop a demo.
func (u *UI) ShowHome() { fyne.Do(u.showHome) }

func (u *UI) showHome() {
	u.live.stop()
	u.stack.reset(u.home)
}

// ShowDemo shows the live screen of a demo, waiting for its first frame. It
// does not start the demo, and does nothing but clear a problem when that
// demo's screen is shown already.
func (u *UI) ShowDemo(id string) {
	fyne.Do(func() { u.showDemo(id) })
}

func (u *UI) showDemo(id string) {
	if u.stack.has(u.live) && u.live.card.ID == id {
		u.stack.popTo(u.live)
		u.live.clearProblem()
		return
	}
	card := Card{ID: id, Title: id}
	for _, c := range u.opt.Cards {
		if c.ID == id {
			card = c
		}
	}
	u.stack.reset(u.home)
	u.live.start(card)
	u.stack.push(u.live)
}

// chooseDemo is a tap on a card.
func (u *UI) chooseDemo(id string) {
	u.showDemo(id)
	if u.opt.Handler != nil {
		u.opt.Handler.StartDemo(id)
	}
}

// leaveDemo is a tap on Back.
func (u *UI) leaveDemo() {
	u.showHome()
	if u.opt.Handler != nil {
		u.opt.Handler.StopDemo()
	}
}

// Frame shows a picture, with the newest mask blended in. The conversion runs
// in the caller's goroutine; a frame that comes while the one before waits to
// be painted is dropped. The caller keeps f.
func (u *UI) Frame(f *camera.Frame) { u.live.picture.put(f) }

// Result shows what was found. It is copied; the newest wins.
func (u *UI) Result(r *inference.Result) { u.live.results.put(r); u.live.picture.mask.put(r.Mask) }

// Status shows how the demo is doing.
func (u *UI) Status(s Status) { u.live.putStatus(s) }

// Problem replaces the live picture by what is wrong and the ways on.
func (u *UI) Problem(p Problem) {
	fyne.Do(func() {
		if !u.stack.has(u.live) {
			u.live.start(Card{Title: p.Title})
			u.stack.push(u.live)
		}
		u.stack.popTo(u.live)
		u.live.showProblem(p)
	})
}

// ClearProblem goes back to waiting for a picture.
func (u *UI) ClearProblem() { fyne.Do(u.live.clearProblem) }

// DisplayFPS is how many pictures were painted a second, over the last two.
func (u *UI) DisplayFPS() float64 { return u.live.picture.paints.perSecond(time.Now()) }

// DisplayDropped counts the frames dropped because a paint was pending.
func (u *UI) DisplayDropped() uint64 { return u.live.picture.dropped.Load() }

// openCamera is a tap on the camera.
func (u *UI) openCamera() {
	u.camera.show(Choices{})
	u.stack.push(u.camera)
	u.opt.Camera.ShowChoices()
}

// Choices shows what can be chosen about the camera.
func (u *UI) Choices(c Choices) {
	fyne.Do(func() {
		if u.camera != nil {
			u.camera.show(c)
		}
	})
}

// Snapshot is the window's content as last painted, nil when the window is
// closed. It waits for the event loop, so it must not be called on the UI
// goroutine nor before Run.
func (u *UI) Snapshot() image.Image {
	got := make(chan image.Image, 1)
	fyne.Do(func() { got <- u.win.Canvas().Capture() })
	select {
	case img := <-got:
		return img
	case <-u.ended:
		return nil
	}
}

// root holds the screen on top of the stack, hides the cursor in a kiosk, and
// notices when the window is painted.
type root struct {
	panel
	kiosk bool
	probe *canvas.Raster
}

func newRoot(kiosk bool, painted func()) *root {
	r := &root{kiosk: kiosk}
	pixel := image.NewRGBA(image.Rect(0, 0, 1, 1))
	r.probe = canvas.NewRaster(func(int, int) image.Image {
		painted()
		return pixel
	})
	r.panel.init(r, r.place)
	r.panel.show(r.probe)
	return r
}

func (r *root) setScreen(o fyne.CanvasObject) {
	r.panel.show(rect(colors.background), o, r.probe)
	r.panel.relayout()
}

func (r *root) place(size fyne.Size) {
	for _, o := range r.objects {
		if o == r.probe {
			o.Resize(fyne.NewSize(1, 1))
			continue
		}
		o.Resize(size)
	}
}

// Cursor implements desktop.Cursorable.
func (r *root) Cursor() desktop.Cursor {
	if r.kiosk {
		return desktop.HiddenCursor
	}
	return desktop.DefaultCursor
}
