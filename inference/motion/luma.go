// Package motion tells, from the brightness of frames alone, whether a picture
// changed and where things in it went: cheap enough to save a network's work.
//
// In: frames of any format and boxes in their pixels. Out: fingerprints to
// compare, how alike two looks at a box are, and where boxes have moved to. It
// imports inference and camera; inference/frameskip and the tasks may import it.
package motion

import "reterminal-vision/camera/frame"

// luma is the brightness of a frame where it lies: one byte every step bytes.
// Of RGB and BGR it is the green, which is most of it.
type luma struct {
	data          []byte
	width, height int
	stride, step  int
}

// lumaOf finds the brightness of a frame; false where the planes are too small.
func lumaOf(f *frame.Frame) (luma, bool) {
	if f.Validate() != nil {
		return luma{}, false
	}
	l := luma{f.Planes[0], f.Width, f.Height, f.Stride[0], 1}
	switch f.Format {
	case frame.RGB24, frame.BGR24:
		l.data, l.step = l.data[1:], 3
	case frame.YUYV:
		l.step = 2
	case frame.UYVY:
		l.data, l.step = l.data[1:], 2
	}
	return l, true
}
