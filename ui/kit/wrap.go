package kit

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

const Ellipsis = "…"

// wrap breaks s into lines no wider than width, at most maxLines; what does
// not fit ends in an ellipsis. measure gives the width of a piece of text.
func wrap(s string, width float32, maxLines int, measure func(string) float32) []string {
	var lines []string
	line := ""
	words := pieces(s)
	for i, w := range words {
		longer := w.after(line)
		if line == "" || measure(longer) <= width {
			line = longer
			continue
		}
		if len(lines) == maxLines-1 {
			for _, rest := range words[i:] {
				line = rest.after(line)
			}
			return append(lines, Shorten(line, width, measure))
		}
		lines, line = append(lines, Shorten(line, width, measure)), w.text
	}
	if line == "" {
		return lines
	}
	return append(lines, Shorten(line, width, measure))
}

// piece is what stays on one line: a word, or a character of a language that
// writes without spaces.
type piece struct {
	text   string
	spaced bool // a space comes before it, where it does not begin a line
}

// after is a line with the piece at its end.
func (p piece) after(line string) string {
	if p.spaced && line != "" {
		return line + " " + p.text
	}
	return line + p.text
}

// Characters that begin no line, and that end none, in Japanese and Chinese.
const (
	beginsNone = "、。，．！？：；」』）】〉》・ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%…”’,.!?:;)"
	endsNone   = "「『（【〈《“‘("
)

// pieces cuts s where a line may end.
func pieces(s string) (all []piece) {
	for _, word := range strings.Fields(s) {
		spaced, start, last := true, 0, rune(0)
		for i, r := range word {
			if i > start && (ideographic(r) || ideographic(last)) && !strings.ContainsRune(beginsNone, r) && !strings.ContainsRune(endsNone, last) {
				all = append(all, piece{word[start:i], spaced})
				spaced, start = false, i
			}
			last = r
		}
		all = append(all, piece{word[start:], spaced})
	}
	return all
}

// ideographic tells characters beside which a line may end without a space.
func ideographic(r rune) bool {
	return r >= 0x2E80 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0xFF00 && r <= 0xFFEF
}

// Shorten cuts s to width, ending it in an ellipsis when something is missing.
func Shorten(s string, width float32, measure func(string) float32) string {
	if measure(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := strings.TrimRight(string(runes[:n]), " .,") + Ellipsis; measure(short) <= width {
			return short
		}
	}
	return Ellipsis
}

// Measurer measures text of one size and style.
func Measurer(size float32, bold bool) func(string) float32 {
	return func(s string) float32 {
		return fyne.MeasureText(s, size, fyne.TextStyle{Bold: bold}).Width
	}
}

// Paragraph is text wrapped to the width it is placed at.
type Paragraph struct {
	Box      *fyne.Container // what the object tree gets
	Text     string
	size     float32
	color    color.Color
	bold     bool
	maxLines int
	Center   bool
	font     fyne.Resource // of another language; nil for that in use
	Shrinks  bool          // to where its longest word fits, down to two thirds

	wrapped string // the text and width of the lines there are
	width   float32
}

// NewParagraph makes a paragraph, whose lines are made when it is placed.
func NewParagraph(s string, size float32, c color.Color, bold bool, maxLines int) *Paragraph {
	return &Paragraph{Box: &fyne.Container{}, Text: s, size: size, color: c, bold: bold, maxLines: maxLines}
}

// SetColor gives the text another colour.
func (p *Paragraph) SetColor(c color.Color) { p.color, p.wrapped = c, "" }

// Place puts the paragraph at x, y and returns its height at width w.
func (p *Paragraph) Place(x, y, w float32) (h float32) {
	h = p.Reflow(w)
	Put(p.Box, x, y, w, h)
	return h
}

// fitting is the size in which the text is written at a width.
func (p *Paragraph) fitting(w float32) float32 {
	size := p.size
	if !p.Shrinks || w <= 0 {
		return size
	}
	for _, word := range strings.Fields(p.Text) {
		if wide := Measurer(p.size, p.bold)(word); wide > w {
			size = min(size, max(p.size*2/3, p.size*w/wide*.95))
		}
	}
	return size
}

// Reflow breaks the text into lines of width w and returns their height.
func (p *Paragraph) Reflow(w float32) (h float32) {
	if p.wrapped != p.Text || p.width != w {
		p.wrapped, p.width = p.Text, w
		p.Box.Objects = nil
		size := p.fitting(w)
		for _, l := range wrap(p.Text, w, p.maxLines, Measurer(size, p.bold)) {
			t := Text(l, size, p.color, p.bold)
			t.FontSource = p.font
			if p.Center {
				t.Alignment = fyne.TextAlignCenter
			}
			p.Box.Objects = append(p.Box.Objects, t)
		}
		defer canvas.Refresh(p.Box)
	}
	for _, o := range p.Box.Objects {
		line := o.MinSize().Height
		Put(o, 0, h, w, line)
		h += line
	}
	return h
}
