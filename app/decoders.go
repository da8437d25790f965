package app

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
	"reterminal-vision/inference/attribute"
	"reterminal-vision/inference/classify"
	"reterminal-vision/inference/detect"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/inference/segment"
	"reterminal-vision/models"
)

// build makes the task that the first model's entry in the catalogue names.
// On an error the networks stay the builder's.
func (b *builder) build() (inference.Task, error) {
	if b.models[0].Task == "face" {
		return b.faces(b.models[0], b.nets[0])
	}
	var all []inference.Task
	for _, net := range append([]*inference.Interpreter{b.nets[0]}, b.beside...) {
		task, err := b.single(net)
		if err != nil {
			return nil, err
		}
		all = append(all, task)
	}
	return inference.Alike(all...), nil
}

// single makes the task of a demo with one network.
func (b *builder) single(net *inference.Interpreter) (inference.Task, error) {
	model := b.models[0]
	switch model.Task {
	case "ssd", "ssd-anchors", "yolo", "yolov8":
		return b.detector(model, net)
	case "segment":
		labels, err := modelLabels(model)
		if err != nil {
			return nil, err
		}
		task, err := segment.New(net, outputName(model, "map"), segment.Config{
			Norm: norm(model), Resize: resize(model), Labels: labels, Threshold: b.threshold(model),
		})
		if a := b.demo.Alarm; a != nil && err == nil {
			return segment.NewWatch(task, alarm.Config{Labels: a.Labels, Threshold: a.Area, Confirm: a.Frames, Hold: a.Frames})
		}
		return task, err
	case "classify":
		return b.classifier(model, net)
	}
	return nil, fmt.Errorf("model %s: this version cannot run the task %q", model.ID, model.Task)
}

// threshold is the least score: the command line's, else the demo's or that of
// a segmentation's alarm, which goes by what is shown, else the model's.
func (b *builder) threshold(model *models.Model) float32 {
	switch {
	case b.cfg.Threshold > 0:
		return float32(b.cfg.Threshold)
	case b.demo.Threshold > 0:
		return b.demo.Threshold
	case model.Task == "segment" && b.demo.Alarm != nil:
		return b.demo.Alarm.Threshold
	}
	return model.Threshold
}

func norm(model *models.Model) inference.Normalization {
	return inference.Uniform(model.Input.Mean, model.Input.Std)
}

func resize(model *models.Model) inference.Resize {
	if model.Input.Resize == "letterbox" {
		return inference.Letterbox
	}
	return inference.Stretch
}

func modelLabels(model *models.Model) ([]string, error) {
	labels, err := model.LabelList()
	if err != nil {
		return nil, err
	}
	return labels[model.LabelOffset:], nil
}

// outputName is the tensor that has the role, "" when the model has none.
func outputName(model *models.Model, role string) string {
	if o := model.Output(role); o != nil {
		return o.Name
	}
	return ""
}

func (b *builder) detector(model *models.Model, net *inference.Interpreter) (inference.Task, error) {
	labels, err := modelLabels(model)
	if err != nil {
		return nil, err
	}
	cfg := detect.Config{
		Norm: norm(model), Resize: resize(model), Labels: labels, Filter: b.demo.Filter, Threshold: b.threshold(model),
	}
	output := func(role string) string { return outputName(model, role) }
	switch model.Task {
	case "ssd":
		return detect.NewSSD(net, detect.SSDOutputs{
			Boxes: output("boxes"), Classes: output("classes"), Scores: output("scores"), Count: output("count"),
		}, cfg)
	case "ssd-anchors":
		a := model.Anchors
		return detect.NewAnchorSSD(net, detect.AnchorOutputs{Boxes: output("boxes"), Classes: output("scores")}, detect.AnchorConfig{
			Anchors: detect.AnchorSpec{
				Strides: a.Strides, MinScale: a.MinScale, MaxScale: a.MaxScale,
				AspectRatios: a.Ratios, ReduceLowestLayer: a.ReduceLowest,
			},
			BoxScales: a.BoxScale, IoU: model.IoU,
		}, cfg)
	case "yolov8":
		return detect.NewYOLOv8(net, output("boxes"), detect.YOLOv8Config{Unit: detect.Unit(model.YOLO.Unit), IoU: model.IoU}, cfg)
	}
	yolo := detect.YOLOConfig{Kind: detect.YOLOKind(model.YOLO.Kind), Unit: detect.Unit(model.YOLO.Unit), IoU: model.IoU, Objectness: model.YOLO.Objectness}
	var outputs []string
	for i, o := range model.Outputs {
		outputs = append(outputs, o.Name)
		var anchors []detect.AnchorSize
		for _, a := range model.YOLO.Anchors[i] {
			anchors = append(anchors, detect.AnchorSize(a))
		}
		yolo.Anchors = append(yolo.Anchors, anchors)
	}
	return detect.NewYOLO(net, outputs, yolo, cfg)
}

