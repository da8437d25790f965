package models

import (
	"bytes"
	"cmp"
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

	"reterminal-vision/assets/demos"
	"reterminal-vision/inference/task"
)

//go:embed catalogue.json
var embedded []byte

// Default is the catalogue shipped in the binary; it is shared, so it is only
// read. A mistake in it is one of the build and panics.
var Default = sync.OnceValue(func() *Catalogue {
	c, err := decode(bytes.NewReader(embedded))
	if err == nil {
		err = c.addDemos(demos.Files())
	}
	if err == nil {
		err = c.check()
	}
	if err == nil {
		err = c.addAccuracy(bytes.NewReader(accuracies))
	}
	if err != nil {
		panic(err)
	}
	return c
})

// addDemos adds demos whose descriptions are in folders of their own, by ID, in
// the order of their positions.
func (c *Catalogue) addDemos(folders map[string][]byte) error {
	positions := map[string]int{}
	for id, text := range folders {
		d := struct {
			Demo
			Position int             `json:"position"`
			Clip     json.RawMessage `json:"clip"` // package demos reads it
			Text     demos.Texts     `json:"text"`
		}{}
		if err := decodeEntry("demo "+id, text, &d); err != nil {
			return err
		}
		en := d.Text["en"]
		d.ID, d.Title, d.Summary, d.How, d.Limits = id, en.Title, en.Summary, en.How, en.Limits
		positions[id] = d.Position
		c.Demos = append(c.Demos, d.Demo)
	}
	slices.SortFunc(c.Demos, func(a, b Demo) int {
		return cmp.Or(cmp.Compare(positions[a.ID], positions[b.ID]), strings.Compare(a.ID, b.ID))
	})
	return nil
}

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

// LoadCustom reads and checks, as Load does, a catalogue of what a person added.
// Every ID begins with CustomPrefix; a label list that is none of the program's
// is the file NAME.txt in lists.
func LoadCustom(r io.Reader, lists fs.FS) (*Catalogue, error) {
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
		if !strings.HasPrefix(d.ID, CustomPrefix) {
			return nil, fmt.Errorf("catalogue: demo %d %q: id: does not begin with %q", i+1, d.ID, CustomPrefix)
		}
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}

