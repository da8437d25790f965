package frame

import (
	"fmt"
	"image"
	"testing"
)

// smoothFrame is a picture of gradients; libyuv holds positions in few bits, so edges would differ more.
func smoothFrame(format Format, rng Range, w, h int) *Frame {
	f := (&Pool{}).Get(format, w, h)
	f.Range = rng
	for p := range f.Planes {
		row, rows := format.PlaneSize(p, w, h)
		for y := range rows {
			for x := range row {
				f.Planes[p][y*f.Stride[p]+x] = byte(40 + 90*x/row + 80*y/rows)
			}
		}
	}
	return f
}

// scaleTolerance is 2 for the conversion, and 1 of a scaled plane counts up to twice in a colour.
const scaleTolerance = 4

func TestScalerMatchesReference(t *testing.T) {
	sizes := []struct{ w, h, toW, toH int }{{640, 480, 224, 224}, {63, 47, 20, 31}, {64, 48, 32, 24}, {40, 30, 97, 71}, {640, 480, 640, 480}, {8, 8, 1, 1}}
	for _, format := range allFormats {
		for _, rng := range []Range{RangeLimited, RangeFull} {
			for _, s := range sizes {
				t.Run(fmt.Sprintf("%v/%d/%dx%d to %dx%d", format, rng, s.w, s.h, s.toW, s.toH), func(t *testing.T) {
					f := smoothFrame(format, rng, s.w, s.h)
					got, want := image.NewRGBA(image.Rect(0, 0, s.toW, s.toH)), image.NewRGBA(image.Rect(0, 0, s.toW, s.toH))
					var scaler Scaler
					if err := scaler.ToRGBA(got, f); err != nil {
						t.Fatal(err)
					}
					if s.w == s.toW {
						toRGBAReference(want, f)
					} else {
						scaleReference(want, f, s.toW, s.toH)
					}
					for i := range want.Pix {
						if difference(int(got.Pix[i])-int(want.Pix[i])) > scaleTolerance {
							t.Fatalf("byte %d is %d, reference %d", i, got.Pix[i], want.Pix[i])
						}
					}
					if n := testing.AllocsPerRun(5, func() { _ = scaler.ToRGBA(got, f) }); n != 0 && !pureGo {
						t.Errorf("%v allocations", n)
					}
				})
			}
		}
	}
}

func TestScalerRefuses(t *testing.T) {
	good := randomFrame(I420, RangeFull, 8, 8, 0)
	for name, c := range map[string]struct {
		dst *image.RGBA
		f   *Frame
	}{
		"empty":       {image.NewRGBA(image.Rect(0, 0, 0, 4)), good},
		"short image": {&image.RGBA{Pix: make([]byte, 10), Stride: 16, Rect: image.Rect(0, 0, 4, 4)}, good},
		"no format":   {image.NewRGBA(image.Rect(0, 0, 4, 4)), &Frame{Width: 8, Height: 8}},
	} {
		if err := new(Scaler).ToRGBA(c.dst, c.f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
