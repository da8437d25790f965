package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/assets/icon"
)

// Choices is what a person can choose, in groups, with what is chosen now.
type Choices struct {
	Wrong  string // shown over them; says what to do, too
	Groups []ChoiceGroup
}

// ChoiceGroup is a heading with its rows: choices of which one is taken, and
// numbers that are stepped up and down.
type ChoiceGroup struct {
	Title   string
	Choices []Choice
	Steps   []Step
}

// Choice is one of several.
type Choice struct {
	ID     string // what ChoiceHandler.Choose gets
	Label  string
	Detail string // small, beneath
	Chosen bool
}

// Step is a number, or a list, that goes up and down.
type Step struct {
	ID         string // what ChoiceHandler.Step gets
	Label      string
	Value      string
	Less, More bool // whether there is any
}

// ChoiceHandler does what the person chose. Its methods are called on the UI
// goroutine and must return at once; UI.Choices tells the outcome.
type ChoiceHandler interface {
	// ShowChoices wants to know what there is to choose.
	ShowChoices()
	Choose(id string)
	Step(id string, up bool)
}

// choicesScreen lists what can be chosen.
type choicesScreen struct {
	panel
	do     func() // back
	header *header
	wrong  *notice
	list   *fyne.Container
	scroll *viewport
	groups []choiceRows
	to     ChoiceHandler
}

type choiceRows struct {
	title   *canvas.Text
	choices []*choiceRow
	steps   []*stepRow
}

const (
	choiceTall = 112
	stepTall   = finger + 24
)

func newChoicesScreen(title string, to ChoiceHandler, back func()) *choicesScreen {
	s := &choicesScreen{do: back, header: newHeader(back, nil), wrong: newNotice(), list: &fyne.Container{}, to: to}
	s.header.title.text = title
	s.scroll = newViewport(s.list, s.placeRows)
	s.panel.show(append(s.header.objects(), s.wrong, s.scroll)...)
	s.panel.init(s, s.place)
	return s
}

// show replaces the rows and leaves the list where it was scrolled to.
func (s *choicesScreen) show(c Choices) {
	s.groups, s.list.Objects = nil, nil
	for _, g := range c.Groups {
		rows := choiceRows{title: text(g.Title, sizeSmall, colors.muted, true)}
		s.list.Add(rows.title)
		for _, choice := range g.Choices {
			r := newChoiceRow(choice, s.to.Choose)
			rows.choices = append(rows.choices, r)
			s.list.Add(r)
		}
		for _, step := range g.Steps {
			r := newStepRow(step, s.to.Step)
			rows.steps = append(rows.steps, r)
			s.list.Add(r)
		}
		s.groups = append(s.groups, rows)
	}
	s.wrong.say(c.Wrong)
	s.panel.relayout()
}

func (s *choicesScreen) place(size fyne.Size) {
	s.header.place(area{0, 0, size.Width, headerBar})
	y := float32(headerBar + gap)
	if s.wrong.Visible() {
		w := size.Width - 2*margin
		h := s.wrong.height(w)
		put(s.wrong, margin, y, w, h)
		y += h + gap
	}
	put(s.scroll, 0, y, size.Width, max(0, size.Height-y))
	s.scroll.panel.relayout()
}

// placeRows lays the rows out, side by side where they are short and there is
// room, and returns the height they take.
func (s *choicesScreen) placeRows(width float32) float32 {
	y, w := float32(0), width-2*margin
	for _, g := range s.groups {
		h := g.title.MinSize()
		put(g.title, margin, y, h.Width, h.Height)
		y += h.Height + gap/2
		for _, r := range g.choices {
			put(r, margin, y, w, choiceTall)
			y += choiceTall + gap/2
		}
		for _, r := range g.steps {
			put(r, margin, y, w, stepTall)
			y += stepTall + gap/2
		}
		y += margin
	}
	return y
}

func (s *choicesScreen) back() { s.do() }

