package attribute

import (
	"math"
	"testing"

	"reterminal-vision/inference"
)

func TestAnswer(t *testing.T) {
	gender := HeadOutput{Name: "gender", Labels: []string{"male", "female"}}
	live := HeadOutput{Name: "liveness", Labels: []string{"live", "spoof"}, MinProbability: []float32{.8, .7}}
	age := HeadOutput{Name: "age"}
	for name, c := range map[string]struct {
		q     HeadOutput
		p     []float32
		shown int
		next  int
		value string
		score float32
	}{
		"the first time the best wins":  {gender, []float32{.49, .51}, none, 1, "female", .51},
		"a small lead changes nothing":  {gender, []float32{.46, .54}, 0, 0, "male", .46},
		"a clear lead does":             {gender, []float32{.40, .60}, 0, 1, "female", .60},
		"sure enough":                   {live, []float32{.81, .19}, none, 0, "live", .81},
		"not sure enough":               {live, []float32{.75, .25}, none, 2, Unsure, .75},
		"limits are by label":           {live, []float32{.25, .75}, none, 1, "spoof", .75},
		"unsure gives what the first":   {live, []float32{.35, .65}, none, 2, Unsure, .35},
		"what is shown may weaken":      {live, []float32{.71, .29}, 0, 0, "live", .71},
		"but not for ever":              {live, []float32{.69, .31}, 0, 2, Unsure, .69},
		"unsure needs the whole limit":  {live, []float32{.79, .21}, 2, 2, Unsure, .79},
		"and leaves it with the limit":  {live, []float32{.80, .20}, 2, 0, "live", .80},
		"half way to the other is none": {live, []float32{.47, .53}, 0, 2, Unsure, .47},
		"an age is rounded":             {age, []float32{33.6}, none, 34, "34 years", 0},
		"one year":                      {age, []float32{.8}, none, 1, "1 year", 0},
		"an age stays":                  {age, []float32{35.4}, 34, 34, "34 years", 0},
		"an age moves":                  {age, []float32{35.5}, 34, 36, "36 years", 0},
		"not born":                      {age, []float32{-3}, none, 0, "0 years", 0},
		"beyond words":                  {age, []float32{1e9}, none, 120, "120 years", 0},
	} {
		next, a := c.q.answer(c.p, c.shown, .1)
		if want := (inference.Attribute{Name: c.q.Name, Value: c.value, Score: c.score}); a != want || next != c.next {
			t.Errorf("%s: %v, next %d; want %v, next %d", name, a, next, want, c.next)
		}
	}
}

func TestBlend(t *testing.T) {
	m := memory{numbers: 3, answers: 1}
	r := m.find(7)
	r.blend(1, []float32{.2, .8}, 1)
	r.blend(1, []float32{.6, .4}, .5)
	for i, want := range []float32{0, .4, .6} {
		if math.Abs(float64(r.numbers[i]-want)) > 1e-6 {
			t.Errorf("number %d is %g, want %g", i, r.numbers[i], want)
		}
	}
}

func TestWeight(t *testing.T) {
	for name, c := range map[string]struct {
		looks, age, frames int
		want               float64
	}{
		"the first look":           {1, 3, 12, 1},
		"the second as much":       {2, 3, 12, .5},
		"the mean of three":        {3, 3, 12, 1. / 3},
		"then exponential":         {9, 3, 12, 1 - math.Exp(-.25)},
		"a whole constant later":   {9, 12, 12, 1 - math.Exp(-1)},
		"after a long while, anew": {9, 1e6, 12, 1},
	} {
		if got := (&record{looks: c.looks}).weight(c.age, c.frames); math.Abs(float64(got)-c.want) > 1e-6 {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}

// A record taken over from a dead track holds nothing of it, and the living
// keep theirs.
func TestMemoryForgets(t *testing.T) {
	m := memory{numbers: 1, answers: 1}
	for track := 1; track <= 3; track++ {
		r := m.find(track)
		r.looked, r.shown[0] = 5, track
		r.looks = 1
		r.blend(0, []float32{float32(track)}, 1)
	}
	m.forget(func(track int) bool { return track != 1 })
	if len(m.records) != 2 || m.find(2).numbers[0] != 2 || m.find(3).shown[0] != 3 {
		t.Errorf("the living lost their records: %+v", m.records)
	}
	if r := m.find(4); r.looks != 0 || r.looked != 0 || r.shown[0] != none {
		t.Errorf("a new track begins with %+v", r)
	}
	if cap(m.records) > 4 {
		t.Errorf("room for %d records was made", cap(m.records))
	}
}
