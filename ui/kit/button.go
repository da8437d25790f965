package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// Button is a finger-sized button with a glyph and a word.
type Button struct {
	Panel
	ground   *canvas.Rectangle
	glyph    *canvas.Image
	Label    *canvas.Text
	TextSize float32 // of the label
	idle     color.Color
	OnTapped func()
}

// ButtonTall is the height of a button that leads on.
const ButtonTall = Finger + 12

// PlaceRow shares a row between those of the buttons that are to be seen.
func PlaceRow(a Area, buttons ...*Button) {
	var shown []*Button
	for _, b := range buttons {
		if b.Visible() {
			shown = append(shown, b)
		}
	}
	w := (a.W - Gap*float32(len(shown)-1)) / float32(max(1, len(shown)))
	for i, b := range shown {
		Put(b, a.X+float32(i)*(w+Gap), a.Y, w, a.H)
	}
}

const buttonGlyph = 44

// NewButton makes a button; the primary one is the way on that is advised.
func NewButton(symbol, label string, primary bool, tapped func()) *Button {
	b := &Button{OnTapped: tapped, idle: Colors.Raised}
	ink := Colors.Text
	if primary {
		b.idle, ink = Colors.Accent, Colors.OnAccent
	}
	b.ground = Rounded(b.idle, Radius)
	b.glyph = &canvas.Image{}
	if symbol != "" {
		b.glyph = Glyph(symbol)
	}
	b.TextSize = SizeBody + 3
	b.Label = Text(label, b.TextSize, ink, true)
	b.Panel.SetObjects(b.ground, b.glyph, b.Label)
	b.Panel.Init(b, b.place)
	return b
}

// MinWidth is what glyph and word need.
func (b *Button) MinWidth() float32 {
	return b.Label.MinSize().Width + buttonGlyph + 4*Gap
}

// Change gives the button another symbol and word.
func (b *Button) Change(symbol, label string) {
	b.glyph.Resource = fyne.NewStaticResource(glyphFile(symbol))
	b.glyph.Refresh()
	SetText(b.Label, label)
	b.Panel.Relayout()
}

func (b *Button) place(s fyne.Size) {
	const glyphSize = buttonGlyph
	Put(b.ground, 0, 0, s.Width, s.Height)
	// A long word of another language is written smaller.
	b.Label.TextSize = b.TextSize
	w := b.Label.MinSize()
	if room := s.Width - 2*Gap; room > 0 && w.Width > room {
		b.Label.TextSize = max(b.TextSize*.6, b.TextSize*room/w.Width)
		w = b.Label.MinSize()
	}
	b.Label.Hidden = s.Width <= Finger && b.glyph.Resource != nil
	if b.Label.Text == "" || b.Label.Hidden { // the symbol says it alone
		b.glyph.Show()
		Put(b.glyph, (s.Width-glyphSize)/2, (s.Height-glyphSize)/2, glyphSize, glyphSize)
		return
	}
	if s.Width < glyphSize+2*Gap+w.Width || b.glyph.Resource == nil { // the word says it alone
		b.glyph.Hide()
		Put(b.Label, (s.Width-w.Width)/2, (s.Height-w.Height)/2, w.Width, w.Height)
		return
	}
	b.glyph.Show()
	x := (s.Width - glyphSize - Gap - w.Width) / 2
	Put(b.glyph, x, (s.Height-glyphSize)/2, glyphSize, glyphSize)
	Put(b.Label, x+glyphSize+Gap, (s.Height-w.Height)/2, w.Width, w.Height)
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) { b.OnTapped() }

// MouseDown implements desktop.Mouseable: a finger sees that it was felt.
func (b *Button) MouseDown(*desktop.MouseEvent) { Fill(b.ground, Colors.Pressed) }

// MouseUp implements desktop.Mouseable.
func (b *Button) MouseUp(*desktop.MouseEvent) { Fill(b.ground, b.idle) }
