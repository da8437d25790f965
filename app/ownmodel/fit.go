package ownmodel

import (
	"fmt"
	"slices"
	"strings"

	"reterminal-vision/inference/tflite"
)

// Tasks are what an own model can do, by the names of the catalogue.
var Tasks = []string{"classify", "ssd", "yolov8", "segment"}

// Fit is a task that the network can do, with what it would be run with.
type Fit struct {
	Task string `json:"task"`
	Sure bool   `json:"sure"`
	Why  string `json:"why"` // the reason, or the doubt
	// Classes is how many labels it takes, 0 when the file does not say.
	Classes   int     `json:"classes"`
	Mean      float32 `json:"mean"` // the network gets (x-Mean)/Std of bytes x
	Std       float32 `json:"std"`
	Resize    string  `json:"resize"`
	Threshold float32 `json:"threshold"`

	outputs []role
	logits  bool
}

// role is what an output, by its place in Description.Outputs, means to a task.
type role struct {
	name   string
	output int
}

// postProcessOp is the operator by which detectors suppress weaker boxes.
const postProcessOp = "TFLite_Detection_PostProcess"

// maxSide is the largest picture that the preprocessing makes.
const maxSide = 4096

// postProcess is where the graph suppresses boxes.
type postProcess struct {
	outputs [4]int // places in Description.Outputs: boxes, classes, scores, count
	scores  int    // classes that are scored, a background perhaps among them; 0 when not known
}

func findPostProcess(g *tflite.Subgraph) *postProcess {
	for _, op := range g.Operators {
		if op.Name != postProcessOp || len(op.Outputs) < 4 || len(op.Inputs) < 2 {
			continue
		}
		p := &postProcess{}
		for i := range p.outputs {
			p.outputs[i] = slices.Index(g.Outputs, op.Outputs[i])
		}
		if t := op.Inputs[1]; t >= 0 && len(g.Tensors[t].Shape) == 3 {
			p.scores = g.Tensors[t].Shape[2]
		}
		if slices.Min(p.outputs[:]) >= 0 {
			return p
		}
	}
	return nil
}

// fit finds the tasks that the network can do.
func (d *Description) fit(g *tflite.Subgraph) {
	if d.Unfit = d.unfitInput(); d.Unfit == "" {
		d.Unfit = d.unfitOperator()
	}
	if d.Unfit != "" {
		return
	}
	var against []string
	try := func(f Fit, problem string) {
		if problem != "" {
			against = append(against, f.Task+": "+problem)
			return
		}
		d.complete(g, &f)
		d.Fits = append(d.Fits, f)
	}
	if len(d.Outputs) != 1 {
		try(d.fitSSD())
	}
	try(d.fitClassify(g))
	try(d.fitYOLOv8())
	try(d.fitSegment())
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
			d.Unfit = fmt.Sprintf("it has %d outputs; what can be shown has one (classes, a map, or YOLOv8's boxes), or the four of the operator %s", n, postProcessOp)
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
		if op.Name != strings.ToUpper(op.Name) && op.Name != postProcessOp {
			return fmt.Sprintf("it uses %s, an operator of its makers that this program does not have", op.Name)
		}
	}
	return ""
}

