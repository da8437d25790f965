package face

import (
	"math"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

func TestCrop(t *testing.T) {
	box := func(x0, y0, x1, y1 float32) inference.Box { return inference.Box{X0: x0, Y0: y0, X1: x1, Y1: y1} }
	for name, c := range map[string]struct {
		face           inference.Box
		margin, aspect float32
		want           inference.Box
	}{
		"square stays":         {box(10, 20, 50, 60), 0, 1, box(10, 20, 50, 60)},
		"tall becomes square":  {box(10, 20, 50, 80), 0, 1, box(0, 20, 60, 80)},
		"wide becomes square":  {box(10, 20, 70, 60), 0, 1, box(10, 10, 70, 70)},
		"margin":               {box(100, 100, 200, 300), .1, 1, box(30, 80, 270, 320)},
		"margin shrinks":       {box(100, 100, 300, 300), -.1, 1, box(120, 120, 280, 280)},
		"narrow aspect":        {box(0, 0, 60, 60), 0, .5, box(0, -30, 60, 90)},
		"wide aspect":          {box(0, 0, 60, 60), 0, 2, box(-30, 0, 90, 60)},
		"aspect fits already":  {box(0, 0, 96, 112), 0, 96. / 112, box(0, 0, 96, 112)},
		"beyond the top left":  {box(-10, -20, 30, 20), .1, 1, box(-14, -24, 34, 24)},
		"beyond all the frame": {box(-50, -50, 800, 800), .5, 1, box(-475, -475, 1225, 1225)},
	} {
		if got := Crop(c.face, c.margin, c.aspect); max(abs(got.X0-c.want.X0), abs(got.Y0-c.want.Y0), abs(got.X1-c.want.X1), abs(got.Y1-c.want.Y1)) > 1e-3 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// pattern is the picture that testdata/record.py makes too.
func pattern(w, h int) *frame.Frame {
	f := new(frame.Pool).Get(frame.RGB24, w, h)
	for y := range h {
		for x := range w {
			p := f.Planes[0][y*f.Stride[0]+3*x:]
			p[0], p[1], p[2] = uint8((x*7+y*3)%256), uint8((x*x+y*5)%251), uint8((x/5+y/3)%2*200+20)
		}
	}
	return f
}

// mirrored is the frame with border pixels more on every side, reflected.
func mirrored(f *frame.Frame, border int) *frame.Frame {
	big := new(frame.Pool).Get(frame.RGB24, f.Width+2*border, f.Height+2*border)
	at := func(i, n int) int {
		if i = int(math.Abs(float64(i))); i >= n {
			i = 2*(n-1) - i
		}
		return i
	}
	for y := range big.Height {
		for x := range big.Width {
			from := f.Planes[0][at(y-border, f.Height)*f.Stride[0]+3*at(x-border, f.Width):]
			copy(big.Planes[0][y*big.Stride[0]+3*x:][:3], from)
		}
	}
	return big
}

// Crops of faces at and beyond the frame's edges show the frame mirrored
// there, as a crop from a frame that was mirrored first.
func TestCropsAtEdgesAreMirrored(t *testing.T) {
	const border = 40
	f := pattern(96, 80)
	big := mirrored(f, border)
	pre, err := inference.NewPreprocessor(&inference.Tensor{Shape: []int{1, 48, 48, 3}, DType: inference.UInt8, Scale: 1}, inference.Uniform(0, 1), inference.Stretch)
	if err != nil {
		t.Fatal(err)
	}
	defer pre.Close()
	for name, box := range map[string]inference.Box{
		"inside":           {X0: 30, Y0: 30, X1: 60, Y1: 60},
		"at the corner":    {X0: 0, Y0: 0, X1: 30, Y1: 40},
		"over the left":    {X0: -12, Y0: 20, X1: 25, Y1: 60},
		"over the bottom":  {X0: 40, Y0: 50, X1: 80, Y1: 95},
		"over two edges":   {X0: 70, Y0: 60, X1: 110, Y1: 100},
		"larger than both": {X0: -10, Y0: -10, X1: 100, Y1: 90},
	} {
		crop := Crop(box, .1, 1)
		shifted := inference.Box{X0: crop.X0 + border, Y0: crop.Y0 + border, X1: crop.X1 + border, Y1: crop.Y1 + border}
		got, want := make([]byte, pre.Size()), make([]byte, pre.Size())
		if _, err := pre.Run(f, crop, got); err != nil {
			t.Fatal(err)
		}
		if _, err := pre.Run(big, shifted, want); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			// Fractions of a shifted position round differently in single precision.
			if math.Abs(float64(got[i])-float64(want[i])) > 1 {
				t.Fatalf("%s: element %d is %d, want %d", name, i, got[i], want[i])
			}
		}
	}
}
