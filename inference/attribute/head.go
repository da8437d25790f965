// Package attribute tells things about faces: age, gender, emotion, whether
// they are alive. In: frames, a face detector and the networks that look at
// one face each. Out: faces with a track and attributes, steady over time.
//
// It imports inference, inference/face, inference/track and camera; app may
// import it.
package attribute

import (
	"errors"
	"fmt"
	"math"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
)

// Head answers questions about one face. It serves one goroutine and does not
// allocate.
type Head interface {
	// HeadOutputs are what the head answers; they never change.
	HeadOutputs() []HeadOutput
	// Infer looks at the face in box, frame pixels, and writes the numbers of
	// all questions one after the other to dst, which has room for just them.
	// It adds what it took to t. ErrNoFace tells that there is nothing in box.
	Infer(f *frame.Frame, box inference.Box, dst []float32, t *inference.Timing) error
	// Close frees the head's network.
	Close() error
}

// ErrNoFace is the error of a face box that is empty, not a number, or
// outside the frame.
var ErrNoFace = errors.New("the face box is empty or outside the frame")

// OutputKind says how the numbers in an output tensor are to be read.
type OutputKind uint8

// Kinds of outputs; all are float32, or uint8 that stands for such.
const (
	Softmax OutputKind = iota // [1 N] probabilities, one a label
	Logits                    // [1 N], one a label, still to go through softmax
	Sigmoid                   // [1 1] probability of the second of two labels
	Years                     // [1 1] times Gain is an age in years
	// Expectation is [1 N], probabilities of ages that are Gain years apart from
	// 0 on; the age is their mean (DEX, Rothe et al. 2015).
	Expectation
	// Leaves are two tensors [1 N], values and weights: the sum of |value| times
	// weight rates an attack, and Gain is the rate from which on it counts as
	// one. It becomes the probability of the second of two labels, one half at
	// Gain; more than a monotone measure it is not.
	Leaves
)

var kinds = map[string]OutputKind{"softmax": Softmax, "logits": Logits, "sigmoid": Sigmoid, "years": Years, "expectation": Expectation, "leaves": Leaves}

// ParseOutputKind reads a kind's name: softmax, logits, sigmoid, years, expectation or leaves.
func ParseOutputKind(name string) (OutputKind, error) {
	if k, ok := kinds[name]; ok {
		return k, nil
	}
	return 0, fmt.Errorf("unknown kind of output %q: choose softmax, logits, sigmoid, years, expectation or leaves", name)
}

// Output is the question that one output tensor of a network answers. Tensors
// are found by name and shape; a name may be left out where the shape tells.
type Output struct {
	HeadOutput
	Kind    OutputKind
	Tensor  string
	Weights string  // Leaves only
	Gain    float32 // Years, Expectation and Leaves only
}

// HeadConfig is what a head needs to know beside its tensors.
type HeadConfig struct {
	Norm    inference.Normalization
	Margin  float32 // round the face, as face.Crop takes it
	Aspect  float32 // width over height of the crop; 0 takes the network's own
	Outputs []Output
}

// Network is a head of one network with one output or several.
type Network struct {
	net         *inference.Interpreter
	pre         *inference.Preprocessor
	margin      float32
	aspect      float32
	headOutputs []HeadOutput
	outputs     []output
}

// output is an Output bound to its tensors.
type output struct {
	kind           OutputKind
	gain           float32
	len            int               // numbers of the question
	size           int               // elements of the tensor
	values, weight *inference.Tensor // weight is nil but for Leaves
	real           []float32         // what 8-bit values stand for
}

// NewNetwork takes over net, unless it returns an error, which names the
// tensor that is not as the configuration has it.
func NewNetwork(net *inference.Interpreter, cfg HeadConfig) (*Network, error) {
	if len(net.Inputs) != 1 {
		return nil, fmt.Errorf("model %s: a head takes one picture, this one has %d inputs", net.Name, len(net.Inputs))
	}
	if len(cfg.Outputs) == 0 {
		return nil, fmt.Errorf("model %s: a head with no question to answer", net.Name)
	}
	h := &Network{net: net, margin: cfg.Margin, aspect: cfg.Aspect}
	for _, o := range cfg.Outputs {
		bound, err := bind(net, o)
		if err != nil {
			return nil, fmt.Errorf("model %s does not tell %s as it should: %w", net.Name, o.Name, err)
		}
		h.headOutputs, h.outputs = append(h.headOutputs, o.HeadOutput), append(h.outputs, bound)
	}
	pre, err := inference.NewPreprocessor(net.Inputs[0], cfg.Norm, inference.Stretch)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", net.Name, err)
	}
	h.pre = pre
	if h.aspect <= 0 {
		h.aspect = float32(pre.Width) / float32(pre.Height)
	}
	return h, nil
}

