// Package classify decodes networks that name what a whole picture shows:
// tensors to labels with probabilities, kept steady on video, and an alarm for
// labels that must not appear. In: frames and the interpreter of a network
// bound to its contract. Out: an inference.Result with Classes and Alarm.
//
// It imports inference, inference/alarm and camera; app may import it.
package classify

import (
	"fmt"
	"math"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
)

// Config is what a classification needs to know beside its tensors.
type Config struct {
	Norm       inference.Normalization
	Resize     inference.Resize
	Labels     []string // name by class, one for each of the network's
	Top        int      // classes told, the most probable ones; 5 when zero
	Logits     bool     // the network leaves the softmax to us
	Hysteresis Hysteresis
	Alarm      alarm.Config
}

// Task classifies whole frames. The output is [1 C], or any shape of C
// elements, float32, uint8 or int8: probabilities, or logits if so configured.
type Task struct {
	inference.PictureNet
	scores *inference.Tensor
	cfg    Config

	p        []float32 // probabilities of the frame, by class
	steady   hysteresis
	alarm    alarm.Alarm
	sequence uint64 // of the frame before
}

// New takes over net, whose output tensor is called output; a network with
// just one needs no name. On an error net stays the caller's.
func New(net *inference.Interpreter, output string, cfg Config) (*Task, error) {
	scores, err := inference.Bind(net.Outputs, inference.Contract{Name: output})
	if err != nil {
		return nil, fmt.Errorf("model %s is not the classifier it should be: %w", net.Name, err)
	}
	if err := check(scores, len(cfg.Labels)); err != nil {
		return nil, fmt.Errorf("model %s is not the classifier it should be: %w", net.Name, err)
	}
	raise, err := alarm.New(cfg.Alarm, cfg.Labels)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", net.Name, err)
	}
	if err := cfg.Hysteresis.check(); err != nil {
		return nil, fmt.Errorf("model %s: %w", net.Name, err)
	}
	if cfg.Top <= 0 {
		cfg.Top = 5
	}
	cfg.Top = min(cfg.Top, len(cfg.Labels))
	picture, err := inference.NewPictureNet(net, cfg.Norm, cfg.Resize)
	if err != nil {
		return nil, err
	}
	return &Task{
		PictureNet: picture, scores: scores, cfg: cfg,
		p: make([]float32, len(cfg.Labels)), steady: newHysteresis(cfg.Hysteresis, len(cfg.Labels)), alarm: raise,
	}, nil
}

// check tells whether the tensor scores that many classes.
func check(t *inference.Tensor, classes int) error {
	switch {
	case t.DType != inference.Float32 && t.DType != inference.UInt8 && t.DType != inference.Int8:
		return fmt.Errorf("tensor %s: expected scores in float32, uint8 or int8", t)
	case t.DType != inference.Float32 && !(t.Scale > 0):
		return fmt.Errorf("tensor %s has no quantization", t)
	case classes == 0 || t.Elements() != classes:
		return fmt.Errorf("tensor %s scores %d classes, there are %d labels", t, t.Elements(), classes)
	}
	return nil
}

// Run classifies the prepared frame. A frame that comes before the last one
// in its stream begins another stream: nothing of the past is kept then.
func (t *Task) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := t.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	if f.Sequence < t.sequence {
		t.steady.reset()
		t.alarm.Reset()
	}
	t.sequence = f.Sequence
	err := t.decode(out)
	out.Timing.Decode += time.Since(start)
	return err
}

// Repeat does what Run does, as if the network had said once more what it said
// last: for a frame that does not differ from the last, which what is steady
// and the alarm count as any other.
func (t *Task) Repeat(f *frame.Frame, out *inference.Result) error {
	t.sequence = f.Sequence
	return t.decode(out)
}

func (t *Task) decode(out *inference.Result) error {
	if err := probabilities(t.p, t.scores, t.cfg.Logits); err != nil {
		return fmt.Errorf("model %s: %w", t.Net.Name, err)
	}
	p, lead := t.steady.update(t.p)
	out.Classes = top(out.Classes[:0], p, t.cfg.Labels, t.cfg.Top, lead)
	out.Alarm = t.alarm.Update(p)
	return nil
}

// probabilities reads the tensor into p, 0..1 each.
func probabilities(p []float32, t *inference.Tensor, logits bool) error {
	if n := len(t.Bytes()); n != len(p)*t.DType.Size() {
		return fmt.Errorf("tensor %s is %d bytes after running, expected %d classes", t, n, len(p))
	}
	switch t.DType {
	case inference.Float32:
		v, err := inference.View[float32](t)
		if err != nil {
			return err
		}
		copy(p, v)
	case inference.Int8:
		for i, b := range t.Bytes() {
			p[i] = t.Scale * float32(int(int8(b))-t.ZeroPoint)
		}
	default:
		for i, b := range t.Bytes() {
			p[i] = t.Scale * float32(int(b)-t.ZeroPoint)
		}
	}
	if logits {
		softmax(p)
	}
	for i, v := range p {
		// NaN fails both comparisons.
		if !(v > 0) {
			p[i] = 0
		} else if v > 1 {
			p[i] = 1
		}
	}
	return nil
}

// softmax turns logits into probabilities in place.
func softmax(v []float32) {
	highest := float32(math.Inf(-1))
	for _, x := range v {
		highest = max(highest, x)
	}
	sum := 0.0
	for i, x := range v {
		e := math.Exp(float64(x - highest))
		v[i] = float32(e)
		sum += e
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / sum)
	}
}

// top appends the n most probable classes, the first of equal ones before the
// others. The leading class comes first, even if it has just been overtaken.
func top(dst []inference.Class, p []float32, labels []string, n, lead int) []inference.Class {
	dst = append(dst, inference.Class{Index: lead, Label: labels[lead], Score: p[lead]})
	for i, v := range p {
		if i == lead || len(dst) == n && (n == 1 || v <= dst[n-1].Score) {
			continue
		}
		if len(dst) < n {
			dst = append(dst, inference.Class{})
		}
		at := len(dst) - 1
		for ; at > 1 && dst[at-1].Score < v; at-- {
			dst[at] = dst[at-1]
		}
		dst[at] = inference.Class{Index: i, Label: labels[i], Score: v}
	}
	return dst
}