func (s *choicesScreen) tick(now time.Time) { s.scroll.tick(now) }

// choiceRow is one choice.
type choiceRow struct {
	panel
	about         Choice
	choose        func(id string)
	ground        *canvas.Rectangle
	label, detail *canvas.Text
	mark          *canvas.Image
}

func newChoiceRow(about Choice, choose func(string)) *choiceRow {
	r := &choiceRow{
		about: about, choose: choose,
		ground: rounded(colors.surface, radius),
		label:  text(about.Label, sizeBody+3, colors.text, about.Chosen),
		detail: text(about.Detail, sizeSmall, colors.muted, false),
		mark:   svg("chosen.svg", icon.Glyph("chosen")),
	}
	r.mark.Hidden = !about.Chosen
	r.panel.show(r.ground, r.label, r.detail, r.mark)
	r.panel.init(r, r.place)
	return r
}

func (r *choiceRow) place(s fyne.Size) {
	const mark = 44
	put(r.ground, 0, 0, s.Width, s.Height)
	w := s.Width - 3*margin - mark
	setText(r.label, shorten(r.about.Label, w, measurer(sizeBody+3, r.about.Chosen)))
	setText(r.detail, shorten(r.about.Detail, w, measurer(sizeSmall, false)))
	label, detail := r.label.MinSize(), r.detail.MinSize()
	if r.about.Detail == "" {
		detail.Height = 0
	}
	y := (s.Height - label.Height - detail.Height) / 2
	put(r.label, margin, y, w, label.Height)
	put(r.detail, margin, y+label.Height, w, detail.Height)
	put(r.mark, s.Width-margin-mark, (s.Height-mark)/2, mark, mark)
}

// Tapped implements fyne.Tappable.
func (r *choiceRow) Tapped(*fyne.PointEvent) {
	fill(r.ground, colors.surface)
	r.choose(r.about.ID)
}

// MouseDown implements desktop.Mouseable: a finger sees that it was felt.
func (r *choiceRow) MouseDown(*desktop.MouseEvent) { fill(r.ground, colors.pressed) }

// MouseUp implements desktop.Mouseable.
func (r *choiceRow) MouseUp(*desktop.MouseEvent) { fill(r.ground, colors.surface) }

// stepRow is a number with a button for less and one for more.
type stepRow struct {
	panel
	about        Step
	ground       *canvas.Rectangle
	label, value *canvas.Text
	less, more   *button
}

func newStepRow(about Step, step func(id string, up bool)) *stepRow {
	r := &stepRow{
		about:  about,
		ground: rounded(colors.surface, radius),
		label:  text(about.Label, sizeBody+3, colors.text, false),
		value:  text(about.Value, sizeSmall, colors.muted, false),
		less:   newButton("less", "", false, func() { step(about.ID, false) }),
		more:   newButton("more", "", false, func() { step(about.ID, true) }),
	}
	setVisible(r.less, about.Less)
	setVisible(r.more, about.More)
	r.panel.show(r.ground, r.label, r.value, r.less, r.more)
	r.panel.init(r, r.place)
	return r
}

func (r *stepRow) place(s fyne.Size) {
	const wide, edge = finger + 20, 12
	put(r.ground, 0, 0, s.Width, s.Height)
	put(r.more, s.Width-edge-wide, edge, wide, s.Height-2*edge)
	put(r.less, s.Width-edge-2*wide-gap/2, edge, wide, s.Height-2*edge)
	w := s.Width - 2*margin - 2*wide - gap
	setText(r.label, shorten(r.about.Label, w, measurer(sizeBody+3, false)))
	setText(r.value, shorten(r.about.Value, w, measurer(sizeSmall, false)))
	label, value := r.label.MinSize(), r.value.MinSize()
	y := (s.Height - label.Height - value.Height) / 2
	put(r.label, margin, y, w, label.Height)
	put(r.value, margin, y+label.Height, w, value.Height)
}
