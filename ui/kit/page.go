package kit

import (
	"image"
	"image/color"
	"image/draw"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/software"
)

// Page is a list of what can be chosen and done, in groups. The same page is
// shown anew when something has changed.
type Page struct {
	Key    any // a comparable value that names it, which PageHandler gets
	Title  string
	Wrong  string // shown over the list; says what to do, too
	Groups []Group
	First  bool // there is nothing to go back to: the first run
}

// Group is a heading with words, a chart and rows beneath.
type Group struct {
	Title   string
	Text    string
	Bars    *Bars    // nil for none
	Scatter *Scatter // nil for none
	Rows    []Row
}

// chart is the group's chart, nil for none.
func (g *Group) chart() *chart {
	switch {
	case g.Bars != nil:
		return newBars(g.Bars)
	case g.Scatter != nil:
		return newScatter(g.Scatter)
	}
	return nil
}

// RowKind is what a row is for.
type RowKind uint8

// Kinds of rows.
const (
	RowChoice RowKind = iota // one of several, with a mark when it is taken
	RowStep                  // a value that goes up and down
	RowLead                  // leads to a page of its own
	RowAction                // does something
	RowFact                  // tells something, cannot be tapped
)

// Row is one thing to choose, to change, to do or to know.
type Row struct {
	Kind       RowKind
	Action     Action // what PageHandler gets
	Label      string
	Detail     string  // small, beneath
	Value      string  // of a step beneath the label, else at the right
	Chosen     bool    // of a choice
	Less, More bool    // of a step: whether there is any
	Progress   float32 // 0..1, drawn along the foot; 0 for none
	Danger     bool    // it takes something away
	Language   string  // of the label, where it is another than the one in use
	State      string  // "pass", "warn" or "fail" of a fact, as a coloured dot; "" for none
}

// Action is what is done by a tap on a row, or by a step: a comparable value of a
// type that the page's handler knows.
type Action any

// PageHandler does what the person chose on a page. Its methods are called on
// the UI goroutine and must return at once; ui.Pages.Show tells the outcome.
type PageHandler interface {
	// ShowPage wants to know what is on a page.
	ShowPage(page any)
	// Choose is a tap on a choice, an action or a lead.
	Choose(page any, a Action)
	Step(page any, a Action, up bool)
}

// PageScreen shows a page.
type PageScreen struct {
	Panel
	Page   Page
	leave  func()
	header *Header
	wrong  *Notice
	Rows   *rowList
}

// NewPageScreen makes the screen of a page, empty until SetPage.
func NewPageScreen(page any, to PageHandler, back func()) *PageScreen {
	s := &PageScreen{Page: Page{Key: page}, leave: back, header: NewHeader(back), wrong: NewNotice(), Rows: newRowList(to)}
	s.Panel.SetObjects(append(s.header.Objects(), s.wrong, s.Rows.Scroll)...)
	s.Panel.Init(s, s.place)
	return s
}

// SetPage replaces what is on the page and leaves it where it was scrolled to.
func (s *PageScreen) SetPage(p Page) {
	s.Page = p
	s.header.Title.Text = p.Title
	SetVisible(s.header.leave, !p.First)
	s.wrong.Say(p.Wrong)
	s.Rows.show(p)
	s.Panel.Relayout()
}

func (s *PageScreen) place(size fyne.Size) {
	s.header.Place(Area{0, 0, size.Width, HeaderBar})
	y := float32(HeaderBar + Gap)
	if s.wrong.Visible() {
		w := size.Width - 2*Margin
		h := s.wrong.Height(w)
		Put(s.wrong, Margin, y, w, h)
		y += h + Gap
	}
	Put(s.Rows.Scroll, 0, y, size.Width, max(0, size.Height-y))
	s.Rows.Scroll.Panel.Relayout()
}

// Back implements Screen.
func (s *PageScreen) Back() {
	if !s.Page.First {
		s.leave()
	}
}

// Tick implements Screen.
func (s *PageScreen) Tick(now time.Time) { s.Rows.Scroll.Tick(now) }

// rowList is the rows of a page in a list that a finger moves.
type rowList struct {
	to     PageHandler
	list   *fyne.Container
	Scroll *Viewport
	groups []rowGroup
}

type rowGroup struct {
	title *canvas.Text
	words *Paragraph
	chart *chart // nil for none
	rows  []*row
}

func newRowList(to PageHandler) *rowList {
	l := &rowList{to: to, list: &fyne.Container{}}
	l.Scroll = NewViewport(l.list, l.place)
	return l
}

