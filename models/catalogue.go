// Package models knows which networks the demos run and keeps their files.
//
// In: the networks (catalogue.json, embedded), the demos (assets/demos), label
// lists (labels/), entries that a person added, and a folder, mirror or web
// address that files come from. Out: the contract of every network's tensors, the demos built from
// them, and paths of model files whose size and SHA-256 have been checked.
//
// It imports assets/demos, inference/task and inference/tasks; app and ui may import it.
package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tasks"
)

// Catalogue lists the networks and the demos that run them.
type Catalogue struct {
	Models []Model
	Demos  []Demo
}

// Model describes one network: where its file comes from and what its
// tensors mean.
type Model struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	File    string `json:"file"`   // name of the file in the store
	URL     string `json:"url"`    // "" when only a mirror or this program has it
	SHA256  string `json:"sha256"` // 64 lower-case hex digits
	Size    int64  `json:"size"`   // bytes
	Licence string `json:"licence"`
	Source  string `json:"source"` // who published it
	// Use is what the licences of its training data allow, where that is less than
	// Licence does: "research" (non-commercial research only); "" for no more.
	Use string `json:"use,omitempty"`
	// Variant is how the weights are kept: "fp32", "fp16", "dynamic" (8-bit
	// weights), "int8" or "sparse"; "" where that is not known.
	Variant string `json:"variant,omitempty"`
	// Family is alike for networks that are one network in several variants; ""
	// for one that has no others.
	Family string `json:"family,omitempty"`
	// Network describes the tensors.
	task.Network
	// Labels names the label list; class c of the network is line
	// c+LabelOffset of it, counted from 0.
	Labels      string `json:"labels"`
	LabelOffset int    `json:"labelOffset,omitempty"`
	// Names are the list itself where it is none of the program's own: of a
	// model that a person added. LabelList gives either.
	Names []string `json:"-"`
	// Experimental marks a network trained to try the whole path out, which is
	// not yet good at its task.
	Experimental bool `json:"experimental,omitempty"`
	// Accuracy is how right the network is, the most telling figure first; none
	// where that was not measured.
	Accuracy []Accuracy `json:"-"`
}

// Demo is one tile of the gallery: a task and the networks that can do it.
type Demo struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Summary string `json:"summary"`
	How     string `json:"how,omitempty"`    // how it works, for visitors
	Limits  string `json:"limits,omitempty"` // what it cannot do, for visitors
	// Task names the kind of task, as task.Kind does.
	Task   string   `json:"task"`
	Models []string `json:"models"` // IDs, preferred first
	// Heads are the second stage of a demo on faces: for each, IDs, preferred first.
	Heads [][]string `json:"heads,omitempty"`
	// Ensemble averages what networks of several Heads answer by the same name, as
	// of a tight and a wide crop; without it the first one's answer counts. A
	// network that is listed in every one of them answers alone where it is chosen.
	Ensemble bool `json:"ensemble,omitempty"`
	// Liveness is what tells living faces from pictures of them, where a
	// recognition demands that: IDs, preferred first.
	Liveness  []string    `json:"liveness,omitempty"`
	Alarm     *task.Alarm `json:"alarm,omitempty"`
	Filter    []string    `json:"filter,omitempty"`    // labels kept; empty keeps all
	Threshold float32     `json:"threshold,omitempty"` // 0 leaves it to the model
	Builtin   string      `json:"builtin,omitempty"`   // name of the built-in footage
}

// Kind is the kind of task, nil when it is not known.
func (d *Demo) Kind() *task.Kind { return tasks.Find(d.Task) }

// Stages lists the alternatives of each stage: IDs, preferred first. The outer
// slice is the caller's, the inner ones are the demo's.
func (d *Demo) Stages() [][]string { return append([][]string{d.Models}, d.Heads...) }

// Needs lists every model that the demo could use, first stage first.
func (d *Demo) Needs() []string { return slices.Concat(d.Stages()...) }

// Keeps reports whether the demo shows results of this label. Case is
// ignored, since label lists differ in it.
func (d *Demo) Keeps(label string) bool {
	if len(d.Filter) == 0 {
		return true
	}
	for _, f := range d.Filter {
		if strings.EqualFold(f, label) {
			return true
		}
	}
	return false
}

// Model finds a network by its ID, nil when there is none.
func (c *Catalogue) Model(id string) *Model {
	for i := range c.Models {
		if c.Models[i].ID == id {
			return &c.Models[i]
		}
	}
	return nil
}

// Demo finds a demo by its ID, nil when there is none.
func (c *Catalogue) Demo(id string) *Demo {
	for i := range c.Demos {
		if c.Demos[i].ID == id {
			return &c.Demos[i]
		}
	}
	return nil
}

// CustomPrefix begins the IDs of models and demos that a person added.
const CustomPrefix = "own-"

// Custom reports whether a person added the model.
func (m *Model) Custom() bool { return strings.HasPrefix(m.ID, CustomPrefix) }

// LabelList returns the model's label list as Labels does, wherever it is kept.
func (m *Model) LabelList() ([]string, error) {
	if m.Names != nil {
		return slices.Clone(m.Names), nil
	}
	return Labels(m.Labels)
}

// With returns a catalogue that holds the further entries after its own. An ID
// or a file that both have is an error; neither catalogue changes.
func (c *Catalogue) With(more *Catalogue) (*Catalogue, error) {
	all := &Catalogue{Models: slices.Concat(c.Models, more.Models), Demos: slices.Concat(c.Demos, more.Demos)}
	if err := all.check(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return all, nil
}

// Decoder reads the network's tensors, nil when its task is not known.
func (m *Model) Decoder() *task.Decoder { return tasks.Decoder(m.Task) }

// plain is a Model without methods: the fields that every entry has.
type plain Model

// MarshalJSON writes the entry with the further fields of its decoder.
func (m Model) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(plain(m))
	if err != nil || m.Params == nil {
		return text, err
	}
	further, err := json.Marshal(m.Params)
	if err != nil || len(further) <= len("{}") {
		return text, err
	}
	return append(append(text[:len(text)-1], ','), further[1:]...), nil
}

// UnmarshalJSON reads the entry with the further fields of its decoder. A
// field that neither knows is an error.
func (m *Model) UnmarshalJSON(text []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	base, further := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for name, value := range all {
		if plainFields()[name] {
			base[name] = value
		} else {
			further[name] = value
		}
	}
	var p plain
	if err := decodeFields(base, &p); err != nil {
		return err
	}
	var params any = &struct{}{}
	d := tasks.Decoder(p.Task)
	if d != nil && d.Params != nil {
		params = d.Params()
		p.Params = params
	}
	*m = Model(p)
	return decodeFields(further, params)
}

// plainFields are the names of the fields that every entry has.
var plainFields = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	var list func(t reflect.Type)
	list = func(t reflect.Type) {
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous:
				list(f.Type)
			case name != "-":
				names[name] = true
			}
		}
	}
	list(reflect.TypeFor[plain]())
	return names
})

// decodeFields reads fields into a struct, which has to know all of them.
func decodeFields(fields map[string]json.RawMessage, into any) error {
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
