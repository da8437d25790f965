package inference

import (
	"fmt"
	"math"
	"testing"

	"reterminal-vision/camera/frame"
)

// warpReference is the warp written plainly: sample every channel at the exact
// position, then convert colours in floating point.
func warpReference(f *frame.Frame, m [6]float32, w, h int) []float64 {
	s := samplings[f.Format]
	out := make([]float64, 0, 3*w*h)
	for y := range h {
		for x := range w {
			fx := float64(m[0])*float64(x) + float64(m[1])*float64(y) + float64(m[2])
			fy := float64(m[3])*float64(x) + float64(m[4])*float64(y) + float64(m[5])
			var v [3]float64
			for i, c := range s.channels {
				v[i] = sampleAt(f, c, fx, fy)
			}
			switch {
			case f.Format == frame.BGR24:
				v[0], v[2] = v[2], v[0]
			case f.Format == frame.Grey:
				v[1], v[2] = v[0], v[0]
			case f.Format != frame.RGB24:
				v = toRGB(v, f.Range)
			}
			out = append(out, v[:]...)
		}
	}
	return out
}

// sampleAt reads a channel at a position in luma pixels from the centre of
// the first.
func sampleAt(f *frame.Frame, c sampling, x, y float64) float64 {
	cw, ch := (f.Width+1<<c.shiftX-1)>>c.shiftX, (f.Height+1<<c.shiftY-1)>>c.shiftY
	at := func(x, y int) float64 {
		return float64(f.Planes[c.plane][mirror(y, ch)*f.Stride[c.plane]+mirror(x, cw)*c.step+c.offset])
	}
	x, y = (x+.5)/float64(int(1)<<c.shiftX)-.5, (y+.5)/float64(int(1)<<c.shiftY)-.5
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-math.Floor(x), y-math.Floor(y)
	return (at(x0, y0)*(1-fx)+at(x0+1, y0)*fx)*(1-fy) + (at(x0, y0+1)*(1-fx)+at(x0+1, y0+1)*fx)*fy
}

func TestWarpFormatsAgainstReference(t *testing.T) {
	maps := map[string][6]float32{
		"turned":  {.7, -.4, 14, .4, .7, 3},
		"reduced": {1.9, .3, -20, -.3, 1.9, 2},
		"outside": {-2.5, 3, 200, -3, -2.5, -80},
	}
	for format := range samplings {
		for _, rng := range []frame.Range{frame.RangeLimited, frame.RangeFull} {
			for name, m := range maps {
				for _, size := range [][2]int{{52, 44}, {53, 45}, {1, 1}} {
					t.Run(fmt.Sprintf("%v/%d/%s/%dx%d", format, rng, name, size[0], size[1]), func(t *testing.T) {
						f := noise(format, rng, size[0], size[1])
						w, err := NewWarper(input(37, 29, UInt8, 1.0/128, 128), Uniform(128, 128))
						if err != nil {
							t.Fatal(err)
						}
						defer w.Close()
						got := make([]byte, w.Size())
						if err := w.Run(f, m, got); err != nil {
							t.Fatal(err)
						}
						// Rounding each channel before the colour matrix costs up to three levels.
						tolerance := 3.2
						if samplings[format].channels[0].step == 3 || format == frame.Grey {
							tolerance = 1
						}
						for i, want := range warpReference(f, m, 37, 29) {
							if math.Abs(float64(got[i])-want) > tolerance {
								t.Fatalf("element %d is %d, reference %.2f", i, got[i], want)
							}
						}
					})
				}
			}
		}
	}
}

func TestWarpRefuses(t *testing.T) {
	if w, err := NewWarper(input(8, 8, Int64, 1, 0), Uniform(0, 1)); err == nil {
		w.Close()
		t.Error("an int64 input was accepted")
	}
	w, err := NewWarper(input(8, 8, Float32, 0, 0), Uniform(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dst, plain := make([]byte, w.Size()), [6]float32{1, 0, 0, 0, 1, 0}
	short := pattern(16, 16)
	short.Planes[0] = short.Planes[0][:40]
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, run := range map[string]func() error{
		"short plane":  func() error { return w.Run(short, plain, dst) },
		"short buffer": func() error { return w.Run(pattern(16, 16), plain, dst[:5]) },
		"NaN":          func() error { return w.Run(pattern(16, 16), [6]float32{1, nan, 0, 0, 1, 0}, dst) },
		"infinite":     func() error { return w.Run(pattern(16, 16), [6]float32{1, 0, 0, 0, 1, -inf}, dst) },
		"far away":     func() error { return w.Run(pattern(16, 16), [6]float32{1, 0, 1e9, 0, 1, 0}, dst) },
		"enormous":     func() error { return w.Run(pattern(16, 16), [6]float32{1e9, 0, 0, 0, 1e9, 0}, dst) },
	} {
		if run() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
