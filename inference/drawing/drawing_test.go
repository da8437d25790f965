package drawing

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
)

// arm has a keypoint that is joined to the two beside it.
var arm = &inference.Skeleton{Names: []string{"shoulder", "elbow", "wrist"}, Edges: [][2]int{{0, 1}, {1, 2}}, Least: .3}

func keypoint(x, y, score float32) inference.Keypoint {
	return inference.Keypoint{Point: inference.Point{X: x, Y: y}, Score: score}
}

// Keypoints are drawn where they are certain enough and in the frame, and lines
// where both their ends are.
func TestKeypoints(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		skeleton *inference.Skeleton
		points   []inference.Keypoint
		shown    int
		joined   [][2]float32 // X of both ends
	}{
		"none":            {nil, nil, 0, nil},
		"none this time":  {arm, nil, 0, nil},
		"all":             {arm, []inference.Keypoint{keypoint(1, 1, .3), keypoint(2, 2, 1), keypoint(3, 3, .9)}, 3, [][2]float32{{1, 2}, {2, 3}}},
		"an end unsure":   {arm, []inference.Keypoint{keypoint(1, 1, .29), keypoint(2, 2, 1), keypoint(3, 3, 1)}, 2, [][2]float32{{2, 3}}},
		"the middle":      {arm, []inference.Keypoint{keypoint(1, 1, 1), keypoint(2, 2, 0), keypoint(3, 3, 1)}, 2, nil},
		"outside":         {arm, []inference.Keypoint{keypoint(-1, 1, 1), keypoint(2, 2, 1), keypoint(3, 50, 1)}, 1, nil},
		"no number":       {arm, []inference.Keypoint{keypoint(nan, 1, 1), keypoint(2, 2, 1), keypoint(3, 3, nan)}, 1, nil},
		"without scores":  {&inference.Skeleton{Names: []string{"nose"}}, []inference.Keypoint{keypoint(1, 1, 0)}, 1, nil},
		"joined in a way": {&inference.Skeleton{Names: arm.Names, Edges: [][2]int{{2, 0}}}, []inference.Keypoint{keypoint(1, 1, 0), keypoint(2, 2, 0), keypoint(3, 3, 0)}, 3, [][2]float32{{3, 1}}},
	} {
		var d Drawing
		d.Update(&inference.Result{Width: 100, Height: 50, Objects: []inference.Object{
			{Box: inference.Box{X1: 10, Y1: 10}, Class: 3, Skeleton: c.skeleton, Keypoints: c.points},
		}})
		var joined [][2]float32
		for _, e := range d.Edges {
			joined = append(joined, [2]float32{e.From.X, e.To.X})
			if e.Ink != InkOf(3) {
				t.Errorf("%s: a line in %v", name, e.Ink)
			}
		}
		if len(d.Points) != c.shown || !slices.Equal(joined, c.joined) {
			t.Errorf("%s: %d points, lines %v, want %d and %v", name, len(d.Points), joined, c.shown, c.joined)
		}
	}
}

// Boxes are cut at the frame's edges, those outside left out, and labels say
// what is known in the language in use.
func TestMarks(t *testing.T) {
	t.Cleanup(func() { _ = lang.Set("en") })
	if err := lang.Set("de"); err != nil {
		t.Fatal(err)
	}
	box := inference.Box{X0: 10, Y0: 10, X1: 20, Y1: 20}
	name := inference.Attribute{Name: "person", Value: "Car", Verbatim: true, Score: .5}
	many := slices.Repeat([]inference.Attribute{{Value: "x"}}, 9)
	for what, c := range map[string]struct {
		object inference.Object
		box    inference.Box
		lines  []string // nil where there is no mark
	}{
		"plain":           {inference.Object{Box: box, Label: "car", Score: .871}, box, []string{"Auto 87 %"}},
		"nearly certain":  {inference.Object{Box: box, Label: "car", Score: .999}, box, []string{"Auto 99 %"}},
		"name":            {inference.Object{Box: box, Label: "car", Score: 1, Attributes: []inference.Attribute{name}}, box, []string{"Auto 100 %", "Car 50 %"}},
		"without a score": {inference.Object{Box: box, Attributes: []inference.Attribute{{Value: "car"}}}, box, []string{" 0 %", "Auto"}},
		"too much":        {inference.Object{Box: box, Attributes: many}, box, []string{" 0 %", "x", "x", "x"}},
		"hangs over":      {inference.Object{Box: inference.Box{X0: -5, Y0: 40, X1: 5, Y1: 60}}, inference.Box{Y0: 40, X1: 5, Y1: 50}, []string{" 0 %"}},
		"outside":         {inference.Object{Box: inference.Box{X0: 100, Y0: 40, X1: 120, Y1: 60}}, inference.Box{}, nil},
		"empty":           {inference.Object{Box: inference.Box{X0: 10, Y0: 10, X1: 10, Y1: 20}}, inference.Box{}, nil},
	} {
		var d Drawing
		d.Update(&inference.Result{Width: 100, Height: 50, Objects: []inference.Object{c.object}})
		var lines []string
		for i := range d.Marks {
			for _, l := range d.Marks[i].Lines() {
				lines = append(lines, l.Words+l.Tail())
			}
		}
		if !slices.Equal(lines, c.lines) || lines != nil && d.Marks[0].Box != c.box {
			t.Errorf("%s: %q in %v, want %q in %v", what, lines, d.Marks, c.lines, c.box)
		}
	}
}

