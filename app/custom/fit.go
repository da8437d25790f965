package custom

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tasks"
	"reterminal-vision/inference/tflite"
)

// Tasks are the decoders that can read an imported model, by name.
var Tasks = sync.OnceValue(func() (names []string) {
	for _, d := range tasks.Importable() {
		names = append(names, d.Name)
	}
	return names
})

// Fit is a decoder that can read the network, and what it would be run with.
type Fit struct {
	Task string `json:"task"`
	task.Fit
}

// maxSide is the largest picture that the preprocessing makes.
const maxSide = 4096

// fit finds the tasks that the network can do.
func (d *Description) fit(g *tflite.Subgraph) {
	if d.Unfit = d.unfitInput(); d.Unfit == "" {
		d.Unfit = d.unfitOperator()
	}
	if d.Unfit != "" {
		return
	}
	var against []string
	candidate := &task.Candidate{Graph: g, Input: d.Inputs[0], Outputs: d.Outputs}
	for _, decoder := range tasks.Importable() {
		f, problem := decoder.Fit(candidate)
		if problem != "" {
			against = append(against, decoder.Name+": "+problem)
			continue
		}
		d.complete(g, &f)
		d.Fits = append(d.Fits, Fit{decoder.Name, f})
	}
	slices.SortStableFunc(d.Fits, func(a, b Fit) int {
		switch {
		case a.Sure == b.Sure:
			return 0
		case a.Sure:
			return -1
		}
		return 1
	})
	if len(d.Fits) == 0 {
		d.Unfit = "its outputs are those of no task that can be shown: " + strings.Join(against, "; ")
		if n := len(d.Outputs); n != 1 {
			d.Unfit = fmt.Sprintf("it has %d outputs; what can be shown has one (classes, a map, or YOLOv8's boxes), or the four of the operator %s", n, task.PostProcess)
		}
	}
}

// unfitInput says why the network cannot be given a picture.
func (d *Description) unfitInput() string {
	if len(d.Inputs) != 1 {
		return fmt.Sprintf("it takes %d inputs, and should take one picture", len(d.Inputs))
	}
	in := d.Inputs[0]
	s := in.Shape
	switch {
	case len(s) == 4 && s[1] == 3 && s[3] != 3:
		return fmt.Sprintf("its input %v has the colours first: convert it anew with the colours last, as [1 height width 3]", s)
	case len(s) == 4 && s[3] == 1:
		return fmt.Sprintf("its input %v is a grey picture, and only colour pictures [1 height width 3] are given", s)
	case len(s) != 4 || s[0] != 1 || s[3] != 3:
		return fmt.Sprintf("its input has the shape %v, and a colour picture is [1 height width 3]", s)
	case min(s[1], s[2]) < 8 || max(s[1], s[2]) > maxSide:
		return fmt.Sprintf("its picture is %d x %d, and sides of 8 to %d can be made: convert it anew with a fixed size", s[2], s[1], maxSide)
	case in.DType != "float32" && in.DType != "uint8" && in.DType != "int8":
		return fmt.Sprintf("its input is %s, and only float32, uint8 and int8 are given", in.DType)
	case in.DType != "float32" && !(in.Scale > 0):
		return fmt.Sprintf("its %s input has no scale: convert it anew with a quantized or a float32 input", in.DType)
	case in.Name == "":
		return "its input has no name: convert it anew"
	}
	if d.Working > maxWorking {
		return fmt.Sprintf("one of its steps takes %d MB of memory, more than %d MB: choose a smaller network", d.Working>>20, maxWorking>>20)
	}
	return ""
}

// unfitOperator names an operator that the library does not have.
func (d *Description) unfitOperator() string {
	for _, op := range d.Operators {
		if strings.HasPrefix(op.Name, "Flex") {
			return fmt.Sprintf("it uses %s, which is part of TensorFlow and not of TensorFlow Lite: convert it anew with built-in operators only", op.Name)
		}
		// Built-in operators are named in capitals.
		if op.Name != strings.ToUpper(op.Name) && op.Name != task.PostProcess {
			return fmt.Sprintf("it uses %s, an operator of its makers that this program does not have", op.Name)
		}
	}
	return ""
}

// complete fills in what the network would be run with.
func (d *Description) complete(g *tflite.Subgraph, f *task.Fit) {
	f.Resize = "stretch"
	switch t := d.Inputs[0]; {
	case t.DType == "uint8": // each byte as it is
		f.Mean, f.Std = float32(t.ZeroPoint), 1/t.Scale
	case t.DType == "int8": // each byte less 128
		f.Mean, f.Std = float32(t.ZeroPoint+128), 1/t.Scale
	case f.Std > 0: // the decoder's networks agree
	case scalesItself(g):
		f.Mean, f.Std = 0, 1
		f.Why += "; it seems to scale the picture itself (mean 0, std 1)"
	default:
		f.Mean, f.Std = 127.5, 127.5
		f.Sure = false
		f.Why += "; whether its picture goes from -1 to 1 (mean 127.5, std 127.5) or from 0 to 1 (mean 0, std 255) the file does not say; the first is taken unless another is chosen"
	}
}

// scalesItself reports whether the first thing done to the input is to multiply
// it by a constant.
func scalesItself(g *tflite.Subgraph) bool {
	for _, op := range g.Operators {
		if !slices.Contains(op.Inputs, g.Inputs[0]) {
			continue
		}
		return (op.Name == "MUL" || op.Name == "DIV") && slices.ContainsFunc(op.Inputs, func(t int) bool {
			return t >= 0 && g.Tensors[t].Buffer > 0
		})
	}
	return false
}