// readNames reads the label list of a model that a person added.
func (m *Model) readNames(lists fs.FS) error {
	if !m.Custom() {
		return fmt.Errorf("id: does not begin with %q", CustomPrefix)
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
		if err := decodeEntry(listed("model", i, text), text, &c.Models[i]); err != nil {
			return nil, err
		}
	}
	for i, text := range raw.Demos {
		if err := decodeEntry(listed("demo", i, text), text, &c.Demos[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// listed names an entry for messages, by its place and ID.
func listed(kind string, i int, text []byte) string {
	var named struct{ ID string }
	_ = json.Unmarshal(text, &named) // the entry may be anything
	return fmt.Sprintf("%s %d %q", kind, i+1, named.ID)
}

func decodeEntry(name string, text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("catalogue: %s: %w", name, err)
	}
	return nil
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
	decoder := m.Decoder()
	if decoder == nil {
		return fmt.Errorf("task: %q is not known", m.Task)
	}
	labels, labelErr := m.LabelList()
	if err := task.First(
		task.Check{Broken: !idPattern.MatchString(m.ID), Rule: "id: expected lower-case letters, digits, - and _"},
		task.Check{Broken: m.Title == "", Rule: "title: is empty"},
		task.Check{Broken: m.File == "" || m.File != filepath.Base(m.File) || m.File[0] == '.', Rule: "file: expected a plain file name"},
		task.Check{Broken: m.URL != "" && (urlErr != nil || u.Scheme != "https" || u.Host == ""), Rule: "url: expected an https address, or none for a file that only a mirror has"},
		task.Check{Broken: !shaPattern.MatchString(m.SHA256), Rule: "sha256: expected 64 lower-case hex digits"},
		task.Check{Broken: m.Size <= 0, Rule: "size: expected the number of bytes"},
		task.Check{Broken: m.Licence == "", Rule: "licence: is empty"},
		task.Check{Broken: m.Source == "", Rule: "source: is empty"},
		task.Check{Broken: m.Use != "" && m.Use != UseResearch, Rule: `use: expected "research", or nothing where all use is allowed`},
		task.Check{Broken: m.Variant != "" && !slices.Contains(Variants, m.Variant), Rule: "variant: expected one of " + strings.Join(Variants, ", ")},
		task.Check{Broken: decoder.Labels != (m.Labels != ""), Rule: fmt.Sprintf("labels: a model of the task %q has %s", m.Task, map[bool]string{true: "a list", false: "none"}[decoder.Labels])},
		task.Check{Broken: m.Labels != "" && labelErr != nil, Rule: fmt.Sprintf("labels: there is no list %q", m.Labels)},
		task.Check{Broken: m.LabelOffset < 0 || m.LabelOffset >= max(1, len(labels)), Rule: "labelOffset: is outside the label list"},
		task.Check{Broken: !decoder.NoThreshold && !(m.Threshold > 0 && m.Threshold < 1), Rule: "threshold: expected a score between 0 and 1"},
		task.Check{Broken: !(m.IoU >= 0 && m.IoU <= 1), Rule: "iou: expected 0 to 1"},
	); err != nil {
		return err
	}
	if err := checkInput(&m.Input); err != nil {
		return err
	}
	if err := m.checkOutputs(decoder); err != nil || decoder.Check == nil {
		return err
	}
	return decoder.Check(&m.Network, len(labels)-m.LabelOffset)
}

func checkInput(in *task.Input) error {
	return task.First(
		task.Check{Broken: in.Name == "", Rule: "input.name: is empty"},
		task.Check{Broken: len(in.Shape) != 4 || in.Shape[0] != 1 || in.Shape[3] != 3 || slices.Min(in.Shape) < 1, Rule: "input.shape: expected 1, height, width, 3"},
		task.Check{Broken: !slices.Contains(pictureTypes, in.DType), Rule: "input.dtype: expected one of " + strings.Join(pictureTypes, ", ")},
		task.Check{Broken: !(in.Std > 0), Rule: "input.std: expected more than 0"},
		task.Check{Broken: in.Resize != "stretch" && in.Resize != "letterbox", Rule: "input.resize: expected stretch or letterbox"},
	)
}

var (
	pictureTypes = []string{"uint8", "int8", "float32"}
	outputTypes  = append([]string{"int32", "int64"}, pictureTypes...)
)

func (m *Model) checkOutputs(d *task.Decoder) error {
	seen := map[string]bool{}
	needed := d.Roles
	if p, ok := m.Params.(task.Roled); ok {
		needed = p.Roles()
	}
	roles := slices.Concat(needed, d.Optional)
	for i, o := range m.Outputs {
		at := fmt.Sprintf("outputs[%d]", i)
		if err := task.First(
			task.Check{Broken: !slices.Contains(roles, o.Role), Rule: fmt.Sprintf("%s.role: %q is none of %s", at, o.Role, strings.Join(roles, ", "))},
			task.Check{Broken: seen[o.Role], Rule: fmt.Sprintf("%s.role: %q is used twice", at, o.Role)},
			task.Check{Broken: o.Name == "", Rule: at + ".name: is empty"},
			task.Check{Broken: len(o.Shape) == 0 || slices.Min(o.Shape) < 1, Rule: at + ".shape: expected positive sizes"},
			task.Check{Broken: !slices.Contains(outputTypes, o.DType), Rule: at + ".dtype: expected one of " + strings.Join(outputTypes, ", ")},
		); err != nil {
			return err
		}
		seen[o.Role] = true
	}
	for _, role := range needed {
		if !seen[role] {
			return fmt.Errorf("outputs: has no %q", role)
		}
	}
	return nil
}

func (c *Catalogue) checkDemo(d *Demo) error {
	if err := task.First(
		task.Check{Broken: !idPattern.MatchString(d.ID), Rule: "id: expected lower-case letters, digits, - and _"},
		task.Check{Broken: d.Title == "", Rule: "title: is empty"},
		task.Check{Broken: d.Summary == "", Rule: "summary: is empty"},
		task.Check{Broken: len(d.Models) == 0, Rule: "models: is empty"},
		task.Check{Broken: !(d.Threshold >= 0 && d.Threshold < 1), Rule: "threshold: expected a score between 0 and 1"},
	); err != nil {
		return err
	}
	kind := d.Kind()
	if kind == nil {
		return fmt.Errorf("task: %q is not known", d.Task)
	}
	var labels []string
	for _, id := range d.Models {
		list, err := c.checkStage(d, id, kind.Decoders)
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
			if _, err := c.checkStage(d, id, kind.Heads); err != nil {
				return err
			}
		}
	}
	if err := c.checkLiveness(d, kind); err != nil {
		return err
	}
	byArea := kind.Alarm == task.AlarmByArea
	if err := task.First(
		task.Check{Broken: (len(kind.Heads) > 0) != (len(d.Heads) > 0), Rule: fmt.Sprintf("heads: do not go with the task %q, or are missing", d.Task)},
		task.Check{Broken: d.Ensemble && len(d.Heads) < 2, Rule: "ensemble: expected two or more heads"},
		task.Check{Broken: d.Alarm != nil && kind.Alarm == task.NoAlarm, Rule: fmt.Sprintf("alarm: does not go with the task %q", d.Task)},
		task.Check{Broken: d.Alarm != nil && !(d.Alarm.Threshold > 0 && d.Alarm.Threshold < 1), Rule: "alarm.threshold: expected a probability between 0 and 1"},
		task.Check{Broken: d.Alarm != nil && byArea != (d.Alarm.Area > 0 && d.Alarm.Area < 1), Rule: "alarm.area: expected a part of the picture between 0 and 1 in a segmentation, none elsewhere"},
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

// checkStage checks that one of the decoders reads a model of the demo's and
// returns its labels.
func (c *Catalogue) checkStage(d *Demo, id string, decoders []*task.Decoder) ([]string, error) {
	m := c.Model(id)
	if m == nil {
		return nil, fmt.Errorf("models: there is no model %q", id)
	}
	if !slices.Contains(decoders, m.Decoder()) {
		return nil, fmt.Errorf("task: %q does not run %q, whose task is %q", d.Task, id, m.Task)
	}
	if m.Labels == "" {
		return nil, nil
	}
	return m.LabelList()
}

// checkLiveness checks the models that tell live faces.
func (c *Catalogue) checkLiveness(d *Demo, kind *task.Kind) error {
	if len(d.Liveness) > 0 && kind.CheckLiveness == nil {
		return fmt.Errorf("liveness: does not go with the task %q", d.Task)
	}
	for _, id := range d.Liveness {
		m := c.Model(id)
		if m == nil {
			return fmt.Errorf("liveness: there is no model %q", id)
		}
		if err := kind.CheckLiveness(&m.Network); err != nil {
			return fmt.Errorf("liveness: model %q: %w", id, err)
		}
	}
	return nil
}
