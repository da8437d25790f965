package ui

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/assets/icon"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// attract is what a screen that nobody touches shows: a demo at work with what
// it does in large letters, and the invitation to touch. A finger anywhere
// ends it.
type attract struct {
	kit.Panel
	ground, top    *canvas.Rectangle
	mark           *canvas.Image
	brand          *canvas.Text
	title, summary *kit.Paragraph
	pill           *canvas.Rectangle
	invite         *canvas.Text
	model          *kit.Paragraph
	wake           func()
	brightness     int
}

func newAttract(wake func()) *attract {
	a := &attract{
		ground: kit.Rect(kit.Colors.Background), top: kit.Rect(kit.Colors.Background), wake: wake,
		mark: canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", icon.App())), brand: kit.Text("reTerminal Vision", kit.SizeHeading, kit.Colors.Text, true),
		title:   kit.NewParagraph("", kit.SizeTitle+10, kit.Colors.Text, true, 2),
		summary: kit.NewParagraph("", kit.SizeHeading, kit.Colors.Muted, false, 4),
		model:   kit.NewParagraph("", kit.SizeSmall, kit.Colors.Muted, false, 1),
		pill:    kit.Rounded(kit.Colors.Accent, 52),
		invite:  kit.Text(phrases.Now.Touch, kit.SizeHeading, kit.Colors.OnAccent, true),
	}
	a.title.Shrinks = true
	a.invite.Alignment = fyne.TextAlignCenter
	a.mark.FillMode = canvas.ImageFillContain
	a.Panel.SetObjects(a.ground, a.top, a.mark, a.brand, a.title.Box, a.summary.Box, a.model.Box, a.pill, a.invite)
	a.Panel.Init(a, a.place)
	a.Hide()
	return a
}

func (a *attract) show(c Card) {
	a.title.Text, a.summary.Text, a.model.Text = c.Title, c.Summary, c.Model
	a.Panel.Relayout()
	a.Show()
}

// place leaves the picture free: the words lie beneath it, or beside it on a
// wide window. It lies over all else of the live view.
func (a *attract) place(s fyne.Size) {
	room := kit.NewArea(0, 0, s.Width, s.Height)
	if s.Width > s.Height {
		room.X, room.W = s.Width-440, 440
	} else {
		room.Y = kit.HeaderBar + s.Width*3/4
		room.H = s.Height - room.Y
	}
	kit.Put(a.ground, room.X, room.Y, room.W, room.H)
	const mark = 88
	head := kit.NewArea(0, 0, s.Width, kit.HeaderBar) // over the ways out, which visitors need not see
	if s.Width > s.Height {
		head = kit.NewArea(room.X, 0, room.W, kit.HeaderBar)
	}
	kit.Put(a.top, head.X, head.Y, head.W, head.H)
	kit.Put(a.mark, head.X+2*kit.Margin, (kit.HeaderBar-mark)/2, mark, mark)
	b := a.brand.MinSize()
	kit.Put(a.brand, head.X+2*kit.Margin+mark+kit.Gap, (kit.HeaderBar-b.Height)/2, b.Width, b.Height)
	if s.Width > s.Height {
		room.Y, room.H = room.Y+kit.HeaderBar, room.H-kit.HeaderBar
	}
	w := room.W - 4*kit.Margin
	y := room.Y + 2*kit.Margin
	y += a.title.Place(room.X+2*kit.Margin, y, w) + kit.Gap
	y += a.summary.Place(room.X+2*kit.Margin, y, w) + kit.Gap
	a.model.Place(room.X+2*kit.Margin, y, w)
	foot := room.Bottom() - 104 - 2*kit.Margin
	kit.Put(a.pill, room.X+2*kit.Margin, foot, w, 104)
	h := a.invite.MinSize().Height
	kit.Put(a.invite, room.X+2*kit.Margin, foot+(104-h)/2, w, h)
}

// tick lets the invitation breathe, twice a second.
func (a *attract) tick(now time.Time) {
	step := int(now.UnixMilli()/500) % 2
	if !a.Visible() || step == a.brightness {
		return
	}
	a.brightness = step
	ink := kit.Colors.Accent
	if step == 1 {
		ink = kit.Colors.OnAccent
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
	kit.Panel
	wake func()
}

func newBlank(wake func()) *blank {
	b := &blank{wake: wake}
	ground := kit.Rect(color.Black)
	b.Panel.SetObjects(ground)
	b.Panel.Init(b, func(s fyne.Size) { kit.Put(ground, 0, 0, s.Width, s.Height) })
	return b
}

func (b *blank) Back()                         { b.wake() }
func (b *blank) Tick(time.Time)                {}
func (b *blank) Tapped(*fyne.PointEvent)       { b.wake() }
func (b *blank) MouseDown(*desktop.MouseEvent) {}
func (b *blank) MouseUp(*desktop.MouseEvent)   { b.wake() }
