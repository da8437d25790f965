package attribute

import (
	"errors"
	"sync/atomic"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/track"
)

// Config tunes a task; zero fields take the value in brackets.
type Config struct {
	MaxPerFrame int // faces that the heads look at in one frame [4]
	Refresh     int // frames after which a face is looked at again [10]
	// Adaptive looks at a face again after a third of Refresh when it looks
	// unlike before, and only after three times that while it looks the same.
	Adaptive  bool
	Smoothing float32 // weight of a new look against the earlier ones, up to 1, where the question has no own [0.4]
	Hold      float32 // lead in probability that changes an answer shown [0.1]
	Track     track.Config
	// Every has the heads look at all faces in all frames and shows what they
	// say, unsmoothed: for benchmarks and for comparison with references.
	Every bool
}

// withDefaults fills in what was left open.
func (c Config) withDefaults() Config {
	if c.MaxPerFrame <= 0 {
		c.MaxPerFrame = 4
	}
	if c.Refresh <= 0 {
		c.Refresh = 10
	}
	if c.Smoothing <= 0 || c.Smoothing > 1 {
		c.Smoothing = .4
	}
	if c.Hold <= 0 {
		c.Hold = .1
	}
	return c
}

// Task finds faces, follows them, and has heads tell their attributes. How
// many faces the heads look at in one frame is bounded: first those never
// looked at, then those whose last look is the longest ago. In between a face
// shows what was found before. Faces without a track get no attributes.
type Task struct {
	face.Detectors
	heads       []sized
	headOutputs []HeadOutput // of all heads
	cfg         Config
	tracker     *track.Tracker
	memory      memory
	frame       uint64 // frames run so far
	schedule    face.Schedule
	adaptive    atomic.Bool
	numbers     []float32 // of one look
	shown       []int     // answers to it, where they are not kept
}

// sized is a head and how many numbers it gives.
type sized struct {
	Head
	numbers int
}

// NewTask takes over the detector and the heads, unless it returns an error.
func NewTask(detector face.Detector, heads []Head, cfg Config) (*Task, error) {
	if len(heads) == 0 {
		return nil, errors.New("a task without heads to look at faces")
	}
	t := &Task{Detectors: face.Detectors{Detector: detector}, cfg: cfg.withDefaults(), tracker: track.New(cfg.Track)}
	total := 0
	for _, h := range heads {
		n := 0
		for _, q := range h.HeadOutputs() {
			t.headOutputs = append(t.headOutputs, q)
			n += q.Len()
		}
		t.heads = append(t.heads, sized{h, n})
		total += n
	}
	t.numbers, t.shown = make([]float32, total), make([]int, len(t.headOutputs))
	t.memory = memory{numbers: total, answers: len(t.headOutputs)}
	for _, q := range t.headOutputs {
		if q.Smooth > 0 {
			t.cfg.Refresh = min(t.cfg.Refresh, max(q.Smooth/looksSmoothed, 1))
		}
	}
	t.schedule = face.Schedule{MaxPerFrame: t.cfg.MaxPerFrame, Refresh: t.cfg.Refresh}
	t.SetAdaptive(t.cfg.Adaptive)
	return t, nil
}

// looksSmoothed is how many looks at a face a question's time constant spans.
const looksSmoothed = 4

// Infer implements inference.Replicated: it finds the faces of a frame.
func (t *Task) Infer(replica int, f *frame.Frame, out *inference.Result) error {
	return t.DetectReplica(replica, f, out)
}

// Run finds the faces of the prepared frame and adds what is known of them.
func (t *Task) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := t.Detect(in, out); err != nil {
		return err
	}
	return t.Finish(f, out)
}

// SetAdaptive implements inference.Adaptive.
func (t *Task) SetAdaptive(on bool) { t.adaptive.Store(on) }

