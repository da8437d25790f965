package inference

import (
	"errors"
	"time"

	"reterminal-vision/camera"
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
	Prepare(f *camera.Frame, in *Input) error
	// Run takes the prepared frame through the networks and decodes into out,
	// adding to out.Timing what each stage took.
	Run(f *camera.Frame, in *Input, out *Result) error
	// Close frees the networks. It is called once, after the last Run.
	Close() error
}

// Parallel is a Task with several networks for its first part, which frames
// share nothing in, so that it can work on as many frames at once: on a
// machine with cores to spare, small networks give more results so than with
// threads of their own. Infer and then Finish are what Prepare and Run are.
type Parallel interface {
	Task
	// Lanes is how many frames Infer may work on at once.
	Lanes() int
	// Infer prepares a frame in the tensor of a lane, 0 to Lanes()-1, and takes
	// it through the lane's network: on one core, which has in its cache what
	// the one leaves for the other. It is called for one frame at a time in each
	// lane, and beside no Prepare or Run.
	Infer(lane int, f *camera.Frame, out *Result) error
	// Finish does the rest, called for one frame after the other, in order.
	Finish(f *camera.Frame, out *Result) error
}

// PrepareIn has what prepares frames fill in from f, as a lane does, and adds
// the time that it took to t.
func PrepareIn(by interface {
	Prepare(*camera.Frame, *Input) error
}, f *camera.Frame, in *Input, t *Timing) error {
	start := time.Now()
	err := by.Prepare(f, in)
	t.Preprocess += time.Since(start)
	return err
}

// alike is a Parallel of tasks that are alike and remember nothing.
type alike struct {
	Task  // of lane 0
	tasks []Task
	in    []Input // the tensor of each
}

// Alike makes one task of several for the same network that remember nothing
// from frame to frame, and takes them over.
func Alike(tasks ...Task) Task {
	if len(tasks) == 1 {
		return tasks[0]
	}
	return &alike{tasks[0], tasks, make([]Input, len(tasks))}
}

func (a *alike) Lanes() int                          { return len(a.tasks) }
func (a *alike) Finish(*camera.Frame, *Result) error { return nil }

func (a *alike) Infer(lane int, f *camera.Frame, out *Result) error {
	in := &a.in[lane]
	if err := PrepareIn(a.tasks[lane], f, in, &out.Timing); err != nil {
		return err
	}
	return a.tasks[lane].Run(f, in, out)
}

// Close frees the networks of all.
func (a *alike) Close() error {
	var errs []error
	for _, t := range a.tasks {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
