// Package sparing saves the work of networks where the picture says that it
// would tell nothing new: of a frame that does not differ from one looked at
// before, the result is that one's; and between frames in which a detector
// finds objects, their boxes can be carried on by how the picture moves.
//
// In: a task and frames. Out: the same task's results, marked with how they
// came about. It imports inference, inference/motion and camera; app may import
// it.
package sparing

import (
	"errors"
	"sync"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// Config tunes a task; zero fields take the value in brackets.
type Config struct {
	// Carry has the first network look at every n-th frame alone, and carries
	// what it found in between. It is for tasks that find objects.
	Carry    bool
	Interval int           // most that n may be, while boxes are carried well [8]
	CarryAge time.Duration // longest time that boxes are carried [400 ms]
	Age      time.Duration // longest time without a look, whatever the picture does [1 s]
}

func (c Config) withDefaults() Config {
	if c.Interval <= 0 {
		c.Interval = 8
	}
	if c.CarryAge <= 0 {
		c.CarryAge = 400 * time.Millisecond
	}
	if c.Age <= 0 {
		c.Age = time.Second
	}
	return c
}

// Staged is a task whose first network finds objects, to which Finish adds:
// Run is Detect and Finish. Finish is called for every frame, so that what the
// task remembers ages as ever, with the objects found, reused or carried.
type Staged interface {
	inference.Task
	Detect(in *inference.Input, out *inference.Result) error
	Finish(f *camera.Frame, out *inference.Result) error
}

// Repeater is a task that remembers something from frame to frame: Repeat does
// what Run does, as if the network had said once more what it said last.
type Repeater interface {
	Repeat(f *camera.Frame, out *inference.Result) error
}

// Pressing is a task that may want the next frame looked at, whatever it shows.
type Pressing interface {
	Pressing() bool
}

// Task is a task that spares its first network. Results say in Spared how they
// came about; without a look the time in the first network is 0.
type Task struct {
	inner    inference.Task
	staged   Staged             // nil for none
	parallel inference.Parallel // nil for none
	repeater Repeater           // nil for none
	pressing Pressing           // nil for none
	notes    map[*inference.Input]*note
	scratch  []note // of lanes

	preparing sync.Mutex // of inner.Prepare

	mu   sync.Mutex
	plan plan // under mu

	last    inference.Result   // of the frame last looked at, before Finish
	looked  motion.Fingerprint // of that frame; lanes do without
	since   int                // frames since, that Run spared
	carrier carrier
}

// note is what is planned for a frame.
type note struct {
	print    motion.Fingerprint
	spared   inference.Spared
	prepared bool // for the network
}

// errNothing is of a frame that was to have the result of a look that failed.
var errNothing = errors.New("the frame that it resembles could not be worked on")

// New takes over task.
func New(task inference.Task, cfg Config) *Task {
	cfg = cfg.withDefaults()
	t := &Task{inner: task, notes: map[*inference.Input]*note{}, plan: newPlan(cfg)}
	t.staged, _ = task.(Staged)
	t.parallel, _ = task.(inference.Parallel)
	t.repeater, _ = task.(Repeater)
	t.pressing, _ = task.(Pressing)
	t.scratch = make([]note, t.Lanes())
	return t
}

// Unwrap is the task that is spared.
func (t *Task) Unwrap() inference.Task { return t.inner }

// NewInput returns a staging buffer for Prepare.
func (t *Task) NewInput() *inference.Input {
	in := t.inner.NewInput()
	t.mu.Lock()
	t.notes[in] = &note{}
	t.mu.Unlock()
	return in
}

func (t *Task) note(in *inference.Input) *note {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.notes[in]
}

// Prepare plans what to do with the frame, and prepares it where it is to be
// looked at.
func (t *Task) Prepare(f *camera.Frame, in *inference.Input) error {
	n := t.note(in)
	t.decide(f, n)
	if n.spared != inference.Looked {
		return nil
	}
	return t.prepare(f, in, n)
}

// decide plans for the next frame.
func (t *Task) decide(f *camera.Frame, n *note) {
	n.print.Take(f)
	n.prepared = false
	t.mu.Lock()
	n.spared = t.plan.next(f, &n.print)
	t.mu.Unlock()
}

func (t *Task) prepare(f *camera.Frame, in *inference.Input, n *note) error {
	t.preparing.Lock()
	defer t.preparing.Unlock()
	n.prepared = true
	return t.inner.Prepare(f, in)
}

// Run does what is planned for the prepared frame.
func (t *Task) Run(f *camera.Frame, in *inference.Input, out *inference.Result) error {
	n := t.note(in)
	t.confirm(f, n)
	if n.spared == inference.Looked && !n.prepared {
		start := time.Now()
		err := t.prepare(f, in, n)
		out.Timing.Preprocess += time.Since(start)
		if err != nil {
			return t.fail(err)
		}
	}
	t.since++
	if n.spared == inference.Looked {
		t.looked = motion.Fingerprint{} // until it is known that the look does not fail
		if err := t.detect(f, in, out); err != nil {
			return t.fail(err)
		}
		t.looked, t.since = n.print, 0
	}
	out.Spared = n.spared
	return t.Finish(f, out)
}

// confirm has a frame looked at in spite of the plan where that counted on a
// frame that failed or made way for this one.
func (t *Task) confirm(f *camera.Frame, n *note) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case n.spared == inference.Looked:
		return
	case t.plan.wanted || t.looked.Width == 0:
	case n.spared == inference.Reused && t.plan.noise.Same(&t.looked, &n.print):
		return
	case n.spared == inference.Carried && t.since < t.plan.cfg.Interval:
		return
	}
	n.spared = inference.Looked
	t.plan.look(f, &n.print)
}

