package overlay

import (
	"image"
	"sync"

	"reterminal-vision/inference"
	"reterminal-vision/inference/drawing"
)

// maskAlpha is the weight of a class's colour in the picture, of 256.
const maskAlpha = 115

// Masks hands the newest segmentation from the goroutine of the results to
// that of the frames. Each side has a copy of its own, so that neither waits
// for the other's work.
type Masks struct {
	mu    sync.Mutex
	next  inference.Mask // under mu
	fresh bool           // under mu: next is newer than shown

	shown  inference.Mask // of the goroutine that blends
	column []int          // of the goroutine that blends: room for Tint
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
	m.column = drawing.Tint(dst, &m.shown, maskAlpha, m.column)
}
