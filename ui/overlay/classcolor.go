package overlay

import (
	"image/color"

	"reterminal-vision/ui/kit"
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
	if kit.Contrast(kit.Dark.Ink, ground) >= kit.Contrast(kit.Dark.Text, ground) {
		return kit.Dark.Ink
	}
	return kit.Dark.Text
}
