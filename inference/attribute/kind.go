package attribute

import (
	"fmt"
	"slices"

	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/task"
)

// Kind is what can be said of faces: age, gender, emotion, liveness.
var Kind = task.Kind{
	Name:     "attributes",
	Decoders: []*task.Decoder{&face.Decoder}, Heads: []*task.Decoder{&HeadDecoder},
	HasThreshold: true, Propagates: true, Replicates: true,
	Build: build,
}

// HeadDecoder reads networks that say something of one face each.
var HeadDecoder = task.Decoder{Name: "head", NoThreshold: true, Params: func() any { return &params{} }, Check: checkHead}

// params is the catalogue's part for a head.
type params struct {
	Head *Spec `json:"head,omitempty"`
}

// Roles are the outputs that the answers are read from.
func (p *params) Roles() (roles []string) {
	if p.Head == nil {
		return nil
	}
	for _, a := range p.Head.Answers {
		roles = append(roles, a.Output)
		if a.Weights != "" {
			roles = append(roles, a.Weights)
		}
	}
	return roles
}

// Spec says what a network tells of one face.
type Spec struct {
	Margin  float32  `json:"margin"` // around the face box, as part of its longer side
	Answers []Answer `json:"answers"`
}

// Answer says what one output of a head means.
type Answer struct {
	Name           string    `json:"name"`   // "age", "gender", "emotion", "liveness"
	Kind           string    `json:"kind"`   // as ParseOutputKind reads it
	Output         string    `json:"output"` // role
	Weights        string    `json:"weights,omitempty"`
	Labels         []string  `json:"labels,omitempty"`
	MinProbability []float32 `json:"sure,omitempty"` // least probability at which each label is named
	Gain           float32   `json:"gain,omitempty"`
	// Smooth is the time constant, in frames, of the exponential mean over a face's
	// track; 0 leaves it to the app.
	Smooth int `json:"smooth,omitempty"`
}

// SpecOf is what a network tells, nil unless HeadDecoder reads it.
func SpecOf(n *task.Network) *Spec {
	if p, ok := n.Params.(*params); ok {
		return p.Head
	}
	return nil
}

// Answer finds what a network tells by its name, nil when it does not.
func (s *Spec) Answer(name string) *Answer {
	if s == nil {
		return nil
	}
	for i := range s.Answers {
		if s.Answers[i].Name == name {
			return &s.Answers[i]
		}
	}
	return nil
}

// labelCounts is how many labels an answer of each kind has; -1 is any.
var labelCounts = map[OutputKind]int{Softmax: -1, Logits: -1, Sigmoid: 2, Years: 0, Expectation: 0, Leaves: 2}

func checkHead(n *task.Network, _ int) error {
	s := SpecOf(n)
	if s == nil {
		return fmt.Errorf("head: is missing, which the task %q needs", n.Task)
	}
	if len(s.Answers) == 0 {
		return fmt.Errorf("head.answers: is empty")
	}
	for i, a := range s.Answers {
		at := fmt.Sprintf("head.answers[%d]", i)
		kind, err := ParseOutputKind(a.Kind)
		labels := labelCounts[kind]
		if err := task.First(
			task.Check{Broken: a.Name == "", Rule: at + ".name: is empty"},
			task.Check{Broken: err != nil, Rule: fmt.Sprintf("%s.kind: %q is not known", at, a.Kind)},
			task.Check{Broken: labels >= 0 && len(a.Labels) != labels, Rule: fmt.Sprintf("%s.labels: expected %d", at, labels)},
			task.Check{Broken: labels < 0 && len(a.Labels) < 2, Rule: at + ".labels: expected two or more"},
			task.Check{Broken: len(a.MinProbability) > 0 && len(a.MinProbability) != len(a.Labels), Rule: at + ".sure: expected one for each label"},
			task.Check{Broken: a.Smooth < 0, Rule: at + ".smooth: is negative"},
			task.Check{Broken: (a.Weights != "") != (kind == Leaves), Rule: at + `.weights: goes with the kind "leaves" and with no other`},
		); err != nil {
			return err
		}
	}
	return nil
}

// Configure is how NewNetwork reads a network's outputs.
func Configure(n *task.Network) HeadConfig {
	spec := SpecOf(n)
	cfg := HeadConfig{Norm: n.Norm(), Margin: spec.Margin}
	for _, a := range spec.Answers {
		kind, _ := ParseOutputKind(a.Kind) // checkHead has read it
		o := Output{
			HeadOutput: HeadOutput{Name: a.Name, Labels: a.Labels, MinProbability: a.MinProbability, Smooth: a.Smooth},
			Kind:       kind, Tensor: n.OutputName(a.Output), Gain: a.Gain,
		}
		if a.Weights != "" {
			o.Weights = n.OutputName(a.Weights)
		}
		cfg.Outputs = append(cfg.Outputs, o)
	}
	return cfg
}

func build(r *task.Request) (_ inference.Task, err error) {
	var made task.Made
	defer made.CloseOn(&err)
	detectors, err := face.Build(r, &made)
	if err != nil {
		return nil, err
	}
	var heads []Head
	var answered []string
	for _, n := range r.Networks[1:] {
		cfg := Configure(n.Network)
		if !r.Ensemble { // the first network that answers a question is the one to answer it
			cfg.Outputs = slices.DeleteFunc(cfg.Outputs, func(o Output) bool { return slices.Contains(answered, o.Name) })
		}
		for _, o := range cfg.Outputs {
			answered = append(answered, o.Name)
		}
		head, err := NewNetwork(n.Net, cfg)
		if err != nil {
			return nil, err
		}
		made.Add(head)
		heads = append(heads, head)
	}
	if r.Ensemble {
		together, err := NewEnsemble(heads...)
		if err != nil {
			return nil, err
		}
		heads = []Head{together}
	}
	t, err := NewTask(detectors[0], heads, Config{Every: r.Raw, Adaptive: r.Adaptive})
	if err != nil {
		return nil, err
	}
	t.AddReplicas(detectors[1:]...)
	return t, nil
}
