package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// Watcher lies over everything, sees every movement of a finger and touches
// nothing: taps and drags go to what is beneath, for it can do neither. A tap
// at the very place of the one before moves nothing, and is seen by what it is
// on: see UI.touched.
type Watcher struct {
	Panel
	kiosk bool
	moved func()
}

// NewWatcher makes a watcher that calls moved at every movement.
func NewWatcher(kiosk bool, moved func()) *Watcher {
	w := &Watcher{kiosk: kiosk, moved: moved}
	w.Panel.Init(w, func(fyne.Size) {})
	return w
}

// MouseIn implements desktop.Hoverable.
func (w *Watcher) MouseIn(*desktop.MouseEvent) { w.moved() }

// MouseMoved implements desktop.Hoverable.
func (w *Watcher) MouseMoved(*desktop.MouseEvent) { w.moved() }

// MouseOut implements desktop.Hoverable.
func (w *Watcher) MouseOut() {}

// Cursor implements desktop.Cursorable: a kiosk has none.
func (w *Watcher) Cursor() desktop.Cursor {
	if w.kiosk {
		return desktop.HiddenCursor
	}
	return desktop.DefaultCursor
}
