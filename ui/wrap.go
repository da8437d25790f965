package ui

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

const ellipsis = "…"

// wrap breaks s into lines no wider than width, at most maxLines; what does
// not fit ends in an ellipsis. measure gives the width of a piece of text.
func wrap(s string, width float32, maxLines int, measure func(string) float32) []string {
	var lines []string
	line := ""
	words := strings.Fields(s)
	for i, w := range words {
		longer := w
		if line != "" {
			longer = line + " " + w
		}
		if line == "" || measure(longer) <= width {
			line = longer
			continue
		}
		if len(lines) == maxLines-1 {
			return append(lines, shorten(line+" "+strings.Join(words[i:], " "), width, measure))
		}
		lines, line = append(lines, shorten(line, width, measure)), w
	}
	if line == "" {
		return lines
	}
	return append(lines, shorten(line, width, measure))
}

// shorten cuts s to width, ending it in an ellipsis when something is missing.
func shorten(s string, width float32, measure func(string) float32) string {
	if measure(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := strings.TrimRight(string(runes[:n]), " .,") + ellipsis; measure(short) <= width {
			return short
		}
	}
	return ellipsis
}

// measurer measures text of one size and style.
func measurer(size float32, bold bool) func(string) float32 {
	return func(s string) float32 {
		return fyne.MeasureText(s, size, fyne.TextStyle{Bold: bold}).Width
	}
}

// paragraph is text wrapped to the width it is placed at.
type paragraph struct {
	box      *fyne.Container // what the object tree gets
	text     string
	size     float32
	color    color.Color
	bold     bool
	maxLines int
	center   bool

	wrapped string // the text and width of the lines there are
	width   float32
}

func newParagraph(s string, size float32, c color.Color, bold bool, maxLines int) *paragraph {
	return &paragraph{box: &fyne.Container{}, text: s, size: size, color: c, bold: bold, maxLines: maxLines}
}

// place puts the paragraph at x, y and returns its height at width w.
func (p *paragraph) place(x, y, w float32) (h float32) {
	h = p.reflow(w)
	put(p.box, x, y, w, h)
	return h
}

// reflow breaks the text into lines of width w and returns their height.
func (p *paragraph) reflow(w float32) (h float32) {
	if p.wrapped != p.text || p.width != w {
		p.wrapped, p.width = p.text, w
		p.box.Objects = nil
		for _, l := range wrap(p.text, w, p.maxLines, measurer(p.size, p.bold)) {
			t := text(l, p.size, p.color, p.bold)
			if p.center {
				t.Alignment = fyne.TextAlignCenter
			}
			p.box.Objects = append(p.box.Objects, t)
		}
		defer canvas.Refresh(p.box)
	}
	for _, o := range p.box.Objects {
		line := o.MinSize().Height
		put(o, 0, h, w, line)
		h += line
	}
	return h
}
