package face

import "fmt"

// Layer is one grid of anchors: a cell every Stride pixels, each way, and the
// same anchors in each.
type Layer struct {
	Stride int `json:"stride"` // pixels
	// Boxes are the anchors' widths and heights in pixels of the input, for
	// UltraLight.
	Boxes [][2]float32 `json:"boxes,omitempty"`
	// Count is how many anchors a cell has, for BlazeFace, whose anchors are
	// places without a size.
	Count int `json:"count,omitempty"`
}

// anchor is a place and size that a network's outputs refer to, as fractions
// of the input picture.
type anchor struct{ cx, cy, w, h float32 }

// makeAnchors lists the anchors of a width x height input, layer by layer,
// row by row. A grid that does not fit is rounded up; even spreads its cells
// over the picture, else they keep their stride and the last ones hang over.
func makeAnchors(layers []Layer, width, height int, even bool) ([]anchor, error) {
	var all []anchor
	for _, l := range layers {
		if l.Stride < 1 || (len(l.Boxes) == 0) == (l.Count < 1) {
			return nil, fmt.Errorf("anchors %+v: expected a stride and either boxes or a count", l)
		}
		cols, rows := (width+l.Stride-1)/l.Stride, (height+l.Stride-1)/l.Stride
		stepX, stepY := float32(l.Stride)/float32(width), float32(l.Stride)/float32(height)
		if even {
			stepX, stepY = 1/float32(cols), 1/float32(rows)
		}
		sizes := l.sizes(width, height)
		for y := range rows {
			for x := range cols {
				for _, a := range sizes {
					a.cx, a.cy = (float32(x)+.5)*stepX, (float32(y)+.5)*stepY
					all = append(all, a)
				}
			}
		}
	}
	return all, nil
}

// sizes are the anchors of a cell, none larger than the picture.
func (l Layer) sizes(width, height int) []anchor {
	if l.Count > 0 {
		return make([]anchor, l.Count)
	}
	sizes := make([]anchor, len(l.Boxes))
	for i, b := range l.Boxes {
		sizes[i] = anchor{w: min(b[0]/float32(width), 1), h: min(b[1]/float32(height), 1)}
	}
	return sizes
}
