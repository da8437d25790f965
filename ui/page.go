package ui

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
	ID     string // what PageHandler gets with everything that is tapped
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
	ID         string // what PageHandler gets
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

// PageHandler does what the person chose on a page. Its methods are called on
// the UI goroutine and must return at once; UI.Page tells the outcome.
type PageHandler interface {
	// ShowPage wants to know what is on a page.
	ShowPage(page string)
	// Choose is a tap on a choice, an action or a lead.
	Choose(page, id string)
	Step(page, id string, up bool)
}

// pageScreen shows a page.
type pageScreen struct {
	panel
	page   Page
	leave  func()
	header *header
	wrong  *notice
	rows   *rowList
}

func newPageScreen(page string, to PageHandler, back func()) *pageScreen {
	s := &pageScreen{page: Page{ID: page}, leave: back, header: newHeader(back), wrong: newNotice(), rows: newRowList(to)}
	s.panel.show(append(s.header.objects(), s.wrong, s.rows.scroll)...)
	s.panel.init(s, s.place)
	return s
}

// show replaces what is on the page and leaves it where it was scrolled to.
func (s *pageScreen) show(p Page) {
	s.page = p
	s.header.title.text = p.Title
	setVisible(s.header.leave, !p.First)
	s.wrong.say(p.Wrong)
	s.rows.show(p)
	s.panel.relayout()
}

func (s *pageScreen) place(size fyne.Size) {
	s.header.place(area{0, 0, size.Width, headerBar})
	y := float32(headerBar + gap)
	if s.wrong.Visible() {
		w := size.Width - 2*margin
		h := s.wrong.height(w)
		put(s.wrong, margin, y, w, h)
		y += h + gap
	}
	put(s.rows.scroll, 0, y, size.Width, max(0, size.Height-y))
	s.rows.scroll.panel.relayout()
}

func (s *pageScreen) back() {
	if !s.page.First {
		s.leave()
	}
}

func (s *pageScreen) tick(now time.Time) { s.rows.scroll.tick(now) }

// rowList is the rows of a page in a list that a finger moves.
type rowList struct {
	to     PageHandler
	list   *fyne.Container
	scroll *viewport
	groups []rowGroup
}

type rowGroup struct {
	title *canvas.Text
	words *paragraph
	chart *chart // nil for none
	rows  []*row
}

func newRowList(to PageHandler) *rowList {
	l := &rowList{to: to, list: &fyne.Container{}}
	l.scroll = newViewport(l.list, l.place)
	return l
}

// show replaces the rows; those that are alike stay, so that what is pressed
// stays so while others change.
func (l *rowList) show(p Page) {
	old := l.groups
	l.groups, l.list.Objects = nil, nil
	for i, g := range p.Groups {
		shown := rowGroup{title: text(g.Title, sizeSmall, colors.muted, true), words: newParagraph(g.Text, sizeBody, colors.text, false, 40)}
		l.list.Add(shown.title)
		l.list.Add(shown.words.box)
		if shown.chart = g.chart(); shown.chart != nil {
			l.list.Add(shown.chart)
		}
		for j, about := range g.Rows {
			var r *row
			if i < len(old) && j < len(old[i].rows) && old[i].rows[j].about == about && old[i].rows[j].page == p.ID {
				r = old[i].rows[j]
			} else {
				r = newRow(p.ID, about, l.to)
			}
			shown.rows = append(shown.rows, r)
			l.list.Add(r)
		}
		l.groups = append(l.groups, shown)
	}
}

// place lays the rows out and returns the height they take.
func (l *rowList) place(width float32) float32 {
	y, w := float32(0), width-2*margin
	for _, g := range l.groups {
		if g.title.Text != "" {
			h := g.title.MinSize()
			put(g.title, margin, y, w, h.Height)
			y += h.Height + gap/2
		}
		if g.words.text != "" {
			y += g.words.place(margin, y, w) + gap
		}
		if g.chart != nil {
			h := g.chart.height(w)
			put(g.chart, margin, y, w, h)
			y += h + gap/2
		}
		for _, r := range g.rows {
			h := r.height(w)
			put(r, margin, y, w, h)
			y += h + gap/2
		}
		y += margin
	}
	return y
}

// find is the row with the ID, nil when there is none.
func (l *rowList) find(id string) *row {
	for _, g := range l.groups {
		for _, r := range g.rows {
			if r.about.ID == id {
				return r
			}
		}
	}
	return nil
}

// row is one row of a page.
type row struct {
	panel
	page          string
	about         Row
	to            PageHandler
	ground        *canvas.Rectangle
	label, detail *paragraph
	value         *canvas.Text
	mark          *canvas.Image // nil for none
	dot           *canvas.Circle
	bar           *canvas.Rectangle
	less, more    *button
}

const (
	rowTall  = finger + 8
	rowPad   = 18
	rowMark  = 44
	stepWide = finger + 20
)

