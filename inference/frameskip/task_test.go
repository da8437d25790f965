package frameskip

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// network stands for a detector: it finds the bright square that draw draws,
// and counts.
type network struct {
	mu       sync.Mutex
	prepared int
	inferred []uint64 // sequences
	fail     func(seq uint64) bool
}

func (n *network) NewInput() *inference.Input { return &inference.Input{Data: make([]byte, 1)} }

func (n *network) Prepare(f *frame.Frame, in *inference.Input) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.prepared++
	in.Data[0] = byte(f.Sequence)
	return nil
}

func (n *network) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if in.Data[0] != byte(f.Sequence) {
		return errors.New("the input is another frame's")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inferred = append(n.inferred, f.Sequence)
	if n.fail != nil && n.fail(f.Sequence) {
		return errors.New("the network failed")
	}
	if x := square(f); x >= 0 {
		o := out.AddObject()
		o.Box, o.Score = boxAt(x), .9
		o.Attributes = append(o.Attributes, inference.Attribute{Name: "x"})
		o.Skeleton = corner
		o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: cornerAt(x), Score: .5})
	}
	return nil
}

func (n *network) Close() error { return nil }

// lanes is a network several times over.
type lanes struct {
	network
	count int
}

func (l *lanes) Replicas() int                                { return l.count }
func (l *lanes) Finish(*frame.Frame, *inference.Result) error { return nil }

func (l *lanes) Infer(_ int, f *frame.Frame, out *inference.Result) error {
	return l.Run(f, &inference.Input{Data: []byte{byte(f.Sequence)}}, out)
}

// staged is a task whose second stage counts frames.
type staged struct {
	network
	finished []inference.Origin
	objects  []int
	urgent   bool
}

func (s *staged) Detect(in *inference.Input, out *inference.Result) error {
	return errors.New("it needs the frame")
}
func (s *staged) Urgent() bool { return s.urgent }

func (s *staged) Finish(f *frame.Frame, out *inference.Result) error {
	s.finished, s.objects = append(s.finished, out.Origin), append(s.objects, len(out.Objects))
	return nil
}

func (s *staged) Infer(_ int, f *frame.Frame, out *inference.Result) error {
	return s.Run(f, &inference.Input{Data: []byte{byte(f.Sequence)}}, out)
}
func (s *staged) Replicas() int { return 2 }

const width, height, squareSide = 320, 240, 48

// corner is the skeleton of the square.
var corner = &inference.Skeleton{Names: []string{"corner"}}

func cornerAt(x int) inference.Point { return inference.Point{X: float32(x + squareSide), Y: 90} }

func boxAt(x int) inference.Box {
	return inference.Box{X0: float32(x), Y0: 90, X1: float32(x + squareSide), Y1: 90 + squareSide}
}

// draw makes a frame with a textured square at x, which none has below 0.
func draw(pool *frame.Pool, seq uint64, x int) *frame.Frame {
	f := pool.Get(frame.Grey, width, height)
	f.Sequence, f.Timestamp = seq, time.Duration(seq)*33*time.Millisecond
	f.Captured = time.Now()
	for y := range height {
		for i := range width {
			v := 60 + (i*7^y*3)%16
			if in := i - x; x >= 0 && in >= 0 && in < squareSide && y >= 90 && y < 90+squareSide {
				v = 150 + 20*((in/6+y/6)%3) + (in*in+y*5)%23
			}
			f.Planes[0][y*width+i] = uint8(v)
		}
	}
	return f
}

// square is where the square of a frame is; -1 for none.
func square(f *frame.Frame) int {
	row := f.Planes[0][100*width:][:width]
	return slices.IndexFunc(row, func(v uint8) bool { return v >= 150 })
}

// run has a task work on frames one after the other.
func run(t *testing.T, task inference.Task, frames []*frame.Frame) (results []inference.Result, errs []error) {
	t.Helper()
	in := task.NewInput()
	for _, f := range frames {
		var out inference.Result
		out.Sequence, out.Width, out.Height, out.Timestamp, out.Captured = f.Sequence, f.Width, f.Height, f.Timestamp, f.Captured
		err := task.Prepare(f, in)
		if err == nil {
			err = task.Run(f, in, &out)
		}
		results, errs = append(results, out), append(errs, err)
	}
	return results, errs
}

func frames(n int, x func(i int) int) (all []*frame.Frame) {
	pool := &frame.Pool{}
	for i := range n {
		all = append(all, draw(pool, uint64(i), x(i)))
	}
	return all
}

