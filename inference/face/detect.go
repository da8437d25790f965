package face

import (
	"fmt"
	"time"

	"reterminal-vision/inference"
)

// Kind says how a network encodes boxes.
type Kind uint8

// Kinds of face detectors.
const (
	// UltraLight is the SSD of the "Ultra-Light-Fast-Generic-Face-Detector"
	// family: boxes [1 N 4] as cx cy w h relative to an anchor's size, scores
	// [1 N 2] of nothing and face, and optionally landmarks [1 N 10].
	UltraLight Kind = iota
	// BlazeFace is MediaPipe's: boxes [1 N 16] as cx cy w h and six points in
	// pixels of the input from an anchor's place, score logits [1 N 1]. The
	// points, which have no mouth corners, are not read.
	BlazeFace
)

// Outputs names a detector's output tensors, all float32. Landmarks is empty
// where there is none.
type Outputs struct{ Boxes, Scores, Landmarks string }

// Config describes a detector to New.
type Config struct {
	Kind      Kind
	Norm      inference.Normalization
	Resize    inference.Resize
	Outputs   Outputs
	Layers    []Layer
	Even      bool       // cells are spread evenly where strides do not divide the input
	Variances [2]float32 // of places and sizes; UltraLight only
	Logits    bool       // UltraLight scores are not yet probabilities
	Threshold float32    // least score, between 0 and 1
	IoU       float32    // overlap at which the weaker of two boxes goes
	// Blend averages a face's overlapping boxes by score, as MediaPipe does,
	// instead of taking the best one: steadier on video.
	Blend bool
	Fit   Fit
}

// Fit brings a detector's boxes to those of another, by the medians of their
// differences. The zero value leaves them as they are.
type Fit struct {
	Y      float32 `json:"y"`     // the centre moves down by this part of the height
	Width  float32 `json:"width"` // what the sides are multiplied by
	Height float32 `json:"height"`
}

// apply fits one box.
func (f Fit) apply(b inference.Box) inference.Box {
	if f == (Fit{}) {
		return b
	}
	return around((b.X0+b.X1)/2, (b.Y0+b.Y1)/2+f.Y*b.Height(), f.Width*b.Width(), f.Height*b.Height())
}

// detector is a network of any kind with its decoding.
type detector struct {
	inference.PictureNet
	cfg       Config
	anchors   []anchor
	boxes     *inference.Tensor
	scores    *inference.Tensor
	landmarks *inference.Tensor // nil without
	threshold *inference.Threshold
	found     []candidate
}

// New takes over net, unless it returns an error, which names the tensor that
// is not as the configuration has it.
func New(net *inference.Interpreter, cfg Config) (Detector, error) {
	if !(cfg.Threshold > 0 && cfg.Threshold < 1) {
		return nil, fmt.Errorf("model %s: the threshold is %g, expected more than 0 and less than 1", net.Name, cfg.Threshold)
	}
	if !(cfg.IoU > 0 && cfg.IoU <= 1) {
		return nil, fmt.Errorf("model %s: the overlap is %g, expected more than 0 and at most 1", net.Name, cfg.IoU)
	}
	if f := cfg.Fit; f != (Fit{}) && !(f.Width > 0 && f.Height > 0) {
		return nil, fmt.Errorf("model %s: boxes are fitted by %g x %g, expected more than 0", net.Name, f.Width, f.Height)
	}
	picture, err := inference.NewPictureNet(net, cfg.Norm, cfg.Resize)
	if err != nil {
		return nil, err
	}
	d := &detector{PictureNet: picture, cfg: cfg, threshold: inference.NewThreshold(cfg.Threshold)}
	if err := d.bind(); err != nil {
		d.Pre.Close()
		return nil, fmt.Errorf("model %s is not the face detector it should be: %w", net.Name, err)
	}
	return d, nil
}

// SetThreshold implements inference.Adjustable.
func (d *detector) SetThreshold(score float32) { d.threshold.SetThreshold(score) }

// least is the threshold as the network's scores have it.
func (d *detector) least() float32 {
	if d.cfg.Logits || d.cfg.Kind == BlazeFace {
		return d.threshold.Logit()
	}
	return d.threshold.Score()
}

// bind makes the anchors and finds the outputs that have one row for each.
func (d *detector) bind() (err error) {
	if d.anchors, err = makeAnchors(d.cfg.Layers, d.Pre.Width, d.Pre.Height, d.cfg.Even); err != nil {
		return err
	}
	// Some networks know the shape of their outputs only once they ran.
	if err := d.Net.Invoke(); err != nil {
		return err
	}
	perBox, perScore := 4, 2
	if d.cfg.Kind == BlazeFace {
		perBox, perScore = 16, 1
	}
	bind := func(name string, perAnchor int) (*inference.Tensor, error) {
		shape := []int{1, len(d.anchors), perAnchor}
		return inference.Bind(d.Net.Outputs, inference.Contract{Name: name, Shape: shape, DType: inference.Float32})
	}
	if d.boxes, err = bind(d.cfg.Outputs.Boxes, perBox); err != nil {
		return err
	}
	if d.scores, err = bind(d.cfg.Outputs.Scores, perScore); err != nil {
		return err
	}
	if d.cfg.Outputs.Landmarks != "" {
		d.landmarks, err = bind(d.cfg.Outputs.Landmarks, 10)
	}
	return err
}

func (d *detector) Detect(in *inference.Input, out *inference.Result) error {
	if err := d.Invoke(in, &out.Timing); err != nil {
		return err
	}
	start := time.Now()
	if err := d.decode(); err != nil {
		return fmt.Errorf("model %s: %w", d.Net.Name, err)
	}
	for i := range d.found {
		d.report(&d.found[i], in.Map, out)
	}
	out.Timing.Decode += time.Since(start)
	return nil
}