// Finish implements inference.Replicated: it adds what is known of the faces.
func (t *Task) Finish(f *frame.Frame, out *inference.Result) error {
	t.schedule.Adaptive = t.adaptive.Load()
	t.frame++
	start := time.Now()
	t.tracker.Update(out.Objects)
	t.memory.forget(t.tracker.Alive)
	out.Timing.Decode += time.Since(start)
	if t.cfg.Every {
		return t.lookAtAll(f, out)
	}
	for _, l := range t.choose(f, out) {
		if err := t.look(f, &out.Objects[l.Object], &out.Timing); err != nil {
			return err
		}
	}
	for i := range out.Objects {
		t.tell(&out.Objects[i])
	}
	return nil
}

// choose returns the faces to look at in this frame.
func (t *Task) choose(f *frame.Frame, out *inference.Result) []face.Look {
	t.schedule.Begin(out)
	for i := range out.Objects {
		o := &out.Objects[i]
		if o.Track == 0 {
			continue
		}
		r := t.memory.find(o.Track)
		if r.looked == 0 || t.schedule.Again(t.frame-r.looked, f, o.Box, &r.patch) {
			t.schedule.Add(i, r.looked)
		}
	}
	return t.schedule.Choose()
}

// Urgent reports whether a face waits to be looked at that was carried in the
// last frame.
func (t *Task) Urgent() bool { return t.schedule.Urgent() }

// look has all heads look at a face and takes what they say into its record.
func (t *Task) look(f *frame.Frame, o *inference.Object, timing *inference.Timing) error {
	r := t.memory.find(o.Track)
	age := int(t.frame - r.looked)
	r.looked = t.frame
	if t.adaptive.Load() {
		r.patch.Take(f, o.Box)
	}
	err := t.infer(f, o.Box, timing)
	if errors.Is(err, ErrNoFace) {
		return nil
	}
	if err == nil {
		t.blend(r, age)
	}
	return err
}

// blend takes numbers into the record, age frames after the last look.
func (t *Task) blend(r *record, age int) {
	r.looks++
	at := 0
	for i := range t.headOutputs {
		q := &t.headOutputs[i]
		weight := t.cfg.Smoothing
		switch {
		case r.looks == 1:
			weight = 1
		case q.Smooth > 0:
			weight = r.weight(age, q.Smooth)
		}
		r.blend(at, t.numbers[at:at+q.Len()], weight)
		at += q.Len()
	}
}

// infer fills numbers with what the heads say of the face in box.
func (t *Task) infer(f *frame.Frame, box inference.Box, timing *inference.Timing) error {
	rest := t.numbers
	for _, h := range t.heads {
		if err := h.Infer(f, box, rest[:h.numbers], timing); err != nil {
			return err
		}
		rest = rest[h.numbers:]
	}
	return nil
}

// tell adds to a face what its record knows.
func (t *Task) tell(o *inference.Object) {
	if o.Track == 0 {
		return
	}
	if r := t.memory.find(o.Track); r.looks > 0 {
		t.add(o, r.numbers, r.shown)
	}
}

// add words numbers into attributes of a face and keeps in shown what it said.
func (t *Task) add(o *inference.Object, numbers []float32, shown []int) {
	for i := range t.headOutputs {
		q := &t.headOutputs[i]
		var a inference.Attribute
		shown[i], a = q.answer(numbers[:q.Len()], shown[i], t.cfg.Hold)
		o.Attributes = append(o.Attributes, a)
		numbers = numbers[q.Len():]
	}
}

// lookAtAll has the heads look at every face and adds just what they say.
func (t *Task) lookAtAll(f *frame.Frame, out *inference.Result) error {
	for i := range out.Objects {
		o := &out.Objects[i]
		err := t.infer(f, o.Box, &out.Timing)
		if errors.Is(err, ErrNoFace) {
			continue
		}
		if err != nil {
			return err
		}
		for j := range t.shown {
			t.shown[j] = none
		}
		t.add(o, t.numbers, t.shown)
	}
	return nil
}

// Close frees the networks of the detectors and the heads.
func (t *Task) Close() error {
	errs := []error{t.Detectors.Close()}
	for _, h := range t.heads {
		errs = append(errs, h.Close())
	}
	return errors.Join(errs...)
}
