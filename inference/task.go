package inference

import (
	"errors"
	"time"

	"reterminal-vision/camera/frame"
)

// Input is the staging copy of a task's first input tensor, with the geometry
// that leads from the model's picture back to the frame. The worker owns
// several, so that one frame is prepared while another is in the network. One
// without Data stands for the tensor itself: what Prepare writes there, Run has
// to take before anything else is prepared.
type Input struct {
	Data []byte // tensor bytes, in the model's dtype
	Map  Mapping
}

// Mapping leads from normalised model coordinates (0..1 over the input
// picture) to frame pixels: x*ScaleX + OffsetX.
type Mapping struct{ ScaleX, ScaleY, OffsetX, OffsetY float32 }

// Box maps normalised corners to a box in frame pixels.
func (m Mapping) Box(x0, y0, x1, y1 float32) Box {
	return Box{
		X0: x0*m.ScaleX + m.OffsetX, Y0: y0*m.ScaleY + m.OffsetY,
		X1: x1*m.ScaleX + m.OffsetX, Y1: y1*m.ScaleY + m.OffsetY,
	}
}

// Point maps a normalised position to frame pixels.
func (m Mapping) Point(x, y float32) Point {
	return Point{X: x*m.ScaleX + m.OffsetX, Y: y*m.ScaleY + m.OffsetY}
}

// Task finds something in frames with one or more networks. Prepare and Run
// are each called from one goroutine at a time, but side by side with each
// other, so they share nothing but the Input handed from one to the other.
// Neither allocates in the steady state.
type Task interface {
	// NewInput returns a staging buffer for Prepare.
	NewInput() *Input
	// Prepare fills in from the frame: crop, resize, colour, quantize.
	Prepare(f *frame.Frame, in *Input) error
	// Run takes the prepared frame through the networks and decodes into out,
	// adding to out.Timing what each stage took.
	Run(f *frame.Frame, in *Input, out *Result) error
	// Close frees the networks. It is called once, after the last Run.
	Close() error
}

// Replicated is a Task with several interpreters of its first network, so that
// it infers as many frames side by side: with cores to spare, small networks
// reach a higher throughput this way than with more threads each. Infer and then
// Finish do what Prepare and Run do.
type Replicated interface {
	Task
	// Replicas is how many frames Infer may work on at once.
	Replicas() int
	// Infer prepares a frame in the input tensor of a replica, 0 to Replicas()-1,
	// and runs it: on one core, whose cache then holds the input. It is called
	// for one frame at a time in each replica, and beside no Prepare or Run.
	Infer(replica int, f *frame.Frame, out *Result) error
	// Finish does the rest, called for one frame after the other, in order.
	Finish(f *frame.Frame, out *Result) error
}

// TimedPrepare runs Prepare and adds its duration to t.
func TimedPrepare(by interface {
	Prepare(*frame.Frame, *Input) error
}, f *frame.Frame, in *Input, t *Timing) error {
	start := time.Now()
	err := by.Prepare(f, in)
	t.Preprocess += time.Since(start)
	return err
}

// replicas is a Replicated of equal tasks without state.
type replicas struct {
	Task  // of replica 0
	tasks []Task
	in    []Input // the tensor of each
}

// Replicate makes one task of several for the same network that have no state
// between frames, and takes them over.
func Replicate(tasks ...Task) Task {
	if len(tasks) == 1 {
		return tasks[0]
	}
	return &replicas{tasks[0], tasks, make([]Input, len(tasks))}
}

// SetThreshold implements Adjustable where the tasks do.
func (r *replicas) SetThreshold(score float32) {
	for _, t := range r.tasks {
		if a, ok := t.(Adjustable); ok {
			a.SetThreshold(score)
		}
	}
}

func (r *replicas) Replicas() int                      { return len(r.tasks) }
func (r *replicas) Finish(*frame.Frame, *Result) error { return nil }

func (r *replicas) Infer(replica int, f *frame.Frame, out *Result) error {
	in := &r.in[replica]
	if err := TimedPrepare(r.tasks[replica], f, in, &out.Timing); err != nil {
		return err
	}
	return r.tasks[replica].Run(f, in, out)
}

// Close frees the networks of all.
func (r *replicas) Close() error {
	var errs []error
	for _, t := range r.tasks {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
