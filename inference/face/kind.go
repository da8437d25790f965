package face

import (
	"fmt"

	"reterminal-vision/inference"
	"reterminal-vision/inference/task"
)

// Decoder reads face detectors, the first network of every task on faces.
var Decoder = task.Decoder{
	Name: "face", Roles: []string{"boxes", "scores"}, Optional: []string{"landmarks"},
	Params: func() any { return &params{} }, Check: check,
}

// params is the catalogue's part for a face detector.
type params struct {
	Face *Spec `json:"face,omitempty"`
}

// Spec says how a face detector encodes boxes; its fields are those of Config.
type Spec struct {
	Kind      string     `json:"kind"` // "ultralight" or "blazeface"
	Layers    []Layer    `json:"layers"`
	Even      bool       `json:"even,omitempty"`
	Variances [2]float32 `json:"variances,omitempty"`
	Logits    bool       `json:"logits,omitempty"`
	// Wide is how much wider its boxes are than those of Ultra-Light RFB, on
	// which networks for liveness were trained; 0 stands for 1.
	Wide  float32 `json:"wide,omitempty"`
	Blend bool    `json:"blend,omitempty"`
	// Fit brings boxes to those of Ultra-Light RFB, from which the margins of
	// heads are measured: medians over some 400 faces that both find.
	Fit *Fit `json:"fit,omitempty"`
}

var kinds = map[string]Kind{"ultralight": UltraLight, "blazeface": BlazeFace}

func check(n *task.Network, _ int) error {
	f := n.Params.(*params).Face
	if f == nil {
		return fmt.Errorf("face: is missing, which the task %q needs", n.Task)
	}
	_, known := kinds[f.Kind]
	return task.First(
		task.Check{Broken: !known, Rule: "face.kind: expected ultralight or blazeface"},
		task.Check{Broken: len(f.Layers) == 0, Rule: "face.layers: is empty"},
		task.Check{Broken: f.Fit != nil && !(f.Fit.Width > 0 && f.Fit.Height > 0), Rule: "face.fit: expected a width and a height of more than 0"},
	)
}

// SpecOf is how a network that Decoder reads encodes boxes.
func SpecOf(n *task.Network) *Spec { return n.Params.(*params).Face }

// Build makes the detectors of a request: that of its first network, then one
// for each replica. They are added to made.
func Build(r *task.Request, made *task.Made) ([]Detector, error) {
	n := r.Networks[0]
	spec := SpecOf(n.Network)
	cfg := Config{
		Kind: kinds[spec.Kind], Norm: n.Norm(), Resize: n.Resize(),
		Outputs: Outputs{Boxes: n.OutputName("boxes"), Scores: n.OutputName("scores"), Landmarks: n.OutputName("landmarks")},
		Layers:  spec.Layers, Even: spec.Even, Variances: spec.Variances, Logits: spec.Logits, Blend: spec.Blend,
		Threshold: r.Threshold, IoU: n.IoU,
	}
	if spec.Fit != nil {
		cfg.Fit = *spec.Fit
	}
	var all []Detector
	for _, net := range append([]*inference.Interpreter{n.Net}, r.Replicas...) {
		d, err := New(net, cfg)
		if err != nil {
			return nil, err
		}
		made.Add(d)
		all = append(all, d)
	}
	return all, nil
}
