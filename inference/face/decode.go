package face

import (
	"math"

	"reterminal-vision/inference"
)

// candidate is a face as the network gives it, in fractions of the input.
type candidate struct {
	score  float32
	box    inference.Box
	points Landmarks
}

// decode fills found with the faces in the outputs, best first.
func (d *detector) decode() error {
	boxes, err := inference.View[float32](d.boxes)
	if err != nil {
		return err
	}
	scores, err := inference.View[float32](d.scores)
	if err != nil {
		return err
	}
	var points []float32
	if d.landmarks != nil {
		if points, err = inference.View[float32](d.landmarks); err != nil {
			return err
		}
	}
	d.found = d.found[:0]
	switch d.cfg.Kind {
	case BlazeFace:
		d.decodeBlazeFace(boxes, scores)
	default:
		d.decodeUltraLight(boxes, scores, points)
	}
	d.found = suppress(d.found, d.cfg.IoU, d.cfg.Blend)
	return nil
}

// decodeUltraLight reads centres and landmarks as parts of the anchor's size,
// and sizes as logarithms of it.
func (d *detector) decodeUltraLight(boxes, scores, points []float32) {
	place, size, least := d.cfg.Variances[0], d.cfg.Variances[1], d.least()
	for i, a := range d.anchors {
		score := scores[2*i+1]
		if d.cfg.Logits {
			score -= scores[2*i]
		}
		if !(score >= least) {
			continue
		}
		if d.cfg.Logits {
			score = sigmoid(score)
		}
		e := boxes[4*i : 4*i+4]
		cx, cy := a.cx+e[0]*place*a.w, a.cy+e[1]*place*a.h
		c := candidate{score: score, box: around(cx, cy, exp(e[2]*size)*a.w, exp(e[3]*size)*a.h)}
		if points != nil {
			for k := range c.points {
				p := points[10*i+2*k:]
				c.points[k] = inference.Point{X: a.cx + p[0]*place*a.w, Y: a.cy + p[1]*place*a.h}
			}
		}
		d.add(c)
	}
}

// decodeBlazeFace reads boxes in pixels of the input from the anchor.
func (d *detector) decodeBlazeFace(boxes, scores []float32) {
	w, h, least := float32(d.Pre.Width), float32(d.Pre.Height), d.least()
	for i, a := range d.anchors {
		if !(scores[i] >= least) {
			continue
		}
		e := boxes[16*i : 16*i+16]
		d.add(candidate{score: sigmoid(scores[i]), box: around(a.cx+e[0]/w, a.cy+e[1]/h, e[2]/w, e[3]/h)})
	}
}

// farthest is how far from the picture a landmark may lie, in its sides.
const farthest = 100

// add takes a face in unless its box is not a box, or its landmarks are not
// near.
func (d *detector) add(c candidate) {
	// Comparisons with NaN are false, so such boxes end here too.
	if area := c.box.Area(); !(area > 0 && area <= math.MaxFloat32) {
		return
	}
	for _, p := range c.points {
		if !(max(p.X, -p.X) <= farthest && max(p.Y, -p.Y) <= farthest) {
			return
		}
	}
	c.score = min(c.score, 1)
	d.found = append(d.found, c)
}

// report appends a face to out unless nothing of its box is in the frame.
func (d *detector) report(c *candidate, m inference.Mapping, out *inference.Result) {
	b := d.cfg.Fit.apply(c.box)
	box := m.Box(b.X0, b.Y0, b.X1, b.Y1).Clip(float32(out.Width), float32(out.Height))
	if box.Area() == 0 {
		return
	}
	o := out.AddObject()
	o.Box, o.Label, o.Score = box, "face", c.score
	if d.landmarks == nil {
		return
	}
	o.Skeleton = Skeleton
	for _, p := range c.points {
		o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: m.Point(p.X, p.Y)})
	}
}

func around(cx, cy, w, h float32) inference.Box {
	return inference.Box{X0: cx - w/2, Y0: cy - h/2, X1: cx + w/2, Y1: cy + h/2}
}

func exp(x float32) float32     { return float32(math.Exp(float64(x))) }
func sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }
