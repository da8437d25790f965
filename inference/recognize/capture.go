package recognize

import (
	"context"
	"errors"
	"image"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
)

// Shot is one picture of a face, for enrolment.
type Shot struct {
	Model     string      // that made the embedding
	Embedding []float32   // unit vector; nil for a face unfit for enrolment
	Portrait  *image.RGBA // the aligned face, 112x112
	Quality   Quality
	Box       inference.Box // in frame pixels
}

// captured is the outcome of a request.
type captured struct {
	shot Shot
	err  error
}

// ErrClosed is the error of a Capture that waited while the task was closed.
var ErrClosed = errors.New("the recognition has ended")

// Capture takes a shot of the one clear face in the next frame that the task
// works on; it may be called from any goroutine while a worker runs the task.
// An error that is a Fault tells what to do differently; where it speaks of
// the face's quality the shot has all but an embedding. Capture waits for the
// frame no longer than ctx allows, and returns its error then.
func (t *Task) Capture(ctx context.Context) (Shot, error) {
	reply := make(chan captured, 1)
	select {
	case t.requests <- reply:
	case <-ctx.Done():
		return Shot{}, ctx.Err()
	case <-t.closed:
		return Shot{}, ErrClosed
	}
	select {
	case c := <-reply:
		return c.shot, c.err
	case <-ctx.Done():
		return Shot{}, ctx.Err()
	case <-t.closed:
		return Shot{}, ErrClosed
	}
}

// answer serves a Capture that waits.
func (t *Task) answer(f *frame.Frame, out *inference.Result) {
	select {
	case reply := <-t.requests:
		shot, err := t.shoot(f, out)
		reply <- captured{shot, err}
	default:
	}
}

// Examine takes a shot of the one clear face in a picture, with the errors of
// Capture. It uses the task's networks: no worker may run the task meanwhile.
func (t *Task) Examine(f *frame.Frame) (Shot, error) {
	in, out := &inference.Input{}, &inference.Result{Width: f.Width, Height: f.Height}
	if err := t.Prepare(f, in); err != nil {
		return Shot{}, err
	}
	if err := find(t.Detector, in, out); err != nil {
		return Shot{}, err
	}
	return t.shoot(f, out)
}

// shoot takes a shot of the one clear face among those found in f.
func (t *Task) shoot(f *frame.Frame, out *inference.Result) (Shot, error) {
	o, fault := single(out.Objects)
	if fault != Fit {
		return Shot{}, fault
	}
	q, err := t.portrait.take(f, o)
	if errors.Is(err, ErrNoFace) {
		return Shot{}, NoFace
	}
	if err != nil {
		return Shot{}, err
	}
	shot := Shot{Portrait: t.portrait.portrait(), Quality: q, Box: o.Box}
	if cutOff(o, f) {
		return shot, CutOff
	}
	if fault := t.cfg.Limits.Check(q); fault != Fit {
		return shot, fault
	}
	v := make([]float32, t.embedder.Len())
	if err := t.embedder.Embed(f, face.LandmarksOf(o), v, &out.Timing); err != nil {
		return shot, err
	}
	shot.Model, shot.Embedding = t.embedder.Model(), v
	return shot, nil
}

// single is the one clear face: the largest, when no other is half as large.
// People far behind do not count.
func single(objects []inference.Object) (*inference.Object, Fault) {
	var best *inference.Object
	for i := range objects {
		if best == nil || objects[i].Box.Height() > best.Box.Height() {
			best = &objects[i]
		}
	}
	if best == nil {
		return nil, NoFace
	}
	for i := range objects {
		if o := &objects[i]; o != best && o.Box.Height() >= best.Box.Height()/2 {
			return nil, SeveralFaces
		}
	}
	return best, Fit
}

// cutOff reports whether the face reaches the frame's edge: the detector keeps
// its box inside, and squeezes the landmarks in too.
func cutOff(o *inference.Object, f *frame.Frame) bool {
	const near = .5 // pixels
	w, h := float32(f.Width)-near, float32(f.Height)-near
	return o.Box.X0 < near || o.Box.Y0 < near || o.Box.X1 > w || o.Box.Y1 > h
}
