package detect

import (
	"errors"
	"fmt"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// YOLOKind is how a YOLO head scores its classes.
type YOLOKind string

// YOLOv2 scores a class by sigmoid(objectness) * softmax over the cell's own
// classes (Redmon and Farhadi, "YOLO9000", 2017), YOLOv3 by
// sigmoid(objectness) * sigmoid(class) (the same, "YOLOv3", 2018). aXeleRate
// trains both.
const (
	YOLOv2 YOLOKind = "v2"
	YOLOv3 YOLOKind = "v3"
)

// Unit is what a length is measured in.
type Unit string

// Lengths are parts of the input picture (0..1), cells of the output's grid,
// or pixels of the input picture.
const (
	Image  Unit = "image"
	Cells  Unit = "cells"
	Pixels Unit = "pixels"
)

// AnchorSize is the width and height of a prior box.
type AnchorSize [2]float32

// YOLOConfig is the decoding of a YOLO head with anchors.
type YOLOConfig struct {
	Kind    YOLOKind
	Unit    Unit           // of the anchors
	Anchors [][]AnchorSize // by output, then in the order of its channels
	IoU     float32        // overlap at which the weaker box of a class is dropped
	// Objectness is what the network's objectness is multiplied by before its
	// sigmoid; 0 stands for 1. A network that gives less than the logit leaves
	// finer steps to the sizes beside it in 8 bit.
	Objectness float32
}

// YOLO is a detector whose outputs are grids of cells, one output a scale,
// each cell holding for each anchor tx ty tw th objectness and the class
// logits. A box takes the best of its classes.
type YOLO struct {
	detector
	iou     float32
	grids   []grid
	sources []source
}

// NewYOLO takes over net, unless it returns an error, and checks it against
// the contract: every output is named, and for A anchors and C labels has the
// shape [1 rows cols A 5+C] or [1 rows cols A*(5+C)], float32 or quantized.
func NewYOLO(net *inference.Interpreter, outputs []string, yolo YOLOConfig, cfg Config) (*YOLO, error) {
	if err := yolo.check(len(outputs)); err != nil {
		return nil, fmt.Errorf("model %s: %w", net.Name, err)
	}
	d, err := newDetector(net, cfg)
	if err != nil {
		return nil, err
	}
	y := &YOLO{detector: d, iou: yolo.IoU}
	for i, name := range outputs {
		if err := y.bind(name, yolo, yolo.Anchors[i]); err != nil {
			d.Pre.Close()
			return nil, fmt.Errorf("model %s is not the YOLO %s detector it should be: %w", net.Name, yolo.Kind, err)
		}
	}
	return y, nil
}

func (c YOLOConfig) check(outputs int) error {
	switch {
	case c.Kind != YOLOv2 && c.Kind != YOLOv3:
		return fmt.Errorf("unknown kind of YOLO head %q: choose %s or %s", c.Kind, YOLOv2, YOLOv3)
	case c.Unit != Image && c.Unit != Cells && c.Unit != Pixels:
		return fmt.Errorf("unknown unit of YOLO anchors %q: choose %s, %s or %s", c.Unit, Image, Cells, Pixels)
	case outputs == 0 || outputs != len(c.Anchors):
		return fmt.Errorf("%d lists of YOLO anchors for %d outputs: expected one each", len(c.Anchors), outputs)
	}
	for _, anchors := range c.Anchors {
		if len(anchors) == 0 {
			return errors.New("a YOLO output without anchors")
		}
	}
	return nil
}

// bind adds the scale of the output called name.
func (y *YOLO) bind(name string, yolo YOLOConfig, anchors []AnchorSize) error {
	if len(y.labels) == 0 {
		return errors.New("it has no labels")
	}
	a, n := len(anchors), 5+len(y.labels)
	t, err := inference.Bind(y.Net.Outputs, inference.Contract{Name: name})
	if err != nil {
		return err
	}
	split, flat := inference.Contract{Shape: []int{1, -1, -1, a, n}}, inference.Contract{Shape: []int{1, -1, -1, a * n}}
	if split.Check(t) != nil && flat.Check(t) != nil {
		return fmt.Errorf("output %s: expected shape [1 rows cols %d %d] or [1 rows cols %d]", t, a, n, a*n)
	}
	s, err := newSource(t)
	if err != nil {
		return err
	}
	y.sources = append(y.sources, s)
	g := newGrid(t.Shape[1], t.Shape[2], len(y.labels), yolo.Kind, scaled(anchors, yolo.Unit, t.Shape[1], t.Shape[2], y.Pre))
	if yolo.Objectness > 0 {
		g.objectness = yolo.Objectness
	}
	y.grids = append(y.grids, g)
	return nil
}

// scaled gives the anchors as fractions of the input picture.
func scaled(anchors []AnchorSize, unit Unit, rows, cols int, pre *inference.Preprocessor) []AnchorSize {
	w, h := float32(1), float32(1)
	switch unit {
	case Cells:
		w, h = float32(cols), float32(rows)
	case Pixels:
		w, h = float32(pre.Width), float32(pre.Height)
	}
	all := make([]AnchorSize, len(anchors))
	for i, a := range anchors {
		all[i] = AnchorSize{a[0] / w, a[1] / h}
	}
	return all
}

// Run finds the objects of the prepared frame.
func (y *YOLO) Run(_ *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := y.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	err := y.decode(in.Map, out)
	out.Timing.Decode += time.Since(start)
	return err
}

func (y *YOLO) decode(m inference.Mapping, out *inference.Result) error {
	for i := range y.grids {
		v, err := y.sources[i].values(y.grids[i].elements())
		if err != nil {
			return err
		}
		y.grids[i].decode(&v, m, &y.detector, out)
	}
	out.Objects = suppress(out.Objects, y.iou)
	return nil
}

// grid decodes one scale of a YOLO head.
type grid struct {
	rows, cols, classes int
	anchors             []AnchorSize // fractions of the input picture
	kind                YOLOKind
	objectness          float32 // what objectness is multiplied by
}

func newGrid(rows, cols, classes int, kind YOLOKind, anchors []AnchorSize) grid {
	return grid{rows: rows, cols: cols, classes: classes, anchors: anchors, kind: kind, objectness: 1}
}

func (g *grid) elements() int { return g.rows * g.cols * len(g.anchors) * (5 + g.classes) }

// decode appends the boxes of v that score the threshold or more.
func (g *grid) decode(v *reals, m inference.Mapping, d *detector, out *inference.Result) {
	n, least, logit := 5+g.classes, d.Score(), d.Logit()
	for k := range g.rows * g.cols * len(g.anchors) {
		// No class scores more than the objectness; false for NaN too.
		if !(v.at(k*n+4)*g.objectness >= logit) {
			continue
		}
		if class, score := g.score(v, k*n); score >= least {
			d.add(out, class, score, g.box(v, k, m))
		}
	}
}

// score is the best class of the anchor whose numbers start at element i, NaN
// where they are nonsense.
func (g *grid) score(v *reals, i int) (class int, score float32) {
	first := i + 5
	for c := 1; c < g.classes; c++ {
		if v.at(first+c) > v.at(first+class) {
			class = c
		}
	}
	if g.kind == YOLOv3 {
		return class, sigmoid(v.at(i+4)*g.objectness) * v.sigmoid(first+class)
	}
	// The best class' share of the softmax, exponents taken from it so that none overflows.
	best, sum := v.at(first+class), float32(0)
	for c := range g.classes {
		sum += exp(v.at(first+c) - best)
	}
	return class, sigmoid(v.at(i+4)*g.objectness) / sum
}

// box is that of anchor k, counted through the whole grid.
func (g *grid) box(v *reals, k int, m inference.Mapping) inference.Box {
	i, cell, a := k*(5+g.classes), k/len(g.anchors), g.anchors[k%len(g.anchors)]
	cx := (float32(cell%g.cols) + v.sigmoid(i)) / float32(g.cols)
	cy := (float32(cell/g.cols) + v.sigmoid(i+1)) / float32(g.rows)
	w, h := a[0]*exp(v.at(i+2))/2, a[1]*exp(v.at(i+3))/2
	return m.Box(cx-w, cy-h, cx+w, cy+h)
}
