package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Viewport shows a part of something taller and is moved by a finger, with
// momentum. Fyne's own Scroll ignores a drag on everything but a phone, and
// the driver takes any drag of two pixels for one: here a finger that strays
// less than slop still taps what it is on, and what looks pressed is released
// when the finger scrolls.
type Viewport struct {
	Panel
	content *fyne.Container
	height  func(width float32) float32 // of the content; lays it out, too
	bar     *canvas.Rectangle

	Offset, span float32 // of the content above the top; its height
	strayed      float32 // how far the finger has gone, with sign
	scrolling    bool
	start        fyne.Position
	held         bool    // a finger is on it
	speed        float32 // pixels a tick
}

const (
	slop     = 24   // pixels a tapping finger may stray
	friction = 0.94 // of the speed, kept each tick
	slowest  = 0.5  // pixels a tick
)

// NewViewport makes a view of content; height lays it out at a width.
func NewViewport(content *fyne.Container, height func(float32) float32) *Viewport {
	v := &Viewport{content: content, height: height, bar: Rounded(Colors.Outline, 4)}
	v.Panel.SetObjects(v.content, v.bar)
	v.Panel.Init(v, v.place)
	return v
}

func (v *Viewport) place(s fyne.Size) {
	v.span = v.height(s.Width)
	v.content.Resize(fyne.NewSize(s.Width, v.span))
	v.ScrollTo(v.Offset)
}

// ScrollTo moves the content, as far as it goes.
func (v *Viewport) ScrollTo(offset float32) {
	s := v.Size()
	v.Offset = max(0, min(offset, v.span-s.Height))
	v.content.Move(fyne.NewPos(0, -v.Offset))
	SetVisible(v.bar, v.span > s.Height)
	if v.span > s.Height {
		length := s.Height * s.Height / v.span
		Put(v.bar, s.Width-12, v.Offset/v.span*s.Height, 8, length)
	}
}

// Scrolled implements fyne.Scrollable, which also clips the content.
func (v *Viewport) Scrolled(e *fyne.ScrollEvent) { v.ScrollTo(v.Offset - 3*e.Scrolled.DY) }

// Dragged implements fyne.Draggable.
func (v *Viewport) Dragged(e *fyne.DragEvent) {
	if !v.held {
		v.held, v.scrolling, v.strayed, v.speed = true, false, 0, 0
		v.start = e.Position.Subtract(e.Dragged)
	}
	v.strayed += e.Dragged.DY
	if !v.scrolling && abs(v.strayed) < slop {
		return
	}
	if !v.scrolling {
		v.scrolling = true
		v.Release()
	}
	v.speed = -e.Dragged.DY
	v.ScrollTo(v.Offset - e.Dragged.DY)
}

// DragEnd implements fyne.Draggable.
func (v *Viewport) DragEnd() {
	v.held = false
	v.Release()
	if !v.scrolling {
		v.tap(v.start.AddXY(0, v.Offset))
	}
}

// pressable is content that shows that a finger is on it.
type pressable interface {
	fyne.Tappable
	Release()
}

// Release has nothing look pressed.
func (v *Viewport) Release() {
	for _, o := range v.content.Objects {
		if p, ok := o.(pressable); ok {
			p.Release()
		}
	}
}

// tap passes on a tap, in the content's coordinates, that came as a very short
// drag.
func (v *Viewport) tap(at fyne.Position) {
	for _, o := range v.content.Objects {
		p, ok := o.(pressable)
		if !ok || !contains(o, at) {
			continue
		}
		if parts, ok := o.(interface{ TapAt(fyne.Position) }); ok {
			parts.TapAt(at.Subtract(o.Position()))
		} else {
			p.Tapped(nil)
		}
		return
	}
}

// contains tells whether a position, in the coordinates of an object's parent,
// is on it.
func contains(o fyne.CanvasObject, at fyne.Position) bool {
	from, s := o.Position(), o.Size()
	return at.X >= from.X && at.Y >= from.Y && at.X < from.X+s.Width && at.Y < from.Y+s.Height
}

// Tick carries the content on after the finger has left.
func (v *Viewport) Tick(time.Time) {
	if v.speed == 0 {
		return
	}
	if v.held {
		v.speed *= friction // a finger that rests before it leaves throws nothing
		return
	}
	before := v.Offset
	v.ScrollTo(v.Offset + v.speed)
	v.speed *= friction
	if v.Offset == before || abs(v.speed) < slowest {
		v.speed = 0
	}
}
