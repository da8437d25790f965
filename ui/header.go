package ui

import "fyne.io/fyne/v2"

// header is the bar atop a screen: the way back, what it is, and perhaps one
// thing to do there.
type header struct {
	leave *button
	title *paragraph
	extra *button // nil for none; hidden, it leaves its room to the title
	wide  float32 // of extra
}

const (
	leaveWide = 190
	extraWide = 230
)

func newHeader(back func(), extra *button) *header {
	return &header{
		leave: newButton("back", say.back, false, back),
		title: newParagraph("", sizeHeading, colors.text, true, 2),
		extra: extra,
		wide:  extraWide,
	}
}

// objects are those to be shown.
func (h *header) objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{h.leave, h.title.box}
	if h.extra != nil {
		all = append(all, h.extra)
	}
	return all
}

func (h *header) place(a area) {
	const edge, narrow = 12, 600
	extra := h.extra != nil && h.extra.Visible()
	if extra && a.w < narrow { // no room for a title
		w := (a.w - 2*edge - gap) / 2
		put(h.leave, a.x+edge, a.y+edge, w, finger)
		put(h.extra, a.x+edge+w+gap, a.y+edge, w, finger)
		h.title.box.Hide()
		return
	}
	h.title.box.Show()
	put(h.leave, a.x+edge, a.y+edge, leaveWide, finger)
	x, right := a.x+edge+leaveWide+margin, a.right()-edge
	if extra {
		put(h.extra, right-h.wide, a.y+edge, h.wide, finger)
		right -= h.wide + gap
	}
	tall := h.title.reflow(right - x)
	h.title.place(x, a.y+(headerBar-tall)/2, right-x)
}
