// Package face finds faces, aligns them and cuts them out. In: frames and the
// interpreter of a face detector. Out: inference.Result objects, crops for a
// second network, and input tensors warped so that the eyes, nose and mouth
// lie where a recognition network expects them.
//
// It imports inference and camera; inference/attribute, inference/recognize
// and app may import it.
package face

import (
	"reterminal-vision/camera"
	"reterminal-vision/inference"
)

// Detector finds faces. Prepare and Detect run side by side as
// inference.Task's Prepare and Run do, and neither allocates in the steady
// state.
type Detector interface {
	// NewInput returns a staging buffer for Prepare.
	NewInput() *inference.Input
	// Prepare fills in from the frame.
	Prepare(f *camera.Frame, in *inference.Input) error
	// Detect appends the faces of the prepared frame to out.Objects, best
	// first: Class 0, Label "face", boxes within the frame, landmarks when the
	// network gives all five. out.Width and out.Height must hold the frame's
	// size; what each stage took is added to out.Timing.
	Detect(in *inference.Input, out *inference.Result) error
	// Close frees the network. It is called once, after the last Detect.
	Close() error
}
