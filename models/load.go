package models

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed catalogue.json
var embedded []byte

// Default is the catalogue shipped in the binary; it is shared, so it is only
// read. A mistake in it is one of the build and panics.
var Default = sync.OnceValue(func() *Catalogue {
	c, err := Load(bytes.NewReader(embedded))
	if err != nil {
		panic(err)
	}
	return c
})

// Load reads a catalogue and checks it. An error names the entry and the
// field at fault; fields that are not known are errors too.
func Load(r io.Reader) (*Catalogue, error) {
	var raw struct {
		Models []json.RawMessage `json:"models"`
		Demos  []json.RawMessage `json:"demos"`
	}
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("catalogue: text after its end")
	}
	c := &Catalogue{Models: make([]Model, len(raw.Models)), Demos: make([]Demo, len(raw.Demos))}
	for i, text := range raw.Models {
		if err := decodeEntry("model", i, text, &c.Models[i]); err != nil {
			return nil, err
		}
	}
	for i, text := range raw.Demos {
		if err := decodeEntry("demo", i, text, &c.Demos[i]); err != nil {
			return nil, err
		}
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}

func decodeEntry(kind string, i int, text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		var named struct{ ID string }
		_ = json.Unmarshal(text, &named) // only for the message
		return fmt.Errorf("catalogue: %s %d %q: %w", kind, i+1, named.ID, err)
	}
	return nil
}

// modelTask is what a decoder asks of the networks it reads.
type modelTask struct {
	shows string   // the demo task it serves
	roles []string // its outputs
}

var modelTasks = map[string]modelTask{
	"ssd":         {shows: "detect", roles: []string{"boxes", "classes", "scores", "count"}},
	"ssd-anchors": {shows: "detect", roles: []string{"boxes", "scores"}},
}

