package face

import (
	"math"
	"math/rand/v2"
	"testing"

	"reterminal-vision/inference"
)

func randomPoints(rng *rand.Rand, n int) []inference.Point {
	p := make([]inference.Point, n)
	for i := range p {
		p[i] = inference.Point{X: rng.Float32() * 112, Y: rng.Float32() * 112}
	}
	return p
}

// A similarity is found again from the points it moved.
func TestAlignRecovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		angle, scale := rng.Float64()*2*math.Pi, math.Exp(rng.Float64()*6-3)
		sin, cos := math.Sincos(angle)
		a, b := float32(scale*cos), float32(scale*sin)
		want := Similarity{a, -b, rng.Float32() * 1280, b, a, rng.Float32() * 720}
		from := Template112[:]
		if rng.IntN(2) == 0 {
			from = randomPoints(rng, 2+rng.IntN(6))
		}
		to := make([]inference.Point, len(from))
		for i := range from {
			to[i] = want.Point(from[i])
		}
		got, ok := Align(from, to)
		if !ok {
			t.Fatalf("%v to %v is not aligned", from, to)
		}
		for i, p := range from {
			if distance(got.Point(p), to[i]) > 2e-3 {
				t.Fatalf("%v goes to %v, want %v", p, got.Point(p), to[i])
			}
		}
	}
}

// Points that no similarity fits give what the singular value decomposition
// in testdata/record.py gives.
func TestAlignAgainstSVD(t *testing.T) {
	var cases []struct {
		From, To [][2]float32
		M        [6]float64
	}
	readJSON(t, "align", &cases)
	points := func(in [][2]float32) (out []inference.Point) {
		for _, p := range in {
			out = append(out, inference.Point{X: p[0], Y: p[1]})
		}
		return out
	}
	for i, c := range cases {
		got, ok := Align(points(c.From), points(c.To))
		if !ok {
			t.Errorf("case %d is not aligned", i)
		}
		for k, v := range got {
			if math.Abs(float64(v)-c.M[k]) > 1e-3 {
				t.Errorf("case %d: %v, want %v", i, got, c.M)
				break
			}
		}
	}
}

func TestAlignNeverReflects(t *testing.T) {
	mirrored := make([]inference.Point, 5)
	for i, p := range Template112 {
		mirrored[i] = inference.Point{X: 112 - p.X, Y: p.Y}
	}
	if m, ok := Align(Template112[:], mirrored); ok && m[0]*m[4]-m[1]*m[3] <= 0 {
		t.Errorf("%v turns the face over", m)
	}
}

func TestAlignRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	p := func(xy ...float32) (out []inference.Point) {
		for i := 0; i < len(xy); i += 2 {
			out = append(out, inference.Point{X: xy[i], Y: xy[i+1]})
		}
		return out
	}
	same := p(100.1, 50.3, 100.1, 50.3, 100.1, 50.3, 100.1, 50.3, 100.1, 50.3)
	for name, c := range map[string]struct{ from, to []inference.Point }{
		"nothing":           {nil, nil},
		"one point":         {p(1, 2), p(3, 4)},
		"counts differ":     {p(1, 2, 3, 4), p(1, 2)},
		"landmarks meet":    {Template112[:], same},
		"template meets":    {same, Template112[:]},
		"NaN":               {p(1, 2, 3, 4), p(nan, 2, 3, 4)},
		"infinite":          {p(1, 2, 3, 4), p(inf, 2, 3, 4)},
		"no rotation fits":  {p(0, 0, 10, 0, 10, 10, 0, 10), p(0, 10, 10, 10, 10, 0, 0, 0)},
		"crossed and equal": {p(-1, 0, 1, 0, 0, -1, 0, 1), p(-1, 0, 1, 0, 0, 1, 0, -1)},
	} {
		if m, ok := Align(c.from, c.to); ok {
			t.Errorf("%s: aligned by %v", name, m)
		}
	}
}

func TestTemplates(t *testing.T) {
	for i, p := range Template112 {
		if q := Template112x96[i]; q.X != p.X-8 || q.Y != p.Y || !(q.X > 0 && q.X < 96) {
			t.Errorf("point %d is %v, from %v", i, q, p)
		}
	}
}
