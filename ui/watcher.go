package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// watcher lies over everything, sees every movement of a finger and touches
// nothing: taps and drags go to what is beneath, for it can do neither. A tap
// at the very place of the one before moves nothing, and is seen by what it is
// on: see UI.touched.
type watcher struct {
	panel
	kiosk bool
	moved func()
}

func newWatcher(kiosk bool, moved func()) *watcher {
	w := &watcher{kiosk: kiosk, moved: moved}
	w.panel.init(w, func(fyne.Size) {})
	return w
}

// MouseIn implements desktop.Hoverable.
func (w *watcher) MouseIn(*desktop.MouseEvent) { w.moved() }

// MouseMoved implements desktop.Hoverable.
func (w *watcher) MouseMoved(*desktop.MouseEvent) { w.moved() }

// MouseOut implements desktop.Hoverable.
func (w *watcher) MouseOut() {}

// Cursor implements desktop.Cursorable: a kiosk has none.
func (w *watcher) Cursor() desktop.Cursor {
	if w.kiosk {
		return desktop.HiddenCursor
	}
	return desktop.DefaultCursor
}

// idle tells when nobody has touched the screen for a while. UI goroutine.
type idle struct {
	after   time.Duration // 0 for never
	touched time.Time
	told    bool
	tell    func()
}

// touch is a finger on the screen.
func (i *idle) touch(now time.Time) { i.touched, i.told = now, false }

func (i *idle) tick(now time.Time) {
	if i.touched.IsZero() {
		i.touched = now
	}
	// A clock that was set leaps; nobody is told for that.
	if i.after <= 0 || i.told || now.Sub(i.touched) < i.after {
		return
	}
	i.told = true
	i.tell()
}