// scored reports why a tensor cannot be read as scores.
func scored(t Tensor) string {
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

func (d *Description) one() string {
	if len(d.Outputs) != 1 {
		return fmt.Sprintf("it has %d outputs, and one is wanted", len(d.Outputs))
	}
	return ""
}

func (d *Description) fitClassify(g *tflite.Subgraph) (Fit, string) {
	f := Fit{Task: "classify", Sure: true}
	if problem := d.one(); problem != "" {
		return f, problem
	}
	t := d.Outputs[0]
	n, along := 1, 0
	for _, s := range t.Shape {
		n *= s
		along = max(along, s)
	}
	switch {
	case len(t.Shape) == 0 || n != along:
		return f, fmt.Sprintf("its output has the shape %v, and [1 classes] is wanted", t.Shape)
	case n < 2:
		return f, "its output is one number, and two or more classes are wanted"
	}
	if problem := scored(t); problem != "" {
		return f, problem
	}
	f.Classes, f.outputs = n, []role{{"scores", 0}}
	f.Why = fmt.Sprintf("it gives %d probabilities", n)
	if !probable(g, g.Outputs[0]) {
		f.logits, f.Sure = true, false
		f.Why = fmt.Sprintf("it gives %d numbers; where they score classes, probabilities are made of them", n)
	}
	return f, ""
}

// probable reports whether the tensor holds probabilities: it comes from a
// softmax or a sigmoid, or its numbers are all within 0..1.
func probable(g *tflite.Subgraph, tensor int) bool {
	if t := &g.Tensors[tensor]; len(t.Scale) == 1 && t.Type != tflite.Float32 {
		low, high := 0.0, 255.0
		if t.Type == tflite.Int8 {
			low, high = -128, 127
		}
		scale, zero := float64(t.Scale[0]), float64(t.ZeroPoint[0])
		if scale*(low-zero) >= 0 && scale*(high-zero) <= 1.01 && scale*(high-zero) > .9 {
			return true
		}
	}
	for i := len(g.Operators) - 1; i >= 0; i-- {
		op := g.Operators[i]
		if !slices.Contains(op.Outputs, tensor) {
			continue
		}
		switch op.Name {
		case "SOFTMAX", "LOGISTIC":
			return true
		case "RESHAPE", "SQUEEZE", "QUANTIZE", "DEQUANTIZE":
			if tensor = firstInput(op); tensor < 0 {
				return false
			}
		default:
			return false
		}
	}
	return false
}

func (d *Description) fitSSD() (Fit, string) {
	f := Fit{Task: "ssd", Sure: true}
	if len(d.Outputs) != 4 {
		return f, fmt.Sprintf("it has %d outputs, and four are wanted: boxes, classes, scores and their count", len(d.Outputs))
	}
	if d.post == nil {
		return f, fmt.Sprintf("it has four outputs, but not from the operator %s", postProcessOp)
	}
	for i, name := range []string{"boxes", "classes", "scores", "count"} {
		at := d.post.outputs[i]
		if t := d.Outputs[at]; t.DType != "float32" || t.Name == "" {
			return f, fmt.Sprintf("its output for %s is %s, and a named float32 one is wanted", name, t)
		}
		f.outputs = append(f.outputs, role{name, at})
	}
	f.Why = "it suppresses weaker boxes itself and gives boxes, classes, scores and their count"
	return f, ""
}

func (d *Description) fitYOLOv8() (Fit, string) {
	f := Fit{Task: "yolov8"}
	if problem := d.one(); problem != "" {
		return f, problem
	}
	t := d.Outputs[0]
	if len(t.Shape) != 3 || t.Shape[0] != 1 {
		return f, fmt.Sprintf("its output has the shape %v, and [1 4+classes boxes] is wanted", t.Shape)
	}
	if problem := scored(t); problem != "" {
		return f, problem
	}
	numbers, boxes := min(t.Shape[1], t.Shape[2]), max(t.Shape[1], t.Shape[2])
	cells := func(strides ...int) (n int) {
		for _, s := range strides {
			n += (d.Inputs[0].Shape[1] / s) * (d.Inputs[0].Shape[2] / s)
		}
		return n
	}
	usual := cells(8, 16, 32)
	switch {
	case numbers < 5:
		return f, fmt.Sprintf("its output %v has no room for four numbers of a box and a class", t.Shape)
	case boxes == 3*usual:
		return f, fmt.Sprintf("its output %v is that of YOLOv5 or v7, which score each box as well: use a newer one, v8 or later", t.Shape)
	case numbers == 6 && boxes <= 300:
		return f, fmt.Sprintf("its output %v has boxes already suppressed: convert it anew without that", t.Shape)
	case boxes == usual, boxes == cells(4, 8, 16, 32), boxes == cells(8, 16, 32, 64):
		f.Sure = true
		f.Why = fmt.Sprintf("it gives %d boxes with %d classes, as many as YOLOv8 does for such a picture", boxes, numbers-4)
	default:
		f.Why = fmt.Sprintf("it gives %d rows of %d numbers; YOLOv8 would give %d boxes for such a picture", boxes, numbers, usual)
	}
	f.Classes, f.outputs = numbers-4, []role{{"boxes", 0}}
	return f, ""
}

func (d *Description) fitSegment() (Fit, string) {
	f := Fit{Task: "segment", Sure: true, outputs: []role{{"map", 0}}}
	if problem := d.one(); problem != "" {
		return f, problem
	}
	t := d.Outputs[0]
	s := t.Shape
	if len(s) != 3 && len(s) != 4 || s[0] != 1 {
		return f, fmt.Sprintf("its output has the shape %v, and [1 height width classes] or [1 height width] is wanted", s)
	}
	channels := 1
	if len(s) == 4 {
		channels = s[3]
	}
	picture := d.Inputs[0].Shape
	switch {
	case s[1] < 2 || s[2] < 2:
		return f, fmt.Sprintf("its output %v is no map", s)
	case s[1] > 2*picture[1] || s[2] > 2*picture[2]:
		return f, fmt.Sprintf("its output %v is larger than the picture", s)
	case channels > 256:
		return f, fmt.Sprintf("it tells %d classes apart, and 256 can be shown", channels)
	}
	if whole := t.DType == "int64" || t.DType == "int32"; whole && channels == 1 && t.Name != "" {
		f.Why = fmt.Sprintf("it gives the class of each of %d x %d cells", s[2], s[1])
		return f, ""
	}
	if problem := scored(t); problem != "" {
		return f, problem
	}
	f.Classes = max(2, channels)
	f.Why = fmt.Sprintf("it scores %d classes in %d x %d cells", channels, s[2], s[1])
	if channels == 1 {
		f.Why = fmt.Sprintf("it gives the probability of one thing in %d x %d cells; the labels are those of the rest and of the thing", s[2], s[1])
		// Rows of numbers have such a shape, too.
		if len(s) == 3 && s[1]*picture[2] != s[2]*picture[1] {
			return f, fmt.Sprintf("its output %v has not the picture's proportions", s)
		}
	}
	return f, ""
}

// complete fills in what the network would be run with.
func (d *Description) complete(g *tflite.Subgraph, f *Fit) {
	f.Resize = "stretch"
	f.Threshold = map[string]float32{"classify": .1, "ssd": .5, "yolov8": .4, "segment": .5}[f.Task]
	switch t := d.Inputs[0]; {
	case t.DType == "uint8": // each byte as it is
		f.Mean, f.Std = float32(t.ZeroPoint), 1/t.Scale
	case t.DType == "int8": // each byte less 128
		f.Mean, f.Std = float32(t.ZeroPoint+128), 1/t.Scale
	case f.Task == "yolov8":
		f.Mean, f.Std = 0, 255
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
