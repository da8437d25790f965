// Package frameskip skips runs of a network that would give nothing new: a
// frame that does not differ from the last one inferred gets its result, and
// between two runs of a detector boxes can be propagated by the motion in the
// picture.
//
// In: a task and frames. Out: the same task's results, marked with their
// origin. It imports inference, inference/motion and camera; app may import it.
package frameskip

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// Mode says which runs are skipped.
type Mode uint32

// Unchanged skips frames that do not differ from the last one inferred. Propagate
// also runs the network on every n-th frame only and propagates its boxes in
// between; it is for tasks that find objects. Off runs it on every frame.
const (
	Unchanged Mode = iota
	Propagate
	Off
)

// Config tunes a task; zero fields take the value in brackets.
type Config struct {
	Mode         Mode          // at first [Unchanged]
	Interval     int           // largest n, while propagated boxes stay exact [8]
	PropagateAge time.Duration // longest time that boxes are propagated [400 ms]
	Age          time.Duration // longest time without a run of the network [1 s]
}

func (c Config) withDefaults() Config {
	if c.Interval <= 0 {
		c.Interval = 8
	}
	if c.PropagateAge <= 0 {
		c.PropagateAge = 400 * time.Millisecond
	}
	if c.Age <= 0 {
		c.Age = time.Second
	}
	return c
}

// FirstStage is a task whose first network finds objects, to which Finish adds:
// Run is Detect and Finish. Finish is called for every frame, with the objects
// inferred, reused or propagated, so that tracks age as without skipping.
type FirstStage interface {
	inference.Task
	Detect(in *inference.Input, out *inference.Result) error
	Finish(f *frame.Frame, out *inference.Result) error
}

// Repeater is a task with state between frames: Repeat does what Run does, as if
// the network had given its last output once more.
type Repeater interface {
	Repeat(f *frame.Frame, out *inference.Result) error
}

// Urgent is a task that may ask for a run on the next frame, whatever it shows.
type Urgent interface {
	Urgent() bool
}

// Task skips runs of its first network. Result.Origin says which; of a skipped
// run the time in the first network is 0.
type Task struct {
	inner      inference.Task
	firstStage FirstStage           // nil for none
	replicated inference.Replicated // nil for none
	repeater   Repeater             // nil for none
	urgent     Urgent               // nil for none
	decisions  map[*inference.Input]*decision
	scratch    []decision // of replicas

	mode      atomic.Uint32 // a Mode
	preparing sync.Mutex    // of inner.Prepare

	mu       sync.Mutex
	schedule schedule // under mu

	last       inference.Result   // of the frame last inferred, before Finish
	inferred   motion.Fingerprint // of that frame; unused with replicas
	since      int                // frames that Run has skipped since
	propagator propagator
}

// decision is what is scheduled for a frame.
type decision struct {
	print    motion.Fingerprint
	origin   inference.Origin
	prepared bool // for the network
}

// errNothing is of a frame that was to reuse the result of a run that failed.
var errNothing = errors.New("the frame that it resembles could not be worked on")

// New takes over task.
func New(task inference.Task, cfg Config) *Task {
	cfg = cfg.withDefaults()
	t := &Task{inner: task, decisions: map[*inference.Input]*decision{}, schedule: newSchedule(cfg)}
	t.firstStage, _ = task.(FirstStage)
	t.replicated, _ = task.(inference.Replicated)
	t.repeater, _ = task.(Repeater)
	t.urgent, _ = task.(Urgent)
	t.scratch = make([]decision, t.Replicas())
	t.SetMode(cfg.Mode)
	return t
}

// SetMode changes what is skipped, from the next frame on. Any goroutine may
// call it.
func (t *Task) SetMode(m Mode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mode.Store(uint32(m))
	t.schedule.restart()
	if a, ok := t.inner.(inference.Adaptive); ok {
		a.SetAdaptive(m != Off)
	}
}

// SetThreshold implements inference.Adjustable where the task does. Results with
// another threshold are not reused.
func (t *Task) SetThreshold(score float32) {
	if a, ok := t.inner.(inference.Adjustable); ok {
		a.SetThreshold(score)
		t.mu.Lock()
		t.schedule.restart()
		t.mu.Unlock()
	}
}

// is reports whether a mode is in force.
func (t *Task) is(m Mode) bool { return Mode(t.mode.Load()) == m }

// Unwrap is the task whose runs are skipped.
func (t *Task) Unwrap() inference.Task { return t.inner }

// NewInput returns a staging buffer for Prepare.
func (t *Task) NewInput() *inference.Input {
	in := t.inner.NewInput()
	t.mu.Lock()
	t.decisions[in] = &decision{}
	t.mu.Unlock()
	return in
}

func (t *Task) decisionFor(in *inference.Input) *decision {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.decisions[in]
}

// Prepare decides what to do with the frame, and prepares it where it is to be
// inferred.
func (t *Task) Prepare(f *frame.Frame, in *inference.Input) error {
	n := t.decisionFor(in)
	t.decide(f, n)
	if n.origin != inference.Inferred {
		return nil
	}
	return t.prepare(f, in, n)
}

