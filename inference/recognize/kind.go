package recognize

import (
	"cmp"
	"errors"
	"slices"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/attribute"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/task"
)

// Kind is face recognition: who of the people that were enrolled is seen.
var Kind = task.Kind{
	Name:          "recognize",
	Decoders:      []*task.Decoder{&face.Decoder},
	Heads:         []*task.Decoder{{Name: "embedding", Roles: []string{"embedding"}}},
	CheckLiveness: checkLiveness,
	HasThreshold:  true, Propagates: true, Replicates: true, Identifies: true,
	Build: build,
}

// livenessQuestion is what a network for liveness answers; its labels are
// "live" and "spoof".
const livenessQuestion = "liveness"

func checkLiveness(n *task.Network) error {
	if a := attribute.SpecOf(n).Answer(livenessQuestion); a == nil || len(a.Labels) != 2 {
		return errors.New("it does not tell live faces from pictures of them")
	}
	return nil
}

func build(r *task.Request) (_ inference.Task, err error) {
	var made task.Made
	defer made.CloseOn(&err)
	detectors, err := face.Build(r, &made)
	if err != nil {
		return nil, err
	}
	n := &r.Networks[1]
	embedder, err := NewEmbedder(n.Net, EmbedderConfig{Model: n.ID, Norm: n.Norm(), Output: n.OutputName("embedding")})
	if err != nil {
		return nil, err
	}
	made.Add(embedder)
	t, err := NewTask(detectors[0], embedder, Config{Threshold: n.Threshold, Every: r.Raw, Adaptive: r.Adaptive})
	if err != nil {
		return nil, err
	}
	made = task.Made{t}
	t.AddReplicas(detectors[1:]...)
	if r.Liveness != nil {
		l, err := newLiveness(r.Liveness, cmp.Or(face.SpecOf(r.Networks[0].Network).Wide, 1))
		if err != nil {
			return nil, err
		}
		t.Demand(l)
	}
	return t, nil
}

// headLiveness is a head that tells live faces, as Liveness.
type headLiveness struct {
	head    *attribute.Network
	numbers []float32 // of the head's question
	wide    float32   // of a face's box, against what the head was trained on
}

func newLiveness(n *task.Loaded, wide float32) (*headLiveness, error) {
	cfg := attribute.Configure(n.Network)
	cfg.Outputs = slices.DeleteFunc(cfg.Outputs, func(o attribute.Output) bool { return o.Name != livenessQuestion })
	head, err := attribute.NewNetwork(n.Net, cfg)
	if err != nil {
		return nil, err
	}
	return &headLiveness{head: head, numbers: make([]float32, head.HeadOutputs()[0].Len()), wide: wide}, nil
}

// Live implements Liveness.
func (l *headLiveness) Live(f *frame.Frame, box inference.Box, t *inference.Timing) (float32, error) {
	x, y := box.Width()*(1-1/l.wide)/2, box.Height()*(1-1/l.wide)/2
	box = inference.Box{X0: box.X0 + x, Y0: box.Y0 + y, X1: box.X1 - x, Y1: box.Y1 - y}
	err := l.head.Infer(f, box, l.numbers, t)
	if errors.Is(err, attribute.ErrNoFace) {
		err = ErrNoFace
	}
	return l.numbers[0], err
}

// leastAlive is the probability from which on somebody is greeted: several looks
// are averaged, so that it need not be as much as one look has to say.
const leastAlive = .5

// Least implements Liveness.
func (l *headLiveness) Least() float32 { return leastAlive }

// Close implements Liveness.
func (l *headLiveness) Close() error { return l.head.Close() }
