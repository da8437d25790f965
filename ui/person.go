package ui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// personActions are what can be done about one person.
type personActions struct {
	back                     func()
	pictures, rename, forget func(Person)
}

// personScreen shows one person, and asks before it deletes.
type personScreen struct {
	panel
	do       personActions
	about    Person
	header   *header
	face     *portraitTile
	facts    *paragraph
	question *paragraph
	asking   bool // whether to delete
	normal   []*button
	sure     []*button
}

func newPersonScreen(do personActions) *personScreen {
	s := &personScreen{
		do:       do,
		header:   newHeader(do.back),
		face:     newPortraitTile(),
		facts:    newParagraph("", sizeBody+3, colors.muted, false, 3),
		question: newParagraph("", sizeHeading, colors.text, true, 5),
	}
	s.facts.center, s.question.center = true, true
	s.normal = []*button{
		newButton("pictures", say.Pictures, false, func() { do.pictures(s.about) }),
		newButton("rename", say.Rename, false, func() { do.rename(s.about) }),
		newButton("delete", say.Forget, false, func() { s.ask(true) }),
	}
	s.sure = []*button{
		newButton("delete", say.Forget, false, func() { do.forget(s.about) }),
		newButton("back", say.Keep, false, func() { s.ask(false) }),
	}
	objects := append(s.header.objects(), s.face, s.facts.box, s.question.box)
	for _, b := range append(s.normal, s.sure...) {
		objects = append(objects, b)
	}
	s.panel.show(objects...)
	s.panel.init(s, s.place)
	return s
}

// show is about another person, or what has become of the one.
func (s *personScreen) show(p Person) {
	s.about, s.header.title.text, s.facts.text = p, p.Name, factsOf(p)
	s.face.show(p.Portrait)
	s.ask(false)
}

// ask asks whether to delete, or shows again what can be done.
func (s *personScreen) ask(about bool) {
	s.asking = about
	s.question.text = ""
	if about {
		s.question.text = fmt.Sprintf(say.ForgetQuestion, s.about.Name)
	}
	for _, b := range s.normal {
		setVisible(b, !about)
	}
	for _, b := range s.sure {
		setVisible(b, about)
	}
	s.panel.relayout()
}

func (s *personScreen) place(size fyne.Size) {
	const face = 320
	s.header.place(area{0, 0, size.Width, headerBar})
	x, w := float32(margin), min(size.Width-2*margin, 760)
	y := float32(headerBar + 3*margin)
	if size.Width > size.Height { // the buttons beside the face
		w = size.Width/2 - 2*margin
		x = size.Width/2 + margin
		put(s.face, (size.Width/2-face)/2, y, face, face)
		s.facts.place(margin, y+face+margin, size.Width/2-2*margin)
	} else {
		x = (size.Width - w) / 2
		put(s.face, (size.Width-face)/2, y, face, face)
		y += face + margin
		y += s.facts.place(x, y, w) + 3*margin
	}
	if h := s.question.place(x, y, w); h > 0 {
		y += h + 2*margin
	}
	for _, b := range append(s.normal, s.sure...) {
		if b.Visible() {
			put(b, x, y, w, buttonTall)
			y += buttonTall + gap
		}
	}
}

func (s *personScreen) back() {
	if s.asking {
		s.ask(false)
		return
	}
	s.do.back()
}

func (s *personScreen) tick(time.Time) {}

// nameScreen asks for a name.
type nameScreen struct {
	panel
	onDone   func(name string)
	onBack   func()
	header   *header
	field    *canvas.Rectangle
	value    *canvas.Text
	hint     *canvas.Text
	caret    *canvas.Rectangle
	wrong    *paragraph
	consent  *paragraph
	ok       *button
	keyboard *keyboard
	name     []rune
	check    func(name string) string // what is wrong with a name, "" for nothing
}

// longestName is the number of characters that a name may have.
const longestName = 40

