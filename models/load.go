package models

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	if err == nil {
		err = c.addAccuracy(bytes.NewReader(accuracies))
	}
	if err != nil {
		panic(err)
	}
	return c
})

// Load reads a catalogue and checks it. An error names the entry and the
// field at fault; fields that are not known are errors too.
func Load(r io.Reader) (*Catalogue, error) {
	c, err := decode(r)
	if err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}

// LoadOwn reads and checks, as Load does, a catalogue of what a person added.
// Every ID begins with OwnPrefix; a label list that is none of the program's
// is the file NAME.txt in lists.
func LoadOwn(r io.Reader, lists fs.FS) (*Catalogue, error) {
	c, err := decode(r)
	if err != nil {
		return nil, err
	}
	for i := range c.Models {
		if err := c.Models[i].readNames(lists); err != nil {
			return nil, fmt.Errorf("catalogue: model %d %q: %w", i+1, c.Models[i].ID, err)
		}
	}
	for i, d := range c.Demos {
		if !strings.HasPrefix(d.ID, OwnPrefix) {
			return nil, fmt.Errorf("catalogue: demo %d %q: id: does not begin with %q", i+1, d.ID, OwnPrefix)
		}
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}

// readNames reads the label list of a model that a person added.
func (m *Model) readNames(lists fs.FS) error {
	if !m.Own() {
		return fmt.Errorf("id: does not begin with %q", OwnPrefix)
	}
	if _, err := Labels(m.Labels); err == nil {
		return nil
	}
	if !idPattern.MatchString(m.Labels) {
		return fmt.Errorf("labels: %q is no name of a list", m.Labels)
	}
	f, err := lists.Open(m.Labels + ".txt")
	if err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	if m.Names, err = ReadLabels(f); err != nil {
		return fmt.Errorf("labels: %s.txt: %w", m.Labels, err)
	}
	return nil
}

func decode(r io.Reader) (*Catalogue, error) {
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
	shows    []string // the demo tasks it serves as the first stage
	heads    []string // the demo tasks it serves as the second
	roles    []string // its outputs
	optional []string // outputs it can do without
	labels   bool     // it has a label list
}

var modelTasks = map[string]modelTask{
	"ssd":         {shows: []string{"detect"}, roles: []string{"boxes", "classes", "scores", "count"}, labels: true},
	"ssd-anchors": {shows: []string{"detect"}, roles: []string{"boxes", "scores"}, labels: true},
	"yolo":        {shows: []string{"detect"}, roles: []string{"grid"}, optional: []string{"fine"}, labels: true},
	"yolov8":      {shows: []string{"detect"}, roles: []string{"boxes"}, labels: true},
	"segment":     {shows: []string{"segment"}, roles: []string{"map"}, labels: true},
	"classify":    {shows: []string{"classify"}, roles: []string{"scores"}, labels: true},
	"face":        {shows: []string{"attributes", "recognize"}, roles: []string{"boxes", "scores"}, optional: []string{"landmarks"}},
	"head":        {heads: []string{"attributes"}},
	"embedding":   {heads: []string{"recognize"}, roles: []string{"embedding"}},
}

// UseResearch marks a network whose training data is for non-commercial research only.
const UseResearch = "research"

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
	labels, labelErr := m.LabelList()
	if err := first(
		fault{!idPattern.MatchString(m.ID), "id: wants lower-case letters, digits, - and _"},
		fault{m.Title == "", "title: is empty"},
		fault{m.File == "" || m.File != filepath.Base(m.File) || m.File[0] == '.', "file: wants a plain file name"},
		fault{m.URL != "" && (urlErr != nil || u.Scheme != "https" || u.Host == ""), "url: wants an https address, or none for a file that only a mirror has"},
		fault{!shaPattern.MatchString(m.SHA256), "sha256: wants 64 lower-case hex digits"},
		fault{m.Size <= 0, "size: wants the number of bytes"},
		fault{m.Licence == "", "licence: is empty"},
		fault{m.Source == "", "source: is empty"},
		fault{m.Use != "" && m.Use != UseResearch, `use: wants "research", or nothing where all use is allowed`},
		fault{m.Variant != "" && !slices.Contains(Variants, m.Variant), "variant: wants one of " + strings.Join(Variants, ", ")},
		fault{!known, fmt.Sprintf("task: %q is not known", m.Task)},
		fault{known && task.labels != (m.Labels != ""), fmt.Sprintf("labels: a model of the task %q has %s", m.Task, map[bool]string{true: "a list", false: "none"}[task.labels])},
		fault{m.Labels != "" && labelErr != nil, fmt.Sprintf("labels: there is no list %q", m.Labels)},
		fault{m.LabelOffset < 0 || m.LabelOffset >= max(1, len(labels)), "labelOffset: is outside the label list"},
		fault{m.Task != "head" && !(m.Threshold > 0 && m.Threshold < 1), "threshold: wants a score between 0 and 1"},
		fault{!(m.IoU >= 0 && m.IoU <= 1), "iou: wants 0 to 1"},
		fault{m.Logits && m.Task != "classify", `logits: goes with the task "classify" and with no other`},
	); err != nil {
		return err
	}
	if err := m.Input.check(); err != nil {
		return err
	}
	if m.Head != nil {
		task.roles = m.Head.roles()
	}
	if err := m.checkOutputs(task); err != nil {
		return err
	}
	if err := m.checkDecoding(); err != nil {
		return err
	}
	return m.checkAnchors(len(labels))
}

