// Package ui is what a person sees and touches: the gallery of demos, the live
// view with its overlay, and the screens that say what is wrong.
//
// In: cards, pictures (*frame.Frame), results (*inference.Result), status and
// problems, from any goroutine. Out: calls of a Handler, on the UI goroutine.
// It knows results, never tensors, models or sources. Only app imports it.
//
// Screens change by fyne.Do. Pictures, results and status are kept as the
// newest of their kind and shown at the next tick of the event loop, 60 times a
// second, so that a slow screen never holds up the camera or the network, and a
// quick one is never waited for.
//
// The screens are here; what they are made of is in ui/kit, and what draws a
// result in ui/overlay.
package ui

import (
	"fmt"
	"image"
	"os"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/assets/icon"
	"reterminal-vision/camera"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// Card is one demo in the gallery.
type Card struct {
	ID      string // what Handler.StartDemo gets
	Task    string // its kind of task, whose illustration a demo without its own has
	Title   string
	Summary string  // one line
	Model   string  // name of the network, shown small
	FPS     float64 // results a second here, as last measured; 0 when unknown
	Preview []byte  // JPEG pictures one after the other that the card plays; nil for the illustration
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
	// SavePicture keeps the picture shown: Live.Shown has it.
	SavePicture()
	// Settings is the wish for the settings, which may need a PIN first:
	// Pages.Open shows them.
	Settings()
	// People is the wish to see who is enrolled: PeopleScreens.Open shows it.
	People()
	// Idle tells that nobody has touched the screen for a while, Wake that
	// somebody does while UI.Attract shows something.
	Idle()
	Wake()
	// Quit is told that the window closes; Run returns after it.
	Quit()
}

// Style is how the interface looks and speaks.
type Style struct {
	Theme    string // one of Themes
	Language string // a tag of assets/lang
}

// PeopleHandler does what the person asks for about those who are enrolled.
// Its methods are called on the UI goroutine and must return at once.
type PeopleHandler interface {
	// ShowPeople wants to know who is enrolled: PeopleScreens.Show answers.
	ShowPeople()
	// CheckName tells what is wrong with a name for the person with the ID, ""
	// for somebody new; "" when nothing is.
	CheckName(id, name string) string
	// Enrol takes shots of the face before the camera of the demo that runs, and
	// ends an enrolment before: PeopleScreens.Enrolment tells how it goes. An ID stands for
	// a person whose shots are to be replaced, "" for somebody new.
	Enrol(id, name string)
	// StopEnrol ends an enrolment, when one is on.
	StopEnrol()
	// Rename and Forget change who is enrolled: PeopleScreens.Show tells the outcome.
	Rename(id, name string)
	Forget(id string)
}

// Options describe the application.
type Options struct {
	Title   string // of the window and the gallery
	Cards   []Card
	Kiosk   bool // full screen, no cursor, no keyboard exit
	Handler Handler
	People  PeopleHandler   // wanted where a card has People
	Pages   kit.PageHandler // what is chosen on the screen; nil leaves all pages out
	// Adjust is the page on the live view's sheet, and About the one that explains
	// the demo that runs, which visitors may see.
	Adjust, About any
	Style         Style
	// FirstFrame is called once, on the UI goroutine, after the window's first paint.
	FirstFrame func()
	// Left is told when a person has left the pages, the people and the question
	// for a PIN, and Away when nobody has touched the screen for two minutes, whatever
	// SetIdle says. On the UI goroutine; nil for nobody.
	Left, Away func()
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
	NetworkFPS      float64       // of them those that a network looked for; the others are reused or carried on
	DisplayFPS      float64       // pictures painted a second; 0 shows the UI's own count
	Latency, Invoke time.Duration // from capture to result; inside the network
	Dropped         uint64        // frames passed over by the worker
	Damaged, Lost   uint64        // pictures that the camera gave damaged, and that its driver dropped
	Celsius         float64       // of the processor; 0 when unknown
	Throttled       bool          // the processor is slowed down
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
	Live   *Live // set once, like the two below
	Pages  *Pages
	People *PeopleScreens

	loop
	opt    Options
	app    fyne.App
	win    fyne.Window
	root   *kit.Root
	home   *homeScreen
	live   *liveScreen
	pin    *pinScreen
	toast  *kit.Toast
	idle   idle
	away   idle
	leave  leaving
	stack  kit.Stack
	tickAn *fyne.Animation

	ticked   atomic.Int64  // when the last tick was, Unix nanoseconds
	paints   atomic.Uint64 // ticks so far
	touches  atomic.Uint64 // so far
	stopping atomic.Bool
	painted  bool // the window was painted once; UI goroutine
	greeted  bool // FirstFrame was called; UI goroutine
	quitting bool // UI goroutine
}

// New makes the application and its window, which Run shows. Call it and Run
// from the main goroutine.
func New(opt Options) *UI {
	fixScale()
	// Without an ID Fyne keeps no preferences file of its own.
	return newUI(app.NewWithID(""), opt)
}

// NewOn makes the application on a driver that has no screen and no event
// loop, for pictures of it, which Capture paints. It has a loop of its own
// until Stop.
func NewOn(a fyne.App, opt Options) *UI {
	u := newUI(a, opt)
	u.win.Canvas().(interface{ SetScale(float32) }).SetScale(1)
	u.win.Resize(u.opt.Size)
	u.events, u.looped = make(chan func(), 64), make(chan struct{})
	go u.serve()
	return u
}

// Capture brings a screen made by NewOn up to date for a time and paints it.
func (u *UI) Capture(now time.Time) (img image.Image) {
	done := make(chan struct{})
	u.do(func() {
		defer close(done)
		u.tick(now)
		u.win.Canvas().Capture() // pictures are taken over as they are painted
		u.tick(now)
		img = u.win.Canvas().Capture()
	})
	<-done
	return img
}

// Animate brings a screen made by NewOn up to date for every time that next
// gives, until it gives none, and paints nothing: pictures are taken over as by
// a paint.
func (u *UI) Animate(next func() (now time.Time, more bool)) {
	done := make(chan struct{})
	u.do(func() {
		defer close(done)
		for now, more := next(); more; now, more = next() {
			u.tick(now)
			u.live.picture.raster.Generator(0, 0)
		}
	})
	<-done
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
	u := &UI{opt: opt, app: a}
	u.ended = make(chan struct{})
	u.Live, u.Pages, u.People = &Live{ui: u}, &Pages{ui: u}, &PeopleScreens{ui: u}
	a.SetIcon(fyne.NewStaticResource("icon.png", icon.App()))
	u.root = kit.NewRoot(func() { u.painted = true }, kit.NewWatcher(opt.Kiosk, u.touched))
	u.stack = kit.NewStack(u.root)
	u.idle.tell = func() { u.opt.Handler.Idle() }
	u.leave.tell = func() { told(opt.Left) }
	u.away = idle{after: awayAfter, tell: func() { told(opt.Away) }}
	u.build()

	u.win = a.NewWindow(opt.Title)
	u.win.SetPadded(false)
	u.win.SetContent(u.root)
	u.win.Resize(opt.Size)
	u.win.SetFullScreen(opt.Kiosk)
	u.win.SetMaster()
	u.win.SetCloseIntercept(func() {
		if !u.opt.Kiosk { // there the way out is behind the PIN
			u.quit()
		}
	})
	u.bindKeys()

	// An animation's tick comes just before each paint, on the UI goroutine,
	// and costs no wake-up of another goroutine.
	u.tickAn = &fyne.Animation{Duration: time.Hour, RepeatCount: fyne.AnimationRepeatForever,
		Curve: fyne.AnimationLinear, Tick: func(float32) { u.tick(time.Now()) }}
	return u
}

// build makes all screens, in the style in use, and shows the gallery.
func (u *UI) build() {
	kit.SetTheme(u.opt.Style.Theme)
	phrases.Speak(u.opt.Style.Language)
	u.app.Settings().SetTheme(kit.NewTheme(u.opt.Style.Language))
	do := liveActions{
		back: u.leaveDemo, quit: u.quit, people: func() { u.opt.Handler.People() }, wake: u.wake,
		retryEnrol: u.People.enrol, endEnrol: u.People.endEnrol, cancelEnrol: u.People.cancelEnrol,
	}
	var settings func()
	if u.opt.Pages != nil {
		settings = func() { u.opt.Handler.Settings() }
		do.pages = u.opt.Pages
		do.adjust = func() { u.opt.Pages.ShowPage(u.opt.Adjust) }
		do.about = func() { u.Pages.open(u.opt.About) }
		do.save = func() { u.opt.Handler.SavePicture() }
	}
	u.home = newHome(u.opt.Title, u.opt.Cards, u.chooseDemo, settings)
	u.live = newLive(do)
	u.Live.screen.Store(u.live)
	u.People.build()
	u.pin = newPinScreen()
	u.toast = kit.NewToast()
	u.root.Over = u.toast
	u.stack.Reset(u.home)
}

// Restyle gives the interface another style and other cards. It goes back to
// the gallery; a demo that runs is not stopped.
func (u *UI) Restyle(style Style, cards []Card) {
	u.do(func() {
		u.opt.Style, u.opt.Cards = style, cards
		u.build()
	})
}

// SetCards shows other cards in the gallery.
func (u *UI) SetCards(cards []Card) {
	u.do(func() {
		u.opt.Cards = cards
		old := u.home
		u.home = newHome(u.opt.Title, cards, u.chooseDemo, func() { u.opt.Handler.Settings() })
		u.home.scroll.Offset = old.scroll.Offset
		for i, s := range u.stack.Screens {
			if s == old {
				u.stack.Screens[i] = u.home
			}
		}
		u.root.SetScreen(u.stack.Top())
	})
}

// touched is a finger on the screen.
func (u *UI) touched() {
	u.touches.Add(1)
	u.awake()
}

// awake has the time without a touch begin anew.
func (u *UI) awake() {
	now := time.Now()
	u.idle.touch(now)
	u.away.touch(now)
}

// told calls what an option names, where it names something.
func told(what func()) {
	if what != nil {
		what()
	}
}

// Touches counts the touches of the screen. Handler.Idle reads it: nobody touches
// the screen meanwhile.
func (u *UI) Touches() uint64 { return u.touches.Load() }

// Working keeps the screen awake as a touch does: something goes on that a
// person waits for.
func (u *UI) Working() { u.do(u.awake) }

// SetIdle chooses after which time without a touch Handler.Idle is told; 0 for
// never.
func (u *UI) SetIdle(after time.Duration) { u.do(func() { u.idle.after = after }) }

// Attract shows a demo as it is shown to nobody in particular, until a finger
// touches the screen. It shows nothing when it would begin to after a touch that
// was not among those counted yet, or after the window is closed. Not on the UI
// goroutine.
func (u *UI) Attract(id string, touches uint64) (shown bool) {
	done := make(chan bool, 1)
	u.do(func() {
		if !u.live.attract.Visible() && u.touches.Load() != touches {
			done <- false
			return
		}
		u.stack.Reset(u.home)
		c := u.card(id)
		u.live.start(c)
		u.live.attract.show(c)
		u.stack.Push(u.live)
		done <- true
	})
	select {
	case shown = <-done:
	case <-u.ended:
	}
	return shown
}

// Blank shows nothing until a finger touches the screen.
func (u *UI) Blank() {
	u.do(func() {
		u.live.stop()
		u.stack.Reset(u.home)
		u.stack.Push(newBlank(u.wake))
	})
}

// Touch is a touch that comes another way, as from a button of the device: it
// counts as one, and wakes a screen that attracts or is dark, which it tells.
// Not on the UI goroutine.
func (u *UI) Touch() (woke bool) {
	done := make(chan bool, 1)
	u.do(func() {
		u.touched()
		_, blank := u.stack.Top().(*blank)
		sleeps := blank || u.live.attract.Visible()
		if sleeps {
			u.wake()
		}
		done <- sleeps
	})
	select {
	case woke = <-done:
	case <-u.ended:
	}
	return woke
}

// Paints counts how often the screen was brought up to date.
func (u *UI) Paints() uint64 { return u.paints.Load() }

// Alive tells whether the screen was drawn in the last seconds.
func (u *UI) Alive() bool { return time.Since(time.Unix(0, u.ticked.Load())) < 5*time.Second }

// wake is a finger on a screen that attracts.
func (u *UI) wake() {
	u.touched()
	if _, blank := u.stack.Top().(*blank); !blank && !u.live.attract.Visible() {
		return
	}
	u.live.attract.Hide()
	u.showHome()
	u.opt.Handler.Wake()
}

// card is what is known of a demo.
func (u *UI) card(id string) Card {
	for _, c := range u.opt.Cards {
		if c.ID == id {
			return c
		}
	}
	return Card{ID: id, Title: id}
}

// Toast shows a line for a few seconds.
func (u *UI) Toast(words string) {
	u.do(func() {
		u.toast.Say(words, time.Now())
	})
}

// bindKeys lets a keyboard write names, and gives a desktop user Escape for
// back and Ctrl+Q for quit.
func (u *UI) bindKeys() {
	u.win.Canvas().SetOnTypedRune(func(r rune) {
		if u.stack.Top() == u.People.name {
			u.People.name.typeRune(r)
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
	name := u.People.name
	switch writing := u.stack.Top() == name; {
	case e.Name == fyne.KeyEscape && !u.opt.Kiosk:
		u.stack.Top().Back()
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
	u.closed.Store(true)
	u.stopping.Store(true)
	return nil
}

// Stop closes the window; Run returns. Before Run it keeps Run from starting.
// The event loop does it at its next tick, if a signal has not ended it by then.
func (u *UI) Stop() {
	if !u.stopping.Swap(true) && u.events != nil {
		close(u.ended)
		<-u.looped
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
	if u.stopping.Load() && !u.quitting {
		u.quitting = true
		// Not in Fyne's OnStopped: 2.7.1 may wait for it for ever, as it is run by
		// a loop that has just ended.
		u.closed.Store(true)
		u.app.Quit()
		return
	}
	u.ticked.Store(now.UnixNano())
	u.paints.Add(1)
	if u.painted && !u.greeted {
		u.greeted = true
		if u.opt.FirstFrame != nil {
			u.opt.FirstFrame()
		}
	}
	u.stack.Top().Tick(now)
	u.toast.Tick(now)
	u.leave.tick(now, u.Pages.inside())
	u.idle.tick(now)
	u.away.tick(now)
}

// ShowHome shows the gallery. It does not stop a demo.
func (u *UI) ShowHome() { u.do(u.showHome) }

func (u *UI) showHome() {
	u.live.stop()
	u.stack.Reset(u.home)
}

// ShowDemo shows the live screen of a demo, waiting for its first frame. It
// does not start the demo, and does nothing but clear a problem when that
// demo's screen is shown already.
func (u *UI) ShowDemo(id string) {
	u.do(func() { u.showDemo(id) })
}

func (u *UI) showDemo(id string) {
	if u.stack.Has(u.live) && u.live.card.ID == id {
		u.stack.PopTo(u.live)
		u.live.clearProblem()
		return
	}
	u.stack.Reset(u.home)
	u.live.start(u.card(id))
	u.stack.Push(u.live)
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
