// Package recognize tells people by their faces. In: frames, a face detector
// that gives landmarks, an embedding network and a gallery of known people.
// Out: faces with a track and the name of a known person, or Unknown; and, on
// request, the embedding and portrait of a face fit for enrolment. It keeps
// nothing of a face beyond the life of its track.
//
// It imports inference, inference/face, inference/track and camera; app may
// import it.
package recognize

import (
	"errors"
	"fmt"
	"math"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
)

// EmbedderConfig is what an embedder needs to know beside its tensors.
type EmbedderConfig struct {
	Model  string // its ID; embeddings of different models cannot be compared
	Norm   inference.Normalization
	Output string // the tensor [1 N], float32, uint8 or int8; "" where it is the only output
}

// Embedder turns faces into unit vectors whose dot product, the cosine, is
// the higher the more two faces look like one person. It serves one goroutine
// and does not allocate.
type Embedder struct {
	net      *inference.Interpreter
	warper   *face.Warper
	template face.Landmarks
	output   *inference.Tensor
	model    string
	n        int
}

// ErrNoFace is the error of landmarks that are not those of a face.
var ErrNoFace = errors.New("the landmarks are not those of a face")

// NewEmbedder takes over net, unless it returns an error, which names the
// tensor that is not as it should be. The input is a face of any size aligned
// to face.Template112, scaled to its height and centred across.
func NewEmbedder(net *inference.Interpreter, cfg EmbedderConfig) (*Embedder, error) {
	if len(net.Inputs) != 1 {
		return nil, fmt.Errorf("model %s: an embedder takes one picture, this one has %d inputs", net.Name, len(net.Inputs))
	}
	if cfg.Model == "" {
		return nil, fmt.Errorf("model %s: an embedder needs an ID for the vectors it makes", net.Name)
	}
	output, err := inference.Bind(net.Outputs, inference.Contract{Name: cfg.Output, Shape: []int{1, -1}})
	if err != nil {
		return nil, fmt.Errorf("model %s is not the embedder it should be: %w", net.Name, err)
	}
	e := &Embedder{net: net, output: output, model: cfg.Model, n: output.Elements()}
	quantized := output.DType == inference.UInt8 || output.DType == inference.Int8
	if e.n < 2 || output.DType != inference.Float32 && !(quantized && output.Scale > 0) {
		return nil, fmt.Errorf("model %s is not the embedder it should be: output %s", net.Name, output)
	}
	if e.warper, err = face.NewWarper(net.Inputs[0], cfg.Norm); err != nil {
		return nil, fmt.Errorf("model %s: %w", net.Name, err)
	}
	e.template = template(e.warper.Width, e.warper.Height)
	return e, nil
}

// template is face.Template112 for inputs of w x h pixels.
func template(w, h int) face.Landmarks {
	scale := float32(h) / 112
	t := face.Template112
	for i := range t {
		t[i].X = t[i].X*scale + (float32(w)-112*scale)/2
		t[i].Y *= scale
	}
	return t
}

// Model is the ID of the network that makes the vectors.
func (e *Embedder) Model() string { return e.model }

// Len is the length of its vectors.
func (e *Embedder) Len() int { return e.n }

// Embed writes the unit vector of the face with these landmarks, in frame
// pixels, to dst, which has Len elements, and adds what it took to t. The
// error is ErrNoFace where the landmarks cannot be aligned.
func (e *Embedder) Embed(f *frame.Frame, landmarks face.Landmarks, dst []float32, t *inference.Timing) error {
	start := time.Now()
	m, ok := face.Align(e.template[:], landmarks[:])
	if !ok {
		return ErrNoFace
	}
	t.Preprocess += time.Since(start)
	return e.embed(f, m, dst, t)
}

// embed writes the unit vector of the face at m.
func (e *Embedder) embed(f *frame.Frame, m face.Similarity, dst []float32, t *inference.Timing) error {
	start := time.Now()
	if err := e.warper.Run(f, m, e.net.Inputs[0].Bytes()); err != nil {
		return err
	}
	aligned := time.Now()
	t.Preprocess += aligned.Sub(start)
	if err := e.net.Invoke(); err != nil {
		return err
	}
	invoked := time.Now()
	t.Invoke += invoked.Sub(aligned)
	if err := e.read(dst); err != nil {
		return fmt.Errorf("model %s: %w", e.net.Name, err)
	}
	t.Decode += time.Since(invoked)
	return nil
}

// read turns the output into a unit vector.
func (e *Embedder) read(dst []float32) error {
	if len(dst) != e.n || e.output.Elements() != e.n {
		return fmt.Errorf("an embedding %v of length %d does not fit %d elements", e.output.Shape, e.n, len(dst))
	}
	switch e.output.DType {
	case inference.Float32:
		v, err := inference.View[float32](e.output)
		if err != nil {
			return err
		}
		copy(dst, v)
	case inference.Int8:
		for i, b := range e.output.Bytes() {
			dst[i] = e.output.Scale * float32(int(int8(b))-e.output.ZeroPoint)
		}
	default:
		for i, b := range e.output.Bytes() {
			dst[i] = e.output.Scale * float32(int(b)-e.output.ZeroPoint)
		}
	}
	if !normalize(dst) {
		return fmt.Errorf("output %s has no direction", e.output.Name)
	}
	return nil
}

// Close frees the network and the preprocessing.
func (e *Embedder) Close() error {
	e.warper.Close()
	return e.net.Close()
}

// Cosine is the dot product of two unit vectors of one model: 1 for the same
// picture, about 0 for two people.
func Cosine(a, b []float32) float32 {
	sum := float32(0)
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// normalize scales v to length 1; false, and v is left as it is, when it has
// no length or holds what is not a number.
func normalize(v []float32) bool {
	sum := 0.
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	// A comparison with NaN is false.
	if !(length > 1e-12) || math.IsInf(length, 0) {
		return false
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / length)
	}
	return true
}