func (b *builder) classifier(model *models.Model, net *inference.Interpreter) (inference.Task, error) {
	labels, err := modelLabels(model)
	if err != nil {
		return nil, err
	}
	cfg := classify.Config{Norm: norm(model), Resize: resize(model), Labels: labels, Logits: model.Logits}
	if !b.cfg.Plain {
		cfg.Steady = classify.Steadying{Memory: .7, Margin: .1, Frames: 3}
	}
	if a := b.demo.Alarm; a != nil {
		cfg.Alarm = alarm.Config{Labels: a.Labels, Threshold: a.Threshold, Confirm: a.Frames, Hold: a.Frames}
	}
	return classify.New(net, outputName(model, "scores"), cfg)
}

// faceDetector makes the first stage of the demos on faces.
func (b *builder) faceDetector(model *models.Model, net *inference.Interpreter) (face.Detector, error) {
	spec := model.Face
	cfg := face.Config{
		Norm: norm(model), Resize: resize(model),
		Outputs:   face.Outputs{Boxes: outputName(model, "boxes"), Scores: outputName(model, "scores"), Landmarks: outputName(model, "landmarks")},
		Even:      spec.Even,
		Variances: spec.Variances,
		Logits:    spec.Logits,
		Blend:     spec.Blend,
		Threshold: b.threshold(model),
		IoU:       model.IoU,
	}
	if spec.Kind == "blazeface" {
		cfg.Kind = face.BlazeFace
	}
	if spec.Fit != nil {
		cfg.Fit = face.Fit(*spec.Fit)
	}
	for _, l := range spec.Layers {
		cfg.Layers = append(cfg.Layers, face.Layer{Stride: l.Stride, Boxes: l.Boxes, Count: l.Count})
	}
	return face.New(net, cfg)
}

// faces makes the two-stage task: a face detector and what looks at each face.
func (b *builder) faces(model *models.Model, net *inference.Interpreter) (inference.Task, error) {
	detector, err := b.faceDetector(model, net)
	if err != nil {
		return nil, err
	}
	if b.demo.Task == "recognize" {
		return b.recognition(detector)
	}
	var heads []attribute.Head
	var answered []string
	for i, net := range b.nets[1:] {
		cfg := headConfig(b.models[i+1])
		if !b.demo.Ensemble { // what a network before told need not be told again
			cfg.Outputs = slices.DeleteFunc(cfg.Outputs, func(o attribute.Output) bool { return slices.Contains(answered, o.Name) })
		}
		for _, o := range cfg.Outputs {
			answered = append(answered, o.Name)
		}
		head, err := attribute.NewNetwork(net, cfg)
		if err != nil {
			return nil, err
		}
		heads = append(heads, head)
	}
	if b.demo.Ensemble {
		together, err := attribute.NewEnsemble(heads...)
		if err != nil {
			return nil, err
		}
		heads = []attribute.Head{together}
	}
	task, err := attribute.NewTask(detector, heads, attribute.Config{Every: b.cfg.Plain, Adaptive: b.cfg.adaptive()})
	if err != nil {
		return nil, err
	}
	more, err := b.detectorsBeside(model)
	task.AddLanes(more...)
	return task, err
}