// show replaces the rows; those that are alike stay, so that what is pressed
// stays so while others change.
func (l *rowList) show(p Page) {
	old := l.groups
	l.groups, l.list.Objects = nil, nil
	for i, g := range p.Groups {
		shown := rowGroup{title: Text(g.Title, SizeSmall, Colors.Muted, true), words: NewParagraph(g.Text, SizeBody, Colors.Text, false, 40)}
		l.list.Add(shown.title)
		l.list.Add(shown.words.Box)
		if shown.chart = g.chart(); shown.chart != nil {
			l.list.Add(shown.chart)
		}
		for j, about := range g.Rows {
			var r *row
			if i < len(old) && j < len(old[i].rows) && old[i].rows[j].about == about && old[i].rows[j].page == p.Key {
				r = old[i].rows[j]
			} else {
				r = newRow(p.Key, about, l.to)
			}
			shown.rows = append(shown.rows, r)
			l.list.Add(r)
		}
		l.groups = append(l.groups, shown)
	}
}

// place lays the rows out and returns the height they take.
func (l *rowList) place(width float32) float32 {
	y, w := float32(0), width-2*Margin
	for _, g := range l.groups {
		if g.title.Text != "" {
			h := g.title.MinSize()
			Put(g.title, Margin, y, w, h.Height)
			y += h.Height + Gap/2
		}
		if g.words.Text != "" {
			y += g.words.Place(Margin, y, w) + Gap
		}
		if g.chart != nil {
			h := g.chart.height(w)
			Put(g.chart, Margin, y, w, h)
			y += h + Gap/2
		}
		for _, r := range g.rows {
			h := r.height(w)
			Put(r, Margin, y, w, h)
			y += h + Gap/2
		}
		y += Margin
	}
	return y
}

// Find is the row with the action, nil when there is none.
func (l *rowList) Find(a Action) *row {
	for _, g := range l.groups {
		for _, r := range g.rows {
			if r.about.Action == a {
				return r
			}
		}
	}
	return nil
}

// row is one row of a page.
type row struct {
	Panel
	page          any
	about         Row
	to            PageHandler
	ground        *canvas.Rectangle
	label, detail *Paragraph
	value         *canvas.Text
	mark          *canvas.Image // nil for none
	dot           *canvas.Circle
	bar           *canvas.Rectangle
	Less, More    *Button
}

const (
	rowTall  = Finger + 8
	rowPad   = 18
	rowMark  = 44
	stepWide = Finger + 20
)

func newRow(page any, about Row, to PageHandler) *row {
	ink := Colors.Text
	if about.Danger {
		ink = Colors.danger
	}
	r := &row{
		page: page, about: about, to: to,
		ground: Rounded(Colors.Surface, Radius),
		label:  NewParagraph(about.Label, SizeBody+3, ink, about.Chosen || about.Kind == RowAction, 3),
		detail: NewParagraph(about.Detail, SizeSmall, Colors.Muted, false, 4),
		value:  Text(about.Value, SizeSmall, Colors.Muted, false),
		bar:    Rounded(Colors.Accent, 4),
	}
	r.label.font = fontOf(about.Language, r.label.bold)
	objects := []fyne.CanvasObject{r.ground, r.label.Box, r.detail.Box, r.value}
	switch {
	case about.Kind == RowStep:
		r.Less = NewButton("less", "", false, func() { to.Step(page, about.Action, false) })
		r.More = NewButton("more", "", false, func() { to.Step(page, about.Action, true) })
		r.value.Color = Colors.Accent
		SetVisible(r.Less, about.Less)
		SetVisible(r.More, about.More)
		objects = append(objects, r.Less, r.More)
	case about.Kind == RowChoice && about.Chosen:
		r.mark = Glyph("chosen")
	case about.Kind == RowLead:
		r.mark = Glyph("next")
	}
	if r.mark != nil {
		objects = append(objects, r.mark)
	}
	if about.State != "" {
		r.dot = canvas.NewCircle(stateColor(about.State))
		objects = append(objects, r.dot)
	}
	if about.Progress > 0 {
		objects = append(objects, r.bar)
	}
	r.Panel.SetObjects(objects...)
	r.Panel.Init(r, r.place)
	return r
}

func stateColor(state string) color.Color {
	switch state {
	case "pass":
		return Colors.Accent
	case "warn":
		return Colors.Warning
	}
	return Colors.danger
}