func newRow(page string, about Row, to PageHandler) *row {
	ink := colors.text
	if about.Danger {
		ink = colors.danger
	}
	r := &row{
		page: page, about: about, to: to,
		ground: rounded(colors.surface, radius),
		label:  newParagraph(about.Label, sizeBody+3, ink, about.Chosen || about.Kind == RowAction, 3),
		detail: newParagraph(about.Detail, sizeSmall, colors.muted, false, 4),
		value:  text(about.Value, sizeSmall, colors.muted, false),
		bar:    rounded(colors.accent, 4),
	}
	r.label.font = fontOf(about.Language, r.label.bold)
	objects := []fyne.CanvasObject{r.ground, r.label.box, r.detail.box, r.value}
	switch {
	case about.Kind == RowStep:
		r.less = newButton("less", "", false, func() { to.Step(page, about.ID, false) })
		r.more = newButton("more", "", false, func() { to.Step(page, about.ID, true) })
		r.value.Color = colors.accent
		setVisible(r.less, about.Less)
		setVisible(r.more, about.More)
		objects = append(objects, r.less, r.more)
	case about.Kind == RowChoice && about.Chosen:
		r.mark = glyph("chosen")
	case about.Kind == RowLead:
		r.mark = glyph("next")
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
	r.panel.show(objects...)
	r.panel.init(r, r.place)
	return r
}

func stateColor(state string) color.Color {
	switch state {
	case "pass":
		return colors.accent
	case "warn":
		return colors.warning
	}
	return colors.danger
}

// words gives where the words of a row begin and how wide they may be.
func (r *row) words(width float32) (x, w float32) {
	x, w = margin, width-2*margin
	if r.dot != nil {
		x, w = x+40, w-40
	}
	switch {
	case r.about.Kind == RowStep:
		w -= 2*stepWide + gap
	case r.mark != nil || r.about.Kind == RowChoice:
		w -= rowMark + gap
	}
	if r.about.Value != "" && r.about.Kind != RowStep {
		w -= r.value.MinSize().Width + gap
	}
	return x, w
}

// height is what the row needs at a width.
func (r *row) height(width float32) float32 {
	_, w := r.words(width)
	h := r.label.reflow(w) + r.detail.reflow(w)
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
	put(r.ground, 0, 0, s.Width, s.Height)
	x, w := r.words(s.Width)
	h := r.label.reflow(w) + r.detail.reflow(w)
	value := r.value.MinSize()
	if r.about.Kind == RowStep {
		h += value.Height
	}
	y := (s.Height - h) / 2
	if r.dot != nil {
		put(r.dot, margin, (s.Height-22)/2, 22, 22)
	}
	y += r.label.place(x, y, w)
	if r.about.Kind == RowStep {
		put(r.value, x, y, w, value.Height)
		y += value.Height
		const edge = 12
		put(r.more, s.Width-edge-stepWide, edge, stepWide, s.Height-2*edge)
		put(r.less, s.Width-edge-2*stepWide-gap/2, edge, stepWide, s.Height-2*edge)
	}
	r.detail.place(x, y, w)
	right := s.Width - margin
	if r.mark != nil {
		put(r.mark, right-rowMark, (s.Height-rowMark)/2, rowMark, rowMark)
		right -= rowMark + gap
	}
	if r.about.Kind != RowStep {
		put(r.value, right-value.Width, (s.Height-value.Height)/2, value.Width, value.Height)
	}
	if r.about.Progress > 0 {
		put(r.bar, radius, s.Height-8, (s.Width-2*radius)*min(r.about.Progress, 1), 8)
	}
}

// taps reports whether a tap on the row itself does something.
func (r *row) taps() bool { return r.about.Kind != RowStep && r.about.Kind != RowFact }

// Tapped implements fyne.Tappable.
func (r *row) Tapped(*fyne.PointEvent) {
	r.release()
	if r.taps() {
		r.to.Choose(r.page, r.about.ID)
	}
}

// press shows that a finger was felt.
func (r *row) press() {
	if r.taps() {
		fill(r.ground, colors.pressed)
	}
}

func (r *row) release() { fill(r.ground, colors.surface) }

// MouseDown implements desktop.Mouseable.
func (r *row) MouseDown(*desktop.MouseEvent) { r.press() }

// MouseUp implements desktop.Mouseable.
func (r *row) MouseUp(*desktop.MouseEvent) { r.release() }

// tapAt passes on a tap that came as a very short drag.
func (r *row) tapAt(p fyne.Position) {
	for _, b := range []*button{r.less, r.more} {
		if b != nil && b.Visible() && contains(b, p) {
			b.Tapped(nil)
			return
		}
	}
	r.Tapped(nil)
}

// Picture paints a page for people who were not there: its title, and all its
// groups, however tall that is. Group after group, so that the screen is never
// held up for long: what painting one takes grows with the square of its height.
func (u *UI) Picture(p Page) image.Image {
	var parts []image.Image
	for i := -1; i < len(p.Groups); i++ {
		part := Page{Title: p.Title}
		if i >= 0 {
			part = Page{Groups: p.Groups[i : i+1]}
		}
		done := make(chan struct{})
		u.do(func() {
			defer close(done)
			parts = append(parts, paintPage(part, u.opt.Size.Width))
		})
		select {
		case <-done:
		case <-u.ended:
			return nil
		}
	}
	return stacked(parts)
}

// stacked puts pictures of one width beneath each other.
func stacked(parts []image.Image) image.Image {
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

// paintPage paints a page, or a part of one, at a width.
func paintPage(p Page, width float32) image.Image {
	list := newRowList(nil)
	list.show(p)
	title, y := newParagraph(p.Title, sizeHeading, colors.text, true, 4), float32(0)
	if p.Title != "" {
		y = margin + title.place(margin, margin, width-2*margin) + margin
	}
	tall := list.place(width)
	put(list.list, 0, y, width, tall)
	ground := rect(colors.background)
	put(ground, 0, 0, width, y+tall)
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(container.NewWithoutLayout(ground, title.box, list.list))
	c.Resize(fyne.NewSize(width, y+tall))
	return c.Capture()
}
