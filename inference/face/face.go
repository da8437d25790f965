// Package face finds faces, aligns them and cuts them out. In: frames and the
// interpreter of a face detector. Out: inference.Result objects, crops for a
// second network, input tensors warped so that the eyes, nose and mouth lie
// where a recognition network expects them, and which faces such a network
// looks at next.
//
// It imports inference, inference/motion and camera; inference/attribute, inference/recognize
// and app may import it.
package face

import (
	"errors"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Detector finds faces. Prepare and Detect run side by side as
// inference.Task's Prepare and Run do, and neither allocates in the steady
// state.
type Detector interface {
	// NewInput returns a staging buffer for Prepare; an Input without Data does
	// too, as with inference.Task.
	NewInput() *inference.Input
	// Prepare fills in from the frame.
	Prepare(f *frame.Frame, in *inference.Input) error
	// Detect appends the faces of the prepared frame to out.Objects, best
	// first: Class 0, Label "face", boxes within the frame, the keypoints of
	// Skeleton when the network gives them. out.Width and out.Height must hold the frame's
	// size; what each stage took is added to out.Timing.
	Detect(in *inference.Input, out *inference.Result) error
	// Close frees the network. It is called once, after the last Detect.
	Close() error
}

// Detectors finds the faces of several frames at once, each with a detector of
// its own that is like the others: the first part of an inference.Replicated.
type Detectors struct {
	Detector // of replica 0
	more     []Detector
	in       []inference.Input // the tensor of each replica
}

// AddReplicas takes over detectors like the first, for as many frames more at once.
func (d *Detectors) AddReplicas(more ...Detector) {
	d.more = append(d.more, more...)
	d.in = make([]inference.Input, d.Replicas())
}

// Replicas implements inference.Replicated.
func (d *Detectors) Replicas() int { return 1 + len(d.more) }

// DetectReplica prepares a frame in a replica and finds its faces there.
func (d *Detectors) DetectReplica(replica int, f *frame.Frame, out *inference.Result) error {
	detector, in := d.Detector, &d.in[replica]
	if replica > 0 {
		detector = d.more[replica-1]
	}
	if err := inference.TimedPrepare(detector, f, in, &out.Timing); err != nil {
		return err
	}
	return detector.Detect(in, out)
}

// SetThreshold implements inference.Adjustable where the detectors do.
func (d *Detectors) SetThreshold(score float32) {
	for _, one := range append([]Detector{d.Detector}, d.more...) {
		if a, ok := one.(inference.Adjustable); ok {
			a.SetThreshold(score)
		}
	}
}

// Close frees the networks of all.
func (d *Detectors) Close() error {
	errs := []error{d.Detector.Close()}
	for _, more := range d.more {
		errs = append(errs, more.Close())
	}
	return errors.Join(errs...)
}