// decide schedules the next frame.
func (t *Task) decide(f *frame.Frame, n *decision) {
	n.prepared = false
	if t.is(Off) {
		n.origin, n.print = inference.Inferred, motion.Fingerprint{}
		return
	}
	n.print.Take(f)
	t.mu.Lock()
	n.origin = t.schedule.next(f, &n.print, t.is(Propagate))
	t.mu.Unlock()
}

func (t *Task) prepare(f *frame.Frame, in *inference.Input, n *decision) error {
	t.preparing.Lock()
	defer t.preparing.Unlock()
	n.prepared = true
	return t.inner.Prepare(f, in)
}

// Run does what is scheduled for the prepared frame.
func (t *Task) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	n := t.decisionFor(in)
	t.confirm(f, n)
	if n.origin == inference.Inferred && !n.prepared {
		start := time.Now()
		err := t.prepare(f, in, n)
		out.Timing.Preprocess += time.Since(start)
		if err != nil {
			return t.fail(err)
		}
	}
	t.since++
	if n.origin == inference.Inferred {
		t.inferred = motion.Fingerprint{} // until the run has succeeded
		if err := t.detect(f, in, out); err != nil {
			return t.fail(err)
		}
		t.inferred, t.since = n.print, 0
	}
	out.Origin = n.origin
	return t.Finish(f, out)
}

// confirm has a frame inferred in spite of the schedule where that relied on a
// frame that failed or was dropped.
func (t *Task) confirm(f *frame.Frame, n *decision) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case n.origin == inference.Inferred:
		return
	case t.schedule.demanded || t.inferred.Width == 0:
	case n.origin == inference.Reused && t.schedule.noise.Same(&t.inferred, &n.print):
		return
	case n.origin == inference.Propagated && t.since < t.schedule.cfg.Interval:
		return
	}
	n.origin = inference.Inferred
	t.schedule.infer(f, &n.print)
}

// detect is the part of the task that may be skipped.
func (t *Task) detect(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if t.firstStage != nil {
		return t.firstStage.Detect(in, out)
	}
	return t.inner.Run(f, in, out)
}

// fail has the next frame inferred.
func (t *Task) fail(err error) error {
	t.mu.Lock()
	t.schedule.known = false
	t.mu.Unlock()
	return err
}

// Replicas implements inference.Replicated.
func (t *Task) Replicas() int {
	if t.replicated == nil {
		return 1
	}
	return t.replicated.Replicas()
}

// Infer implements inference.Replicated.
func (t *Task) Infer(replica int, f *frame.Frame, out *inference.Result) error {
	n := &t.scratch[replica]
	t.decide(f, n)
	out.Origin = n.origin
	if n.origin != inference.Inferred {
		return nil
	}
	if err := t.replicated.Infer(replica, f, out); err != nil {
		return t.fail(err)
	}
	return nil
}

// Finish implements inference.Replicated: it fills in what was skipped, and
// does the rest of the task.
func (t *Task) Finish(f *frame.Frame, out *inference.Result) error {
	start := time.Now()
	err := t.fill(f, out)
	out.Timing.Decode += time.Since(start)
	if err != nil {
		return t.fail(err)
	}
	if t.firstStage != nil {
		if err := t.firstStage.Finish(f, out); err != nil {
			return err
		}
	}
	if t.urgent != nil && t.urgent.Urgent() {
		t.demand()
	}
	return nil
}

// demand has the next frame inferred.
func (t *Task) demand() {
	t.mu.Lock()
	t.schedule.demanded = true
	t.mu.Unlock()
}

// fill gives the result of a frame that was skipped, and keeps that of one that
// was inferred.
func (t *Task) fill(f *frame.Frame, out *inference.Result) error {
	propagate := t.is(Propagate)
	switch out.Origin {
	case inference.Inferred:
		if t.is(Off) {
			return nil
		}
		t.last.CopyFrom(out)
		if propagate {
			q := t.propagator.check(f, out.Objects)
			t.mu.Lock()
			t.schedule.learn(q, len(out.Objects))
			t.mu.Unlock()
			t.propagator.begin(f, out.Objects)
		}
		return nil
	case inference.Propagated:
		if !t.propagator.step(f) {
			t.demand()
		}
		t.restore(out)
		t.propagator.write(out)
		return nil
	}
	if t.last.Width != f.Width || t.last.Height != f.Height {
		return errNothing
	}
	if t.repeater != nil {
		return t.repeater.Repeat(f, out)
	}
	t.restore(out)
	if propagate {
		t.propagator.begin(f, out.Objects)
	}
	return nil
}

// restore takes over what was found in the frame last inferred.
func (t *Task) restore(out *inference.Result) {
	sequence, timestamp, captured, timing, spared := out.Sequence, out.Timestamp, out.Captured, out.Timing, out.Origin
	out.CopyFrom(&t.last)
	out.Sequence, out.Timestamp, out.Captured, out.Timing, out.Origin = sequence, timestamp, captured, timing, spared
}

// Close frees the networks and releases the frame that boxes are propagated from.
func (t *Task) Close() error {
	t.propagator.flow.Close()
	return t.inner.Close()
}
