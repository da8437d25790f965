package inference

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"reterminal-vision/camera/frame"
)

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

// input describes a picture input for tests.
func input(w, h int, d DType, scale float32, zero int) *Tensor {
	return &Tensor{Name: "in", Shape: []int{1, h, w, 3}, DType: d, Scale: scale, ZeroPoint: zero}
}

func preprocess(t *testing.T, in *Tensor, norm Normalization, r Resize, f *frame.Frame, crop Box) ([]byte, Mapping) {
	t.Helper()
	p, err := NewPreprocessor(in, norm, r)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dst := make([]byte, p.Size())
	m, err := p.Run(f, crop, dst)
	if err != nil {
		t.Fatal(err)
	}
	return dst, m
}

// Every resize equals OpenCV's to the last bit.
func TestResizeAgainstOpenCV(t *testing.T) {
	raw, err := os.ReadFile("testdata/resize.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Width, Height int
		To            [2]int
		Crop          []float32
		Spots         [][2]float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%dx%d to %v crop %v", c.Width, c.Height, c.To, c.Crop), func(t *testing.T) {
			var crop Box
			if c.Crop != nil {
				crop = Box{c.Crop[0], c.Crop[1], c.Crop[2], c.Crop[3]}
			}
			got, _ := preprocess(t, input(c.To[0], c.To[1], UInt8, 1.0/128, 128), Uniform(128, 128), Stretch, pattern(c.Width, c.Height), crop)
			for _, s := range c.Spots {
				if d := math.Abs(float64(got[int(s[0])]) - s[1]); d > 0 {
					t.Fatalf("element %v is %d, OpenCV has %v", s[0], got[int(s[0])], s[1])
				}
			}
		})
	}
}

