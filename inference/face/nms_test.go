package face

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"reterminal-vision/inference"
)

func randomCandidates(rng *rand.Rand) (all []candidate) {
	for i := range rng.IntN(60) {
		x, y := rng.Float32()*80, rng.Float32()*80
		c := candidate{score: float32(i) + 1 + rng.Float32()/2, box: inference.Box{X0: x, Y0: y, X1: x + 5 + rng.Float32()*30, Y1: y + 5 + rng.Float32()*30}}
		c.points[2] = inference.Point{X: x + 2, Y: y + 2}
		all = append(all, c)
	}
	return all
}

// Suppression leaves no two overlapping faces, changes nothing the second
// time, and does not depend on the order of what comes in.
func TestSuppressProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		all := randomCandidates(rng)
		shuffled := slices.Clone(all)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, blend := range []bool{false, true} {
			once := suppress(slices.Clone(all), .5, blend)
			if !slices.Equal(once, suppress(slices.Clone(shuffled), .5, blend)) {
				t.Fatal("the order of the input changed the result")
			}
			if blend {
				continue
			}
			if !slices.Equal(once, suppress(slices.Clone(once), .5, false)) {
				t.Fatal("a second pass changed the result")
			}
			for i, a := range once {
				for _, b := range once[:i] {
					if inference.IoU(a.box, b.box) >= .5 {
						t.Fatalf("%v and %v overlap", a.box, b.box)
					}
				}
			}
		}
	}
}

func TestSuppressBlends(t *testing.T) {
	near := func(score, shift float32) candidate {
		c := candidate{score: score, box: inference.Box{X0: shift, Y0: 0, X1: 10 + shift, Y1: 10}}
		c.points[4] = inference.Point{X: 5 + shift, Y: 7}
		return c
	}
	all := []candidate{near(.4, 2), near(.8, 0), near(.5, 40)}
	got := suppress(slices.Clone(all), .5, true)
	if len(got) != 2 || got[0].score != .8 || got[1].score != .5 {
		t.Fatalf("got %v", got)
	}
	shift := float64(2 * .4 / 1.2)
	if math.Abs(float64(got[0].box.X0)-shift) > 1e-6 || math.Abs(float64(got[0].points[4].X)-5-shift) > 1e-6 {
		t.Errorf("box %v and point %v, want them shifted by %g", got[0].box, got[0].points[4], shift)
	}
	if got := suppress(slices.Clone(all), .5, false); len(got) != 2 || got[0] != all[1] {
		t.Errorf("without blending got %v", got)
	}
}

func TestNonsenseIsNoFace(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	m := inference.Mapping{ScaleX: 100, ScaleY: 100}
	for name, c := range map[string]struct {
		box  inference.Box
		want int
	}{
		"plain":    {inference.Box{X0: .1, Y0: .1, X1: .5, Y1: .5}, 1},
		"hanging":  {inference.Box{X0: -.1, Y0: .9, X1: .5, Y1: 1.5}, 1},
		"outside":  {inference.Box{X0: 2, Y0: .1, X1: 3, Y1: .5}, 0},
		"inverted": {inference.Box{X0: .5, Y0: .5, X1: .1, Y1: .1}, 0},
		"empty":    {inference.Box{X0: .5, Y0: .5, X1: .5, Y1: .9}, 0},
		"NaN":      {inference.Box{X0: nan, Y0: .1, X1: .5, Y1: .5}, 0},
		"infinite": {inference.Box{X0: -inf, Y0: .1, X1: inf, Y1: .5}, 0},
	} {
		d := &detector{}
		d.add(candidate{score: .9, box: c.box})
		out := &inference.Result{Width: 100, Height: 100}
		for i := range d.found {
			d.report(&d.found[i], m, out)
		}
		if len(out.Objects) != c.want {
			t.Errorf("%s: %d objects, want %d", name, len(out.Objects), c.want)
		}
	}
}
