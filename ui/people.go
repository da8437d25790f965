package ui

import (
	"fmt"
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
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
	kit.Panel
	do     peopleActions
	header *kit.Header
	wrong  *kit.Notice
	empty  *kit.Paragraph
	list   *fyne.Container
	scroll *kit.Viewport
	rows   []*personRow
	add    *kit.Button
}

func newPeopleScreen(do peopleActions) *peopleScreen {
	s := &peopleScreen{
		do:     do,
		header: kit.NewHeader(do.back),
		wrong:  kit.NewNotice(),
		empty:  kit.NewParagraph("", kit.SizeBody+3, kit.Colors.Muted, false, 6),
		list:   &fyne.Container{},
		add:    kit.NewButton("add", phrases.Now.AddPerson, true, do.add),
	}
	s.header.Title.Text = phrases.Now.People
	s.empty.Center = true
	s.scroll = kit.NewViewport(s.list, s.placeRows)
	s.Panel.SetObjects(append(s.header.Objects(), s.wrong, s.empty.Box, s.scroll, s.add)...)
	s.Panel.Init(s, s.place)
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
	s.empty.Text = ""
	if len(p.All) == 0 && p.Wrong == "" {
		s.empty.Text = phrases.Now.Nobody
	}
	s.wrong.Say(p.Wrong)
	s.Panel.Relayout()
}

func (s *peopleScreen) place(size fyne.Size) {
	s.header.Place(kit.NewArea(0, 0, size.Width, kit.HeaderBar))
	w := size.Width - 2*kit.Margin
	y := float32(kit.HeaderBar + kit.Gap)
	if s.wrong.Visible() {
		h := s.wrong.Height(w)
		kit.Put(s.wrong, kit.Margin, y, w, h)
		y += h + kit.Gap
	}
	foot := size.Height - kit.ButtonTall - kit.Margin
	kit.Put(s.add, kit.Margin, foot, w, kit.ButtonTall)
	s.empty.Place(2*kit.Margin, y+(foot-y)/3, size.Width-4*kit.Margin)
	kit.Put(s.scroll, 0, y, size.Width, max(0, foot-kit.Gap-y))
	s.scroll.Panel.Relayout()
}

func (s *peopleScreen) placeRows(width float32) float32 {
	y := float32(0)
	for _, r := range s.rows {
		kit.Put(r, kit.Margin, y, width-2*kit.Margin, personTall)
		y += personTall + kit.Gap - 4
	}
	return y
}

func (s *peopleScreen) Back() { s.do.back() }

func (s *peopleScreen) Tick(now time.Time) { s.scroll.Tick(now) }

// personRow is one person in the list.
type personRow struct {
	kit.Panel
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
		ground: kit.Rounded(kit.Colors.Surface, kit.Radius),
		face:   newPortraitTile(),
		name:   kit.Text(about.Name, kit.SizeHeading, kit.Colors.Text, true),
		facts:  kit.Text("", kit.SizeSmall, kit.Colors.Muted, false),
		next:   kit.Glyph("next"),
	}
	r.face.show(about.Portrait)
	if !about.Known {
		r.facts.Color = kit.Colors.Warning
	}
	r.Panel.SetObjects(r.ground, r.face, r.name, r.facts, r.next)
	r.Panel.Init(r, r.place)
	return r
}

func (r *personRow) place(s fyne.Size) {
	const pad, next = (personTall - personFace) / 2, 44
	kit.Put(r.ground, 0, 0, s.Width, s.Height)
	kit.Put(r.face, pad, pad, personFace, personFace)
	x := float32(pad + personFace + kit.Margin)
	w := s.Width - x - next - 2*pad
	kit.SetText(r.name, kit.Shorten(r.about.Name, w, kit.Measurer(kit.SizeHeading, true)))
	kit.SetText(r.facts, kit.Shorten(factsOf(r.about), w, kit.Measurer(kit.SizeSmall, false)))
	name, facts := r.name.MinSize(), r.facts.MinSize()
	y := (s.Height - name.Height - facts.Height) / 2
	kit.Put(r.name, x, y, w, name.Height)
	kit.Put(r.facts, x, y+name.Height, w, facts.Height)
	kit.Put(r.next, s.Width-pad-next, (s.Height-next)/2, next, next)
}

// factsOf says in a line what is kept of a person.
func factsOf(p Person) string {
	if !p.Known {
		return phrases.Now.NotKnown
	}
	pictures := phrases.Now.OnePicture
	if p.Shots != 1 {
		pictures = fmt.Sprintf(phrases.Now.ManyPictures, p.Shots)
	}
	return pictures + " · " + fmt.Sprintf(phrases.Now.Since, p.Since.Local().Format(time.DateOnly))
}

// Tapped implements fyne.Tappable.
func (r *personRow) Tapped(*fyne.PointEvent) {
	r.Release()
	r.choose(r.about)
}

// MouseDown implements desktop.Mouseable.
func (r *personRow) MouseDown(*desktop.MouseEvent) { kit.Fill(r.ground, kit.Colors.Pressed) }

// MouseUp implements desktop.Mouseable.
func (r *personRow) MouseUp(*desktop.MouseEvent) { r.Release() }

func (r *personRow) Release() { kit.Fill(r.ground, kit.Colors.Surface) }

// portraitTile is a face, or the outline of one.
type portraitTile struct {
	kit.Panel
	ground  *canvas.Rectangle
	nobody  *canvas.Image
	picture *canvas.Image
}

func newPortraitTile() *portraitTile {
	p := &portraitTile{
		ground:  kit.Rounded(kit.Colors.Raised, 14),
		nobody:  kit.Glyph("person"),
		picture: &canvas.Image{FillMode: canvas.ImageFillContain, CornerRadius: 14},
	}
	p.nobody.Translucency = .7
	p.Panel.SetObjects(p.ground, p.nobody, p.picture)
	p.Panel.Init(p, func(s fyne.Size) {
		kit.Put(p.ground, 0, 0, s.Width, s.Height)
		kit.Put(p.nobody, s.Width/4, s.Height/4, s.Width/2, s.Height/2)
		kit.Put(p.picture, 0, 0, s.Width, s.Height)
	})
	return p
}

// show takes a portrait, nil for none.
func (p *portraitTile) show(portrait image.Image) {
	kit.SetVisible(p.nobody, portrait == nil)
	kit.SetVisible(p.picture, portrait != nil)
	if portrait != p.picture.Image {
		p.picture.Image = portrait
		p.picture.Refresh()
	}
}