// reference is the same pass written plainly: sample every channel at the
// exact position, then convert colours in floating point.
func reference(f *frame.Frame, crop Box, w, h int) []float64 {
	s := samplings[f.Format]
	out := make([]float64, 0, 3*w*h)
	for y := range h {
		for x := range w {
			var v [3]float64
			for i, c := range s.channels {
				v[i] = sample(f, c, crop, x, y, w, h)
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

func sample(f *frame.Frame, c sampling, crop Box, x, y, w, h int) float64 {
	cw, ch := (f.Width+1<<c.shiftX-1)>>c.shiftX, (f.Height+1<<c.shiftY-1)>>c.shiftY
	at := func(x, y int) float64 {
		return float64(f.Planes[c.plane][mirror(y, ch)*f.Stride[c.plane]+mirror(x, cw)*c.step+c.offset])
	}
	pos := func(i, n int, lo, hi float32, shift int) (int, float64) {
		sub := float64(int(1) << shift)
		p := (float64(lo)+(float64(i)+.5)*float64(hi-lo)/float64(n))/sub - .5
		p = max(min(p, float64(hi)/sub-1), float64(lo)/sub)
		return int(math.Floor(p)), p - math.Floor(p)
	}
	x0, fx := pos(x, w, crop.X0, crop.X1, c.shiftX)
	y0, fy := pos(y, h, crop.Y0, crop.Y1, c.shiftY)
	return (at(x0, y0)*(1-fx)+at(x0+1, y0)*fx)*(1-fy) + (at(x0, y0+1)*(1-fx)+at(x0+1, y0+1)*fx)*fy
}

func toRGB(yuv [3]float64, r frame.Range) [3]float64 {
	y, u, v := yuv[0], yuv[1]-128, yuv[2]-128
	if r == frame.RangeLimited {
		y, u, v = (y-16)*255/219, u*255/224, v*255/224
	}
	clamp := func(x float64) float64 { return min(max(x, 0), 255) }
	return [3]float64{clamp(y + 1.402*v), clamp(y - .344136*u - .714136*v), clamp(y + 1.772*u)}
}

// noise fills a frame with smooth content and padding rows of garbage.
func noise(format frame.Format, r frame.Range, w, h int) *frame.Frame {
	rng := rand.New(rand.NewPCG(1, 2))
	f := new(frame.Pool).Get(format, w, h)
	f.Range = r
	for p := range f.Planes {
		row, rows := format.PlaneSize(p, w, h)
		if rows == 0 {
			continue
		}
		f.Stride[p] = row + 5
		f.Planes[p] = make([]byte, f.Stride[p]*rows)
		for i := range f.Planes[p] {
			f.Planes[p][i] = uint8(rng.IntN(256))
		}
	}
	return f
}

func TestFormatsAgainstReference(t *testing.T) {
	crops := map[string]Box{"whole": {}, "inner": {4, 6, 42, 30}, "outside": {-9, -4, 20, 60}}
	for format := range samplings {
		for _, rng := range []frame.Range{frame.RangeLimited, frame.RangeFull} {
			for name, crop := range crops {
				for _, size := range [][2]int{{52, 44}, {53, 45}} {
					t.Run(fmt.Sprintf("%v/%d/%s/%dx%d", format, rng, name, size[0], size[1]), func(t *testing.T) {
						f := noise(format, rng, size[0], size[1])
						got, _ := preprocess(t, input(37, 29, UInt8, 1.0/128, 128), Uniform(128, 128), Stretch, f, crop)
						if crop == (Box{}) {
							crop = Box{0, 0, float32(size[0]), float32(size[1])}
						}
						// Rounding each channel before the colour matrix costs up to three levels.
						tolerance := 3.2
						if samplings[format].channels[0].step == 3 || format == frame.Grey {
							tolerance = 1.3
						}
						for i, want := range reference(f, crop, 37, 29) {
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

func TestOutputsOfPreprocess(t *testing.T) {
	f := pattern(64, 48)
	bytes, _ := preprocess(t, input(32, 24, UInt8, 1.0/128, 128), Uniform(128, 128), Stretch, f, Box{})
	check := func(name string, in *Tensor, norm Normalization, want func(b uint8, c int) float64, tolerance float64) {
		t.Run(name, func(t *testing.T) {
			got, _ := preprocess(t, in, norm, Stretch, f, Box{})
			for i, b := range bytes {
				var v float64
				switch in.DType {
				case Float32:
					v = float64(unsafe.Slice((*float32)(unsafe.Pointer(&got[0])), len(bytes))[i])
				case Int8:
					v = float64(int8(got[i]))
				default:
					v = float64(got[i])
				}
				if w := want(b, i%3); math.Abs(v-w) > tolerance {
					t.Fatalf("element %d: byte %d became %g, want %g", i, b, v, w)
				}
			}
		})
	}
	check("float -1..1", input(32, 24, Float32, 0, 0), Uniform(127.5, 127.5), func(b uint8, _ int) float64 { return float64(b)/127.5 - 1 }, 1e-5)
	check("float per channel", input(32, 24, Float32, 0, 0), Normalization{Mean: [3]float32{1, 2, 3}, Std: [3]float32{4, 5, 6}},
		func(b uint8, c int) float64 { return (float64(b) - float64(c+1)) / float64(c+4) }, 1e-4)
	check("int8 of 0..1", input(32, 24, Int8, 1.0/255, -128), Uniform(0, 255), func(b uint8, _ int) float64 { return float64(b) - 128 }, 0)
	check("int8 of -1..1", input(32, 24, Int8, 0.0078, 1), Uniform(127.5, 127.5),
		func(b uint8, _ int) float64 {
			return min(max(math.Round((float64(b)/127.5-1)/0.0078)+1, -128), 127)
		}, 1)
	check("uint8 by table", input(32, 24, UInt8, 0.5, 3), Uniform(0, 1), func(b uint8, _ int) float64 { return min(math.Round(float64(b)/.5)+3, 255) }, 1)
}

func TestLetterboxMapsBack(t *testing.T) {
	for _, c := range []struct{ w, h, tw, th int }{{640, 480, 320, 320}, {480, 640, 224, 224}, {628, 420, 300, 300}, {33, 200, 128, 64}} {
		f := pattern(c.w, c.h)
		got, m := preprocess(t, input(c.tw, c.th, UInt8, 1.0/128, 128), Uniform(128, 128), Letterbox, f, Box{})
		scale := min(float64(c.tw)/float64(c.w), float64(c.th)/float64(c.h))
		pw, ph := float64(c.w)*scale/float64(c.tw), float64(c.h)*scale/float64(c.th)
		b := m.Box(float32((1-pw)/2), float32((1-ph)/2), float32((1+pw)/2), float32((1+ph)/2))
		if math.Abs(float64(b.X0)) > 3 || math.Abs(float64(b.Y0)) > 3 || math.Abs(float64(b.X1)-float64(c.w)) > 3 || math.Abs(float64(b.Y1)-float64(c.h)) > 3 {
			t.Errorf("%+v: the picture's corners map to %+v", c, b)
		}
		if got[0] != 128 && pw < 1 {
			t.Errorf("%+v: padding is %d, want mid-grey", c, got[0])
		}
	}
}

func TestPreprocessRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in   *Tensor
		norm Normalization
	}{
		"two channels":    {&Tensor{Shape: []int{1, 8, 8, 2}, DType: UInt8, Scale: 1}, Uniform(0, 1)},
		"huge":            {input(5000, 8, UInt8, 1, 0), Uniform(0, 1)},
		"zero deviation":  {input(8, 8, Float32, 0, 0), Uniform(0, 0)},
		"not quantized":   {input(8, 8, UInt8, 0, 0), Uniform(0, 1)},
		"strange type":    {input(8, 8, Int64, 1, 0), Uniform(0, 1)},
		"channels differ": {input(8, 8, Int8, 1, 0), Normalization{Mean: [3]float32{1, 2, 3}, Std: [3]float32{1, 1, 1}}},
	} {
		if p, err := NewPreprocessor(c.in, c.norm, Stretch); err == nil {
			p.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	p, err := NewPreprocessor(input(8, 8, Float32, 0, 0), Uniform(0, 1), Stretch)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dst := make([]byte, p.Size())
	short := pattern(16, 16)
	short.Planes[0] = short.Planes[0][:40]
	for name, run := range map[string]func() error{
		"short plane":  func() error { _, err := p.Run(short, Box{}, dst); return err },
		"empty crop":   func() error { _, err := p.Run(pattern(16, 16), Box{5, 5, 5, 9}, dst); return err },
		"NaN crop":     func() error { _, err := p.Run(pattern(16, 16), Box{float32(math.NaN()), 0, 9, 9}, dst); return err },
		"short buffer": func() error { _, err := p.Run(pattern(16, 16), Box{}, dst[:5]); return err },
	} {
		if run() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkPreprocess(b *testing.B) {
	for _, c := range []struct {
		name   string
		format frame.Format
		w, h   int
		in     *Tensor
		norm   Normalization
	}{
		{"I420 628x420 to 300 uint8", frame.I420, 628, 420, input(300, 300, UInt8, 1.0/128, 128), Uniform(128, 128)},
		{"YUYV 640x480 to 224 int8", frame.YUYV, 640, 480, input(224, 224, Int8, 1.0/255, -128), Uniform(0, 255)},
		{"I422 1280x720 to 224 int8", frame.I422, 1280, 720, input(224, 224, Int8, 1.0/255, -128), Uniform(0, 255)},
		{"RGB24 640x480 to 320x240 float", frame.RGB24, 640, 480, input(320, 240, Float32, 0, 0), Uniform(127, 128)},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := noise(c.format, frame.RangeLimited, c.w, c.h)
			p, err := NewPreprocessor(c.in, c.norm, Stretch)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			dst := make([]byte, p.Size())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Run(f, Box{}, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLibyuv is what the fused pass is measured against: libyuv scales and
// converts, then the pixels are quantized.
func BenchmarkLibyuv(b *testing.B) {
	for _, c := range []struct {
		name   string
		format frame.Format
		w, h   int
	}{
		{"YUYV 640x480 to 224 int8", frame.YUYV, 640, 480},
		{"I422 1280x720 to 224 int8", frame.I422, 1280, 720},
		{"I420 640x480 to 224 int8", frame.I420, 640, 480},
		{"RGB24 640x480 to 224 int8", frame.RGB24, 640, 480},
	} {
		f := noise(c.format, frame.RangeLimited, c.w, c.h)
		dst := make([]byte, 224*224*3)
		b.Run("fused/"+c.name, func(b *testing.B) {
			p, err := NewPreprocessor(input(224, 224, Int8, 1.0/255, -128), Uniform(0, 255), Stretch)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Run(f, Box{}, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("libyuv/"+c.name, func(b *testing.B) {
			var scaler frame.Scaler
			small := image.NewRGBA(image.Rect(0, 0, 224, 224))
			b.ReportAllocs()
			for b.Loop() {
				if err := scaler.ToRGBA(small, f); err != nil {
					b.Fatal(err)
				}
				for i, j := 0, 0; j < len(dst); i, j = i+4, j+3 {
					p, q := small.Pix[i:i+4], dst[j:j+3]
					q[0], q[1], q[2] = p[0]^0x80, p[1]^0x80, p[2]^0x80
				}
			}
		})
	}
}
