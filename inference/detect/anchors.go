package detect

import (
	"fmt"
	"math"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Anchor is a prior box: centre and size as fractions of the input picture.
type Anchor struct{ CX, CY, W, H float32 }

// AnchorSpec describes SSD's grid of prior boxes (Liu et al. 2016, in the form
// of TensorFlow's ssd_anchor_generator): layer k has a cell every Strides[k]
// pixels and boxes of scale MinScale..MaxScale with the given aspect ratios,
// and how boxes are encoded against them.
type AnchorSpec struct {
	Strides      []int     `json:"strides"` // pixels, one grid each
	MinScale     float32   `json:"minScale"`
	MaxScale     float32   `json:"maxScale"`
	AspectRatios []float32 `json:"ratios"` // width over height
	// InterpolatedRatio is the aspect ratio of one more box a cell, whose scale
	// is the geometric mean of this layer's and the next one's, 1 after the
	// last; 0 adds none.
	InterpolatedRatio float32 `json:"interpolatedRatio"`
	ReduceLowestLayer bool    `json:"reduceLowest"` // the finest layer has only a small square, a wide and a tall box
	// BoxScales divide the encoded dy dx dh dw: 10 10 5 5 in TensorFlow's detectors.
	BoxScales [4]float32 `json:"boxScale"`
	// Background is the class that means "nothing"; -1 when there is none.
	Background int `json:"background"`
}

// Anchors lists the prior boxes of a width x height input, layer by layer,
// row by row.
func (s AnchorSpec) Anchors(width, height int) []Anchor {
	var all []Anchor
	for k, stride := range s.Strides {
		boxes := s.boxes(k)
		rows, cols := (height+stride-1)/stride, (width+stride-1)/stride
		for y := range rows {
			for x := range cols {
				for _, b := range boxes {
					b.CX, b.CY = (float32(x)+0.5)/float32(cols), (float32(y)+0.5)/float32(rows)
					all = append(all, b)
				}
			}
		}
	}
	return all
}

// boxes gives the sizes of layer k's boxes.
func (s AnchorSpec) boxes(k int) []Anchor {
	box := func(scale, ratio float32) Anchor {
		root := float32(math.Sqrt(float64(ratio)))
		return Anchor{W: scale * root, H: scale / root}
	}
	if k == 0 && s.ReduceLowestLayer {
		return []Anchor{box(0.1, 1), box(s.scale(0), 2), box(s.scale(0), 0.5)}
	}
	var boxes []Anchor
	for _, r := range s.AspectRatios {
		boxes = append(boxes, box(s.scale(k), r))
	}
	if s.InterpolatedRatio > 0 {
		between := math.Sqrt(float64(s.scale(k) * s.scale(k+1)))
		boxes = append(boxes, box(float32(between), s.InterpolatedRatio))
	}
	return boxes
}

// scale is that of layer k, 1 past the last.
func (s AnchorSpec) scale(k int) float32 {
	n := len(s.Strides)
	switch {
	case k >= n:
		return 1
	case n == 1:
		return s.MinScale
	}
	return s.MinScale + (s.MaxScale-s.MinScale)*float32(k)/float32(n-1)
}

// AnchorOutputs names the two raw outputs of an SSD without post-process:
// box encodings [1 N 4] as dy dx dh dw and class logits [1 N C], float32.
type AnchorOutputs struct{ Boxes, Classes string }

// AnchorSSD is a single-shot detector whose raw outputs are decoded here.
type AnchorSSD struct {
	detector
	spec           AnchorSpec
	iou            float32
	anchors        []Anchor
	boxes, classes *inference.Tensor
}

// NewAnchorSSD takes over net, unless it returns an error, and checks it
// against the contract. iou is the overlap at which the weaker box of a class
// is dropped, 0..1.
func NewAnchorSSD(net *inference.Interpreter, names AnchorOutputs, spec AnchorSpec, iou float32, cfg Config) (*AnchorSSD, error) {
	d, err := newDetector(net, cfg)
	if err != nil {
		return nil, err
	}
	s := &AnchorSSD{detector: d, spec: spec, iou: iou, anchors: spec.Anchors(d.Pre.Width, d.Pre.Height)}
	n := len(s.anchors)
	s.boxes, err = inference.Bind(net.Outputs, inference.Contract{Name: names.Boxes, Shape: []int{1, n, 4}, DType: inference.Float32})
	if err == nil {
		s.classes, err = inference.Bind(net.Outputs, inference.Contract{Name: names.Classes, Shape: []int{1, n, len(cfg.Labels)}, DType: inference.Float32})
	}
	if err != nil {
		d.Pre.Close()
		return nil, fmt.Errorf("model %s is not the SSD detector with %d anchors it should be: %w", net.Name, n, err)
	}
	return s, nil
}

// Run finds the objects of the prepared frame.
func (s *AnchorSSD) Run(_ *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := s.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	err := s.decode(in.Map, out)
	out.Timing.Decode += time.Since(start)
	return err
}

func (s *AnchorSSD) decode(m inference.Mapping, out *inference.Result) error {
	boxes, err := inference.View[float32](s.boxes)
	if err != nil {
		return err
	}
	logits, err := inference.View[float32](s.classes)
	if err != nil {
		return err
	}
	c, least := len(s.labels), s.Logit()
	for i, a := range s.anchors {
		for class, logit := range logits[i*c : (i+1)*c] {
			if logit >= least && class != s.spec.Background {
				s.add(out, class, sigmoid(logit), s.box(m, a, boxes[4*i:4*i+4]))
			}
		}
	}
	out.Objects = suppress(out.Objects, s.iou)
	return nil
}

// box applies one encoding to its anchor.
func (s *AnchorSSD) box(m inference.Mapping, a Anchor, e []float32) inference.Box {
	cy, cx := e[0]/s.spec.BoxScales[0]*a.H+a.CY, e[1]/s.spec.BoxScales[1]*a.W+a.CX
	h, w := exp(e[2]/s.spec.BoxScales[2])*a.H/2, exp(e[3]/s.spec.BoxScales[3])*a.W/2
	return m.Box(cx-w, cy-h, cx+w, cy+h)
}

func exp(x float32) float32     { return float32(math.Exp(float64(x))) }
func sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }
