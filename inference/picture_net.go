package inference

import (
	"fmt"
	"time"

	"reterminal-vision/camera/frame"
)

// PictureNet is a network whose one input is a whole frame, with the
// preprocessing that leads there: what tasks of one stage have in common. It
// serves one goroutine, but for Prepare, which may run beside Invoke.
type PictureNet struct {
	Net *Interpreter
	Pre *Preprocessor
}

// NewPictureNet takes over net, unless it returns an error.
func NewPictureNet(net *Interpreter, norm Normalization, resize Resize) (PictureNet, error) {
	if len(net.Inputs) != 1 {
		return PictureNet{}, fmt.Errorf("model %s: it should take one picture, and has %d inputs", net.Name, len(net.Inputs))
	}
	pre, err := NewPreprocessor(net.Inputs[0], norm, resize)
	if err != nil {
		return PictureNet{}, fmt.Errorf("model %s: %w", net.Name, err)
	}
	return PictureNet{net, pre}, nil
}

// NewInput returns a staging buffer for the network's picture, which Invoke
// puts in the tensor's place. It is valid until Close.
func (n *PictureNet) NewInput() *Input { return &Input{Data: n.Net.newStaging()} }

// Prepare resamples the whole frame into in.
func (n *PictureNet) Prepare(f *frame.Frame, in *Input) error {
	dst := in.Data
	if dst == nil {
		dst = n.Net.Inputs[0].Bytes()
	}
	m, err := n.Pre.Run(f, Box{}, dst)
	in.Map = m
	return err
}

// Invoke runs the network on the staged picture and adds the time it took.
func (n *PictureNet) Invoke(in *Input, t *Timing) error {
	if in.Data != nil {
		n.Net.stage(in.Data)
	}
	start := time.Now()
	err := n.Net.Invoke()
	t.Invoke += time.Since(start)
	return err
}

// Close frees the network and the preprocessing tables.
func (n *PictureNet) Close() error {
	n.Pre.Close()
	return n.Net.Close()
}
