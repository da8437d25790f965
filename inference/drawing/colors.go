package drawing

import (
	"image"
	"image/color"

	"reterminal-vision/inference"
)

// Ink is a colour and that of text on it, which are given to canvas objects
// without an allocation.
type Ink struct{ Fill, Text color.Color }

var dark, light color.Color = color.NRGBA{0x0D, 0x11, 0x17, 0xFF}, color.NRGBA{0xF3, 0xF6, 0xFA, 0xFF}

// classInks tell classes apart for people with any kind of colour vision:
// the palette of M. Okabe and K. Ito (2008) without its black, ordered so that
// neighbours differ in lightness as well, and the text that stands out more.
var classInks = [...]Ink{
	{color.NRGBA{0x56, 0xB4, 0xE9, 0xFF}, dark},  // sky blue
	{color.NRGBA{0xE6, 0x9F, 0x00, 0xFF}, dark},  // orange
	{color.NRGBA{0x00, 0x9E, 0x73, 0xFF}, dark},  // bluish green
	{color.NRGBA{0xF0, 0xE4, 0x42, 0xFF}, dark},  // yellow
	{color.NRGBA{0xD5, 0x5E, 0x00, 0xFF}, dark},  // vermilion
	{color.NRGBA{0xCC, 0x79, 0xA7, 0xFF}, dark},  // reddish purple
	{color.NRGBA{0x00, 0x72, 0xB2, 0xFF}, light}, // blue
}

// InkOf is the ink of a class. Some classes share one; their labels tell them
// apart. Each round of the palette is shifted so that VOC's person, cat and dog
// differ, and so do its road vehicles.
func InkOf(class int) Ink {
	const shift = 5
	n := len(classInks)
	return classInks[((class+class/n*shift)%n+n)%n]
}

// Tint mixes the class colours of a mask into dst, leaving class 0 as it is.
// weight is that of the colours, of 256. column is room that is reused; Tint
// returns it, grown when needed.
func Tint(dst *image.RGBA, m *inference.Mask, weight uint16, column []int) []int {
	if m.Width <= 0 || m.Height <= 0 || len(m.Class) < m.Width*m.Height {
		return column
	}
	column = edges(column[:0], m.Width, m.Area.X0, m.Area.X1, dst.Rect.Dx())
	y0, y1 := max(0, round(m.Area.Y0)), min(dst.Rect.Dy(), round(m.Area.Y1))
	for y := y0; y < y1; y++ {
		cy := int((float32(y) + 0.5 - m.Area.Y0) * float32(m.Height) / m.Area.Height())
		cy = min(max(cy, 0), m.Height-1)
		tintRow(dst.Pix[y*dst.Stride:], m.Class[cy*m.Width:(cy+1)*m.Width], weight, column)
	}
	return column
}

// tintRow mixes a row of cells into a row of pixels; cell i covers the pixels
// column[i] to column[i+1].
func tintRow(row []uint8, cells []uint8, weight uint16, column []int) {
	for i := 0; i < len(cells); {
		class, first := cells[i], i
		for i++; i < len(cells) && cells[i] == class; i++ {
		}
		if class != 0 {
			tintRun(row[4*column[first]:4*column[i]], InkOf(int(class)).Fill.(color.NRGBA), weight)
		}
	}
}

// tintRun mixes one colour into pixels.
func tintRun(run []uint8, c color.NRGBA, weight uint16) {
	keep, r, g, b := 256-weight, weight*uint16(c.R), weight*uint16(c.G), weight*uint16(c.B)
	for ; len(run) >= 4; run = run[4:] {
		run[0] = uint8((uint16(run[0])*keep + r) >> 8)
		run[1] = uint8((uint16(run[1])*keep + g) >> 8)
		run[2] = uint8((uint16(run[2])*keep + b) >> 8)
	}
}

// edges appends the pixels at which n cells spread over x0..x1 begin, and the
// end of the last one, kept within 0..width.
func edges(dst []int, n int, x0, x1 float32, width int) []int {
	for i := 0; i <= n; i++ {
		x := round(x0 + (x1-x0)*float32(i)/float32(n))
		dst = append(dst, min(max(x, 0), width))
	}
	return dst
}

func round(v float32) int {
	if v < 0 {
		return -int(0.5 - v)
	}
	return int(v + 0.5)
}
