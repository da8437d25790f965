package ui

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/assets/icon"
)

// attract is what a screen that nobody touches shows: a demo at work with what
// it does in large letters, and the invitation to touch. A finger anywhere
// ends it.
type attract struct {
	panel
	ground, top    *canvas.Rectangle
	mark           *canvas.Image
	brand          *canvas.Text
	title, summary *paragraph
	pill           *canvas.Rectangle
	invite         *canvas.Text
	model          *paragraph
	wake           func()
	brightness     int
}

func newAttract(wake func()) *attract {
	a := &attract{
		ground: rect(colors.background), top: rect(colors.background), wake: wake,
		mark: canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", icon.App())), brand: text("reTerminal Vision", sizeHeading, colors.text, true),
		title:   newParagraph("", sizeTitle+10, colors.text, true, 2),
		summary: newParagraph("", sizeHeading, colors.muted, false, 4),
		model:   newParagraph("", sizeSmall, colors.muted, false, 1),
		pill:    rounded(colors.accent, 52),
		invite:  text(say.Touch, sizeHeading, colors.onAccent, true),
	}
	a.title.shrinks = true
	a.invite.Alignment = fyne.TextAlignCenter
	a.mark.FillMode = canvas.ImageFillContain
	a.panel.show(a.ground, a.top, a.mark, a.brand, a.title.box, a.summary.box, a.model.box, a.pill, a.invite)
	a.panel.init(a, a.place)
	a.Hide()
	return a
}

func (a *attract) show(c Card) {
	a.title.text, a.summary.text, a.model.text = c.Title, c.Summary, c.Model
	a.panel.relayout()
	a.Show()
}

// place leaves the picture free: the words lie beneath it, or beside it on a
// wide window. It lies over all else of the live view.
func (a *attract) place(s fyne.Size) {
	room := area{0, 0, s.Width, s.Height}
	if s.Width > s.Height {
		room.x, room.w = s.Width-440, 440
	} else {
		room.y = headerBar + s.Width*3/4
		room.h = s.Height - room.y
	}
	put(a.ground, room.x, room.y, room.w, room.h)
	const mark = 88
	head := area{0, 0, s.Width, headerBar} // over the ways out, which visitors need not see
	if s.Width > s.Height {
		head = area{room.x, 0, room.w, headerBar}
	}
	put(a.top, head.x, head.y, head.w, head.h)
	put(a.mark, head.x+2*margin, (headerBar-mark)/2, mark, mark)
	b := a.brand.MinSize()
	put(a.brand, head.x+2*margin+mark+gap, (headerBar-b.Height)/2, b.Width, b.Height)
	if s.Width > s.Height {
		room.y, room.h = room.y+headerBar, room.h-headerBar
	}
	w := room.w - 4*margin
	y := room.y + 2*margin
	y += a.title.place(room.x+2*margin, y, w) + gap
	y += a.summary.place(room.x+2*margin, y, w) + gap
	a.model.place(room.x+2*margin, y, w)
	foot := room.bottom() - 104 - 2*margin
	put(a.pill, room.x+2*margin, foot, w, 104)
	h := a.invite.MinSize().Height
	put(a.invite, room.x+2*margin, foot+(104-h)/2, w, h)
}

// tick lets the invitation breathe, twice a second.
func (a *attract) tick(now time.Time) {
	step := int(now.UnixMilli()/500) % 2
	if !a.Visible() || step == a.brightness {
		return
	}
	a.brightness = step
	ink := colors.accent
	if step == 1 {
		ink = colors.onAccent
	}
	a.pill.StrokeColor, a.pill.StrokeWidth = ink, 4
	a.pill.Refresh()
}

// Tapped implements fyne.Tappable.
func (a *attract) Tapped(*fyne.PointEvent) { a.wake() }

// MouseDown implements desktop.Mouseable.
func (a *attract) MouseDown(*desktop.MouseEvent) {}

// MouseUp implements desktop.Mouseable.
func (a *attract) MouseUp(*desktop.MouseEvent) { a.wake() }

// Dragged implements fyne.Draggable: a swipe wakes, too.
func (a *attract) Dragged(*fyne.DragEvent) {}

// DragEnd implements fyne.Draggable.
func (a *attract) DragEnd() { a.wake() }

// blank is a screen that shows nothing; a finger anywhere ends that.
type blank struct {
	panel
	wake func()
}

func newBlank(wake func()) *blank {
	b := &blank{wake: wake}
	ground := rect(color.Black)
	b.panel.show(ground)
	b.panel.init(b, func(s fyne.Size) { put(ground, 0, 0, s.Width, s.Height) })
	return b
}

func (b *blank) back()                         { b.wake() }
func (b *blank) tick(time.Time)                {}
func (b *blank) Tapped(*fyne.PointEvent)       { b.wake() }
func (b *blank) MouseDown(*desktop.MouseEvent) {}
func (b *blank) MouseUp(*desktop.MouseEvent)   { b.wake() }

// toast is a line that comes, is read and goes.
type toast struct {
	panel
	ground *canvas.Rectangle
	words  *paragraph
	until  time.Time
}

const toastTime = 4 * time.Second

func newToast() *toast {
	t := &toast{ground: rounded(colors.text, radius), words: newParagraph("", sizeBody, colors.background, true, 3)}
	t.words.center = true
	t.panel.show(t.ground, t.words.box)
	t.panel.init(t, func(s fyne.Size) {
		h := t.words.reflow(s.Width - 4*margin)
		put(t.ground, margin, s.Height-h-5*margin, s.Width-2*margin, h+2*margin)
		t.words.place(2*margin, s.Height-h-4*margin, s.Width-4*margin)
	})
	t.Hide()
	return t
}

func (t *toast) say(words string, now time.Time) {
	t.words.text, t.until = words, now.Add(toastTime)
	t.panel.relayout()
	t.Show()
}

func (t *toast) tick(now time.Time) {
	if t.Visible() && now.After(t.until) {
		t.Hide()
	}
}
