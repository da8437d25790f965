package motion

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

const width, height = 640, 480

// draw makes a frame whose brightness at each pixel is that of the function.
func draw(format frame.Format, at func(x, y float64) float64) *frame.Frame {
	f := (&frame.Pool{}).Get(format, width, height)
	l, ok := lumaOf(f)
	if !ok {
		panic("no brightness")
	}
	for y := range height {
		for x := range width {
			l.data[y*l.stride+x*l.step] = uint8(min(max(at(float64(x), float64(y))+.5, 0), 255))
		}
	}
	return f
}

// texture is smooth and nowhere the same.
func texture(x, y float64) float64 {
	return 120 + 40*math.Sin(x/9+y/23) + 35*math.Sin(y/7-x/31) + 25*math.Sin((x+2*y)/13)
}

// noisy is the texture with a sensor's noise.
func noisy(r *rand.Rand, sigma, light float64, at func(x, y float64) float64) func(x, y float64) float64 {
	return func(x, y float64) float64 { return at(x, y) + light + sigma*r.NormFloat64() }
}

var formats = []frame.Format{frame.RGB24, frame.BGR24, frame.Grey, frame.YUYV, frame.UYVY, frame.NV12, frame.I420, frame.I422, frame.I444}

// All formats are read where their brightness lies.
func TestFormats(t *testing.T) {
	var want Fingerprint
	want.Take(draw(frame.Grey, texture))
	for _, format := range formats {
		var got Fingerprint
		got.Take(draw(format, texture))
		if got.cell != want.cell {
			t.Errorf("%v: another fingerprint", format)
		}
	}
}

// Frames of a sensor with noise are the same until something in them changes,
// however little of the picture that is, and until the light has changed.
func TestSame(t *testing.T) {
	for _, sigma := range []float64{0, 2, 5} {
		t.Run(fmt.Sprint("noise ", sigma), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var n Noise
			var first, now Fingerprint
			first.Take(draw(frame.YUYV, noisy(r, sigma, 0, texture)))
			n.Learn(&first)
			for range 10 {
				now.Take(draw(frame.YUYV, noisy(r, sigma, 0, texture)))
				n.Learn(&now)
			}
			for i := range 6 {
				now.Take(draw(frame.YUYV, noisy(r, sigma, 0, texture)))
				n.Learn(&now)
				if !n.Same(&first, &now) {
					t.Fatalf("frame %d of a still scene is another", i)
				}
			}
			thing := func(x, y float64) float64 {
				if x > 300 && x < 340 && y > 200 && y < 240 {
					return 250
				}
				return texture(x, y)
			}
			if now.Take(draw(frame.YUYV, noisy(r, sigma, 0, thing))); n.Same(&first, &now) {
				t.Error("something of 40 pixels came, and the frame is the same")
			}
			if now.Take(draw(frame.YUYV, noisy(r, sigma, 2, texture))); n.Same(&first, &now) {
				t.Error("the light changed, and the frame is the same")
			}
			moved := func(x, y float64) float64 { return texture(x+3, y) }
			if now.Take(draw(frame.YUYV, noisy(r, sigma, 0, moved))); n.Same(&first, &now) {
				t.Error("the picture moved by three pixels, and is the same")
			}
		})
	}
	var n Noise
	var none, some Fingerprint
	some.Take(draw(frame.Grey, texture))
	if n.Same(&none, &some) || n.Same(&none, &none) {
		t.Error("no frame resembles one")
	}
}

// What keeps moving does not pass for noise.
func TestMotionIsNoNoise(t *testing.T) {
	var n Noise
	var last, now Fingerprint
	for i := range 30 {
		now.Take(draw(frame.Grey, func(x, y float64) float64 { return texture(x+4*float64(i), y) }))
		n.Learn(&now)
		if i > 0 && n.Same(&last, &now) {
			t.Fatalf("frame %d of a moving picture is the same", i)
		}
		last = now
	}
}

// Boxes are followed through shifts and growth to a pixel or two.
func TestFollow(t *testing.T) {
	box := inference.Box{X0: 220, Y0: 180, X1: 340, Y1: 300}
	const cx, cy = 280, 240
	for _, c := range []Shift{{0, 0, 1}, {3, -2, 1}, {7.5, 4.25, 1}, {-20, 12, 1}, {0, 0, 1.05}, {5, 5, .96}} {
		var w Flow
		w.Begin(draw(frame.YUYV, texture))
		if !w.Next(draw(frame.YUYV, func(x, y float64) float64 {
			k := float64(c.Scale)
			return texture(cx+(x-cx-float64(c.X))/k, cy+(y-cy-float64(c.Y))/k)
		})) {
			t.Fatal("nothing to follow from")
		}
		got, ok := w.Follow(box, Shift{Scale: 1})
		if !ok || inference.IoU(got.Move(box), c.Move(box)) < .97 {
			t.Errorf("%+v was followed as %+v, %v", c, got, ok)
		}
		p := inference.Point{X: 250, Y: 200}
		if a, b := got.Point(box, p), c.Point(box, p); math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) > 1.5 {
			t.Errorf("%+v: a point went to %v for %v", c, a, b)
		}
		w.Close()
	}
}

