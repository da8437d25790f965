package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// sheet is a page that covers the lower part of the live view, so that the
// picture shows at once what a choice does.
type sheet struct {
	panel
	ground *canvas.Rectangle
	grip   *canvas.Rectangle
	title  *canvas.Text
	close  *button
	wrong  *notice
	rows   *rowList
}

func newSheet(to PageHandler, close func()) *sheet {
	s := &sheet{
		ground: rounded(colors.background, 32), grip: rounded(colors.outline, 4),
		title: text(say.Adjust, sizeHeading, colors.text, true),
		close: newButton("done", say.Done, true, close),
		wrong: newNotice(), rows: newRowList(to),
	}
	s.ground.StrokeColor, s.ground.StrokeWidth = colors.outline, 2
	s.panel.show(s.ground, s.grip, s.title, s.close, s.wrong, s.rows.scroll)
	s.panel.init(s, s.place)
	s.Hide()
	return s
}

func (s *sheet) show(p Page) {
	s.wrong.say(p.Wrong)
	s.rows.show(p)
	s.panel.relayout()
}

func (s *sheet) place(size fyne.Size) {
	put(s.ground, 0, 0, size.Width, size.Height+40)
	put(s.grip, (size.Width-96)/2, 12, 96, 8)
	h := s.title.MinSize()
	y := float32(28)
	put(s.title, margin, y+(finger-h.Height)/2, h.Width, h.Height)
	w := s.close.MinWidth()
	put(s.close, size.Width-margin-w, y, w, finger)
	y += finger + gap
	if s.wrong.Visible() {
		h := s.wrong.height(size.Width - 2*margin)
		put(s.wrong, margin, y, size.Width-2*margin, h)
		y += h + gap
	}
	put(s.rows.scroll, 0, y, size.Width, max(0, size.Height-y))
	s.rows.scroll.panel.relayout()
}

func (s *sheet) tick(now time.Time) { s.rows.scroll.tick(now) }

// Tapped implements fyne.Tappable: what is beneath is not reached.
func (s *sheet) Tapped(*fyne.PointEvent) {}