// detectorsBeside makes the face detectors of further lanes.
func (b *builder) detectorsBeside(model *models.Model) (more []face.Detector, err error) {
	for _, net := range b.beside {
		d, err := b.faceDetector(model, net)
		if err != nil {
			return nil, err
		}
		more = append(more, d)
	}
	return more, nil
}

// recognition makes the second stage that tells who somebody is.
func (b *builder) recognition(detector face.Detector) (inference.Task, error) {
	model, net := b.models[1], b.nets[1]
	embedder, err := recognize.NewEmbedder(net, recognize.EmbedderConfig{
		Model: model.ID, Norm: norm(model), Output: outputName(model, "embedding"),
	})
	if err != nil {
		return nil, err
	}
	task, err := recognize.NewTask(detector, embedder, recognize.Config{Threshold: model.Threshold, Every: b.cfg.Plain, Adaptive: b.cfg.adaptive()})
	if err != nil {
		return nil, err
	}
	if len(b.nets) > 2 {
		l, err := newLiveness(b.models[2], b.nets[2], cmp.Or(b.models[0].Face.Wide, 1))
		if err != nil {
			return nil, err
		}
		task.Demand(l)
	}
	more, err := b.detectorsBeside(b.models[0])
	task.AddLanes(more...)
	return task, err
}

// livenessAnswer is the name of what a liveness network tells; its labels are
// "live" and "spoof".
const livenessAnswer = "liveness"

// liveness has a head that tells live faces serve a recognition.
type liveness struct {
	head    *attribute.Network
	numbers []float32 // of the head's question
	wide    float32   // of a face's box, against what the head was trained on
}

func newLiveness(model *models.Model, net *inference.Interpreter, wide float32) (*liveness, error) {
	cfg := headConfig(model)
	cfg.Outputs = slices.DeleteFunc(cfg.Outputs, func(o attribute.Output) bool { return o.Name != livenessAnswer })
	head, err := attribute.NewNetwork(net, cfg)
	if err != nil {
		return nil, err
	}
	return &liveness{head: head, numbers: make([]float32, head.Questions()[0].Len()), wide: wide}, nil
}

// Live implements recognize.Liveness.
func (l *liveness) Live(f *camera.Frame, box inference.Box, t *inference.Timing) (float32, error) {
	x, y := box.Width()*(1-1/l.wide)/2, box.Height()*(1-1/l.wide)/2
	box = inference.Box{X0: box.X0 + x, Y0: box.Y0 + y, X1: box.X1 - x, Y1: box.Y1 - y}
	err := l.head.Infer(f, box, l.numbers, t)
	if errors.Is(err, attribute.ErrNoFace) {
		err = recognize.ErrNoFace
	}
	return l.numbers[0], err
}

// leastAlive is the probability from which on somebody is greeted: several looks
// are averaged, so that it need not be as much as one look has to say.
const leastAlive = .5

// Least implements recognize.Liveness.
func (l *liveness) Least() float32 { return leastAlive }

// Close implements recognize.Liveness.
func (l *liveness) Close() error { return l.head.Close() }

func headConfig(model *models.Model) attribute.HeadConfig {
	cfg := attribute.HeadConfig{Norm: norm(model), Margin: model.Head.Margin}
	for _, a := range model.Head.Answers {
		kind, _ := attribute.ParseKind(a.Kind) // the catalogue has been checked
		o := attribute.Output{
			Question: attribute.Question{Name: a.Name, Labels: a.Labels, Sure: a.Sure, Smooth: a.Smooth},
			Kind:     kind, Tensor: outputName(model, a.Output), Gain: a.Gain,
		}
		if a.Weights != "" {
			o.Weights = outputName(model, a.Weights)
		}
		cfg.Outputs = append(cfg.Outputs, o)
	}
	return cfg
}
