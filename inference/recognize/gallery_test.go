package recognize

import (
	"math"
	"strings"
	"testing"
)

// at is the unit vector in the plane at this cosine to the first axis.
func at(cosine float64) []float32 {
	return []float32{float32(cosine), float32(math.Sqrt(1 - cosine*cosine))}
}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct {
		people []Person
		want   Match
	}{
		"nobody":                {nil, Match{Score: -1, Second: -1}},
		"no shots":              {[]Person{{"1", "Ada", nil}}, Match{Score: -1, Second: -1}},
		"one shot":              {[]Person{{"1", "Ada", [][]float32{at(.8)}}}, Match{"1", "Ada", .8, -1}},
		"scaled":                {[]Person{{"1", "Ada", [][]float32{{4, 3}}}}, Match{"1", "Ada", .8, -1}},
		"mean of the best two":  {[]Person{{"1", "Ada", [][]float32{at(.8), at(0), at(.6)}}}, Match{"1", "Ada", .7, -1}},
		"better one last":       {[]Person{{"1", "Ada", [][]float32{at(.5)}}, {"2", "Bo", [][]float32{at(.9)}}}, Match{"2", "Bo", .9, .5}},
		"better one first":      {[]Person{{"1", "Ada", [][]float32{at(.9)}}, {"2", "Bo", [][]float32{at(.5)}}}, Match{"1", "Ada", .9, .5}},
		"enrolled twice":        {[]Person{{"1", "Ada", [][]float32{at(.9)}}, {"2", "ada", [][]float32{at(.91)}}}, Match{"2", "ada", .91, -1}},
		"twice, another second": {[]Person{{"1", "Ada", [][]float32{at(.7)}}, {"2", "Bo", [][]float32{at(.8)}}, {"3", "Ada", [][]float32{at(.9)}}}, Match{"3", "Ada", .9, .8}},
		"chance hit loses":      {[]Person{{"1", "Ada", [][]float32{at(.9), at(.1)}}, {"2", "Bo", [][]float32{at(.7), at(.7)}}}, Match{"2", "Bo", .7, .5}},
	} {
		g, err := NewGallery("m", c.people)
		if err != nil {
			t.Fatal(err)
		}
		got := g.Match([]float32{1, 0})
		near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }
		if got.ID != c.want.ID || got.Name != c.want.Name || !near(got.Score, c.want.Score) || !near(got.Second, c.want.Second) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if m := (*Gallery)(nil).Match([]float32{1, 0}); m != (Match{Score: -1, Second: -1}) {
		t.Errorf("no gallery: %+v", m)
	}
}

func TestGalleryRefusesNonsense(t *testing.T) {
	nan := float32(math.NaN())
	for name, vectors := range map[string][][]float32{
		"zero":          {{0, 0}},
		"not a number":  {{1, nan}},
		"empty":         {{}},
		"other lengths": {{1, 0}, {1, 0, 0}},
	} {
		if _, err := NewGallery("m", []Person{{"1", "Ada", vectors}}); err == nil || !strings.Contains(err.Error(), "Ada") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// The average follows one face, passes over one look that is another's, and
// starts anew at the second.
func TestRecordTakes(t *testing.T) {
	for name, c := range map[string]struct {
		looks []float64 // cosines to the first axis
		want  float64   // cosine of the average to it
		count int
	}{
		"first":      {[]float64{.8}, .8, 1},
		"steady":     {[]float64{1, 1, 1, 1}, 1, 4},
		"one bad":    {[]float64{1, 1, 0, 1}, 1, 3},
		"other face": {[]float64{1, 1, 1, 0, 0}, 0, 1},
	} {
		m := memory{n: 2}
		r := m.find(1)
		for _, v := range c.looks {
			r.take(at(v), .2, .5)
		}
		if got := r.unit[0]; math.Abs(float64(got)-c.want) > 1e-6 || r.looks != c.count {
			t.Errorf("%s: cosine %g after %d looks, want %g after %d", name, got, r.looks, c.want, c.count)
		}
	}
}

func TestMemoryForgets(t *testing.T) {
	m := memory{n: 2}
	for id := 1; id <= 3; id++ {
		m.find(id).take(at(1), .2, .5)
	}
	m.forget(func(id int) bool { return id == 2 })
	if len(m.records) != 1 || m.records[0].track != 2 || m.records[0].looks != 1 {
		t.Errorf("%d records, first %+v", len(m.records), m.records[0])
	}
	for _, r := range m.records[:3][1:] {
		if r.mean[0] != 0 || r.unit[0] != 0 {
			t.Errorf("the vector of track %d is still in memory", r.track)
		}
	}
	if r := m.find(7); r.looks != 0 || r.matched != nil {
		t.Errorf("a new record knows %+v", r)
	}
}
