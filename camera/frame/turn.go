package frame

import "fmt"

// Turn says how a picture is set upright: turned clockwise by so many degrees
// (0, 90, 180 or 270), then mirrored left to right.
type Turn struct {
	Degrees int
	Mirror  bool
}

// Check reports an angle that is none of the four.
func (t Turn) Check() error {
	switch t.Degrees {
	case 0, 90, 180, 270:
		return nil
	}
	return fmt.Errorf("a turn of %d degrees: choose 0, 90, 180 or 270", t.Degrees)
}

// Sideways reports whether width and height change places.
func (t Turn) Sideways() bool { return t.Degrees == 90 || t.Degrees == 270 }

// format is the layout of a turned frame: packed and half-sampled formats turn
// into I420, which has a row for every other row as well.
func (t Turn) format(f Format) Format {
	switch f {
	case RGB24, BGR24, Grey, I444:
		return f
	}
	return I420
}

// Apply returns a new frame, turned; f stays the caller's.
func (t Turn) Apply(f *Frame, pool *Pool) (*Frame, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	w, h := f.Width, f.Height
	if t.Sideways() {
		w, h = h, w
	}
	out := pool.Get(t.format(f.Format), w, h)
	out.Range, out.Sequence, out.Timestamp, out.Captured = f.Range, f.Sequence, f.Timestamp, f.Captured
	turnPlanes(out, f, t)
	return out, nil
}

// from gives the pixel of a w x h picture that a turned one shows at x, y.
func (t Turn) from(x, y, w, h int) (int, int) {
	tw := w
	if t.Sideways() {
		tw = h
	}
	if t.Mirror {
		x = tw - 1 - x
	}
	switch t.Degrees {
	case 90:
		return y, h - 1 - x
	case 180:
		return w - 1 - x, h - 1 - y
	case 270:
		return w - 1 - y, x
	}
	return x, y
}

// turnReference is turnPlanes' definition in plain Go. Chroma of fewer samples
// than the turned frame has room for is that of the nearest pixel, chroma of
// more the mean.
func turnReference(dst, src *Frame, t Turn) {
	for p := range dst.Planes {
		row, rows := dst.Format.PlaneSize(p, dst.Width, dst.Height)
		step := 1
		if dst.Format == RGB24 || dst.Format == BGR24 {
			step = 3
		}
		for y := range rows {
			for x := 0; x < row/step; x++ {
				to := dst.Planes[p][y*dst.Stride[p]+step*x:]
				if p == 0 || dst.Format == I444 {
					sx, sy := t.from(x, y, src.Width, src.Height)
					for c := range step {
						to[c] = sample(src, p, sx, sy, c)
					}
					continue
				}
				to[0] = chroma(src, p, x, y, t)
			}
		}
	}
}

// sample is component c of plane p at a full-size position.
func sample(f *Frame, p, x, y, c int) uint8 {
	switch f.Format {
	case RGB24, BGR24:
		return f.Planes[0][y*f.Stride[0]+3*x+c]
	case YUYV:
		return f.Planes[0][y*f.Stride[0]+2*x]
	case UYVY:
		return f.Planes[0][y*f.Stride[0]+2*x+1]
	}
	return f.Planes[p][y*f.Stride[p]+x]
}

// chroma is U (1) or V (2) of a turned I420 frame: of a half-size source the
// sample that lands there, of a source with chroma in every row the mean of
// two rows.
func chroma(f *Frame, p, x, y int, t Turn) uint8 {
	hw, hh := (f.Width+1)/2, (f.Height+1)/2
	sx, sy := t.from(x, y, hw, hh)
	switch f.Format {
	case NV12:
		return f.Planes[1][sy*f.Stride[1]+2*sx+p-1]
	case I420:
		return f.Planes[p][sy*f.Stride[p]+sx]
	}
	at := func(row int) int {
		row = min(row, f.Height-1)
		switch f.Format {
		case YUYV:
			return int(f.Planes[0][row*f.Stride[0]+4*sx+2*p-1])
		case UYVY:
			return int(f.Planes[0][row*f.Stride[0]+4*sx+2*p-2])
		}
		return int(f.Planes[p][row*f.Stride[p]+sx])
	}
	return uint8((at(2*sy) + at(2*sy+1) + 1) / 2)
}
