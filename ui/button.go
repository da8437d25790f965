package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// button is a finger-sized button with a glyph and a word.
type button struct {
	panel
	ground *canvas.Rectangle
	glyph  *canvas.Image
	label  *canvas.Text
	size   float32 // of the label
	idle   color.Color
	tapped func()
}

// buttonTall is the height of a button that leads on.
const buttonTall = finger + 12

// placeRow shares a row between those of the buttons that are to be seen.
func placeRow(a area, buttons ...*button) {
	var shown []*button
	for _, b := range buttons {
		if b.Visible() {
			shown = append(shown, b)
		}
	}
	w := (a.w - gap*float32(len(shown)-1)) / float32(max(1, len(shown)))
	for i, b := range shown {
		put(b, a.x+float32(i)*(w+gap), a.y, w, a.h)
	}
}

const buttonGlyph = 44

// newButton makes a button; the primary one is the way on that is advised.
func newButton(symbol, label string, primary bool, tapped func()) *button {
	b := &button{tapped: tapped, idle: colors.raised}
	ink := colors.text
	if primary {
		b.idle, ink = colors.accent, colors.onAccent
	}
	b.ground = rounded(b.idle, radius)
	b.glyph = &canvas.Image{}
	if symbol != "" {
		b.glyph = glyph(symbol)
	}
	b.size = sizeBody + 3
	b.label = text(label, b.size, ink, true)
	b.panel.show(b.ground, b.glyph, b.label)
	b.panel.init(b, b.place)
	return b
}

// MinWidth is what glyph and word need.
func (b *button) MinWidth() float32 {
	return b.label.MinSize().Width + buttonGlyph + 4*gap
}

// change gives the button another symbol and word.
func (b *button) change(symbol, label string) {
	b.glyph.Resource = fyne.NewStaticResource(glyphFile(symbol))
	b.glyph.Refresh()
	setText(b.label, label)
	b.panel.relayout()
}

func (b *button) place(s fyne.Size) {
	const glyphSize = buttonGlyph
	put(b.ground, 0, 0, s.Width, s.Height)
	// A long word of another language is written smaller.
	b.label.TextSize = b.size
	w := b.label.MinSize()
	if room := s.Width - 2*gap; room > 0 && w.Width > room {
		b.label.TextSize = max(b.size*.6, b.size*room/w.Width)
		w = b.label.MinSize()
	}
	b.label.Hidden = s.Width <= finger && b.glyph.Resource != nil
	if b.label.Text == "" || b.label.Hidden { // the symbol says it alone
		b.glyph.Show()
		put(b.glyph, (s.Width-glyphSize)/2, (s.Height-glyphSize)/2, glyphSize, glyphSize)
		return
	}
	if s.Width < glyphSize+2*gap+w.Width || b.glyph.Resource == nil { // the word says it alone
		b.glyph.Hide()
		put(b.label, (s.Width-w.Width)/2, (s.Height-w.Height)/2, w.Width, w.Height)
		return
	}
	b.glyph.Show()
	x := (s.Width - glyphSize - gap - w.Width) / 2
	put(b.glyph, x, (s.Height-glyphSize)/2, glyphSize, glyphSize)
	put(b.label, x+glyphSize+gap, (s.Height-w.Height)/2, w.Width, w.Height)
}

// Tapped implements fyne.Tappable.
func (b *button) Tapped(*fyne.PointEvent) { b.tapped() }

// MouseDown implements desktop.Mouseable: a finger sees that it was felt.
func (b *button) MouseDown(*desktop.MouseEvent) { fill(b.ground, colors.pressed) }

// MouseUp implements desktop.Mouseable.
func (b *button) MouseUp(*desktop.MouseEvent) { fill(b.ground, b.idle) }
