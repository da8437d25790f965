package ui

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// pinScreen asks for the number that unlocks what visitors may not reach, or
// for a new one.
type pinScreen struct {
	panel
	header *header
	words  *paragraph
	wrong  *paragraph
	dots   [pinLongest]*canvas.Circle
	keys   [12]*button
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
		words: newParagraph("", sizeBody+3, colors.muted, false, 4),
		wrong: newParagraph("", sizeBody+3, colors.warning, true, 3),
	}
	s.words.center, s.wrong.center = true, true
	s.header = newHeader(s.back)
	objects := append(s.header.objects(), s.words.box, s.wrong.box)
	for i := range s.dots {
		s.dots[i] = canvas.NewCircle(colors.raised)
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
		s.keys[i] = newButton(symbol, label, key == pinAccept, func() { s.press(key) })
		s.keys[i].size = sizeTitle
		objects = append(objects, s.keys[i])
	}
	s.panel.show(objects...)
	s.panel.init(s, s.place)
	return s
}

func (s *pinScreen) show(q pinQuestion) {
	s.ask, s.typed, s.asked = q, "", false
	s.header.title.text, s.words.text, s.wrong.text = q.title, q.words, ""
	s.update()
}

// answered lets the keys take another number, and tells what was wrong with the
// one before.
func (s *pinScreen) answered(wrong string) {
	s.typed, s.asked, s.wrong.text = "", false, wrong
	s.update()
}

func (s *pinScreen) press(key string) {
	if s.asked {
		return
	}
	s.wrong.text = ""
	switch {
	case key == pinErase:
		s.typed = s.typed[:max(0, len(s.typed)-1)]
	case key == pinAccept && len(s.typed) < pinShortest:
		s.wrong.text = say.PinShort
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
		d.FillColor = colors.raised
		if i < len(s.typed) {
			d.FillColor = colors.accent
		}
		d.Refresh()
	}
	s.panel.relayout()
}

func (s *pinScreen) place(size fyne.Size) {
	s.header.place(area{0, 0, size.Width, headerBar})
	pad := area{margin, headerBar + margin, min(size.Width-2*margin, 620), 0}
	left := area{margin, headerBar, size.Width - 2*margin, 0}
	keyTall := float32(132)
	if size.Width > size.Height { // the keys beside the words
		left.w = size.Width/2 - 2*margin
		pad.x, pad.y = size.Width/2, 2*margin
		keyTall = (size.Height - 4*margin - 3*gap) / 4
	} else {
		pad.x = (size.Width - pad.w) / 2
	}
	y := left.y + margin
	y += s.words.place(left.x, y, left.w) + margin
	const dot, space = 28, 20
	x := left.x + (left.w-pinLongest*dot-(pinLongest-1)*space)/2
	for i, d := range s.dots {
		put(d, x+float32(i)*(dot+space), y, dot, dot)
	}
	y += dot + margin
	s.wrong.place(left.x, y, left.w)
	if size.Width <= size.Height {
		pad.y = size.Height - 4*keyTall - 3*gap - 2*margin
	}
	w := (pad.w - 2*gap) / 3
	for i, k := range s.keys {
		put(k, pad.x+float32(i%3)*(w+gap), pad.y+float32(i/3)*(keyTall+gap), w, keyTall)
	}
}

func (s *pinScreen) back() { s.ask.back() }

func (s *pinScreen) tick(time.Time) {}
