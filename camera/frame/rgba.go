package frame

import (
	"fmt"
	"image"
)

// ToRGBA converts f into dst, whose rectangle must have f's size and whose
// pixels are overwritten in place with opaque colours. YUV is BT.601 at f's
// range; chroma is repeated, not interpolated. It allocates nothing.
func ToRGBA(dst *image.RGBA, f *Frame) error {
	if err := f.Validate(); err != nil {
		return err
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if w != f.Width || h != f.Height {
		return fmt.Errorf("frame of %dx%d does not fit an image of %dx%d", f.Width, f.Height, w, h)
	}
	if dst.Stride < 4*w || len(dst.Pix) < dst.Stride*(h-1)+4*w {
		return fmt.Errorf("image of %dx%d has %d bytes at stride %d, too few", w, h, len(dst.Pix), dst.Stride)
	}
	convertRGBA(dst, f)
	return nil
}

// toRGBAReference is ToRGBA's definition in plain Go, without its checks.
func toRGBAReference(dst *image.RGBA, f *Frame) {
	for y := range f.Height {
		row := dst.Pix[y*dst.Stride:]
		for x := range f.Width {
			p := row[4*x : 4*x+4]
			p[0], p[1], p[2] = rgbAt(f, x, y)
			p[3] = 0xFF
		}
	}
}

// rgbAt gives the colour of one pixel.
func rgbAt(f *Frame, x, y int) (r, g, b uint8) {
	at := func(p, x, y int) uint8 { return f.Planes[p][y*f.Stride[p]+x] }
	switch f.Format {
	case RGB24:
		return at(0, 3*x, y), at(0, 3*x+1, y), at(0, 3*x+2, y)
	case BGR24:
		return at(0, 3*x+2, y), at(0, 3*x+1, y), at(0, 3*x, y)
	case YUYV:
		return yuvToRGB(f.Range, at(0, 2*x, y), at(0, x&^1*2+1, y), at(0, x&^1*2+3, y))
	case UYVY:
		return yuvToRGB(f.Range, at(0, 2*x+1, y), at(0, x&^1*2, y), at(0, x&^1*2+2, y))
	case NV12:
		return yuvToRGB(f.Range, at(0, x, y), at(1, x&^1, y/2), at(1, x|1, y/2))
	case I420:
		return yuvToRGB(f.Range, at(0, x, y), at(1, x/2, y/2), at(2, x/2, y/2))
	case I422:
		return yuvToRGB(f.Range, at(0, x, y), at(1, x/2, y), at(2, x/2, y))
	case I444:
		return yuvToRGB(f.Range, at(0, x, y), at(1, x, y), at(2, x, y))
	default:
		return yuvToRGB(f.Range, at(0, x, y), 128, 128)
	}
}

// yuvToRGB applies ITU-R BT.601 in 16-bit fixed point.
func yuvToRGB(rng Range, y, u, v uint8) (r, g, b uint8) {
	l, d, e := int(y)<<16, int(u)-128, int(v)-128
	if rng == RangeFull {
		return clamp8(l + 91881*e), clamp8(l - 22554*d - 46802*e), clamp8(l + 116130*d)
	}
	l = (int(y) - 16) * 76309
	return clamp8(l + 104597*e), clamp8(l - 25675*d - 53279*e), clamp8(l + 132201*d)
}

func clamp8(v int) uint8 { return uint8(min(max((v+1<<15)>>16, 0), 255)) }