// words gives where the words of a row begin and how wide they may be.
func (r *row) words(width float32) (x, w float32) {
	x, w = Margin, width-2*Margin
	if r.dot != nil {
		x, w = x+40, w-40
	}
	switch {
	case r.about.Kind == RowStep:
		w -= 2*stepWide + Gap
	case r.mark != nil || r.about.Kind == RowChoice:
		w -= rowMark + Gap
	}
	if r.about.Value != "" && r.about.Kind != RowStep {
		w -= r.value.MinSize().Width + Gap
	}
	return x, w
}

// height is what the row needs at a width.
func (r *row) height(width float32) float32 {
	_, w := r.words(width)
	h := r.label.Reflow(w) + r.detail.Reflow(w)
	if r.about.Kind == RowStep {
		h += r.value.MinSize().Height
	}
	least := float32(rowTall)
	if r.about.Kind == RowFact {
		least = 72
	}
	return max(least, h+2*rowPad)
}

func (r *row) place(s fyne.Size) {
	Put(r.ground, 0, 0, s.Width, s.Height)
	x, w := r.words(s.Width)
	h := r.label.Reflow(w) + r.detail.Reflow(w)
	value := r.value.MinSize()
	if r.about.Kind == RowStep {
		h += value.Height
	}
	y := (s.Height - h) / 2
	if r.dot != nil {
		Put(r.dot, Margin, (s.Height-22)/2, 22, 22)
	}
	y += r.label.Place(x, y, w)
	if r.about.Kind == RowStep {
		Put(r.value, x, y, w, value.Height)
		y += value.Height
		const edge = 12
		Put(r.More, s.Width-edge-stepWide, edge, stepWide, s.Height-2*edge)
		Put(r.Less, s.Width-edge-2*stepWide-Gap/2, edge, stepWide, s.Height-2*edge)
	}
	r.detail.Place(x, y, w)
	right := s.Width - Margin
	if r.mark != nil {
		Put(r.mark, right-rowMark, (s.Height-rowMark)/2, rowMark, rowMark)
		right -= rowMark + Gap
	}
	if r.about.Kind != RowStep {
		Put(r.value, right-value.Width, (s.Height-value.Height)/2, value.Width, value.Height)
	}
	if r.about.Progress > 0 {
		Put(r.bar, Radius, s.Height-8, (s.Width-2*Radius)*min(r.about.Progress, 1), 8)
	}
}

// taps reports whether a tap on the row itself does something.
func (r *row) taps() bool { return r.about.Kind != RowStep && r.about.Kind != RowFact }

// Tapped implements fyne.Tappable.
func (r *row) Tapped(*fyne.PointEvent) {
	r.Release()
	if r.taps() {
		r.to.Choose(r.page, r.about.Action)
	}
}

// press shows that a finger was felt.
func (r *row) press() {
	if r.taps() {
		Fill(r.ground, Colors.Pressed)
	}
}

func (r *row) Release() { Fill(r.ground, Colors.Surface) }

// MouseDown implements desktop.Mouseable.
func (r *row) MouseDown(*desktop.MouseEvent) { r.press() }

// MouseUp implements desktop.Mouseable.
func (r *row) MouseUp(*desktop.MouseEvent) { r.Release() }

// TapAt passes on a tap that came as a very short drag.
func (r *row) TapAt(p fyne.Position) {
	for _, b := range []*Button{r.Less, r.More} {
		if b != nil && b.Visible() && contains(b, p) {
			b.Tapped(nil)
			return
		}
	}
	r.Tapped(nil)
}

// Stacked puts pictures of one width beneath each other.
func Stacked(parts []image.Image) image.Image {
	tall := 0
	for _, part := range parts {
		tall += part.Bounds().Dy()
	}
	all, y := image.NewRGBA(image.Rect(0, 0, parts[0].Bounds().Dx(), tall)), 0
	for _, part := range parts {
		b := part.Bounds()
		draw.Draw(all, image.Rect(0, y, b.Dx(), y+b.Dy()), part, b.Min, draw.Src)
		y += b.Dy()
	}
	return all
}

// PaintPage paints a page, or a part of one, at a width.
func PaintPage(p Page, width float32) image.Image {
	list := newRowList(nil)
	list.show(p)
	title, y := NewParagraph(p.Title, SizeHeading, Colors.Text, true, 4), float32(0)
	if p.Title != "" {
		y = Margin + title.Place(Margin, Margin, width-2*Margin) + Margin
	}
	tall := list.place(width)
	Put(list.list, 0, y, width, tall)
	ground := Rect(Colors.Background)
	Put(ground, 0, 0, width, y+tall)
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(container.NewWithoutLayout(ground, title.Box, list.list))
	c.Resize(fyne.NewSize(width, y+tall))
	return c.Capture()
}
