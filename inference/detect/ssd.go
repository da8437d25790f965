// Package detect decodes object detectors: tensors to boxes in frame
// coordinates. In: frames and the interpreter of a detector bound to its
// contract. Out: inference.Result objects, best score first.
//
// It imports inference and camera; app may import it.
package detect

import (
	"fmt"
	"math"
	"strings"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Config is what every detector needs to know beside its tensors.
type Config struct {
	Norm      inference.Normalization
	Resize    inference.Resize
	Labels    []string // name by class; "" where the numbering has gaps
	Filter    []string // names kept, in any case; empty keeps all
	Threshold float32  // least score, 0..1
}

// detector is what the kinds of detectors share: one network, its
// preprocessing and the choice of labels.
type detector struct {
	inference.PictureNet
	*inference.Threshold
	labels []string
	keep   []bool
}

func newDetector(net *inference.Interpreter, cfg Config) (detector, error) {
	picture, err := inference.NewPictureNet(net, cfg.Norm, cfg.Resize)
	if err != nil {
		return detector{}, err
	}
	d := detector{PictureNet: picture, labels: cfg.Labels, keep: make([]bool, len(cfg.Labels)), Threshold: inference.NewThreshold(cfg.Threshold)}
	for i, label := range cfg.Labels {
		d.keep[i] = label != "" && kept(label, cfg.Filter)
	}
	return d, nil
}

func kept(label string, filter []string) bool {
	for _, f := range filter {
		if strings.EqualFold(f, label) {
			return true
		}
	}
	return len(filter) == 0
}

// add appends one detection unless its label is filtered out or its box is
// not a box.
func (d *detector) add(out *inference.Result, class int, score float32, box inference.Box) {
	if class < 0 || class >= len(d.keep) || !d.keep[class] {
		return
	}
	box = box.Clip(float32(out.Width), float32(out.Height))
	// Comparisons with NaN are false, so such boxes end here too.
	if !(box.Area() > 0) || math.IsInf(float64(box.Area()), 0) {
		return
	}
	// A frame full of noise costs no more memory than this, whatever the number of boxes.
	if len(out.Objects) >= 4*maxCandidates {
		out.Objects = strongest(out.Objects)
	}
	o := out.AddObject()
	o.Box, o.Class, o.Label, o.Score = box, class, d.labels[class], min(score, 1)
}

// SSDOutputs names the four outputs of the in-graph post-process,
// TFLite_Detection_PostProcess: boxes [1 N 4] as ymin xmin ymax xmax in 0..1,
// classes [1 N], scores [1 N] and count [1], all float32.
type SSDOutputs struct{ Boxes, Classes, Scores, Count string }

// SSD is a single-shot detector that does its own non-maximum suppression
// (Liu et al., "SSD: Single Shot MultiBox Detector", 2016).
type SSD struct {
	detector
	boxes, classes, scores, count *inference.Tensor
}

// NewSSD takes over net and checks it against the contract.
func NewSSD(net *inference.Interpreter, names SSDOutputs, cfg Config) (*SSD, error) {
	d, err := newDetector(net, cfg)
	if err != nil {
		return nil, err
	}
	s := &SSD{detector: d}
	for _, b := range []struct {
		to    **inference.Tensor
		name  string
		shape []int
	}{
		{&s.boxes, names.Boxes, []int{1, -1, 4}},
		{&s.classes, names.Classes, []int{1, -1}},
		{&s.scores, names.Scores, []int{1, -1}},
		{&s.count, names.Count, []int{1}},
	} {
		*b.to, err = inference.Bind(net.Outputs, inference.Contract{Name: b.name, Shape: b.shape, DType: inference.Float32})
		if err != nil {
			d.Pre.Close()
			return nil, fmt.Errorf("model %s is not the SSD detector it should be: %w", net.Name, err)
		}
	}
	return s, nil
}

// Run finds the objects of the prepared frame.
func (s *SSD) Run(_ *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := s.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	err := s.decode(in.Map, out)
	out.Timing.Decode += time.Since(start)
	return err
}

func (s *SSD) decode(m inference.Mapping, out *inference.Result) error {
	boxes, err := inference.View[float32](s.boxes)
	if err != nil {
		return err
	}
	classes, err := inference.View[float32](s.classes)
	if err != nil {
		return err
	}
	scores, err := inference.View[float32](s.scores)
	if err != nil {
		return err
	}
	count, err := inference.View[float32](s.count)
	if err != nil {
		return err
	}
	n := min(len(boxes)/4, len(classes), len(scores))
	if len(count) > 0 && count[0] >= 0 && count[0] < float32(n) { // what is more does not fit an int
		n = int(count[0])
	}
	threshold := s.Score()
	for i := range n {
		if !(scores[i] >= threshold) || !(classes[i] >= 0) {
			continue
		}
		b := boxes[4*i : 4*i+4]
		s.add(out, int(classes[i]), scores[i], m.Box(b[1], b[0], b[3], b[2]))
	}
	return nil
}
