package ui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// personActions are what can be done about one person.
type personActions struct {
	back                     func()
	pictures, rename, forget func(Person)
}

// personScreen shows one person, and asks before it deletes.
type personScreen struct {
	kit.Panel
	do       personActions
	about    Person
	header   *kit.Header
	face     *portraitTile
	facts    *kit.Paragraph
	question *kit.Paragraph
	asking   bool // whether to delete
	normal   []*kit.Button
	sure     []*kit.Button
}

func newPersonScreen(do personActions) *personScreen {
	s := &personScreen{
		do:       do,
		header:   kit.NewHeader(do.back),
		face:     newPortraitTile(),
		facts:    kit.NewParagraph("", kit.SizeBody+3, kit.Colors.Muted, false, 3),
		question: kit.NewParagraph("", kit.SizeHeading, kit.Colors.Text, true, 5),
	}
	s.facts.Center, s.question.Center = true, true
	s.normal = []*kit.Button{
		kit.NewButton("pictures", phrases.Now.Pictures, false, func() { do.pictures(s.about) }),
		kit.NewButton("rename", phrases.Now.Rename, false, func() { do.rename(s.about) }),
		kit.NewButton("delete", phrases.Now.Forget, false, func() { s.ask(true) }),
	}
	s.sure = []*kit.Button{
		kit.NewButton("delete", phrases.Now.Forget, false, func() { do.forget(s.about) }),
		kit.NewButton("back", phrases.Now.Keep, false, func() { s.ask(false) }),
	}
	objects := append(s.header.Objects(), s.face, s.facts.Box, s.question.Box)
	for _, b := range append(s.normal, s.sure...) {
		objects = append(objects, b)
	}
	s.Panel.SetObjects(objects...)
	s.Panel.Init(s, s.place)
	return s
}

// show is about another person, or what has become of the one.
func (s *personScreen) show(p Person) {
	s.about, s.header.Title.Text, s.facts.Text = p, p.Name, factsOf(p)
	s.face.show(p.Portrait)
	s.ask(false)
}

// ask asks whether to delete, or shows again what can be done.
func (s *personScreen) ask(about bool) {
	s.asking = about
	s.question.Text = ""
	if about {
		s.question.Text = fmt.Sprintf(phrases.Now.ForgetQuestion, s.about.Name)
	}
	for _, b := range s.normal {
		kit.SetVisible(b, !about)
	}
	for _, b := range s.sure {
		kit.SetVisible(b, about)
	}
	s.Panel.Relayout()
}

func (s *personScreen) place(size fyne.Size) {
	const face = 320
	s.header.Place(kit.NewArea(0, 0, size.Width, kit.HeaderBar))
	x, w := float32(kit.Margin), min(size.Width-2*kit.Margin, 760)
	y := float32(kit.HeaderBar + 3*kit.Margin)
	if size.Width > size.Height { // the buttons beside the face
		w = size.Width/2 - 2*kit.Margin
		x = size.Width/2 + kit.Margin
		kit.Put(s.face, (size.Width/2-face)/2, y, face, face)
		s.facts.Place(kit.Margin, y+face+kit.Margin, size.Width/2-2*kit.Margin)
	} else {
		x = (size.Width - w) / 2
		kit.Put(s.face, (size.Width-face)/2, y, face, face)
		y += face + kit.Margin
		y += s.facts.Place(x, y, w) + 3*kit.Margin
	}
	if h := s.question.Place(x, y, w); h > 0 {
		y += h + 2*kit.Margin
	}
	for _, b := range append(s.normal, s.sure...) {
		if b.Visible() {
			kit.Put(b, x, y, w, kit.ButtonTall)
			y += kit.ButtonTall + kit.Gap
		}
	}
}

func (s *personScreen) Back() {
	if s.asking {
		s.ask(false)
		return
	}
	s.do.back()
}

func (s *personScreen) Tick(time.Time) {}

// nameScreen asks for a name.
type nameScreen struct {
	kit.Panel
	onDone   func(name string)
	onBack   func()
	header   *kit.Header
	field    *canvas.Rectangle
	value    *canvas.Text
	hint     *canvas.Text
	caret    *canvas.Rectangle
	wrong    *kit.Paragraph
	consent  *kit.Paragraph
	ok       *kit.Button
	keyboard *kit.Keyboard
	name     []rune
	check    func(name string) string // what is wrong with a name, "" for nothing
}

// longestName is the number of characters that a name may have.
const longestName = 40

