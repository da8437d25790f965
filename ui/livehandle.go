package ui

import (
	"image"
	"sync/atomic"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Live is the live screen as seen from outside: what it shows, and its buttons.
// Its methods may be called from any goroutine unless they say otherwise.
type Live struct {
	ui *UI
	// screen is UI.live for goroutines other than that of the UI, which puts
	// another in its place when the style changes.
	screen atomic.Pointer[liveScreen]
}

// Frame shows a picture, with the newest mask blended in. The conversion runs
// in the caller's goroutine; a frame that comes while the one before waits to
// be painted is dropped. The caller keeps f.
func (l *Live) Frame(f *frame.Frame) { l.screen.Load().picture.put(f) }

// Result shows what was found. It is copied; the newest wins.
func (l *Live) Result(r *inference.Result) {
	screen := l.screen.Load()
	screen.results.put(r)
	screen.picture.mask.Put(r.Mask)
}

// Status shows how the demo is doing.
func (l *Live) Status(s Status) { l.screen.Load().putStatus(s) }

// Problem replaces the live picture by what is wrong and the ways on.
func (l *Live) Problem(p Problem) {
	l.ui.do(func() {
		if !l.ui.stack.Has(l.ui.live) {
			l.ui.live.start(Card{Title: p.Title})
			l.ui.stack.Push(l.ui.live)
		}
		l.ui.stack.PopTo(l.ui.live)
		l.ui.live.showProblem(p)
	})
}

// ClearProblem goes back to waiting for a picture.
func (l *Live) ClearProblem() { l.ui.do(func() { l.ui.live.clearProblem() }) }

// DisplayFPS is how many pictures were painted a second, over the last two.
func (l *Live) DisplayFPS() float64 { return l.screen.Load().picture.paints.perSecond(time.Now()) }

// DisplayDropped counts the frames dropped because a paint was pending.
func (l *Live) DisplayDropped() uint64 { return l.screen.Load().picture.dropped.Load() }

// Shown is a copy of the picture on the live screen, with its mask, and of
// what was found in it; nil when there is none. UI goroutine.
func (l *Live) Shown() (*image.RGBA, *inference.Result) {
	r := &inference.Result{}
	r.CopyFrom(l.ui.live.results.shown)
	return l.ui.live.picture.copy(), r
}

// ToggleFreeze is the button of the live screen that holds the picture or lets it go on.
func (l *Live) ToggleFreeze() {
	l.ui.do(func() {
		if l.ui.stack.Top() == l.ui.live {
			l.ui.live.toggleFreeze()
		}
	})
}

// SavePicture is the button of the live screen that keeps the picture.
func (l *Live) SavePicture() {
	l.ui.do(func() {
		if l.ui.stack.Top() == l.ui.live {
			l.ui.opt.Handler.SavePicture()
		}
	})
}

// Adjust opens the sheet over the live screen.
func (l *Live) Adjust() { l.ui.do(func() { l.ui.live.openSheet() }) }
