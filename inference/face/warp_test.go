package face

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

func picture(w, h int, d inference.DType) *inference.Tensor {
	return &inference.Tensor{Name: "in", Shape: []int{1, h, w, 3}, DType: d, Scale: 1}
}

func warp(t testing.TB, in *inference.Tensor, norm inference.Normalization, f *frame.Frame, m Similarity) []byte {
	t.Helper()
	w, err := NewWarper(in, norm)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dst := make([]byte, w.Size())
	if err := w.Run(f, m, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// Turned, enlarged, reduced and across the edges, a warp differs from OpenCV's
// by rounding only.
func TestWarpAgainstOpenCV(t *testing.T) {
	var cases []struct {
		Width, Height int
		To            [2]int
		M             Similarity
		Spots         [][2]float64
	}
	readJSON(t, "warp", &cases)
	for _, c := range cases {
		t.Run(fmt.Sprintf("%dx%d to %v by %v", c.Width, c.Height, c.To, c.M), func(t *testing.T) {
			got := warp(t, picture(c.To[0], c.To[1], inference.UInt8), inference.Uniform(0, 1), pattern(c.Width, c.Height), c.M)
			sum, most := 0.0, 0.0
			for _, s := range c.Spots {
				d := math.Abs(float64(got[int(s[0])]) - s[1])
				sum, most = sum+d, max(most, d)
			}
			if mean := sum / float64(len(c.Spots)); mean > .1 || most > 1 {
				t.Errorf("differs by %.3f on average and by up to %v", mean, most)
			}
		})
	}
}

// The same face warped from RGB and from a camera's YUV is the same but for
// the coarser chroma.
func TestWarpOfCameraFrames(t *testing.T) {
	rgb := testmedia.Frame(t, "media/recognition/img3.jpg")
	_, out := detect(t, open(t, "ultralight_face_landmark", inference.Options{}), rgb)
	l := LandmarksOf(&out.Objects[0])
	m, ok := Align(Template112[:], l[:])
	if !ok {
		t.Fatal("not aligned")
	}
	want := warp(t, picture(112, 112, inference.UInt8), inference.Uniform(0, 1), rgb, m)
	got := warp(t, picture(112, 112, inference.UInt8), inference.Uniform(0, 1), toI420(rgb), m)
	sum := 0.0
	for i := range got {
		sum += math.Abs(float64(got[i]) - float64(want[i]))
	}
	if mean := sum / float64(len(got)); mean > 1.5 {
		t.Errorf("differs by %.2f levels on average", mean)
	}
}

// toI420 converts to full-range BT.601.
func toI420(f *frame.Frame) *frame.Frame {
	out := new(frame.Pool).Get(frame.I420, f.Width, f.Height)
	out.Range = frame.RangeFull
	at := func(x, y int) (r, g, b float64) {
		p := f.Planes[0][min(y, f.Height-1)*f.Stride[0]+3*min(x, f.Width-1):]
		return float64(p[0]), float64(p[1]), float64(p[2])
	}
	for y := range f.Height {
		for x := range f.Width {
			r, g, b := at(x, y)
			out.Planes[0][y*out.Stride[0]+x] = uint8(math.Round(.299*r + .587*g + .114*b))
		}
	}
	for y := range (f.Height + 1) / 2 {
		for x := range (f.Width + 1) / 2 {
			var u, v float64
			for k := range 4 {
				r, g, b := at(2*x+k%2, 2*y+k/2)
				u += (-.168736*r - .331264*g + .5*b) / 4
				v += (.5*r - .418688*g - .081312*b) / 4
			}
			out.Planes[1][y*out.Stride[1]+x] = uint8(min(math.Round(128+u), 255))
			out.Planes[2][y*out.Stride[2]+x] = uint8(min(math.Round(128+v), 255))
		}
	}
	return out
}

// A detected face ends up with its landmarks on the template.
func TestAlignedFaceIsUpright(t *testing.T) {
	d := open(t, "ultralight_face_landmark", inference.Options{})
	f := testmedia.Frame(t, "media/recognition/img3.jpg")
	_, out := detect(t, d, f)
	l := LandmarksOf(&out.Objects[0])
	m, ok := Align(Template112[:], l[:])
	if !ok {
		t.Fatal("not aligned")
	}
	for i, p := range Template112 {
		if off := distance(m.Point(p), l[i]); off > .08*out.Objects[0].Box.Width() {
			t.Errorf("landmark %d is %.1f pixels off", i, off)
		}
	}
}

func TestWarpOutputs(t *testing.T) {
	f, m := pattern(96, 80), Similarity{1, 0, 10, 0, 1, 12}
	bytes := warp(t, picture(32, 24, inference.UInt8), inference.Uniform(0, 1), f, m)
	floats := warp(t, picture(32, 24, inference.Float32), inference.Uniform(127.5, 128), f, m)
	int8s := warp(t, &inference.Tensor{Shape: []int{1, 24, 32, 3}, DType: inference.Int8, Scale: 1. / 255, ZeroPoint: -128}, inference.Uniform(0, 255), f, m)
	for i, b := range bytes {
		x, y := i/3%32+10, i/96+12
		if want := f.Planes[0][y*f.Stride[0]+3*x+i%3]; b != want {
			t.Fatalf("byte %d is %d, want %d", i, b, want)
		}
		if got := math.Float32frombits(binary.LittleEndian.Uint32(floats[4*i:])); abs(got-(float32(b)-127.5)/128) > 1e-5 {
			t.Fatalf("float %d is %g of byte %d", i, got, b)
		}
		if int8s[i] != b^0x80 {
			t.Fatalf("int8 %d is %d of byte %d", i, int8(int8s[i]), b)
		}
	}
}

func BenchmarkWarp(b *testing.B) {
	for _, c := range []struct {
		format frame.Format
		dtype  inference.DType
	}{{frame.I420, inference.Float32}, {frame.I420, inference.UInt8}, {frame.YUYV, inference.Float32}, {frame.RGB24, inference.Float32}} {
		b.Run(fmt.Sprintf("%v 1280x720 to 112x112 %v", c.format, c.dtype), func(b *testing.B) {
			w, err := NewWarper(picture(112, 112, c.dtype), inference.Uniform(127.5, 128))
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			f, dst := new(frame.Pool).Get(c.format, 1280, 720), make([]byte, w.Size())
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Run(f, Similarity{1.9, -.5, 500, .5, 1.9, 200}, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
