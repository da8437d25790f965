package ui

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// trouble tells what is wrong, what to do, and gives the ways on.
type trouble struct {
	panel
	ground, box           *canvas.Rectangle
	sign                  *canvas.Image
	title, detail, remedy *paragraph
	heading               *canvas.Text
	retry, home, quit     *button
	onRetry               func()
	fatal                 bool
}

func newTrouble(home, quit func()) *trouble {
	t := &trouble{
		ground:  rect(colors.background),
		box:     rounded(colors.surface, radius),
		sign:    glyph("problem"),
		title:   newParagraph("", sizeHeading+4, colors.text, true, 3),
		detail:  newParagraph("", sizeBody+1, colors.muted, false, 8),
		remedy:  newParagraph("", sizeBody+1, colors.text, false, 8),
		heading: text(say.Remedy, sizeSmall, colors.accent, true),
	}
	t.title.center, t.detail.center, t.title.shrinks = true, true, true
	t.retry = newButton("retry", say.Retry, true, func() { t.onRetry() })
	t.home = newButton("home", say.Home, false, home)
	t.quit = newButton("quit", say.Quit, false, quit)
	t.panel.show(t.ground, t.sign, t.title.box, t.detail.box, t.box, t.heading, t.remedy.box, t.retry, t.home, t.quit)
	t.panel.init(t, t.place)
	return t
}

func (t *trouble) show(p Problem) {
	t.title.text, t.detail.text, t.remedy.text = p.Title, p.Detail, p.Remedy
	t.onRetry, t.fatal = p.Retry, p.Fatal
	setText(t.retry.label, cmp.Or(p.Label, say.Retry))
	t.retry.panel.relayout()
	setVisible(t.retry, p.Retry != nil)
	setVisible(t.home, !p.Fatal)
	setVisible(t.quit, p.Fatal)
	for _, o := range []fyne.CanvasObject{t.box, t.heading, t.remedy.box} {
		setVisible(o, p.Remedy != "")
	}
	t.panel.relayout()
}

const (
	troubleSign = 112
	troublePad  = 28
)

// place puts what is wrong over what to do, or beside it on a wide window,
// in the middle of the room between the header and the buttons.
func (t *trouble) place(s fyne.Size) {
	put(t.ground, 0, 0, s.Width, s.Height)
	buttons := s.Height - buttonTall - margin - 8
	placeRow(area{margin, buttons, s.Width - 2*margin, buttonTall}, t.retry, t.home, t.quit)
	room := area{margin + 8, headerBar, s.Width - 2*(margin+8), buttons - headerBar}
	if s.Width > s.Height && t.remedy.text != "" {
		half := (room.w - 2*margin) / 2
		t.placeWrong(room.x, room.y+max(0, (room.h-t.wrongTall(half))/2), half)
		t.placeRemedy(room.x+half+2*margin, room.y+max(0, (room.h-t.remedyTall(half))/2), half)
		return
	}
	w := min(room.w, 860)
	x := (s.Width - w) / 2
	wrong, remedy := t.wrongTall(w), t.remedyTall(w)
	y := room.y + max(0, (room.h-wrong-36-remedy)/2)
	t.placeWrong(x, y, w)
	t.placeRemedy(x, y+wrong+36, w)
}

func (t *trouble) wrongTall(w float32) float32 {
	return troubleSign + 28 + t.title.reflow(w) + 14 + t.detail.reflow(w)
}

func (t *trouble) placeWrong(x, y, w float32) {
	put(t.sign, x+(w-troubleSign)/2, y, troubleSign, troubleSign)
	y += troubleSign + 28
	y += t.title.place(x, y, w) + 14
	t.detail.place(x, y, w)
}

func (t *trouble) remedyTall(w float32) float32 {
	if t.remedy.text == "" {
		return 0
	}
	return t.remedy.reflow(w-2*troublePad) + t.heading.MinSize().Height + 2*troublePad + 8
}

func (t *trouble) placeRemedy(x, y, w float32) {
	put(t.box, x, y, w, t.remedyTall(w))
	h := t.heading.MinSize()
	put(t.heading, x+troublePad, y+troublePad, h.Width, h.Height)
	t.remedy.place(x+troublePad, y+troublePad+h.Height+8, w-2*troublePad)
}