func (in *Input) check() error {
	return first(
		fault{in.Name == "", "input.name: is empty"},
		fault{len(in.Shape) != 4 || in.Shape[0] != 1 || in.Shape[3] != 3 || slices.Min(in.Shape) < 1, "input.shape: wants 1, height, width, 3"},
		fault{!slices.Contains(pictureTypes, in.DType), "input.dtype: wants one of " + strings.Join(pictureTypes, ", ")},
		fault{!(in.Std > 0), "input.std: wants more than 0"},
		fault{in.Resize != "stretch" && in.Resize != "letterbox", "input.resize: wants stretch or letterbox"},
	)
}

var (
	pictureTypes = []string{"uint8", "int8", "float32"}
	outputTypes  = append([]string{"int32", "int64"}, pictureTypes...)
)

func (m *Model) checkOutputs(task modelTask) error {
	seen := map[string]bool{}
	roles := slices.Concat(task.roles, task.optional)
	for i, o := range m.Outputs {
		at := fmt.Sprintf("outputs[%d]", i)
		if err := first(
			fault{!slices.Contains(roles, o.Role), fmt.Sprintf("%s.role: %q is none of %s", at, o.Role, strings.Join(roles, ", "))},
			fault{seen[o.Role], fmt.Sprintf("%s.role: %q is used twice", at, o.Role)},
			fault{o.Name == "", at + ".name: is empty"},
			fault{len(o.Shape) == 0 || slices.Min(o.Shape) < 1, at + ".shape: wants positive sizes"},
			fault{!slices.Contains(outputTypes, o.DType), at + ".dtype: wants one of " + strings.Join(outputTypes, ", ")},
		); err != nil {
			return err
		}
		seen[o.Role] = true
	}
	for _, role := range task.roles {
		if !seen[role] {
			return fmt.Errorf("outputs: has no %q", role)
		}
	}
	return nil
}

// roles are the outputs that a head's answers are read from.
func (h *Head) roles() (roles []string) {
	for _, a := range h.Answers {
		roles = append(roles, a.Output)
		if a.Weights != "" {
			roles = append(roles, a.Weights)
		}
	}
	return roles
}

// answerLabels is how many labels an answer of each kind has; -1 is any.
var answerLabels = map[string]int{"softmax": -1, "logits": -1, "sigmoid": 2, "years": 0, "expectation": 0, "leaves": 2}

// checkDecoding checks the numbers that go with the task.
func (m *Model) checkDecoding() error {
	if err := first(
		fault{(m.YOLO != nil) != (m.Task == "yolo" || m.Task == "yolov8"), `yolo: goes with the tasks "yolo" and "yolov8" and with no other`},
		fault{(m.Face != nil) != (m.Task == "face"), `face: goes with the task "face" and with no other`},
		fault{(m.Head != nil) != (m.Task == "head"), `head: goes with the task "head" and with no other`},
	); err != nil {
		return err
	}
	switch {
	case m.YOLO != nil:
		y := m.YOLO
		kinds, units := []string{"v2", "v3"}, []string{"image", "cells", "pixels"}
		anchors := len(m.Outputs)
		if m.Task == "yolov8" {
			kinds, units, anchors = []string{"v8"}, []string{"image", "pixels"}, 0
		}
		return first(
			fault{!slices.Contains(kinds, y.Kind), "yolo.kind: wants one of " + strings.Join(kinds, ", ")},
			fault{!slices.Contains(units, y.Unit), "yolo.unit: wants one of " + strings.Join(units, ", ")},
			fault{len(y.Anchors) != anchors, fmt.Sprintf("yolo.anchors: wants %d lists, one an output", anchors)},
		)
	case m.Face != nil:
		return first(
			fault{m.Face.Kind != "ultralight" && m.Face.Kind != "blazeface", "face.kind: wants ultralight or blazeface"},
			fault{len(m.Face.Layers) == 0, "face.layers: is empty"},
			fault{m.Face.Fit != nil && !(m.Face.Fit.Width > 0 && m.Face.Fit.Height > 0), "face.fit: wants a width and a height of more than 0"},
		)
	case m.Head != nil:
		return m.Head.check()
	}
	return nil
}

