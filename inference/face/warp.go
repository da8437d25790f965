package face

import (
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Warper samples a frame of any format through a Similarity into an input
// tensor of shape [1, height, width, 3], float32, uint8 or int8: bilinear, as
// OpenCV's warpAffine, and mirrored at the frame's edges. It serves one
// goroutine and does not allocate. Close frees its native memory.
type Warper struct{ *inference.Warper }

// NewWarper prepares for the input t. The error names what the tensor lacks.
func NewWarper(t *inference.Tensor, norm inference.Normalization) (*Warper, error) {
	w, err := inference.NewWarper(t, norm)
	if err != nil {
		return nil, err
	}
	return &Warper{w}, nil
}

// Run fills dst, the tensor's Size bytes, from the frame. It refuses frames
// that are not valid, a dst of another size and an m that leads far away.
func (w *Warper) Run(f *frame.Frame, m Similarity, dst []byte) error { return w.Warper.Run(f, m, dst) }
