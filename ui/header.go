package ui

import "fyne.io/fyne/v2"

// header is the bar atop a screen: the way back, what it is, and perhaps things
// to do there.
type header struct {
	leave  *button
	title  *paragraph
	extras []*button // each a finger wide; hidden, it leaves its room to the title
}

const leaveWide = 190

func newHeader(back func(), extras ...*button) *header {
	h := &header{
		leave:  newButton("back", say.Back, false, back),
		title:  newParagraph("", sizeHeading, colors.text, true, 2),
		extras: extras,
	}
	h.title.shrinks = true
	return h
}

// objects are those to be shown.
func (h *header) objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{h.leave, h.title.box}
	for _, b := range h.extras {
		all = append(all, b)
	}
	return all
}

func (h *header) place(a area) {
	const edge, narrow = 12, 600
	x, right := a.x+edge, a.right()-edge
	shown := 0
	for i := len(h.extras) - 1; i >= 0; i-- {
		if b := h.extras[i]; b.Visible() {
			shown++
			right -= finger
			put(b, right, a.y+edge, finger, finger)
			right -= gap
		}
	}
	if h.leave.Visible() {
		wide := float32(leaveWide)
		if shown > 1 && a.w < narrow+200 { // the title needs the room more than the word does
			wide = finger
		}
		wide = min(wide, right-x)
		put(h.leave, x, a.y+edge, wide, finger)
		x += wide
	}
	x += margin
	setVisible(h.title.box, right-x > 120)
	if h.title.box.Visible() {
		tall := h.title.reflow(right - x)
		h.title.place(x, a.y+(headerBar-tall)/2, right-x)
	}
}
