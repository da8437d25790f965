package overlay

import (
	"image"
	"sync"

	"reterminal-vision/inference"
)

// maskAlpha is the weight of a class's colour in the picture, of 256.
const maskAlpha = 115

// tint holds each class colour times its weight, and is added to the dimmed
// picture.
var tint = func() (t [len(classColors)][3]uint16) {
	for i, c := range classColors {
		t[i] = [3]uint16{uint16(c.R) * maskAlpha, uint16(c.G) * maskAlpha, uint16(c.B) * maskAlpha}
	}
	return t
}()

// Masks hands the newest segmentation from the goroutine of the results to
// that of the frames. Each side has a copy of its own, so that neither waits
// for the other's work.
type Masks struct {
	mu    sync.Mutex
	next  inference.Mask // under mu
	fresh bool           // under mu: next is newer than shown

	shown  inference.Mask // of the goroutine that blends
	column []int          // of the goroutine that blends: pixel at which each cell begins
}

// Put takes a copy of m; nil takes the mask away.
func (m *Masks) Put(mask *inference.Mask) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fresh = true
	if mask == nil {
		m.next.Width, m.next.Height = 0, 0
		return
	}
	class := append(m.next.Class[:0], mask.Class...)
	m.next = inference.Mask{Width: mask.Width, Height: mask.Height, Class: class, Area: mask.Area}
}

// BlendInto colours the picture by the newest mask.
func (m *Masks) BlendInto(dst *image.RGBA) {
	m.mu.Lock()
	if m.fresh {
		m.next, m.shown, m.fresh = m.shown, m.next, false
	}
	m.mu.Unlock()
	m.column = blend(dst, &m.shown, m.column)
}

// blend mixes the class colours into dst, leaving class 0 as it is. column is
// room that is reused; blend returns it, grown when needed.
func blend(dst *image.RGBA, m *inference.Mask, column []int) []int {
	if m.Width <= 0 || m.Height <= 0 || len(m.Class) < m.Width*m.Height {
		return column
	}
	column = edges(column[:0], m.Width, m.Area.X0, m.Area.X1, dst.Rect.Dx())
	y0, y1 := max(0, round(m.Area.Y0)), min(dst.Rect.Dy(), round(m.Area.Y1))
	for y := y0; y < y1; y++ {
		cy := int((float32(y) + 0.5 - m.Area.Y0) * float32(m.Height) / m.Area.Height())
		cy = min(max(cy, 0), m.Height-1)
		blendRow(dst.Pix[y*dst.Stride:], m.Class[cy*m.Width:(cy+1)*m.Width], column)
	}
	return column
}

// blendRow mixes a row of cells into a row of pixels; cell i covers the pixels
// column[i] to column[i+1].
func blendRow(row []uint8, cells []uint8, column []int) {
	for i := 0; i < len(cells); {
		class, first := cells[i], i
		for i++; i < len(cells) && cells[i] == class; i++ {
		}
		if class == 0 {
			continue
		}
		t := &tint[classIndex(int(class))]
		run := row[4*column[first] : 4*column[i]]
		for ; len(run) >= 4; run = run[4:] {
			run[0] = uint8((uint16(run[0])*(256-maskAlpha) + t[0]) >> 8)
			run[1] = uint8((uint16(run[1])*(256-maskAlpha) + t[1]) >> 8)
			run[2] = uint8((uint16(run[2])*(256-maskAlpha) + t[2]) >> 8)
		}
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
