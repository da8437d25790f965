package track

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"reterminal-vision/inference"
)

// object is a w x h object centred at x, y.
func object(x, y, w, h float32) inference.Object {
	return inference.Object{Box: inference.Box{X0: x - w/2, Y0: y - h/2, X1: x + w/2, Y1: y + h/2}}
}

// ids are the tracks that an update gives to objects.
func ids(t *Tracker, objects ...inference.Object) []int {
	t.Update(objects)
	var got []int
	for _, o := range objects {
		got = append(got, o.Track)
	}
	return got
}

func TestUpdate(t *testing.T) {
	a, b := object(100, 100, 60, 60), object(300, 100, 60, 60)
	car := a
	car.Class = 1
	nan := float32(math.NaN())
	bad := []inference.Object{
		object(nan, 10, 5, 5), object(10, 10, 0, 5), object(10, 10, -5, 5),
		object(10, 10, float32(math.Inf(1)), 5),
	}
	type frames [][]inference.Object
	for name, c := range map[string]struct {
		cfg    Config
		frames frames
		want   [][]int
	}{
		"numbers count from 1":      {Config{}, frames{{a, b}}, [][]int{{1, 2}}},
		"order does not matter":     {Config{}, frames{{a, b}, {b, a}}, [][]int{{1, 2}, {2, 1}}},
		"a stale number is cleared": {Config{MaxTracks: 1}, frames{{a, {Box: b.Box, Track: 9}}}, [][]int{{1, 0}}},
		"a gap is bridged":          {Config{MaxMissed: 2}, frames{{a}, {}, {}, {a}}, [][]int{{1}, nil, nil, {1}}},
		"too long a gap is not":     {Config{MaxMissed: 2}, frames{{a}, {}, {}, {}, {a}}, [][]int{{1}, nil, nil, nil, {2}}},
		"another class is another":  {Config{}, frames{{a}, {car}, {a, car}}, [][]int{{1}, {2}, {1, 2}}},
		"no room":                   {Config{MaxTracks: 1, MaxMissed: 1}, frames{{a, b}, {b}, {b}, {b}}, [][]int{{1, 0}, {0}, {2}, {2}}},
		"confirmed late":            {Config{Confirm: 3}, frames{{a}, {a}, {a}, {a, b}}, [][]int{{0}, {0}, {1}, {1, 0}}},
		"a flash takes no number":   {Config{Confirm: 2}, frames{{a}, {}, {b}, {b}}, [][]int{{0}, nil, {0}, {1}}},
		"nonsense has no identity":  {Config{}, frames{bad, append(bad, a)}, [][]int{{0, 0, 0, 0}, {0, 0, 0, 0, 1}}},
		"the better overlap wins":   {Config{}, frames{{a}, {object(115, 100, 60, 60), object(102, 100, 60, 60)}}, [][]int{{1}, {2, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := New(c.cfg)
			for i, objects := range c.frames {
				if got := ids(tracker, slices.Clone(objects)...); !slices.Equal(got, c.want[i]) {
					t.Errorf("frame %d: tracks %v, want %v", i, got, c.want[i])
				}
			}
		})
	}
}

func TestAlive(t *testing.T) {
	tracker := New(Config{MaxMissed: 1})
	ids(tracker, object(50, 50, 20, 20))
	for i, want := range []bool{true, true, false} {
		if got := tracker.Alive(1); got != want {
			t.Errorf("after %d misses alive is %v", i, got)
		}
		ids(tracker)
	}
}

// Velocity carries a track past what overlap with its last place would bridge.
func TestFastObjectSurvivesMisses(t *testing.T) {
	tracker, x := New(Config{}), float32(100)
	for range 5 {
		ids(tracker, object(x, 100, 60, 60))
		x += 20
	}
	for range 5 {
		ids(tracker)
		x += 20
	}
	if got := ids(tracker, object(x, 100, 60, 60)); got[0] != 1 {
		t.Errorf("after five missed updates at 20 px each the track is %d, want 1", got[0])
	}
}

// Two objects that pass each other keep their numbers as long as the detector
// sees both and they do not cover each other, whatever the speed, the jitter,
// the order they come in and the frames in which one is missed.
func TestCrossingKeepsIdentity(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for trial := range 500 {
		size, speed := 40+80*rng.Float32(), 2+10*rng.Float32()
		apart := size * (.45 + .4*rng.Float32()) // of the rows they move on
		frames := int(2*size/speed) + 10
		a, b := float32(0), float32(frames)*speed
		tracker := New(Config{})
		jitter := func(v float32) float32 { return v + size*.02*(2*rng.Float32()-1) }
		for i := range frames {
			left := object(jitter(a), jitter(0), jitter(size), jitter(size))
			right := object(jitter(b), jitter(apart), jitter(size), jitter(size))
			a, b = a+speed, b-speed
			objects, want := []inference.Object{left, right}, []int{1, 2}
			switch {
			case i > 2 && rng.IntN(8) == 0:
				objects, want = objects[1:], want[1:]
			case i > 2 && rng.IntN(2) == 0:
				slices.Reverse(objects)
				slices.Reverse(want)
			}
			if got := ids(tracker, objects...); !slices.Equal(got, want) {
				t.Fatalf("trial %d, frame %d of %d: tracks %v, want %v", trial, i, frames, got, want)
			}
		}
	}
}

// However many objects come, tracks stay bounded, numbers are never given
// twice in a frame, and a new one is always higher than all before.
func TestRandomCrowd(t *testing.T) {
	rng, tracker, last := rand.New(rand.NewPCG(5, 5)), New(Config{MaxTracks: 20}), 0
	for range 500 {
		var objects []inference.Object
		for range rng.IntN(60) {
			objects = append(objects, object(rng.Float32()*400, rng.Float32()*400, rng.Float32()*80, rng.Float32()*80))
		}
		tracker.Update(objects)
		seen, before := map[int]bool{}, last
		for _, o := range objects {
			if o.Track == 0 {
				continue
			}
			if seen[o.Track] {
				t.Fatalf("track %d given twice", o.Track)
			}
			seen[o.Track], last = true, max(last, o.Track)
		}
		if len(tracker.tracks) > 20 {
			t.Fatalf("%d tracks", len(tracker.tracks))
		}
		for id := before + 1; id <= last; id++ {
			if !seen[id] {
				t.Fatalf("number %d was skipped", id)
			}
		}
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	tracker, objects, x := New(Config{}), make([]inference.Object, 20), float32(0)
	update := func() {
		for i := range objects {
			objects[i] = object(x+float32(i)*50, 100, 60, 60)
		}
		x++
		tracker.Update(objects)
	}
	update()
	if n := testing.AllocsPerRun(100, update); n != 0 {
		t.Errorf("%v allocations an update", n)
	}
}

func BenchmarkUpdate(b *testing.B) {
	tracker, objects, x := New(Config{}), make([]inference.Object, 20), float32(0)
	b.ReportAllocs()
	for b.Loop() {
		for i := range objects {
			objects[i] = object(x+float32(i)*50, 100, 60, 60)
		}
		x++
		tracker.Update(objects)
	}
}