func newNameScreen() *nameScreen {
	s := &nameScreen{
		field:   rounded(colors.surface, radius),
		value:   text("", sizeHeading+4, colors.text, true),
		hint:    text(say.NameHint, sizeHeading+4, colors.muted, false),
		caret:   rect(colors.accent),
		wrong:   newParagraph("", sizeBody, colors.warning, true, 3),
		consent: newParagraph("", sizeBody, colors.muted, false, 6),
		ok:      newButton("done", say.Start, true, nil),
	}
	s.header = newHeader(s.back)
	s.ok.tapped = s.accept
	s.field.StrokeColor, s.field.StrokeWidth = colors.outline, 3
	s.keyboard = newKeyboard(s.typeRune, s.erase)
	s.panel.show(append(s.header.objects(), s.field, s.hint, s.value, s.caret, s.wrong.box, s.consent.box, s.ok, s.keyboard)...)
	s.panel.init(s, s.place)
	return s
}

// question is what the screen asks for.
type question struct {
	title, ok, consent, name string
	check                    func(name string) string
	done                     func(name string)
	back                     func()
}

func (s *nameScreen) ask(q question) {
	s.header.title.text, s.consent.text, s.wrong.text = q.title, q.consent, ""
	s.name, s.check, s.onDone, s.onBack = []rune(q.name), q.check, q.done, q.back
	setText(s.ok.label, q.ok)
	s.keyboard.reset()
	s.panel.relayout()
}

// typeRune adds a letter. A physical keyboard comes this way, too.
func (s *nameScreen) typeRune(r rune) {
	if len(s.name) < longestName {
		s.name = append(s.name, r)
	}
	s.changed()
}

func (s *nameScreen) erase() {
	s.name = s.name[:max(0, len(s.name)-1)]
	s.changed()
}

func (s *nameScreen) changed() {
	s.wrong.text = ""
	s.panel.relayout()
}

// accept ends the screen with a name that is in order.
func (s *nameScreen) accept() {
	if s.wrong.text = s.check(string(s.name)); s.wrong.text != "" {
		s.panel.relayout()
		return
	}
	s.onDone(string(s.name))
}

func (s *nameScreen) place(size fyne.Size) {
	const fieldTall, pad = 112, 24
	w, y := size.Width-2*margin, float32(headerBar+gap)
	keys := size.Height - keyboardTall
	put(s.keyboard, 0, keys, size.Width, keyboardTall)
	if size.Width > size.Height { // little height: things stand side by side
		const titleWide, okWide = 520, 300
		s.header.place(area{0, 0, titleWide, headerBar})
		s.consent.place(titleWide, gap, size.Width-titleWide-margin)
		put(s.ok, size.Width-margin-okWide, y, okWide, fieldTall)
		w -= okWide + gap
		s.wrong.place(margin, y+fieldTall, w)
	} else {
		s.header.place(area{0, 0, size.Width, headerBar})
		put(s.ok, margin, keys-buttonTall-margin, w, buttonTall)
		under := y + fieldTall + gap
		if h := s.wrong.place(margin, under, w); h > 0 {
			under += h + gap
		}
		s.consent.place(margin, under, w)
	}
	put(s.field, margin, y, w, fieldTall)
	s.placeValue(area{margin + pad, y, w - 2*pad, fieldTall})
}

// placeValue shows the end of the name where it is too long.
func (s *nameScreen) placeValue(a area) {
	measure := measurer(s.value.TextSize, true)
	shown := s.name
	for len(shown) > 0 && measure(string(shown)) > a.w-10 {
		shown = shown[1:]
	}
	setText(s.value, string(shown))
	setVisible(s.hint, len(shown) == 0)
	tall := s.value.MinSize().Height
	put(s.value, a.x, a.y+(a.h-tall)/2, a.w, tall)
	put(s.hint, a.x+12, a.y+(a.h-tall)/2, a.w, tall)
	end := float32(0)
	if len(shown) > 0 {
		end = measure(string(shown)) + 4
	}
	put(s.caret, a.x+end, a.y+(a.h-tall)/2, 4, tall)
}

func (s *nameScreen) back() { s.onBack() }

func (s *nameScreen) tick(now time.Time) {
	s.keyboard.tick(now)
	const blink = 530 * time.Millisecond
	setVisible(s.caret, now.UnixMilli()/blink.Milliseconds()%2 == 0)
}
