package ui

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// pinScreen asks for the number that unlocks what visitors may not reach, or
// for a new one.
type pinScreen struct {
	kit.Panel
	header *kit.Header
	words  *kit.Paragraph
	wrong  *kit.Paragraph
	dots   [pinLongest]*canvas.Circle
	keys   [12]*kit.Button
	ask    pinQuestion
	typed  string
	asked  bool // done has the number, and has not answered yet
}

// pinQuestion is what a pinScreen asks.
type pinQuestion struct {
	title, words string
	done         func(pin string) // takes the number, which is answered later
	back         func()
}

// A PIN has four to eight digits.
const (
	pinShortest = 4
	pinLongest  = 8
)

const (
	pinErase  = "⌫"
	pinAccept = "OK"
)

func newPinScreen() *pinScreen {
	s := &pinScreen{
		words: kit.NewParagraph("", kit.SizeBody+3, kit.Colors.Muted, false, 4),
		wrong: kit.NewParagraph("", kit.SizeBody+3, kit.Colors.Warning, true, 3),
	}
	s.words.Center, s.wrong.Center = true, true
	s.header = kit.NewHeader(s.Back)
	objects := append(s.header.Objects(), s.words.Box, s.wrong.Box)
	for i := range s.dots {
		s.dots[i] = canvas.NewCircle(kit.Colors.Raised)
		objects = append(objects, s.dots[i])
	}
	for i, key := range strings.Split("1 2 3 4 5 6 7 8 9 "+pinErase+" 0 "+pinAccept, " ") {
		symbol := ""
		switch key {
		case pinErase:
			symbol = "erase"
		case pinAccept:
			symbol = "done"
		}
		label := key
		if symbol != "" {
			label = ""
		}
		s.keys[i] = kit.NewButton(symbol, label, key == pinAccept, func() { s.press(key) })
		s.keys[i].TextSize = kit.SizeTitle
		objects = append(objects, s.keys[i])
	}
	s.Panel.SetObjects(objects...)
	s.Panel.Init(s, s.place)
	return s
}

func (s *pinScreen) show(q pinQuestion) {
	s.ask, s.typed, s.asked = q, "", false
	s.header.Title.Text, s.words.Text, s.wrong.Text = q.title, q.words, ""
	s.update()
}

// answered lets the keys take another number, and tells what was wrong with the
// one before.
func (s *pinScreen) answered(wrong string) {
	s.typed, s.asked, s.wrong.Text = "", false, wrong
	s.update()
}

func (s *pinScreen) press(key string) {
	if s.asked {
		return
	}
	s.wrong.Text = ""
	switch {
	case key == pinErase:
		s.typed = s.typed[:max(0, len(s.typed)-1)]
	case key == pinAccept && len(s.typed) < pinShortest:
		s.wrong.Text = phrases.Now.PinShort
	case key == pinAccept:
		s.asked = true
		s.ask.done(s.typed)
	case len(s.typed) < pinLongest:
		s.typed += key
	}
	s.update()
}

func (s *pinScreen) update() {
	for i, d := range s.dots {
		d.FillColor = kit.Colors.Raised
		if i < len(s.typed) {
			d.FillColor = kit.Colors.Accent
		}
		d.Refresh()
	}
	s.Panel.Relayout()
}

func (s *pinScreen) place(size fyne.Size) {
	s.header.Place(kit.NewArea(0, 0, size.Width, kit.HeaderBar))
	pad := kit.NewArea(kit.Margin, kit.HeaderBar+kit.Margin, min(size.Width-2*kit.Margin, 620), 0)
	left := kit.NewArea(kit.Margin, kit.HeaderBar, size.Width-2*kit.Margin, 0)
	keyTall := float32(132)
	if size.Width > size.Height { // the keys beside the words
		left.W = size.Width/2 - 2*kit.Margin
		pad.X, pad.Y = size.Width/2, 2*kit.Margin
		keyTall = (size.Height - 4*kit.Margin - 3*kit.Gap) / 4
	} else {
		pad.X = (size.Width - pad.W) / 2
	}
	y := left.Y + kit.Margin
	y += s.words.Place(left.X, y, left.W) + kit.Margin
	const dot, space = 28, 20
	x := left.X + (left.W-pinLongest*dot-(pinLongest-1)*space)/2
	for i, d := range s.dots {
		kit.Put(d, x+float32(i)*(dot+space), y, dot, dot)
	}
	y += dot + kit.Margin
	s.wrong.Place(left.X, y, left.W)
	if size.Width <= size.Height {
		pad.Y = size.Height - 4*keyTall - 3*kit.Gap - 2*kit.Margin
	}
	w := (pad.W - 2*kit.Gap) / 3
	for i, k := range s.keys {
		kit.Put(k, pad.X+float32(i%3)*(w+kit.Gap), pad.Y+float32(i/3)*(keyTall+kit.Gap), w, keyTall)
	}
}

func (s *pinScreen) Back() { s.ask.back() }

func (s *pinScreen) Tick(time.Time) {}