// detect is the part of the task that is spared.
func (t *Task) detect(f *camera.Frame, in *inference.Input, out *inference.Result) error {
	if t.staged != nil {
		return t.staged.Detect(in, out)
	}
	return t.inner.Run(f, in, out)
}

// fail has the next frame looked at.
func (t *Task) fail(err error) error {
	t.mu.Lock()
	t.plan.known = false
	t.mu.Unlock()
	return err
}

// Lanes implements inference.Parallel.
func (t *Task) Lanes() int {
	if t.parallel == nil {
		return 1
	}
	return t.parallel.Lanes()
}

// Infer implements inference.Parallel.
func (t *Task) Infer(lane int, f *camera.Frame, out *inference.Result) error {
	n := &t.scratch[lane]
	t.decide(f, n)
	out.Spared = n.spared
	if n.spared != inference.Looked {
		return nil
	}
	if err := t.parallel.Infer(lane, f, out); err != nil {
		return t.fail(err)
	}
	return nil
}

// Finish implements inference.Parallel: it fills in what was spared, and does
// the rest of the task.
func (t *Task) Finish(f *camera.Frame, out *inference.Result) error {
	start := time.Now()
	err := t.fill(f, out)
	out.Timing.Decode += time.Since(start)
	if err != nil {
		return t.fail(err)
	}
	if t.staged != nil {
		if err := t.staged.Finish(f, out); err != nil {
			return err
		}
	}
	if t.pressing != nil && t.pressing.Pressing() {
		t.want()
	}
	return nil
}

// want has the next frame looked at.
func (t *Task) want() {
	t.mu.Lock()
	t.plan.wanted = true
	t.mu.Unlock()
}

// fill gives the result of a frame that was not looked at, and notes that of
// one that was.
func (t *Task) fill(f *camera.Frame, out *inference.Result) error {
	carry := t.plan.cfg.Carry
	switch out.Spared {
	case inference.Looked:
		t.last.CopyFrom(out)
		if carry {
			q := t.carrier.check(f, out.Objects)
			t.mu.Lock()
			t.plan.learn(q, len(out.Objects))
			t.mu.Unlock()
			t.carrier.begin(f, out.Objects)
		}
		return nil
	case inference.Carried:
		if !t.carrier.step(f) {
			t.want()
		}
		t.restore(out)
		t.carrier.tell(out)
		return nil
	}
	if t.last.Width != f.Width || t.last.Height != f.Height {
		return errNothing
	}
	if t.repeater != nil {
		return t.repeater.Repeat(f, out)
	}
	t.restore(out)
	if carry {
		t.carrier.begin(f, out.Objects)
	}
	return nil
}

// restore takes over what was found in the frame last looked at.
func (t *Task) restore(out *inference.Result) {
	sequence, timestamp, captured, timing, spared := out.Sequence, out.Timestamp, out.Captured, out.Timing, out.Spared
	out.CopyFrom(&t.last)
	out.Sequence, out.Timestamp, out.Captured, out.Timing, out.Spared = sequence, timestamp, captured, timing, spared
}

// Close frees the networks and lets go of the frame that boxes are carried from.
func (t *Task) Close() error {
	t.carrier.flow.Close()
	return t.inner.Close()
}