// bind finds the tensors of an output.
func bind(net *inference.Interpreter, o Output) (output, error) {
	b := output{kind: o.Kind, gain: o.Gain, len: o.Len()}
	elements, labels := len(o.Labels), len(o.Labels)
	switch o.Kind {
	case Softmax, Logits:
		if labels < 2 {
			return b, fmt.Errorf("%d labels to choose from", labels)
		}
	case Sigmoid:
		elements, labels = 1, 2
	case Years:
		elements, labels = 1, 0
	case Expectation:
		elements, labels = -1, 0
	case Leaves:
		elements, labels = -1, 2
	default:
		return b, fmt.Errorf("unknown kind of output %d", o.Kind)
	}
	if len(o.Labels) != labels || len(o.MinProbability) != 0 && len(o.MinProbability) != labels {
		return b, fmt.Errorf("%d labels and %d limits, expected %d", len(o.Labels), len(o.MinProbability), labels)
	}
	if (o.Kind == Years || o.Kind == Expectation || o.Kind == Leaves) && !(o.Gain > 0) {
		return b, fmt.Errorf("a gain of %g", o.Gain)
	}
	contract := inference.Contract{Name: o.Tensor, Shape: []int{1, elements}}
	var err error
	if b.values, err = inference.Bind(net.Outputs, contract); err != nil {
		return b, err
	}
	b.size = b.values.Elements()
	switch t := b.values; {
	case t.DType == inference.UInt8 && t.Scale > 0:
		b.real = make([]float32, b.size)
	case t.DType != inference.Float32:
		return b, fmt.Errorf("output %s: expected float32 or quantized uint8", t)
	}
	if o.Kind != Leaves {
		return b, nil
	}
	contract.DType = inference.Float32
	contract.Name, contract.Shape = o.Weights, b.values.Shape
	b.weight, err = inference.Bind(net.Outputs, contract)
	return b, err
}

// HeadOutputs are those of the configured outputs, in their order.
func (h *Network) HeadOutputs() []HeadOutput { return h.headOutputs }

// Infer crops the face out of the frame and runs the network on it.
func (h *Network) Infer(f *frame.Frame, box inference.Box, dst []float32, t *inference.Timing) error {
	// Comparisons with NaN are false, so such boxes end here too.
	if seen := box.Clip(float32(f.Width), float32(f.Height)); !(seen.Width() >= 1 && seen.Height() >= 1) {
		return ErrNoFace
	}
	start := time.Now()
	if _, err := h.pre.Run(f, face.Crop(box, h.margin, h.aspect), h.net.Inputs[0].Bytes()); err != nil {
		return err
	}
	cropped := time.Now()
	t.Preprocess += cropped.Sub(start)
	if err := h.net.Invoke(); err != nil {
		return err
	}
	invoked := time.Now()
	t.Invoke += invoked.Sub(cropped)
	for i := range h.outputs {
		o := &h.outputs[i]
		if err := o.read(dst[:o.len]); err != nil {
			return fmt.Errorf("model %s: %w", h.net.Name, err)
		}
		dst = dst[o.len:]
	}
	t.Decode += time.Since(invoked)
	return nil
}

// Close frees the network and the preprocessing tables.
func (h *Network) Close() error {
	h.pre.Close()
	return h.net.Close()
}

// read turns the output's tensors into the numbers of its question.
func (o *output) read(dst []float32) error {
	v, err := o.view()
	if err != nil {
		return err
	}
	if len(v) != o.size {
		return fmt.Errorf("output %s changed its shape to %v", o.values.Name, o.values.Shape)
	}
	var w []float32
	if o.weight != nil {
		if w, err = inference.View[float32](o.weight); err != nil {
			return err
		}
	}
	o.decode(dst, v, w)
	for i, p := range dst {
		if math.IsNaN(float64(p)) {
			return fmt.Errorf("output %s holds what is not a number", o.values.Name)
		}
		if o.kind != Years && o.kind != Expectation {
			dst[i] = min(max(p, 0), 1)
		}
	}
	return nil
}

// view is the tensor's values, made real where it is quantized.
func (o *output) view() ([]float32, error) {
	if o.real == nil {
		return inference.View[float32](o.values)
	}
	quantized := o.values.Bytes()
	if len(quantized) != o.size {
		return nil, nil
	}
	for i, q := range quantized {
		o.real[i] = o.values.Scale * float32(int(q)-o.values.ZeroPoint)
	}
	return o.real, nil
}

// decode reads values, and weights where the kind has them, into dst.
func (o *output) decode(dst, values, weights []float32) {
	switch o.kind {
	case Softmax:
		copy(dst, values)
	case Logits:
		softmax(dst, values)
	case Sigmoid:
		dst[0], dst[1] = 1-values[0], values[0]
	case Years:
		dst[0] = values[0] * o.gain
	case Expectation:
		dst[0] = expectation(values) * o.gain
	case Leaves:
		attack := attackProbability(leafRate(values, weights), o.gain)
		dst[0], dst[1] = 1-attack, attack
	}
}

// softmax makes probabilities of logits.
func softmax(dst, logits []float32) {
	top := logits[0]
	for _, v := range logits {
		top = max(top, v)
	}
	sum := float32(0)
	for i, v := range logits {
		dst[i] = float32(math.Exp(float64(v - top)))
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}

// expectation is the mean index by these probabilities, which 8 bit lets not
// quite add up to 1; not a number where all are 0.
func expectation(p []float32) float32 {
	sum, mean := float32(0), float32(0)
	for i, v := range p {
		sum += v
		mean += float32(i) * v
	}
	return mean / sum
}

// leafRate sums the sizes of the values by their weights.
func leafRate(values, weights []float32) float32 {
	sum := float32(0)
	for i, v := range values {
		sum += max(v, -v) * weights[i]
	}
	return sum
}

// attackProbability maps 0..limit onto 0..0.5 and limit..1 onto 0.5..1.
func attackProbability(rate, limit float32) float32 {
	if rate <= limit {
		return max(rate, 0) / limit / 2
	}
	if limit >= 1 {
		return 1
	}
	return min(.5+(rate-limit)/(1-limit)/2, 1)
}