// What cannot be followed says so: nothing to hold on to, another picture, a
// box that is none, frames of different sizes.
func TestFollowFails(t *testing.T) {
	box := inference.Box{X0: 220, Y0: 180, X1: 340, Y1: 300}
	flat := draw(frame.Grey, func(x, y float64) float64 { return 90 })
	other := draw(frame.Grey, func(x, y float64) float64 { return texture(3*x, 200-2*y) })
	for name, c := range map[string]struct {
		from, to *frame.Frame
		box      inference.Box
	}{
		"flat":    {flat, flat, box},
		"another": {draw(frame.Grey, texture), other, box},
		"outside": {draw(frame.Grey, texture), draw(frame.Grey, texture), inference.Box{X0: -50, Y0: -50, X1: -10, Y1: -10}},
		"NaN":     {draw(frame.Grey, texture), draw(frame.Grey, texture), inference.Box{X0: float32(math.NaN()), X1: 10, Y1: 10}},
	} {
		var w Flow
		w.Begin(c.from)
		if !w.Next(c.to) {
			t.Fatal(name)
		}
		if got, ok := w.Follow(c.box, Shift{Scale: 1}); ok {
			t.Errorf("%s: followed to %+v", name, got)
		}
	}
	var w Flow
	if w.Next(flat) {
		t.Error("followed from nothing")
	}
	small := (&frame.Pool{}).Get(frame.Grey, 64, 64)
	if w.Next(small) {
		t.Error("followed to a frame of another size")
	}
	if w.Next(&frame.Frame{Width: 64, Height: 64, Format: frame.Grey}) {
		t.Error("followed to a frame without planes")
	}
}

// A face looks the same in other light, and another face does not.
func TestDiffers(t *testing.T) {
	box := inference.Box{X0: 100, Y0: 100, X1: 220, Y1: 260}
	var a, b, c, none Patch
	a.Take(draw(frame.Grey, texture), box)
	b.Take(draw(frame.Grey, func(x, y float64) float64 { return 30 + .7*texture(x, y) }), box)
	c.Take(draw(frame.Grey, func(x, y float64) float64 { return texture(x+200, y*1.3) }), box)
	if d := a.Differs(&b); d > .02 {
		t.Errorf("in other light it differs by %.3f", d)
	}
	if d := a.Differs(&c); d < unlike {
		t.Errorf("another differs by %.3f only", d)
	}
	none.Take(draw(frame.Grey, texture), inference.Box{})
	if a.Differs(&none) != 2 {
		t.Error("it resembles nothing")
	}
}

func TestDue(t *testing.T) {
	f := draw(frame.Grey, texture)
	box := inference.Box{X0: 100, Y0: 100, X1: 220, Y1: 260}
	var same, other Patch
	same.Take(f, box)
	other.Take(f, inference.Box{X0: 400, Y0: 10, X1: 600, Y1: 90})
	for _, c := range []struct {
		age  int
		then *Patch
		want bool
	}{
		{2, &same, false}, {2, &other, false}, {3, &other, true}, {9, &same, false}, {10, &same, false}, {29, &same, false}, {30, &same, true},
	} {
		if got := Due(c.age, 10, f, box, c.then); got != c.want {
			t.Errorf("after %d frames: due %v", c.age, got)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	f, g := draw(frame.YUYV, texture), draw(frame.YUYV, func(x, y float64) float64 { return texture(x+2, y) })
	var n Noise
	var p, q Fingerprint
	var w Flow
	var a Patch
	box := inference.Box{X0: 220, Y0: 180, X1: 340, Y1: 300}
	p.Take(f)
	if allocs := testing.AllocsPerRun(20, func() {
		q.Take(g)
		n.Learn(&q)
		n.Same(&p, &q)
		a.Take(f, box)
		w.Begin(f)
		w.Next(g)
		w.Follow(box, Shift{Scale: 1})
	}); allocs > 0 {
		t.Errorf("%.1f allocations", allocs)
	}
	w.Close()
}

func BenchmarkFingerprint(b *testing.B) {
	f := draw(frame.YUYV, texture)
	var n Noise
	var p, q Fingerprint
	q.Take(f)
	for b.Loop() {
		p.Take(f)
		n.Learn(&p)
		n.Same(&q, &p)
	}
}

func BenchmarkFollow(b *testing.B) {
	f, g := draw(frame.YUYV, texture), draw(frame.YUYV, func(x, y float64) float64 { return texture(x+2, y) })
	box := inference.Box{X0: 220, Y0: 180, X1: 340, Y1: 300}
	var w Flow
	w.Begin(f)
	b.Run("frame", func(b *testing.B) {
		for b.Loop() {
			w.Next(g)
		}
	})
	w.Begin(f)
	w.Next(g)
	b.Run("box", func(b *testing.B) {
		for b.Loop() {
			w.Follow(box, Shift{Scale: 1})
		}
	})
}
