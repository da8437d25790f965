package detect

import (
	"fmt"
	"slices"

	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tflite"
)

// fitSSD finds detectors whose graph ends in the post-process operator.
func fitSSD(c *task.Candidate) (task.Fit, string) {
	f := task.Fit{Sure: true, Threshold: .5, Labels: task.LabelRule{SkipsBackground: true, Open: true}}
	if len(c.Outputs) != 4 {
		return f, fmt.Sprintf("it has %d outputs, and four are expected: boxes, classes, scores and their count", len(c.Outputs))
	}
	outputs, scores := postProcess(c.Graph)
	if outputs == nil {
		return f, fmt.Sprintf("it has four outputs, but not from the operator %s", task.PostProcess)
	}
	for i, role := range ssdRoles {
		if t := c.Outputs[outputs[i]]; t.DType != "float32" || t.Name == "" {
			return f, fmt.Sprintf("its output for %s is %s, and a named float32 one is expected", role, t)
		}
		f.Outputs = append(f.Outputs, task.OutputOf{Role: role, Place: outputs[i]})
	}
	f.Labels.AtLeast = max(0, scores-1) // the first score is the background's
	f.Why = "it suppresses weaker boxes itself and gives boxes, classes, scores and their count"
	return f, ""
}

// postProcess finds the operator that suppresses boxes: the places of its
// boxes, classes, scores and count among the graph's outputs, nil without, and
// how many classes it scores, 0 when that is not known.
func postProcess(g *tflite.Subgraph) (outputs []int, scores int) {
	for _, op := range g.Operators {
		if op.Name != task.PostProcess || len(op.Outputs) < 4 || len(op.Inputs) < 2 {
			continue
		}
		outputs = nil
		for _, t := range op.Outputs[:4] {
			outputs = append(outputs, slices.Index(g.Outputs, t))
		}
		if slices.Min(outputs) < 0 {
			continue
		}
		if t := op.Inputs[1]; t >= 0 && len(g.Tensors[t].Shape) == 3 {
			scores = g.Tensors[t].Shape[2]
		}
		return outputs, scores
	}
	return nil, 0
}

// fitYOLOv8 goes by the number of boxes, which follows from the input's size.
func fitYOLOv8(c *task.Candidate) (task.Fit, string) {
	f := task.Fit{
		Std: 255, Threshold: .4, IoU: .5, Labels: task.LabelRule{SkipsBackground: true},
		Params: &yoloParams{YOLO: &YOLOSpec{Kind: yolov8Kind, Unit: Image, Anchors: [][]AnchorSize{}}},
	}
	if problem := c.Single(); problem != "" {
		return f, problem
	}
	t := c.Outputs[0]
	if len(t.Shape) != 3 || t.Shape[0] != 1 {
		return f, fmt.Sprintf("its output has the shape %v, and [1 4+classes boxes] is expected", t.Shape)
	}
	if problem := t.Unreadable(); problem != "" {
		return f, problem
	}
	numbers, boxes := min(t.Shape[1], t.Shape[2]), max(t.Shape[1], t.Shape[2])
	cells := func(strides ...int) (n int) {
		for _, s := range strides {
			n += (c.Input.Shape[1] / s) * (c.Input.Shape[2] / s)
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
		return f, fmt.Sprintf("its output %v has boxes already suppressed: convert it again without that", t.Shape)
	case boxes == usual, boxes == cells(4, 8, 16, 32), boxes == cells(8, 16, 32, 64):
		f.Sure = true
		f.Why = fmt.Sprintf("it gives %d boxes with %d classes, as many as YOLOv8 does for such a picture", boxes, numbers-4)
	default:
		f.Why = fmt.Sprintf("it gives %d rows of %d numbers; YOLOv8 would give %d boxes for such a picture", boxes, numbers, usual)
	}
	f.Classes, f.Outputs = numbers-4, []task.OutputOf{{Role: "boxes"}}
	return f, ""
}

// learnYOLOv8 finds the unit of boxes: as parts of the picture they end near
// 1, in pixels near its side.
func learnYOLOv8(n *task.Network, _ string, largest float32) {
	if largest > 4 {
		n.Params.(*yoloParams).YOLO.Unit = Pixels
	}
}
