package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/ui/phrases"
)

// Sheet is a page that covers the lower part of the live view, so that the
// picture shows at once what a choice does.
type Sheet struct {
	Panel
	ground *canvas.Rectangle
	grip   *canvas.Rectangle
	title  *canvas.Text
	Close  *Button
	wrong  *Notice
	Rows   *rowList
}

// NewSheet makes a hidden sheet; close is called by its button.
func NewSheet(to PageHandler, close func()) *Sheet {
	s := &Sheet{
		ground: Rounded(Colors.Background, 32), grip: Rounded(Colors.Outline, 4),
		title: Text(phrases.Now.Adjust, SizeHeading, Colors.Text, true),
		Close: NewButton("done", phrases.Now.Done, true, close),
		wrong: NewNotice(), Rows: newRowList(to),
	}
	s.ground.StrokeColor, s.ground.StrokeWidth = Colors.Outline, 2
	s.Panel.SetObjects(s.ground, s.grip, s.title, s.Close, s.wrong, s.Rows.Scroll)
	s.Panel.Init(s, s.place)
	s.Hide()
	return s
}

// SetPage replaces what is on the sheet.
func (s *Sheet) SetPage(p Page) {
	s.wrong.Say(p.Wrong)
	s.Rows.show(p)
	s.Panel.Relayout()
}

func (s *Sheet) place(size fyne.Size) {
	Put(s.ground, 0, 0, size.Width, size.Height+40)
	Put(s.grip, (size.Width-96)/2, 12, 96, 8)
	h := s.title.MinSize()
	y := float32(28)
	Put(s.title, Margin, y+(Finger-h.Height)/2, h.Width, h.Height)
	w := s.Close.MinWidth()
	Put(s.Close, size.Width-Margin-w, y, w, Finger)
	y += Finger + Gap
	if s.wrong.Visible() {
		h := s.wrong.Height(size.Width - 2*Margin)
		Put(s.wrong, Margin, y, size.Width-2*Margin, h)
		y += h + Gap
	}
	Put(s.Rows.Scroll, 0, y, size.Width, max(0, size.Height-y))
	s.Rows.Scroll.Panel.Relayout()
}

// Tick carries a moving list on.
func (s *Sheet) Tick(now time.Time) { s.Rows.Scroll.Tick(now) }

// Tapped implements fyne.Tappable: what is beneath is not reached.
func (s *Sheet) Tapped(*fyne.PointEvent) {}