func newNameScreen() *nameScreen {
	s := &nameScreen{
		field:   kit.Rounded(kit.Colors.Surface, kit.Radius),
		value:   kit.Text("", kit.SizeHeading+4, kit.Colors.Text, true),
		hint:    kit.Text(phrases.Now.NameHint, kit.SizeHeading+4, kit.Colors.Muted, false),
		caret:   kit.Rect(kit.Colors.Accent),
		wrong:   kit.NewParagraph("", kit.SizeBody, kit.Colors.Warning, true, 3),
		consent: kit.NewParagraph("", kit.SizeBody, kit.Colors.Muted, false, 6),
		ok:      kit.NewButton("done", phrases.Now.Start, true, nil),
	}
	s.header = kit.NewHeader(s.Back)
	s.ok.OnTapped = s.accept
	s.field.StrokeColor, s.field.StrokeWidth = kit.Colors.Outline, 3
	s.keyboard = kit.NewKeyboard(s.typeRune, s.erase)
	s.Panel.SetObjects(append(s.header.Objects(), s.field, s.hint, s.value, s.caret, s.wrong.Box, s.consent.Box, s.ok, s.keyboard)...)
	s.Panel.Init(s, s.place)
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
	s.header.Title.Text, s.consent.Text, s.wrong.Text = q.title, q.consent, ""
	s.name, s.check, s.onDone, s.onBack = []rune(q.name), q.check, q.done, q.back
	kit.SetText(s.ok.Label, q.ok)
	s.keyboard.Reset()
	s.Panel.Relayout()
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
	s.wrong.Text = ""
	s.Panel.Relayout()
}

// accept ends the screen with a name that is in order.
func (s *nameScreen) accept() {
	if s.wrong.Text = s.check(string(s.name)); s.wrong.Text != "" {
		s.Panel.Relayout()
		return
	}
	s.onDone(string(s.name))
}

func (s *nameScreen) place(size fyne.Size) {
	const fieldTall, pad = 112, 24
	w, y := size.Width-2*kit.Margin, float32(kit.HeaderBar+kit.Gap)
	keys := size.Height - kit.KeyboardTall
	kit.Put(s.keyboard, 0, keys, size.Width, kit.KeyboardTall)
	if size.Width > size.Height { // little height: things stand side by side
		const titleWide, okWide = 520, 300
		s.header.Place(kit.NewArea(0, 0, titleWide, kit.HeaderBar))
		s.consent.Place(titleWide, kit.Gap, size.Width-titleWide-kit.Margin)
		kit.Put(s.ok, size.Width-kit.Margin-okWide, y, okWide, fieldTall)
		w -= okWide + kit.Gap
		s.wrong.Place(kit.Margin, y+fieldTall, w)
	} else {
		s.header.Place(kit.NewArea(0, 0, size.Width, kit.HeaderBar))
		kit.Put(s.ok, kit.Margin, keys-kit.ButtonTall-kit.Margin, w, kit.ButtonTall)
		under := y + fieldTall + kit.Gap
		if h := s.wrong.Place(kit.Margin, under, w); h > 0 {
			under += h + kit.Gap
		}
		s.consent.Place(kit.Margin, under, w)
	}
	kit.Put(s.field, kit.Margin, y, w, fieldTall)
	s.placeValue(kit.NewArea(kit.Margin+pad, y, w-2*pad, fieldTall))
}

// placeValue shows the end of the name where it is too long.
func (s *nameScreen) placeValue(a kit.Area) {
	measure := kit.Measurer(s.value.TextSize, true)
	shown := s.name
	for len(shown) > 0 && measure(string(shown)) > a.W-10 {
		shown = shown[1:]
	}
	kit.SetText(s.value, string(shown))
	kit.SetVisible(s.hint, len(shown) == 0)
	tall := s.value.MinSize().Height
	kit.Put(s.value, a.X, a.Y+(a.H-tall)/2, a.W, tall)
	kit.Put(s.hint, a.X+12, a.Y+(a.H-tall)/2, a.W, tall)
	end := float32(0)
	if len(shown) > 0 {
		end = measure(string(shown)) + 4
	}
	kit.Put(s.caret, a.X+end, a.Y+(a.H-tall)/2, 4, tall)
}

func (s *nameScreen) Back() { s.onBack() }

func (s *nameScreen) Tick(now time.Time) {
	s.keyboard.Tick(now)
	const blink = 530 * time.Millisecond
	kit.SetVisible(s.caret, now.UnixMilli()/blink.Milliseconds()%2 == 0)
}
