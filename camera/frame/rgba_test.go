package frame

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"reterminal-vision/camera/testpicture"
)

var allFormats = []Format{RGB24, BGR24, Grey, YUYV, UYVY, NV12, I420, I422, I444}

// randomFrame is a frame of noise whose rows are pad bytes longer than needed.
func randomFrame(format Format, rng Range, w, h, pad int) *Frame {
	r := rand.New(rand.NewPCG(uint64(format), uint64(w*h)))
	f := &Frame{Width: w, Height: h, Format: format, Range: rng}
	for p := range f.Planes {
		row, rows := format.PlaneSize(p, w, h)
		if rows == 0 {
			continue
		}
		f.Stride[p] = row + pad
		f.Planes[p] = make([]byte, f.Stride[p]*(rows-1)+row)
		for i := range f.Planes[p] {
			f.Planes[p][i] = byte(r.UintN(256))
		}
	}
	return f
}

func TestToRGBAMatchesReference(t *testing.T) {
	sizes := []struct{ w, h, pad int }{{64, 48, 0}, {63, 47, 0}, {1, 1, 0}, {2, 3, 5}, {33, 17, 7}, {640, 36, 16}}
	for _, format := range allFormats {
		for _, rng := range []Range{RangeLimited, RangeFull} {
			for _, s := range sizes {
				t.Run(fmt.Sprintf("%v/%d/%dx%d+%d", format, rng, s.w, s.h, s.pad), func(t *testing.T) {
					f := randomFrame(format, rng, s.w, s.h, s.pad)
					got := image.NewRGBA(image.Rect(0, 0, s.w+3, s.h)).SubImage(image.Rect(3, 0, s.w+3, s.h)).(*image.RGBA)
					want := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
					if err := ToRGBA(got, f); err != nil {
						t.Fatal(err)
					}
					toRGBAReference(want, f)
					compare(t, got, want, rng)
				})
			}
		}
	}
}

// compare allows 2 a channel, and 3 in limited-range blue, whose factor 2.018
// libyuv holds as 2.
func compare(t *testing.T, got, want *image.RGBA, rng Range) {
	t.Helper()
	for y := range want.Rect.Dy() {
		for i := range 4 * want.Rect.Dx() {
			a, b := got.Pix[y*got.Stride+i], want.Pix[y*want.Stride+i]
			limit := 2
			if i%4 == 2 && rng == RangeLimited {
				limit = 3
			}
			if difference(int(a)-int(b)) > limit {
				t.Fatalf("range %d, pixel %d,%d, channel %d: %d, reference %d", rng, i/4, y, i%4, a, b)
			}
		}
	}
}

func TestToRGBAEveryColour(t *testing.T) {
	for _, rng := range []Range{RangeLimited, RangeFull} {
		f := (&Pool{}).Get(I444, 256, 256)
		f.Range = rng
		got, want := image.NewRGBA(image.Rect(0, 0, 256, 256)), image.NewRGBA(image.Rect(0, 0, 256, 256))
		for y := 0; y < 256; y += 5 {
			for i := range 256 * 256 {
				f.Planes[0][i], f.Planes[1][i], f.Planes[2][i] = byte(y), byte(i), byte(i>>8)
			}
			if err := ToRGBA(got, f); err != nil {
				t.Fatal(err)
			}
			toRGBAReference(want, f)
			compare(t, got, want, rng)
		}
	}
}

func TestReferenceKnownColours(t *testing.T) {
	tests := []struct {
		rng     Range
		y, u, v uint8
		want    color.RGBA
	}{
		{RangeFull, 0, 128, 128, color.RGBA{0, 0, 0, 255}},
		{RangeFull, 255, 128, 128, color.RGBA{255, 255, 255, 255}},
		{RangeFull, 76, 85, 255, color.RGBA{254, 0, 0, 255}},
		{RangeLimited, 16, 128, 128, color.RGBA{0, 0, 0, 255}},
		{RangeLimited, 235, 128, 128, color.RGBA{255, 255, 255, 255}},
		{RangeLimited, 81, 90, 240, color.RGBA{254, 0, 0, 255}},
		{RangeLimited, 41, 240, 110, color.RGBA{0, 0, 255, 255}},
	}
	for _, tt := range tests {
		r, g, b := yuvToRGB(tt.rng, tt.y, tt.u, tt.v)
		for _, pair := range [][2]uint8{{r, tt.want.R}, {g, tt.want.G}, {b, tt.want.B}} {
			if difference(int(pair[0])-int(pair[1])) > 1 {
				t.Errorf("range %d yuv %d,%d,%d = %d,%d,%d, want %v", tt.rng, tt.y, tt.u, tt.v, r, g, b, tt.want)
				break
			}
		}
	}
}

// A picture's planar and RGB decodes show the same picture.
func TestToRGBAOfPictures(t *testing.T) {
	for _, name := range []string{"objects/parrot.jpg", "faces/group.jpg", "lung/1.jpg"} {
		t.Run(name, func(t *testing.T) {
			d, data := newDecoder(t), readFile(t, testpicture.Media(t, name))
			planar, err := d.DecodeYUV(data, &Pool{})
			if err != nil {
				t.Fatal(err)
			}
			rgb, err := d.DecodeRGB(data, &Pool{})
			if err != nil {
				t.Fatal(err)
			}
			a := image.NewRGBA(image.Rect(0, 0, rgb.Width, rgb.Height))
			b := image.NewRGBA(a.Rect)
			if err := ToRGBA(a, planar); err != nil {
				t.Fatal(err)
			}
			if err := ToRGBA(b, rgb); err != nil {
				t.Fatal(err)
			}
			sum := 0
			for i := range a.Pix {
				sum += difference(int(a.Pix[i]) - int(b.Pix[i]))
			}
			if mean := float64(sum) / float64(len(a.Pix)); mean > 2 {
				t.Errorf("%v decode differs from RGB by %.2f on average", planar.Format, mean)
			}
		})
	}
}

func TestToRGBARefuses(t *testing.T) {
	good := randomFrame(I420, RangeFull, 8, 8, 0)
	short := randomFrame(I420, RangeFull, 8, 8, 0)
	short.Planes[2] = short.Planes[2][:3]
	tests := []struct {
		name string
		dst  *image.RGBA
		f    *Frame
	}{
		{"size", image.NewRGBA(image.Rect(0, 0, 8, 9)), good},
		{"short plane", image.NewRGBA(image.Rect(0, 0, 8, 8)), short},
		{"short image", &image.RGBA{Pix: make([]byte, 100), Stride: 32, Rect: image.Rect(0, 0, 8, 8)}, good},
		{"no format", image.NewRGBA(image.Rect(0, 0, 8, 8)), &Frame{Width: 8, Height: 8}},
	}
	for _, tt := range tests {
		if err := ToRGBA(tt.dst, tt.f); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
}

func TestToRGBADoesNotAllocate(t *testing.T) {
	dst := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for _, format := range allFormats {
		f := randomFrame(format, RangeFull, 64, 48, 0)
		if n := testing.AllocsPerRun(20, func() {
			if err := ToRGBA(dst, f); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations a frame", format, n)
		}
	}
}

func BenchmarkToRGBA(b *testing.B) {
	for _, format := range []Format{I420, I422, YUYV, NV12, RGB24} {
		b.Run(format.String(), func(b *testing.B) {
			f := randomFrame(format, RangeLimited, 640, 480, 0)
			dst := image.NewRGBA(image.Rect(0, 0, 640, 480))
			b.ReportAllocs()
			for b.Loop() {
				if err := ToRGBA(dst, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func difference(v int) int { return max(v, -v) }
