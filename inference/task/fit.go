package task

import (
	"fmt"
	"strings"

	"reterminal-vision/inference/tflite"
)

// PostProcess is the custom operator by which SSD detectors suppress weaker
// boxes inside the graph; the only custom one that the runtime has.
const PostProcess = "TFLite_Detection_PostProcess"

// Candidate is a network of unknown purpose whose one input is a picture.
type Candidate struct {
	Graph   *tflite.Subgraph
	Input   Tensor
	Outputs []Tensor
}

// Tensor is an input or output; real = Scale * (stored - ZeroPoint), with Scale
// 0 when it is not quantized.
type Tensor struct {
	Name      string  `json:"name"`
	Shape     []int   `json:"shape"` // empty when only running the network tells
	DType     string  `json:"dtype"` // as "uint8"
	Scale     float32 `json:"scale,omitempty"`
	ZeroPoint int64   `json:"zeroPoint,omitempty"`
}

// TensorOf describes a tensor of a model file.
func TensorOf(t *tflite.Tensor) Tensor {
	out := Tensor{Name: t.Name, Shape: t.Shape, DType: strings.ToLower(t.Type.String())}
	if len(t.Scale) == 1 {
		out.Scale, out.ZeroPoint = t.Scale[0], t.ZeroPoint[0]
	}
	return out
}

func (t Tensor) String() string {
	s := fmt.Sprintf("%s %v %s", t.Name, t.Shape, t.DType)
	if t.Scale != 0 {
		s += fmt.Sprintf(" scale %g zero point %d", t.Scale, t.ZeroPoint)
	}
	return s
}

// Unreadable says why the tensor cannot be read as scores, "" where it can.
func (t Tensor) Unreadable() string {
	switch {
	case t.Name == "":
		return "its output has no name"
	case t.DType != "float32" && t.DType != "uint8" && t.DType != "int8":
		return fmt.Sprintf("its output is %s, and only float32, uint8 and int8 can be read", t.DType)
	case t.DType != "float32" && !(t.Scale > 0):
		return fmt.Sprintf("its %s output has no scale", t.DType)
	}
	return ""
}

// Fit is how a decoder would read a candidate.
type Fit struct {
	Sure bool   `json:"sure"`
	Why  string `json:"why"` // the reason, or the doubt
	// Classes is how many labels it takes, 0 when the file does not say.
	Classes int `json:"classes"`
	// Mean and Std give the network (x-Mean)/Std of bytes x. A decoder sets
	// them where its networks agree on them for float inputs, else Std is 0.
	Mean      float32 `json:"mean"`
	Std       float32 `json:"std"`
	Resize    string  `json:"resize"`
	Threshold float32 `json:"threshold"`

	Outputs []OutputOf `json:"-"`
	Labels  LabelRule  `json:"-"`
	IoU     float32    `json:"-"` // as in Network
	Params  any        `json:"-"` // as in Network
}

// OutputOf gives the output at a place in Candidate.Outputs a role.
type OutputOf struct {
	Role  string
	Place int
}

// LabelRule says which lists of labels go with a network.
type LabelRule struct {
	// SkipsBackground is set where a list may begin with a background that is
	// no class of the network's.
	SkipsBackground bool
	// CountsBackground is set where the background may be a class of the
	// network's that a list leaves out.
	CountsBackground bool
	// Open is set where any list of AtLeast labels or more goes; Classes then
	// counts for nothing.
	Open    bool
	AtLeast int
}

// Single says why a candidate has not one output, "" where it has.
func (c *Candidate) Single() string {
	if len(c.Outputs) != 1 {
		return fmt.Sprintf("it has %d outputs, and one is expected", len(c.Outputs))
	}
	return ""
}
