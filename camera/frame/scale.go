package frame

import (
	"fmt"
	"image"
)

// Scaler makes pictures of another size, for screens and thumbnails; what a
// network sees goes through inference.Preprocessor instead. It keeps its
// buffers between calls and must not be used from two goroutines at once.
type Scaler struct{ buf []byte }

// ToRGBA scales f to dst's size and converts it into dst with opaque colours,
// YUV as ToRGBA does. Planes are scaled first, by bilinear interpolation
// between the centres of their samples, then converted; it allocates when f or
// dst is larger than before.
func (s *Scaler) ToRGBA(dst *image.RGBA, f *Frame) error {
	if err := f.Validate(); err != nil {
		return err
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || dst.Stride < 4*w || len(dst.Pix) < dst.Stride*(h-1)+4*w {
		return fmt.Errorf("an image of %dx%d with %d bytes at stride %d cannot be scaled into", w, h, len(dst.Pix), dst.Stride)
	}
	if w == f.Width && h == f.Height {
		convertRGBA(dst, f)
		return nil
	}
	s.scaleRGBA(dst, f, w, h)
	return nil
}

// room is a buffer of n bytes, its contents undefined.
func (s *Scaler) room(n int) []byte {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	return s.buf[:n]
}

// scaleReference is Scaler.ToRGBA's definition in plain Go, without its checks.
func scaleReference(dst *image.RGBA, f *Frame, w, h int) {
	small := (&Pool{}).Get(scaledFormat(f.Format), w, h)
	small.Range = f.Range
	for p := range small.Planes {
		row, rows := small.Format.PlaneSize(p, w, h)
		step := small.Format.channels()
		for y := range rows {
			for i := range row {
				small.Planes[p][y*small.Stride[p]+i] = f.sampleAt(p, i%step, i/step, y, row/step, rows)
			}
		}
	}
	toRGBAReference(dst, small)
}

// scaledFormat is the layout in which a format is scaled.
func scaledFormat(f Format) Format {
	switch f {
	case YUYV, UYVY:
		return I422
	case NV12:
		return I420
	}
	return f
}

// channels is how many are interleaved in a plane of a scaled format.
func (f Format) channels() int {
	if f == RGB24 || f == BGR24 {
		return 3
	}
	return 1
}

// sampleAt interpolates channel c of plane p of the frame's scaled format, at
// sample x, y of a plane of w x h.
func (f *Frame) sampleAt(p, c, x, y, w, h int) uint8 {
	format := scaledFormat(f.Format)
	row, rows := format.PlaneSize(p, f.Width, f.Height)
	step := format.channels()
	cols := row / step
	at := func(x, y int) float64 {
		x, y = min(max(x, 0), cols-1), min(max(y, 0), rows-1)
		switch f.Format {
		case YUYV, UYVY:
			offset := [2][3]int{{0, 1, 3}, {1, 0, 2}}[f.Format-YUYV][p]
			scale := 4
			if p == 0 {
				scale = 2
			}
			return float64(f.Planes[0][y*f.Stride[0]+scale*x+offset])
		case NV12:
			if p > 0 {
				return float64(f.Planes[1][y*f.Stride[1]+2*x+p-1])
			}
		}
		return float64(f.Planes[p][y*f.Stride[p]+step*x+c])
	}
	sx, sy := position(x, w, cols), position(y, h, rows)
	x0, y0 := int(sx), int(sy)
	fx, fy := sx-float64(x0), sy-float64(y0)
	left, right := at(x0, y0)*(1-fy)+at(x0, y0+1)*fy, at(x0+1, y0)*(1-fy)+at(x0+1, y0+1)*fy
	return uint8(left*(1-fx) + right*fx + .5)
}

// position is where among n samples the i-th of m is taken: between centres
// when there become fewer, from the first to the last when there become more.
func position(i, m, n int) float64 {
	if m > n {
		return float64(i) * float64(n-1) / float64(m-1)
	}
	return max((float64(i)+.5)*float64(n)/float64(m)-.5, 0)
}
