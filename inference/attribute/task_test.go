package attribute

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/track"
)

// scripted is a detector that finds what it is told.
type scripted struct {
	boxes  []inference.Box
	err    error
	closed int
}

func (d *scripted) NewInput() *inference.Input                   { return &inference.Input{} }
func (d *scripted) Prepare(*frame.Frame, *inference.Input) error { return nil }
func (d *scripted) Close() error                                 { d.closed++; return d.err }
func (d *scripted) Detect(_ *inference.Input, out *inference.Result) error {
	for _, b := range d.boxes {
		o := out.AddObject()
		o.Box, o.Label, o.Score = b, "face", .9
	}
	out.Timing.Invoke += time.Millisecond
	return d.err
}

// spy is a head that says what it is told and notes whom it looked at, by the
// place of the face in row.
type spy struct {
	headOutputs []HeadOutput
	says        []float32
	err         error
	looked      []int
	closed      int
}

func (h *spy) HeadOutputs() []HeadOutput { return h.headOutputs }
func (h *spy) Close() error              { h.closed++; return h.err }
func (h *spy) Infer(_ *frame.Frame, box inference.Box, dst []float32, t *inference.Timing) error {
	h.looked = append(h.looked, int(box.X0/100))
	copy(dst, h.says)
	t.Preprocess, t.Invoke, t.Decode = t.Preprocess+1, t.Invoke+1, t.Decode+1
	return h.err
}

// row is faces side by side, by place.
func row(places ...int) (boxes []inference.Box) {
	for _, p := range places {
		boxes = append(boxes, inference.Box{X0: float32(p) * 100, X1: float32(p)*100 + 80, Y1: 80})
	}
	return boxes
}

func newSpyTask(t testing.TB, cfg Config) (*Task, *scripted, *spy) {
	t.Helper()
	d, h := &scripted{}, &spy{headOutputs: []HeadOutput{genders}, says: []float32{.9, .1}}
	task, err := NewTask(d, []Head{h}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return task, d, h
}

// run takes one frame through the task.
func run(t testing.TB, task *Task, out *inference.Result) {
	t.Helper()
	out.Reset()
	if err := task.Run(nil, nil, out); err != nil {
		t.Fatal(err)
	}
}

// New faces come first, then the stalest, never more than allowed, and a face
// that was looked at rests until it is due again.
func TestSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		cfg    Config
		frames [][]int // places of the faces
		want   [][]int // places looked at
	}{
		"all at once when few":   {Config{Refresh: 3}, [][]int{{0, 1}, {0, 1}, {0, 1}, {0, 1}}, [][]int{{0, 1}, nil, nil, {0, 1}}},
		"bounded":                {Config{MaxPerFrame: 2, Refresh: 9}, [][]int{{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}}, [][]int{{0, 1}, {2, 3}, {4}, nil}},
		"new before stale":       {Config{MaxPerFrame: 1, Refresh: 1}, [][]int{{0}, {0}, {0, 1}, {0, 1}}, [][]int{{0}, {0}, {1}, {0}}},
		"the stalest first":      {Config{MaxPerFrame: 1, Refresh: 1}, [][]int{{0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {2, 1, 0}, {2, 1, 0}, {2, 1, 0}}, [][]int{{0}, {1}, {2}, {0}, {1}, {2}}},
		"missed, then due":       {Config{Refresh: 2}, [][]int{{0}, {}, {}, {0}}, [][]int{{0}, nil, nil, {0}}},
		"missed, not due yet":    {Config{Refresh: 5}, [][]int{{0}, {}, {}, {0}}, [][]int{{0}, nil, nil, nil}},
		"lost, so new":           {Config{Refresh: 9, Track: track.Config{MaxMissed: 1}}, [][]int{{0}, {}, {}, {0}}, [][]int{{0}, nil, nil, {0}}},
		"without a track not":    {Config{Track: track.Config{Confirm: 2}}, [][]int{{0}, {0}}, [][]int{nil, {0}}},
		"every face every frame": {Config{Every: true, MaxPerFrame: 1}, [][]int{{0, 1, 2}, {0, 1, 2}}, [][]int{{0, 1, 2}, {0, 1, 2}}},
		"no face":                {Config{}, [][]int{{}}, [][]int{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			task, detector, head := newSpyTask(t, c.cfg)
			var out inference.Result
			for i, places := range c.frames {
				detector.boxes, head.looked = row(places...), nil
				run(t, task, &out)
				if !slices.Equal(head.looked, c.want[i]) {
					t.Errorf("frame %d: looked at %v, want %v", i, head.looked, c.want[i])
				}
			}
		})
	}
}

