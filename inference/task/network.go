package task

import "reterminal-vision/inference"

// Network is the part of a catalogue entry that describes a network's tensors.
type Network struct {
	// Task names the Decoder.
	Task    string   `json:"task"`
	Input   Input    `json:"input"`
	Outputs []Output `json:"outputs"`
	// Threshold is the least score of a result, 0..1, where nothing else is chosen.
	Threshold float32 `json:"threshold"`
	// IoU is the overlap, 0..1, from which on the weaker of two boxes is
	// suppressed; 0 when the graph does that.
	IoU float32 `json:"iou,omitempty"`
	// Params is what Decoder.Params returned, filled in; nil without.
	Params any `json:"-"`
}

// Input is the picture a network takes: RGB, NHWC, each value (x-Mean)/Std of
// 0..255. A uint8 tensor quantized with that scale takes the raw bytes.
type Input struct {
	Name   string  `json:"name"`
	Shape  []int   `json:"shape"` // 1, height, width, 3
	DType  string  `json:"dtype"` // "uint8", "int8" or "float32"
	Mean   float32 `json:"mean"`
	Std    float32 `json:"std"`
	Resize string  `json:"resize"` // "stretch" or "letterbox"
}

// Output is one output tensor and its meaning to the decoder.
type Output struct {
	Role  string `json:"role"`
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	DType string `json:"dtype"`
}

// Output finds an output by its role, nil when there is none.
func (n *Network) Output(role string) *Output {
	for i := range n.Outputs {
		if n.Outputs[i].Role == role {
			return &n.Outputs[i]
		}
	}
	return nil
}

// OutputName is the tensor that has the role, "" when there is none.
func (n *Network) OutputName(role string) string {
	if o := n.Output(role); o != nil {
		return o.Name
	}
	return ""
}

// Norm is how bytes of a picture become numbers of the input.
func (n *Network) Norm() inference.Normalization {
	return inference.Uniform(n.Input.Mean, n.Input.Std)
}

// Resize is how a picture is brought to the input's size.
func (n *Network) Resize() inference.Resize {
	if n.Input.Resize == "letterbox" {
		return inference.Letterbox
	}
	return inference.Stretch
}