// Findings sum up a classification, a mask, or objects.
func TestFindings(t *testing.T) {
	unknown := []inference.Attribute{{Name: "person", Value: "Unknown"}}
	for name, c := range map[string]struct {
		result inference.Result
		want   []Finding
	}{
		"nothing": {inference.Result{}, nil},
		"guesses": {inference.Result{Classes: []inference.Class{{Index: 4, Label: "rip", Score: .7}, {Index: 1, Label: "ok", Score: .004}}},
			[]Finding{{Text: Text{"rip", 70}, Ink: InkOf(4), Share: .7}}},
		"mask": {inference.Result{Mask: &inference.Mask{Width: 1, Labels: []string{"back", "sky"}, Share: []float32{.5, .1, .4, .001}}},
			[]Finding{{Text: Text{"2", 40}, Ink: InkOf(2), Share: .4}, {Text: Text{"sky", 10}, Ink: InkOf(1), Share: .1}}},
		"objects": {inference.Result{Objects: []inference.Object{{Class: 7, Label: "truck"}, {Class: 2, Label: "car"}, {Class: 2, Label: "car"}}},
			[]Finding{{Text: Text{"car", -1}, Ink: InkOf(2), Count: 2, class: 2}, {Text: Text{"truck", -1}, Ink: InkOf(7), Count: 1, class: 7}}},
		"people": {inference.Result{Objects: []inference.Object{{Label: "face", Attributes: unknown}, {Label: "face"}}},
			[]Finding{{Text: Text{"Unknown", -1}, Ink: InkOf(0), Count: 1}, {Text: Text{"face", -1}, Ink: InkOf(0), Count: 1}}},
	} {
		var d Drawing
		if d.Update(&c.result); !slices.Equal(d.Findings, c.want) {
			t.Errorf("%s: %v, want %v", name, d.Findings, c.want)
		}
	}
}

// A mask colours its cells and no pixel beside its area.
func TestTint(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 8, 4))
	mask := &inference.Mask{Width: 2, Height: 1, Class: []uint8{0, 1}, Area: inference.Box{X0: 1, Y0: 1, X1: 7, Y1: 3}}
	Tint(img, mask, 128, nil)
	ink := InkOf(1).Fill.(color.NRGBA)
	for y := range 4 {
		for x := range 8 {
			want := color.RGBA{}
			if x >= 4 && x < 7 && y >= 1 && y < 3 {
				want = color.RGBA{ink.R / 2, ink.G / 2, ink.B / 2, 0}
			}
			if got := img.RGBAAt(x, y); got != want {
				t.Errorf("%d,%d is %v, want %v", x, y, got, want)
			}
		}
	}
}

// Text on a class's colour has the more legible of both colours, at a contrast
// (WCAG 2.1) of 4.5 and more.
func TestInks(t *testing.T) {
	luminance := func(c color.Color) (sum float64) {
		rgb := c.(color.NRGBA)
		for i, v := range []uint8{rgb.R, rgb.G, rgb.B} {
			sum += []float64{.2126, .7152, .0722}[i] * math.Pow((float64(v)/255+.055)/1.055, 2.4)
		}
		return sum + .05
	}
	contrast := func(a, b color.Color) float64 {
		return max(luminance(a), luminance(b)) / min(luminance(a), luminance(b))
	}
	for class := range classInks {
		ink := InkOf(class)
		if c := contrast(ink.Fill, ink.Text); c < 4.5 || c < max(contrast(ink.Fill, dark), contrast(ink.Fill, light)) {
			t.Errorf("class %d: contrast %.1f", class, c)
		}
	}
}

func TestNothingAllocated(t *testing.T) {
	r := &inference.Result{Width: 100, Height: 50, Alarm: "rip"}
	for i := range 70 {
		r.Objects = append(r.Objects, inference.Object{Box: inference.Box{X1: 9, Y1: 9}, Class: i, Label: "car", Skeleton: arm,
			Keypoints:  []inference.Keypoint{keypoint(1, 1, 1), keypoint(2, 2, 1), keypoint(3, 3, 1)},
			Attributes: []inference.Attribute{{Value: "21-45"}, {Value: "happy", Score: .5}}})
	}
	var d Drawing
	if n := testing.AllocsPerRun(20, func() { d.Update(r) }); n > 0 || len(d.Marks) != maxMarks {
		t.Errorf("%.1f allocations, %d marks", n, len(d.Marks))
	}
}