// A face that is not looked at in a frame shows what was found before, and a
// face not looked at so far shows nothing.
func TestAttributesStay(t *testing.T) {
	task, detector, _ := newSpyTask(t, Config{MaxPerFrame: 1})
	detector.boxes = row(0, 1)
	var out inference.Result
	for i, want := range []string{"1: male; 2:", "1: male; 2: male", "1: male; 2: male"} {
		run(t, task, &out)
		if got := told(&out); got != want {
			t.Errorf("frame %d: %s, want %s", i, got, want)
		}
	}
}

// told writes a result down: "1: male; 2: female 34 years".
func told(r *inference.Result) (s string) {
	for i, o := range r.Objects {
		if i > 0 {
			s += "; "
		}
		s += fmt.Sprintf("%d:", o.Track)
		for _, a := range o.Attributes {
			s += " " + a.Value
		}
	}
	return s
}

// A head that changes its mind for one look does not change what is shown; one
// that keeps to it does. Unsmoothed, each look is shown as it is.
func TestSmoothing(t *testing.T) {
	male, female := []float32{.9, .1}, []float32{.1, .9}
	says := [][]float32{male, male, female, male, female, female, female}
	for name, c := range map[string]struct {
		cfg  Config
		want []string
	}{
		"smoothed": {Config{Refresh: 1}, []string{"male", "male", "male", "male", "male", "female", "female"}},
		"every":    {Config{Every: true}, []string{"male", "male", "female", "male", "female", "female", "female"}},
	} {
		t.Run(name, func(t *testing.T) {
			task, detector, head := newSpyTask(t, c.cfg)
			detector.boxes = row(0)
			var out inference.Result
			for i, want := range c.want {
				head.says = says[i]
				run(t, task, &out)
				if got := out.Objects[0].Attributes; len(got) != 1 || got[0].Value != want {
					t.Errorf("look %d: %v, want %s", i, got, want)
				}
			}
		})
	}
}

// A question with a time constant is looked at four times within it, and shows
// the mean of these looks: one wrong look in four changes nothing, and a new
// track begins anew.
func TestSmoothOverFrames(t *testing.T) {
	live, spoof := []float32{.9, .1}, []float32{.1, .9}
	question := HeadOutput{Name: "liveness", Labels: []string{"live", "spoof"}, MinProbability: []float32{.6, .6}, Smooth: 12}
	for name, c := range map[string]struct {
		says  [][]float32 // by look
		gone  int         // frames without the face before the last look
		want  string
		score float32
	}{
		"one look":              {[][]float32{spoof}, 0, "spoof", .9},
		"two against one":       {[][]float32{live, spoof, spoof}, 0, "spoof", 1.9 / 3},
		"one wrong of four":     {[][]float32{live, live, live, spoof}, 0, "live", .7},
		"wrong first":           {[][]float32{spoof, live, live, live}, 0, "live", .7},
		"a new track is not it": {[][]float32{live, live, live, spoof}, 9, "spoof", .9},
	} {
		t.Run(name, func(t *testing.T) {
			d, h := &scripted{}, &spy{headOutputs: []HeadOutput{question}}
			task, err := NewTask(d, []Head{h}, Config{Track: track.Config{MaxMissed: 2}})
			if err != nil {
				t.Fatal(err)
			}
			var out inference.Result
			for i, says := range c.says {
				if i == len(c.says)-1 {
					d.boxes = nil
					for range c.gone {
						run(t, task, &out)
					}
				}
				h.says, d.boxes = says, row(0)
				looks := len(h.looked)
				for range 3 {
					run(t, task, &out)
				}
				if len(h.looked) != looks+1 {
					t.Fatalf("%d looks in three frames", len(h.looked)-looks)
				}
			}
			a := out.Objects[0].Attributes[0]
			if a.Value != c.want || math.Abs(float64(a.Score-c.score)) > 1e-5 {
				t.Errorf("%v, want %s %g", a, c.want, c.score)
			}
		})
	}
}

