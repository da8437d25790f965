package kit

import (
	"fyne.io/fyne/v2"

	"reterminal-vision/ui/phrases"
)

// Header is the bar atop a screen: the way back, what it is, and perhaps things
// to do there.
type Header struct {
	leave  *Button
	Title  *Paragraph
	extras []*Button // each a finger wide; hidden, it leaves its room to the title
}

const leaveWide = 190

// NewHeader makes a header; back is called by the way back.
func NewHeader(back func(), extras ...*Button) *Header {
	h := &Header{
		leave:  NewButton("back", phrases.Now.Back, false, back),
		Title:  NewParagraph("", SizeHeading, Colors.Text, true, 2),
		extras: extras,
	}
	h.Title.Shrinks = true
	return h
}

// Objects are those to be shown.
func (h *Header) Objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{h.leave, h.Title.Box}
	for _, b := range h.extras {
		all = append(all, b)
	}
	return all
}

// Place lays the bar out.
func (h *Header) Place(a Area) {
	const edge, narrow = 12, 600
	x, right := a.X+edge, a.Right()-edge
	shown := 0
	for i := len(h.extras) - 1; i >= 0; i-- {
		if b := h.extras[i]; b.Visible() {
			shown++
			right -= Finger
			Put(b, right, a.Y+edge, Finger, Finger)
			right -= Gap
		}
	}
	if h.leave.Visible() {
		wide := float32(leaveWide)
		if shown > 1 && a.W < narrow+200 { // the title needs the room more than the word does
			wide = Finger
		}
		wide = min(wide, right-x)
		Put(h.leave, x, a.Y+edge, wide, Finger)
		x += wide
	}
	x += Margin
	SetVisible(h.Title.Box, right-x > 120)
	if h.Title.Box.Visible() {
		tall := h.Title.Reflow(right - x)
		h.Title.Place(x, a.Y+(HeaderBar-tall)/2, right-x)
	}
}