// A still scene is looked at once a second; each frame has its own header.
func TestStill(t *testing.T) {
	n := &network{}
	task := New(n, Config{})
	results, errs := run(t, task, frames(70, func(int) int { return 100 }))
	if want := []uint64{0, 31, 62}; !slices.Equal(n.inferred, want) || n.prepared != 3 {
		t.Errorf("looked at %v and prepared %d, want %v", n.inferred, n.prepared, want)
	}
	for i, r := range results {
		if errs[i] != nil || r.Sequence != uint64(i) || r.Timestamp != time.Duration(i)*33*time.Millisecond || len(r.Objects) != 1 || r.Objects[0].Box != boxAt(100) {
			t.Fatalf("frame %d: %v %+v", i, errs[i], r)
		}
		if (r.Origin == inference.Inferred) != slices.Contains(n.inferred, uint64(i)) {
			t.Errorf("frame %d is marked %d", i, r.Origin)
		}
	}
	if err := task.Close(); err != nil {
		t.Error(err)
	}
}

// A scene that creeps is not taken for a still one: what counts is the frame
// last looked at, not the last one.
func TestCreeping(t *testing.T) {
	n := &network{}
	results, _ := run(t, New(n, Config{Age: time.Hour}), frames(120, func(i int) int { return 60 + i/4 }))
	for i, r := range results {
		if off := r.Objects[0].Box.X0 - float32(60+i/4); off > 3 || off < -3 {
			t.Fatalf("frame %d: the box is %.0f pixels off", i, off)
		}
	}
	if len(n.inferred) == len(results) {
		t.Error("nothing was saved")
	}
}

// Boxes and keypoints are carried with what moves, and looked at again within
// the interval.
func TestCarry(t *testing.T) {
	n := &network{}
	task := New(n, Config{Mode: Propagate})
	results, _ := run(t, task, frames(80, func(i int) int { return 20 + 2*i }))
	carried := 0
	for i, r := range results {
		if r.Origin == inference.Propagated {
			carried++
		}
		if len(r.Objects) != 1 || inference.IoU(r.Objects[0].Box, boxAt(20+2*i)) < .85 {
			t.Fatalf("frame %d, %d: %+v for %+v", i, r.Origin, r.Objects, boxAt(20+2*i))
		}
		k, want := r.Objects[0].Keypoints, cornerAt(20+2*i)
		if len(k) != 1 || k[0].Score != .5 || max(k[0].X-want.X, want.X-k[0].X, k[0].Y-want.Y, want.Y-k[0].Y) > 4 {
			t.Fatalf("frame %d, %d: keypoints %v for %v", i, r.Origin, k, want)
		}
	}
	if carried < 40 {
		t.Errorf("%d of %d frames carried", carried, len(results))
	}
	for i := 1; i < len(n.inferred); i++ {
		if n.inferred[i]-n.inferred[i-1] > 8 {
			t.Errorf("%d frames between two looks", n.inferred[i]-n.inferred[i-1])
		}
	}
	if err := task.Close(); err != nil {
		t.Error(err)
	}
}

// What comes into an empty scene is found within four frames, and what leaps
// about is looked at in every frame.
func TestAdaptive(t *testing.T) {
	n := &network{}
	// The clouds move, so that no frame is the same.
	all := frames(60, func(i int) int { return min(i/40, 1)*201 - 1 })
	for i, f := range all {
		for at := range width * 40 {
			f.Planes[0][at] = uint8(100 + (at/8+i*5)%90)
		}
	}
	results, _ := run(t, New(n, Config{Mode: Propagate}), all)
	found := slices.IndexFunc(results, func(r inference.Result) bool { return len(r.Objects) > 0 })
	if found < 40 || found > 44 || len(n.inferred) > 40 {
		t.Errorf("found in frame %d, with looks at %v", found, n.inferred)
	}
	n = &network{}
	results, _ = run(t, New(n, Config{Mode: Propagate}), frames(40, func(i int) int { return 20 + i*97%200 }))
	if len(n.inferred) < len(results) {
		t.Errorf("leaps: looked at %d of %d frames", len(n.inferred), len(results))
	}
}

// After a look that failed nothing is reused.
func TestFailure(t *testing.T) {
	n := &network{fail: func(seq uint64) bool { return seq < 2 }}
	results, errs := run(t, New(n, Config{}), frames(4, func(int) int { return 100 }))
	if errs[0] == nil || errs[1] == nil || errs[2] != nil || errs[3] != nil || !slices.Equal(n.inferred, []uint64{0, 1, 2}) || results[3].Origin != inference.Reused {
		t.Errorf("errors %v, looked at %v", errs, n.inferred)
	}
}

