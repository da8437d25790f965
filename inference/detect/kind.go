package detect

import (
	"fmt"
	"slices"
	"strings"

	"reterminal-vision/inference"
	"reterminal-vision/inference/task"
)

// Kind is object detection: boxes with labels.
var Kind = task.Kind{
	Name: "detect", Title: "Finding things in the picture", Verb: "finds things",
	Decoders:     []*task.Decoder{&ssdDecoder, &anchorDecoder, &yoloDecoder, &yolov8Decoder},
	HasThreshold: true, Propagates: true, Replicates: true,
	Build: build,
}

// The decoders of Kind; the type of each says what its tensors are.
var (
	ssdDecoder = task.Decoder{Name: "ssd", Roles: ssdRoles, Labels: true, Fit: fitSSD}

	anchorDecoder = task.Decoder{
		Name: "ssd-anchors", Roles: []string{"boxes", "scores"}, Labels: true,
		Params: func() any { return &anchorParams{} }, Check: checkAnchors,
	}
	yoloDecoder = task.Decoder{
		Name: "yolo", Roles: []string{"grid"}, Optional: []string{"fine"}, Labels: true,
		Params: func() any { return &yoloParams{} },
		Check: func(n *task.Network, _ int) error {
			return checkYOLO(n, []string{string(YOLOv2), string(YOLOv3)}, []Unit{Image, Cells, Pixels}, len(n.Outputs))
		},
	}
	yolov8Decoder = task.Decoder{
		Name: "yolov8", Roles: []string{"boxes"}, Labels: true,
		Params: func() any { return &yoloParams{} },
		Check: func(n *task.Network, _ int) error {
			return checkYOLO(n, []string{yolov8Kind}, []Unit{Image, Pixels}, 0)
		},
		Fit: fitYOLOv8, Learn: learnYOLOv8,
	}
)

// ssdRoles are the outputs of task.PostProcess, in its order.
var ssdRoles = []string{"boxes", "classes", "scores", "count"}

// yolov8Kind is the kind of a head without anchors, in the catalogue.
const yolov8Kind = "v8"

// anchorParams is the catalogue's part for an SSD without post-process.
type anchorParams struct {
	Anchors *AnchorSpec `json:"anchors,omitempty"`
}

// yoloParams is the catalogue's part for YOLO.
type yoloParams struct {
	YOLO *YOLOSpec `json:"yolo,omitempty"`
}

// YOLOSpec says how a YOLO head encodes boxes.
type YOLOSpec struct {
	Kind    string         `json:"kind"`    // "v2", "v3" or "v8"
	Unit    Unit           `json:"unit"`    // of the anchors; of the boxes for v8
	Anchors [][]AnchorSize `json:"anchors"` // width and height, by output; none for v8
	// Objectness multiplies objectness before its sigmoid; 0 stands for 1.
	Objectness float32 `json:"objectness,omitempty"`
}

func checkYOLO(n *task.Network, kinds []string, units []Unit, anchors int) error {
	y := n.Params.(*yoloParams).YOLO
	if y == nil {
		return fmt.Errorf("yolo: is missing, which the task %q needs", n.Task)
	}
	var names []string
	for _, u := range units {
		names = append(names, string(u))
	}
	return task.First(
		task.Check{Broken: !slices.Contains(kinds, y.Kind), Rule: "yolo.kind: expected one of " + strings.Join(kinds, ", ")},
		task.Check{Broken: !slices.Contains(units, y.Unit), Rule: "yolo.unit: expected one of " + strings.Join(names, ", ")},
		task.Check{Broken: len(y.Anchors) != anchors, Rule: fmt.Sprintf("yolo.anchors: expected %d lists, one for each output", anchors)},
	)
}

func checkAnchors(n *task.Network, labels int) error {
	a := n.Params.(*anchorParams).Anchors
	if a == nil {
		return fmt.Errorf("anchors: are missing, which the task %q needs", n.Task)
	}
	if err := task.First(
		task.Check{Broken: len(a.Strides) < 2 || slices.Min(a.Strides) < 1, Rule: "anchors.strides: expected two or more strides in pixels"},
		task.Check{Broken: !(a.MinScale > 0 && a.MinScale < a.MaxScale && a.MaxScale <= 1), Rule: "anchors.minScale: expected 0 < minScale < maxScale <= 1"},
		task.Check{Broken: len(a.AspectRatios) == 0 || slices.Min(a.AspectRatios) <= 0, Rule: "anchors.ratios: expected positive numbers"},
		task.Check{Broken: !(a.InterpolatedRatio >= 0), Rule: "anchors.interpolatedRatio: is negative"},
		task.Check{Broken: slices.Min(a.BoxScales[:]) <= 0, Rule: "anchors.boxScale: expected four positive numbers"},
		task.Check{Broken: a.Background < -1 || a.Background >= labels, Rule: "anchors.background: is outside the label list"},
		task.Check{Broken: n.Input.Shape[1] != n.Input.Shape[2], Rule: "input.shape: anchors need a square picture"},
	); err != nil {
		return err
	}
	count, boxes, scores := len(a.Anchors(n.Input.Shape[2], n.Input.Shape[1])), n.Output("boxes").Shape, n.Output("scores").Shape
	return task.First(
		task.Check{Broken: !slices.Equal(boxes, []int{1, count, 4}), Rule: fmt.Sprintf("anchors: give %d boxes, the output has shape %v", count, boxes)},
		task.Check{Broken: len(scores) != 3 || scores[1] != count, Rule: fmt.Sprintf("anchors: give %d rows of scores, the output has shape %v", count, scores)},
		task.Check{Broken: len(scores) == 3 && scores[2] > labels, Rule: fmt.Sprintf("labels: there are %d, the output has shape %v", labels, scores)},
	)
}

// build makes one detector for each interpreter of the network.
func build(r *task.Request) (inference.Task, error) {
	return task.Replicate(r, func(n *task.Loaded) (inference.Task, error) {
		cfg := Config{Norm: n.Norm(), Resize: n.Resize(), Labels: n.Labels, Filter: r.Filter, Threshold: r.Threshold}
		switch p := n.Params.(type) {
		case *anchorParams:
			return NewAnchorSSD(n.Net, AnchorOutputs{Boxes: n.OutputName("boxes"), Classes: n.OutputName("scores")}, *p.Anchors, n.IoU, cfg)
		case *yoloParams:
			if p.YOLO.Kind == yolov8Kind {
				return NewYOLOv8(n.Net, n.OutputName("boxes"), YOLOv8Config{Unit: p.YOLO.Unit, IoU: n.IoU}, cfg)
			}
			yolo := YOLOConfig{Kind: YOLOKind(p.YOLO.Kind), Unit: p.YOLO.Unit, Anchors: p.YOLO.Anchors, IoU: n.IoU, Objectness: p.YOLO.Objectness}
			var outputs []string
			for _, o := range n.Outputs {
				outputs = append(outputs, o.Name)
			}
			return NewYOLO(n.Net, outputs, yolo, cfg)
		}
		return NewSSD(n.Net, SSDOutputs{
			Boxes: n.OutputName("boxes"), Classes: n.OutputName("classes"), Scores: n.OutputName("scores"), Count: n.OutputName("count"),
		}, cfg)
	})
}
