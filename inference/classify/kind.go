package classify

import (
	"fmt"
	"slices"

	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tflite"
)

// Kind is classification: what the whole picture shows.
var Kind = task.Kind{
	Name: "classify", Title: "Naming the picture", Verb: "names what the picture shows",
	Decoders: []*task.Decoder{{
		Name: "classify", Roles: []string{"scores"}, Labels: true,
		Params: func() any { return &params{} }, Fit: fit,
	}},
	Alarm: task.AlarmByProbability,
	Build: build,
}

// params is the catalogue's part for a classifier.
type params struct {
	Logits bool `json:"logits,omitempty"` // scores are not yet probabilities
}

func build(r *task.Request) (inference.Task, error) {
	n := &r.Networks[0]
	cfg := Config{Norm: n.Norm(), Resize: n.Resize(), Labels: n.Labels, Logits: n.Params.(*params).Logits}
	if !r.Raw {
		cfg.Hysteresis = Hysteresis{Memory: .7, Margin: .1, Frames: 3}
	}
	if a := r.Alarm; a != nil {
		cfg.Alarm = alarm.Config{Labels: a.Labels, Threshold: a.Threshold, Confirm: a.Frames, Hold: a.Frames}
	}
	return New(n.Net, n.OutputName("scores"), cfg)
}

// fit finds networks with one vector of scores.
func fit(c *task.Candidate) (task.Fit, string) {
	f := task.Fit{Sure: true, Threshold: .1, Labels: task.LabelRule{SkipsBackground: true, CountsBackground: true}}
	if problem := c.Single(); problem != "" {
		return f, problem
	}
	t := c.Outputs[0]
	n, along := 1, 0
	for _, s := range t.Shape {
		n *= s
		along = max(along, s)
	}
	switch {
	case len(t.Shape) == 0 || n != along:
		return f, fmt.Sprintf("its output has the shape %v, and [1 classes] is expected", t.Shape)
	case n < 2:
		return f, "its output is one number, and two or more classes are expected"
	}
	if problem := t.Unreadable(); problem != "" {
		return f, problem
	}
	p := &params{}
	f.Classes, f.Outputs, f.Params = n, []task.OutputOf{{Role: "scores"}}, p
	f.Why = fmt.Sprintf("it gives %d probabilities", n)
	if !givesProbabilities(c.Graph, c.Graph.Outputs[0]) {
		p.Logits, f.Sure = true, false
		f.Why = fmt.Sprintf("it gives %d numbers; where they score classes, probabilities are made of them", n)
	}
	return f, ""
}

// givesProbabilities reports whether the tensor holds probabilities: it comes
// from a softmax or a sigmoid, or its numbers are all within 0..1.
func givesProbabilities(g *tflite.Subgraph, tensor int) bool {
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
			if len(op.Inputs) == 0 || op.Inputs[0] < 0 {
				return false
			}
			tensor = op.Inputs[0]
		default:
			return false
		}
	}
	return false
}