// Another source, smaller and counting from the beginning, is looked at.
func TestAnotherSource(t *testing.T) {
	n := &network{}
	all := frames(6, func(int) int { return 100 })
	for _, f := range all[:3] {
		f.Captured = time.Now()
	}
	results, errs := run(t, New(n, Config{Mode: Propagate}), slices.Concat(all[3:], all[:3]))
	if !slices.Equal(n.inferred, []uint64{3, 0}) || errors.Join(errs...) != nil || len(results[4].Objects) != 1 {
		t.Errorf("looked at %v: %v", n.inferred, errs)
	}
}

// The worker drops frames between planning and the network, or works on two at
// once: results stay in order, and each is right.
func TestWithWorker(t *testing.T) {
	for name, task := range map[string]inference.Task{"one": &network{}, "lanes": &lanes{count: 3}, "staged": &staged{urgent: false}} {
		for _, carry := range []bool{false, true} {
			for _, patient := range []bool{false, true} {
				var mu sync.Mutex
				var last uint64
				results := 0
				spared := New(task, Config{Mode: map[bool]Mode{true: Propagate}[carry]})
				x := func(i int) int { return 40 + i/10*10 }
				ctx, cancel := context.WithCancel(t.Context())
				w := inference.NewWorker(spared, func(r *inference.Result) {
					mu.Lock()
					defer mu.Unlock()
					if results > 0 && r.Sequence <= last {
						t.Errorf("%s: result %d after %d", name, r.Sequence, last)
					}
					last = r.Sequence
					results++
					if len(r.Objects) != 1 || inference.IoU(r.Objects[0].Box, boxAt(x(int(r.Sequence)))) < .6 {
						t.Errorf("%s: frame %d, %d: %+v", name, r.Sequence, r.Origin, r.Objects)
					}
				}, func(err error) { t.Error(err) })
				done := make(chan struct{})
				go func() { w.Run(ctx); close(done) }()
				pool := &frame.Pool{}
				for i := range 100 {
					f := draw(pool, uint64(i), x(i))
					if patient {
						if err := w.Put(ctx, f); err != nil {
							t.Fatal(err)
						}
					} else {
						w.Offer(f)
					}
					f.Release()
				}
				w.Drain(ctx)
				cancel()
				<-done
				if err := spared.Close(); err != nil {
					t.Error(err)
				}
				if patient && results != 100 || results == 0 {
					t.Errorf("%s: %d results", name, results)
				}
				if pool.Idle() != pool.Made() {
					t.Errorf("%s: %d of %d frames came back", name, pool.Idle(), pool.Made())
				}
			}
		}
	}
}

// What a task adds to objects it adds in every frame; it may ask for a look.
func TestStaged(t *testing.T) {
	s := &staged{}
	task := New(s, Config{})
	all := frames(10, func(int) int { return 100 })
	for i, f := range all {
		s.urgent = i == 4
		out := inference.Result{Sequence: f.Sequence, Width: width, Height: height}
		if err := task.Infer(0, f, &out); err != nil {
			t.Fatal(err)
		}
		if err := task.Finish(f, &out); err != nil {
			t.Fatal(err)
		}
	}
	if want := []uint64{0, 5}; !slices.Equal(s.inferred, want) {
		t.Errorf("looked at %v, want %v", s.inferred, want)
	}
	if len(s.finished) != 10 || slices.Contains(s.objects, 0) {
		t.Errorf("finished %v, objects %v", s.finished, s.objects)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, carry := range []bool{false, true} {
		n := &network{inferred: make([]uint64, 0, 4096)}
		task := New(n, Config{Mode: map[bool]Mode{true: Propagate}[carry]})
		in, out := task.NewInput(), &inference.Result{}
		all := frames(60, func(i int) int { return 20 + 2*i })
		i := 0
		step := func() {
			f := all[i%len(all)]
			i++
			out.Reset()
			out.Sequence, out.Width, out.Height, out.Timestamp, out.Captured = f.Sequence, f.Width, f.Height, f.Timestamp, f.Captured
			if err := task.Prepare(f, in); err != nil {
				t.Fatal(err)
			}
			if err := task.Run(f, in, out); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 * len(all) {
			step()
		}
		if allocs := testing.AllocsPerRun(len(all), step); allocs > 0 {
			t.Errorf("carry %v: %.2f allocations a frame", carry, allocs)
		}
		if err := task.Close(); err != nil {
			t.Error(err)
		}
	}
}