func (h *Head) check() error {
	if len(h.Answers) == 0 {
		return errors.New("head.answers: is empty")
	}
	for i, a := range h.Answers {
		at := fmt.Sprintf("head.answers[%d]", i)
		labels, known := answerLabels[a.Kind]
		if err := first(
			fault{a.Name == "", at + ".name: is empty"},
			fault{!known, fmt.Sprintf("%s.kind: %q is not known", at, a.Kind)},
			fault{labels >= 0 && len(a.Labels) != labels, fmt.Sprintf("%s.labels: wants %d", at, labels)},
			fault{labels < 0 && len(a.Labels) < 2, at + ".labels: wants two or more"},
			fault{len(a.Sure) > 0 && len(a.Sure) != len(a.Labels), at + ".sure: wants one for each label"},
			fault{a.Smooth < 0, at + ".smooth: is negative"},
			fault{(a.Weights != "") != (a.Kind == "leaves"), at + `.weights: goes with the kind "leaves" and with no other`},
		); err != nil {
			return err
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
		list, err := c.checkStage(d, id, func(t modelTask) []string { return t.shows })
		if err != nil {
			return err
		}
		labels = append(labels, list...)
	}
	for _, alternatives := range d.Heads {
		if len(alternatives) == 0 {
			return errors.New("heads: has an empty list")
		}
		for _, id := range alternatives {
			if _, err := c.checkStage(d, id, func(t modelTask) []string { return t.heads }); err != nil {
				return err
			}
		}
	}
	for _, id := range d.Liveness {
		m := c.Model(id)
		if m == nil || m.Head == nil || m.Head.Answer("liveness") == nil || len(m.Head.Answer("liveness").Labels) != 2 {
			return fmt.Errorf("liveness: %q is no model that tells live faces from others", id)
		}
	}
	faces := d.Task == "attributes" || d.Task == "recognize"
	if err := first(
		fault{faces != (len(d.Heads) > 0), "heads: go with demos on faces, and with no other"},
		fault{d.Ensemble && len(d.Heads) < 2, "ensemble: wants two or more heads"},
		fault{len(d.Liveness) > 0 && d.Task != "recognize", `liveness: goes with the task "recognize" and with no other`},
		fault{d.Alarm != nil && d.Task != "classify" && d.Task != "segment", `alarm: goes with the tasks "classify" and "segment" and with no other`},
		fault{d.Alarm != nil && !(d.Alarm.Threshold > 0 && d.Alarm.Threshold < 1), "alarm.threshold: wants a probability between 0 and 1"},
		fault{d.Alarm != nil && (d.Task == "segment") != (d.Alarm.Area > 0 && d.Alarm.Area < 1), `alarm.area: wants a part of the picture between 0 and 1 for the task "segment", none for others`},
	); err != nil {
		return err
	}
	if d.Alarm != nil {
		for _, want := range d.Alarm.Labels {
			if !slices.Contains(labels, want) {
				return fmt.Errorf("alarm.labels: %q is a label of none of its models", want)
			}
		}
	}
	for _, want := range d.Filter {
		if !slices.ContainsFunc(labels, func(l string) bool { return strings.EqualFold(l, want) }) {
			return fmt.Errorf("filter: %q is a label of none of its models", want)
		}
	}
	return nil
}

// checkStage checks that a model serves the demo and returns its labels.
func (c *Catalogue) checkStage(d *Demo, id string, serves func(modelTask) []string) ([]string, error) {
	m := c.Model(id)
	if m == nil {
		return nil, fmt.Errorf("models: there is no model %q", id)
	}
	if !slices.Contains(serves(modelTasks[m.Task]), d.Task) {
		return nil, fmt.Errorf("task: %q does not run %q, whose task is %q", d.Task, id, m.Task)
	}
	if m.Labels == "" {
		return nil, nil
	}
	return m.LabelList()
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
