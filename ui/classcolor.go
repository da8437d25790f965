package ui

import (
	"image/color"
	"math"
)

// classColors tell classes apart for people with any kind of colour vision:
// the palette of M. Okabe and K. Ito (2008) without its black, ordered so that
// neighbours differ in lightness as well.
var classColors = [...]color.NRGBA{
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xF0, 0xE4, 0x42, 0xFF}, // yellow
	{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0x00, 0x72, 0xB2, 0xFF}, // blue
}

// classInk holds each class colour and the text colour on it, ready to be
// given to a canvas object without an allocation.
var classInk = func() (ink [len(classColors)]struct{ fill, text color.Color }) {
	for i, c := range classColors {
		ink[i].fill, ink[i].text = c, onColor(c)
	}
	return ink
}()

// classIndex is the place of a class in classColors. Some classes share a
// colour; their labels tell them apart. Each round of the palette is shifted so
// that VOC's person, cat and dog differ, and so do its road vehicles.
func classIndex(class int) int {
	const shift = 5
	n := len(classColors)
	return ((class+class/n*shift)%n + n) % n
}

// ClassColors are the colours in which the live view draws a class, and text
// on top of it.
func ClassColors(class int) (fill, text color.Color) {
	ink := &classInk[classIndex(class)]
	return ink.fill, ink.text
}

// onColor is the palette's dark or light text, whichever stands out more.
func onColor(ground color.Color) color.Color {
	if contrast(dark.ink, ground) >= contrast(dark.text, ground) {
		return dark.ink
	}
	return dark.text
}

// contrast is the ratio of WCAG 2.1, 1 (none) to 21 (black on white).
func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.1, 0..1, of an opaque colour.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// linear undoes the transfer curve of sRGB.
func linear(v uint32) float64 {
	s := float64(v) / 0xFFFF
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}
