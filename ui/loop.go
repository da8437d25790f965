package ui

import (
	"sync/atomic"

	"fyne.io/fyne/v2"
)

// loop is the event loop, on whose goroutine the screens change.
type loop struct {
	closed atomic.Bool   // it has ended
	ended  chan struct{} // closed when Run returns
	events chan func()   // of a loop of our own; nil where the driver has one
	looped chan struct{} // closed when that loop has ended
}

// do has the event loop do something. Once that has ended nothing is done:
// Fyne would do it at once, with a window that is gone.
func (l *loop) do(f func()) {
	switch {
	case l.events != nil:
		select {
		case l.events <- f:
		case <-l.ended:
		}
	case !l.closed.Load():
		fyne.Do(f)
	}
}

// serve is a loop of our own, which ends with ended.
func (l *loop) serve() {
	defer close(l.looped)
	for {
		select {
		case f := <-l.events:
			f()
		case <-l.ended:
			return
		}
	}
}