func TestHeadsAnswerInOrder(t *testing.T) {
	d := &scripted{boxes: row(0)}
	both := &spy{headOutputs: []HeadOutput{{Name: "age"}, genders}, says: []float32{34, .2, .8}}
	mood := &spy{headOutputs: []HeadOutput{{Name: "emotion", Labels: []string{"happy", "sad"}}}, says: []float32{.7, .3}}
	task, err := NewTask(d, []Head{both, mood}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	var out inference.Result
	run(t, task, &out)
	want := []inference.Attribute{{Name: "age", Value: "34 years"}, {Name: "gender", Value: "female", Score: .8}, {Name: "emotion", Value: "happy", Score: .7}}
	if got := out.Objects[0].Attributes; !slices.Equal(got, want) {
		t.Errorf("attributes %v, want %v", got, want)
	}
	if got := out.Timing; got.Preprocess != 2 || got.Invoke != time.Millisecond+2 || got.Decode < 2 {
		t.Errorf("timing %+v leaves out a stage", got)
	}
}

// A face without a picture costs that face its attributes, any other failure
// the frame.
func TestFailures(t *testing.T) {
	broken := errors.New("broken")
	for _, every := range []bool{false, true} {
		task, detector, head := newSpyTask(t, Config{Every: every})
		detector.boxes = row(0)
		var out inference.Result
		head.err = fmt.Errorf("cropping: %w", ErrNoFace)
		run(t, task, &out)
		if len(out.Objects) != 1 || len(out.Objects[0].Attributes) != 0 {
			t.Errorf("an empty crop gave %s", told(&out))
		}
		head.err, detector.boxes = broken, row(3)
		if err := task.Run(nil, nil, &out); !errors.Is(err, broken) {
			t.Errorf("a broken head gave %v", err)
		}
		detector.err = errors.New("worse")
		if err := task.Close(); !errors.Is(err, broken) || !errors.Is(err, detector.err) || head.closed != 1 || detector.closed != 1 {
			t.Errorf("closing gave %v, closed %d and %d times", err, detector.closed, head.closed)
		}
		if err := task.Run(nil, nil, &out); !errors.Is(err, detector.err) {
			t.Errorf("a broken detector gave %v", err)
		}
	}
	if _, err := NewTask(&scripted{}, nil, Config{}); err == nil {
		t.Error("a task without heads was made")
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	for _, every := range []bool{false, true} {
		task, detector, head := newSpyTask(t, Config{Every: every, Refresh: 2, Track: track.Config{MaxMissed: 1}})
		var out inference.Result
		crowds, i := [][]inference.Box{row(0, 1, 2, 3, 4, 5), row(4, 5, 6), row(9, 8), nil}, 0
		frame := func() {
			detector.boxes, head.looked = crowds[i%len(crowds)], head.looked[:0]
			i++
			run(t, task, &out)
		}
		for range 20 {
			frame()
		}
		if n := testing.AllocsPerRun(200, frame); n != 0 {
			t.Errorf("every=%v: %v allocations a frame", every, n)
		}
	}
}
