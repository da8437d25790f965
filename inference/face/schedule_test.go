package face

import (
	"slices"
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// Faces never looked at come first, then the longest unseen; what is propagated waits.
func TestSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		last       []uint64 // look at each face that is due
		most       int
		propagated bool
		want       []int
		urgent     bool
	}{
		"none":                        {most: 3},
		"fewer than fit":              {last: []uint64{5, 0}, most: 3, want: []int{1, 0}},
		"never looked at":             {last: []uint64{0, 0, 0, 0}, most: 3, want: []int{0, 1, 2}},
		"the longest unseen":          {last: []uint64{9, 4, 7, 2}, most: 2, want: []int{3, 1}},
		"never before long unseen":    {last: []uint64{1, 8, 0, 8}, most: 3, want: []int{2, 0, 1}},
		"propagated":                  {last: []uint64{1, 0}, most: 3, propagated: true, urgent: true},
		"propagated, and none is due": {most: 3, propagated: true},
		"in the detector's order":     {last: []uint64{6, 6, 6}, most: 2, want: []int{0, 1}},
		"as many as fit in one look":  {last: []uint64{3, 2, 1}, most: 1, want: []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Schedule{MaxPerFrame: c.most}
			out := &inference.Result{}
			if c.propagated {
				out.Origin = inference.Propagated
			}
			for range 2 { // what is left of a frame is not in the next
				s.Begin(out)
				for i, last := range c.last {
					s.Add(i, last)
				}
				var got []int
				for _, l := range s.Choose() {
					got = append(got, l.Object)
				}
				if !slices.Equal(got, c.want) || s.Urgent() != c.urgent {
					t.Errorf("looks at %v, urgent %v", got, s.Urgent())
				}
			}
		})
	}
}

func TestScheduleAgain(t *testing.T) {
	f := pattern(80, 80)
	box := inference.Box{X0: 10, Y0: 10, X1: 60, Y1: 60}
	var same, none motion.Patch
	same.Take(f, box)
	for _, c := range []struct {
		name     string
		adaptive bool
		age      uint64
		then     *motion.Patch
		want     bool
	}{
		{"too soon", false, 8, &none, false}, {"after as many frames", false, 9, &same, true},
		{"it looks the same", true, 9, &same, false}, {"for long", true, 27, &same, true},
		{"it looks otherwise", true, 3, &none, true}, {"otherwise, but too soon", true, 2, &none, false},
	} {
		s := Schedule{Refresh: 9, Adaptive: c.adaptive}
		if got := s.Again(c.age, f, box, c.then); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
