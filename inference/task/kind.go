// Package task says what a kind of task is: detection, segmentation,
// classification, and whatever else a demo can do with a picture.
//
// In: nothing but types. Out: Kind and Decoder, which every package of a task
// exports once for each kind it has; Network, the part of a catalogue entry
// that describes tensors; Request, what a task is built from; Candidate and
// Fit, by which an unknown model file finds a decoder that can read it.
//
// It imports inference and inference/tflite; packages of tasks,
// inference/tasks, models and app may import it.
package task

import (
	"errors"

	"reterminal-vision/inference"
)

// Kind is something a demo can do. The catalogue's demos refer to it by name.
type Kind struct {
	Name string
	// Title and Verb say in English what a demo of an imported model does:
	// "Finding things in the picture", "finds things". Kinds of which no
	// decoder has a Fit need neither.
	Title, Verb string

	Decoders []*Decoder // of the network that sees the whole frame
	Heads    []*Decoder // of networks that see one object each; none for tasks of one network
	// CheckLiveness says why a network cannot tell live faces from pictures of
	// them; nil for kinds that never ask for that.
	CheckLiveness func(*Network) error

	Alarm AlarmBy
	// HasThreshold reports whether a confidence threshold hides weak results.
	HasThreshold bool
	// Propagates reports whether results are boxes, which frame skipping may
	// move along with the picture between two runs of the network.
	Propagates bool
	// Replicates reports whether frames may be inferred side by side, in
	// several interpreters of the first network. What remembers earlier frames
	// inside its one task cannot.
	Replicates bool
	// Identifies reports whether people are enrolled and recognised.
	Identifies bool

	// Build makes the task. It takes over the interpreters of the request,
	// unless it returns an error: then it has freed what it made of them, and
	// Request.Close frees the rest.
	Build func(*Request) (inference.Task, error)
}

// AlarmBy says what an alarm of a kind of task goes by.
type AlarmBy uint8

// Alarms go by the probability of labels in a classification, or by the part
// of the picture that labels take in a segmentation.
const (
	NoAlarm AlarmBy = iota
	AlarmByProbability
	AlarmByArea
)

// Alarm is a result that raises an alarm.
type Alarm struct {
	Labels []string `json:"labels"`
	// Threshold is the least probability, 0..1: of all Labels together in a
	// classification, of a cell in a segmentation of two classes.
	Threshold float32 `json:"threshold"`
	Area      float32 `json:"area,omitempty"` // of a segmentation: least part of the picture's cells, 0..1
	Frames    int     `json:"frames"`         // consecutive frames that raise it, and without it end it
}

// Decoder reads the tensors of one sort of network. The catalogue's networks
// refer to it by name.
type Decoder struct {
	Name     string
	Roles    []string // of its outputs
	Optional []string // roles that a network may lack
	// Labels reports whether a network has a list of labels.
	Labels bool
	// NoThreshold is set for networks whose results are never hidden.
	NoThreshold bool
	// LeaveResize is inference.Options.LeaveResize for its networks.
	LeaveResize bool
	// Params returns a pointer to a fresh struct of the further fields that a
	// catalogue entry has for this decoder; nil stands for none. Where the
	// struct has a method Roles() []string, that replaces Roles above.
	Params func() any
	// Check looks for mistakes in those fields, and names the field; nil
	// stands for none. labels is the length of the network's list of labels.
	Check func(n *Network, labels int) error
	// Fit says whether an unknown network has outputs of this form, and if not
	// why; nil where such models cannot be imported.
	Fit func(*Candidate) (Fit, string)
	// Learn takes over what only running an imported network tells: the
	// largest real number in the output of a role; nil stands for nothing.
	Learn func(n *Network, role string, largest float32)
}

// Roled is a struct of Decoder.Params that names the roles of outputs itself.
type Roled interface{ Roles() []string }

// Request is what a task is built from.
type Request struct {
	Networks []Loaded                 // the first one and the heads, in the catalogue's order
	Replicas []*inference.Interpreter // further interpreters of the first network, for frames side by side
	Liveness *Loaded                  // nil unless live faces are demanded

	Threshold float32  // least score of a result, 0..1
	Filter    []string // labels kept; empty keeps all
	Alarm     *Alarm   // nil for none
	Ensemble  bool     // heads that answer the same question are averaged
	Raw       bool     // no smoothing over time, and heads look at every object of every frame
	Adaptive  bool     // heads look at an object the sooner the more it changes
}

// Loaded is a network that is open.
type Loaded struct {
	*Network
	ID     string // in the catalogue
	Net    *inference.Interpreter
	Labels []string // by class
}

// Check is one rule for a catalogue entry.
type Check struct {
	Broken bool
	Rule   string // field and rule, as "iou: expected 0 to 1"
}

// First is the error of the first broken rule, nil when all hold.
func First(checks ...Check) error {
	for _, c := range checks {
		if c.Broken {
			return errors.New(c.Rule)
		}
	}
	return nil
}
