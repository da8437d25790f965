package ui

import (
	"fmt"
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// Person is somebody who is enrolled.
type Person struct {
	ID, Name string
	Shots    int
	Since    time.Time
	Portrait image.Image // nil for none
	Known    bool        // the network in use can recognise the face
}

// People are all who are enrolled, or why they cannot be listed or were not
// changed.
type People struct {
	All   []Person
	Wrong string // shown over the list; says what to do, too
}

// peopleActions are what the screens of people ask for.
type peopleActions struct {
	back   func()
	add    func()
	choose func(Person)
}

// peopleScreen lists who is enrolled.
type peopleScreen struct {
	panel
	do     peopleActions
	header *header
	wrong  *notice
	empty  *paragraph
	list   *fyne.Container
	scroll *viewport
	rows   []*personRow
	add    *button
}

func newPeopleScreen(do peopleActions) *peopleScreen {
	s := &peopleScreen{
		do:     do,
		header: newHeader(do.back),
		wrong:  newNotice(),
		empty:  newParagraph("", sizeBody+3, colors.muted, false, 6),
		list:   &fyne.Container{},
		add:    newButton("add", say.AddPerson, true, do.add),
	}
	s.header.title.text = say.People
	s.empty.center = true
	s.scroll = newViewport(s.list, s.placeRows)
	s.panel.show(append(s.header.objects(), s.wrong, s.empty.box, s.scroll, s.add)...)
	s.panel.init(s, s.place)
	return s
}

// show replaces the list.
func (s *peopleScreen) show(p People) {
	s.rows, s.list.Objects = nil, nil
	for _, one := range p.All {
		r := newPersonRow(one, s.do.choose)
		s.rows = append(s.rows, r)
		s.list.Add(r)
	}
	s.empty.text = ""
	if len(p.All) == 0 && p.Wrong == "" {
		s.empty.text = say.Nobody
	}
	s.wrong.say(p.Wrong)
	s.panel.relayout()
}

func (s *peopleScreen) place(size fyne.Size) {
	s.header.place(area{0, 0, size.Width, headerBar})
	w := size.Width - 2*margin
	y := float32(headerBar + gap)
	if s.wrong.Visible() {
		h := s.wrong.height(w)
		put(s.wrong, margin, y, w, h)
		y += h + gap
	}
	foot := size.Height - buttonTall - margin
	put(s.add, margin, foot, w, buttonTall)
	s.empty.place(2*margin, y+(foot-y)/3, size.Width-4*margin)
	put(s.scroll, 0, y, size.Width, max(0, foot-gap-y))
	s.scroll.panel.relayout()
}

func (s *peopleScreen) placeRows(width float32) float32 {
	y := float32(0)
	for _, r := range s.rows {
		put(r, margin, y, width-2*margin, personTall)
		y += personTall + gap - 4
	}
	return y
}

func (s *peopleScreen) back() { s.do.back() }

func (s *peopleScreen) tick(now time.Time) { s.scroll.tick(now) }

// personRow is one person in the list.
type personRow struct {
	panel
	about  Person
	choose func(Person)
	ground *canvas.Rectangle
	face   *portraitTile
	name   *canvas.Text
	facts  *canvas.Text
	next   *canvas.Image
}

const (
	personTall = 148
	personFace = 112
)

func newPersonRow(about Person, choose func(Person)) *personRow {
	r := &personRow{
		about: about, choose: choose,
		ground: rounded(colors.surface, radius),
		face:   newPortraitTile(),
		name:   text(about.Name, sizeHeading, colors.text, true),
		facts:  text("", sizeSmall, colors.muted, false),
		next:   glyph("next"),
	}
	r.face.show(about.Portrait)
	if !about.Known {
		r.facts.Color = colors.warning
	}
	r.panel.show(r.ground, r.face, r.name, r.facts, r.next)
	r.panel.init(r, r.place)
	return r
}

func (r *personRow) place(s fyne.Size) {
	const pad, next = (personTall - personFace) / 2, 44
	put(r.ground, 0, 0, s.Width, s.Height)
	put(r.face, pad, pad, personFace, personFace)
	x := float32(pad + personFace + margin)
	w := s.Width - x - next - 2*pad
	setText(r.name, shorten(r.about.Name, w, measurer(sizeHeading, true)))
	setText(r.facts, shorten(factsOf(r.about), w, measurer(sizeSmall, false)))
	name, facts := r.name.MinSize(), r.facts.MinSize()
	y := (s.Height - name.Height - facts.Height) / 2
	put(r.name, x, y, w, name.Height)
	put(r.facts, x, y+name.Height, w, facts.Height)
	put(r.next, s.Width-pad-next, (s.Height-next)/2, next, next)
}

// factsOf says in a line what is kept of a person.
func factsOf(p Person) string {
	if !p.Known {
		return say.NotKnown
	}
	pictures := say.OnePicture
	if p.Shots != 1 {
		pictures = fmt.Sprintf(say.ManyPictures, p.Shots)
	}
	return pictures + " · " + fmt.Sprintf(say.Since, p.Since.Local().Format(time.DateOnly))
}

// Tapped implements fyne.Tappable.
func (r *personRow) Tapped(*fyne.PointEvent) {
	r.release()
	r.choose(r.about)
}

// MouseDown implements desktop.Mouseable.
func (r *personRow) MouseDown(*desktop.MouseEvent) { fill(r.ground, colors.pressed) }

// MouseUp implements desktop.Mouseable.
func (r *personRow) MouseUp(*desktop.MouseEvent) { r.release() }

func (r *personRow) release() { fill(r.ground, colors.surface) }

// portraitTile is a face, or the outline of one.
type portraitTile struct {
	panel
	ground  *canvas.Rectangle
	nobody  *canvas.Image
	picture *canvas.Image
}

func newPortraitTile() *portraitTile {
	p := &portraitTile{
		ground:  rounded(colors.raised, 14),
		nobody:  glyph("person"),
		picture: &canvas.Image{FillMode: canvas.ImageFillContain, CornerRadius: 14},
	}
	p.nobody.Translucency = .7
	p.panel.show(p.ground, p.nobody, p.picture)
	p.panel.init(p, func(s fyne.Size) {
		put(p.ground, 0, 0, s.Width, s.Height)
		put(p.nobody, s.Width/4, s.Height/4, s.Width/2, s.Height/2)
		put(p.picture, 0, 0, s.Width, s.Height)
	})
	return p
}

// show takes a portrait, nil for none.
func (p *portraitTile) show(portrait image.Image) {
	setVisible(p.nobody, portrait == nil)
	setVisible(p.picture, portrait != nil)
	if portrait != p.picture.Image {
		p.picture.Image = portrait
		p.picture.Refresh()
	}
}