var (
	idPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	shaPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (c *Catalogue) check() error {
	ids, files := map[string]bool{}, map[string]bool{}
	for i := range c.Models {
		m := &c.Models[i]
		if err := m.check(); err != nil {
			return fmt.Errorf("model %d %q: %w", i+1, m.ID, err)
		}
		if ids[m.ID] {
			return fmt.Errorf("model %d %q: id: used twice", i+1, m.ID)
		}
		if files[m.File] {
			return fmt.Errorf("model %d %q: file: %q is used twice", i+1, m.ID, m.File)
		}
		ids[m.ID], files[m.File] = true, true
	}
	ids = map[string]bool{}
	for i := range c.Demos {
		d := &c.Demos[i]
		if err := c.checkDemo(d); err != nil {
			return fmt.Errorf("demo %d %q: %w", i+1, d.ID, err)
		}
		if ids[d.ID] {
			return fmt.Errorf("demo %d %q: id: used twice", i+1, d.ID)
		}
		ids[d.ID] = true
	}
	return nil
}

func (m *Model) check() error {
	u, urlErr := url.Parse(m.URL)
	task, known := modelTasks[m.Task]
	labels, labelErr := Labels(m.Labels)
	if err := first(
		fault{!idPattern.MatchString(m.ID), "id: wants lower-case letters, digits, - and _"},
		fault{m.Title == "", "title: is empty"},
		fault{m.File == "" || m.File != filepath.Base(m.File) || m.File[0] == '.', "file: wants a plain file name"},
		fault{urlErr != nil || u.Scheme != "https" || u.Host == "", "url: wants an https address"},
		fault{!shaPattern.MatchString(m.SHA256), "sha256: wants 64 lower-case hex digits"},
		fault{m.Size <= 0, "size: wants the number of bytes"},
		fault{m.Licence == "", "licence: is empty"},
		fault{m.Source == "", "source: is empty"},
		fault{!known, fmt.Sprintf("task: %q is not known", m.Task)},
		fault{labelErr != nil, fmt.Sprintf("labels: there is no list %q", m.Labels)},
		fault{m.LabelOffset < 0 || m.LabelOffset >= max(1, len(labels)), "labelOffset: is outside the label list"},
		fault{!(m.Threshold > 0 && m.Threshold < 1), "threshold: wants a score between 0 and 1"},
		fault{!(m.IoU >= 0 && m.IoU <= 1), "iou: wants 0 to 1"},
	); err != nil {
		return err
	}
	if err := m.Input.check(); err != nil {
		return err
	}
	if err := m.checkOutputs(task.roles); err != nil {
		return err
	}
	return m.checkAnchors(len(labels))
}

func (in *Input) check() error {
	return first(
		fault{in.Name == "", "input.name: is empty"},
		fault{len(in.Shape) != 4 || in.Shape[0] != 1 || in.Shape[3] != 3 || slices.Min(in.Shape) < 1, "input.shape: wants 1, height, width, 3"},
		fault{in.DType != "uint8" && in.DType != "float32", "input.dtype: wants uint8 or float32"},
		fault{!(in.Std > 0), "input.std: wants more than 0"},
		fault{in.Resize != "stretch" && in.Resize != "letterbox", "input.resize: wants stretch or letterbox"},
	)
}

func (m *Model) checkOutputs(roles []string) error {
	seen := map[string]bool{}
	for i, o := range m.Outputs {
		at := fmt.Sprintf("outputs[%d]", i)
		if err := first(
			fault{!slices.Contains(roles, o.Role), fmt.Sprintf("%s.role: %q is none of %s", at, o.Role, strings.Join(roles, ", "))},
			fault{seen[o.Role], fmt.Sprintf("%s.role: %q is used twice", at, o.Role)},
			fault{o.Name == "", at + ".name: is empty"},
			fault{len(o.Shape) == 0 || slices.Min(o.Shape) < 1, at + ".shape: wants positive sizes"},
			fault{o.DType != "uint8" && o.DType != "float32", at + ".dtype: wants uint8 or float32"},
		); err != nil {
			return err
		}
		seen[o.Role] = true
	}
	for _, role := range roles {
		if !seen[role] {
			return fmt.Errorf("outputs: has no %q", role)
		}
	}
	return nil
}

func (m *Model) checkAnchors(labels int) error {
	a, wanted := m.Anchors, m.Task == "ssd-anchors"
	if a == nil || !wanted {
		return first(fault{(a != nil) != wanted, `anchors: go with the task "ssd-anchors" and with no other`})
	}
	if err := first(
		fault{len(a.Strides) < 2 || slices.Min(a.Strides) < 1, "anchors.strides: wants two or more strides in pixels"},
		fault{!(a.MinScale > 0 && a.MinScale < a.MaxScale && a.MaxScale <= 1), "anchors.minScale: wants 0 < minScale < maxScale <= 1"},
		fault{len(a.Ratios) == 0 || slices.Min(a.Ratios) <= 0, "anchors.ratios: wants positive numbers"},
		fault{a.InterpolatedRatio < 0, "anchors.interpolatedRatio: is negative"},
		fault{slices.Min(a.BoxScale[:]) <= 0, "anchors.boxScale: wants four positive numbers"},
		fault{a.Background < -1 || a.Background >= labels, "anchors.background: is outside the label list"},
		fault{m.Input.Shape[1] != m.Input.Shape[2], "input.shape: anchors want a square picture"},
	); err != nil {
		return err
	}
	n, boxes, scores := a.Count(m.Input.Shape[1]), m.Output("boxes").Shape, m.Output("scores").Shape
	return first(
		fault{!slices.Equal(boxes, []int{1, n, 4}), fmt.Sprintf("anchors: give %d boxes, the output has shape %v", n, boxes)},
		fault{len(scores) != 3 || scores[1] != n, fmt.Sprintf("anchors: give %d rows of scores, the output has shape %v", n, scores)},
		fault{len(scores) == 3 && scores[2]+m.LabelOffset > labels, fmt.Sprintf("labels: has %d lines, the output has shape %v", labels, scores)},
	)
}

func (c *Catalogue) checkDemo(d *Demo) error {
	if err := first(
		fault{!idPattern.MatchString(d.ID), "id: wants lower-case letters, digits, - and _"},
		fault{d.Title == "", "title: is empty"},
		fault{d.Summary == "", "summary: is empty"},
		fault{len(d.Models) == 0, "models: is empty"},
		fault{!(d.Threshold >= 0 && d.Threshold < 1), "threshold: wants a score between 0 and 1"},
	); err != nil {
		return err
	}
	var labels []string
	for _, id := range d.Models {
		m := c.Model(id)
		if m == nil {
			return fmt.Errorf("models: there is no model %q", id)
		}
		if shows := modelTasks[m.Task].shows; shows != d.Task {
			return fmt.Errorf("task: %q does not run %q, whose task %q is for %q", d.Task, id, m.Task, shows)
		}
		list, err := Labels(m.Labels)
		if err != nil {
			return err
		}
		labels = append(labels, list...)
	}
	for _, want := range d.Filter {
		if !slices.ContainsFunc(labels, func(l string) bool { return strings.EqualFold(l, want) }) {
			return fmt.Errorf("filter: %q is a label of none of its models", want)
		}
	}
	return nil
}

// fault is one rule of the catalogue and whether it is broken.
type fault struct {
	is   bool
	what string // field and rule
}

// first is the error of the first broken rule.
func first(faults ...fault) error {
	for _, f := range faults {
		if f.is {
			return errors.New(f.what)
		}
	}
	return nil
}
