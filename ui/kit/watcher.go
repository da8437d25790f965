package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// watcher lies over everything, sees every movement of a finger and touches
// nothing: taps and drags go to what is beneath, for it can do neither. A tap
// at the very place of the one before moves nothing, and is seen by what it is
// on: see UI.touched.
type watcher struct {
	Panel
	kiosk bool
	moved func()
}

func NewWatcher(kiosk bool, moved func()) *watcher {
	w := &watcher{kiosk: kiosk, moved: moved}
	w.Panel.Init(w, func(fyne.Size) {})
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
