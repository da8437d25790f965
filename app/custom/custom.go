// Package custom makes demos of model files that people import.
//
// In: a .tflite file and a choice of decoder and labels. Out: a description of
// what the file takes and gives; and, in a folder, a verified copy with its
// labels and an entry as the catalogue has them. A network is probed in another
// process before it is taken. It imports app/durable, app/probe,
// inference/tflite, inference/task, inference/tasks and models; app and its
// packages may import it.
package custom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"reterminal-vision/app/durable"
	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tasks"
	"reterminal-vision/models"
)

// Choice is what a person decides about a file.
type Choice struct {
	Title  string // "" takes the file's name
	Task   string // one of Tasks()
	Labels string // a file, or the name of one of the program's lists; "" takes those packed into the model, else numbers
	// Mean and Std give the network (x-Mean)/Std of every byte x; Std 0 leaves
	// both to the file.
	Mean, Std float32
	Resize    string  // "stretch" or "letterbox"; "" is the former
	Threshold float32 // least score shown, 0..1; 0 leaves it to the task
}

// ListName is the file with the entries, in the folder of the models.
const ListName = "catalogue.json"

// List reads what was imported into the folder: nothing where there is none.
func List(folder string) (*models.Catalogue, error) {
	path := filepath.Join(folder, ListName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &models.Catalogue{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("custom models: %w: check that this user may read it", err)
	}
	defer f.Close()
	c, err := models.LoadCustom(f, os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("custom models %s: %w: import them again", path, err)
	}
	return c, nil
}

// Import checks the file and the choice, runs the network once in another
// process, and takes a copy of the file and of its labels into the folder. On
// an error the folder is as it was.
func Import(ctx context.Context, folder, file string, choice Choice) (models.Model, models.Demo, error) {
	m, d, err := importFile(ctx, folder, file, choice)
	if err != nil {
		return models.Model{}, models.Demo{}, fmt.Errorf("import of %s: %w", file, err)
	}
	return m, d, nil
}

func importFile(ctx context.Context, folder, file string, choice Choice) (m models.Model, d models.Demo, err error) {
	title, err := checkTitle(choice.Title, file)
	if err != nil {
		return m, d, err
	}
	about, err := inspect(file)
	if err != nil {
		return m, d, err
	}
	m, err = about.entry(choice)
	if err != nil {
		return m, d, err
	}
	m.Title = title
	trial := Probe{Model: m, Labels: m.Names}
	if trial.Labels == nil {
		if trial.Labels, err = models.Labels(m.Labels); err != nil {
			return m, d, err
		}
	}
	ran, err := probeModel(ctx, file, trial)
	if err != nil {
		return m, d, fmt.Errorf("the network was tried and cannot be used: %w", err)
	}
	if err := learn(&m, ran); err != nil {
		return m, d, err
	}
	return add(ctx, folder, file, m)
}

// checkTitle refuses what no screen can show, and what could be a path.
func checkTitle(title, file string) (string, error) {
	title = strings.TrimSpace(title)
	if title == "" {
		title = titleOf(file)
	}
	switch {
	case strings.ContainsAny(title, `/\`):
		return "", fmt.Errorf("title %q: write it without / and \\", title)
	case title == "" || !utf8.ValidString(title) || !strings.ContainsFunc(title, unicode.IsPrint) || strings.ContainsFunc(title, unicode.IsControl):
		return "", fmt.Errorf("title %q: give it a name of letters and digits", title)
	case utf8.RuneCountInString(title) > 60:
		return "", fmt.Errorf("title %q: has more than 60 letters: choose a shorter one", title)
	}
	return title, nil
}

// titleOf makes a title of the file's name.
func titleOf(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	printable := strings.Map(func(r rune) rune {
		if r == '\\' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, name)
	if letters := []rune(strings.TrimSpace(printable)); len(letters) > 0 {
		return strings.TrimSpace(string(letters[:min(len(letters), 60)]))
	}
	return "Own model"
}

// entry is the model as the catalogue would have it, but for its names and for
// shapes that only running it tells.
func (d *Description) entry(c Choice) (m models.Model, err error) {
	if !slices.Contains(Tasks(), c.Task) {
		return m, fmt.Errorf("task %q: choose one of %s", c.Task, strings.Join(Tasks(), ", "))
	}
	at := slices.IndexFunc(d.Fits, func(f Fit) bool { return f.Task == c.Task })
	if at < 0 {
		if len(d.Fits) == 0 {
			return m, fmt.Errorf("the network fits no task: %s", d.Unfit)
		}
		var fits []string
		for _, f := range d.Fits {
			fits = append(fits, f.Task)
		}
		return m, fmt.Errorf("the network does not fit the task %s: choose %s", c.Task, strings.Join(fits, " or "))
	}
	f := d.Fits[at]
	list, builtin, err := chosenLabels(c.Labels, d, &f)
	if err != nil {
		return m, err
	}
	offset, err := matchLabels(list, &f.Fit)
	if err != nil {
		return m, err
	}
	in := d.Inputs[0]
	m = models.Model{
		SHA256: d.SHA256, Size: d.Size, Licence: "not known", Source: "Imported from " + filepath.Base(d.File), Variant: d.Variant,
		LabelOffset: offset, Labels: builtin,
		Network: task.Network{
			Task: f.Task, Threshold: f.Threshold, IoU: f.IoU, Params: f.Params,
			Input: task.Input{Name: in.Name, Shape: in.Shape, DType: in.DType, Mean: f.Mean, Std: f.Std, Resize: f.Resize},
		},
	}
	if builtin == "" {
		m.Names = list
	}
	for _, r := range f.Outputs {
		o := d.Outputs[r.Place]
		m.Outputs = append(m.Outputs, task.Output{Role: r.Role, Name: o.Name, Shape: o.Shape, DType: o.DType})
	}
	return m, override(&m, c)
}

// override puts what a person chose in the place of what the file suggests.
func override(m *models.Model, c Choice) error {
	switch {
	case c.Std < 0 || c.Std == 0 && c.Mean != 0:
		return fmt.Errorf("std %g: choose more than 0, as in mean 127.5 and std 127.5", c.Std)
	case c.Resize != "" && c.Resize != "stretch" && c.Resize != "letterbox":
		return fmt.Errorf("resize %q: choose stretch or letterbox", c.Resize)
	case !(c.Threshold >= 0 && c.Threshold < 1):
		return fmt.Errorf("threshold %g: choose 0 to 1", c.Threshold)
	}
	if c.Std > 0 {
		m.Input.Mean, m.Input.Std = c.Mean, c.Std
	}
	if c.Resize != "" {
		m.Input.Resize = c.Resize
	}
	if c.Threshold > 0 {
		m.Threshold = c.Threshold
	}
	return nil
}

// learn takes over what only running the network tells.
func learn(m *models.Model, ran ProbeResult) error {
	for i := range m.Outputs {
		o := &m.Outputs[i]
		at := slices.IndexFunc(ran.Outputs, func(r ProbedOutput) bool { return r.Name == o.Name })
		if at < 0 {
			return fmt.Errorf("the network has no output %q once it runs: convert it anew", o.Name)
		}
		o.Shape = ran.Outputs[at].Shape
		if learn := m.Decoder().Learn; learn != nil {
			learn(&m.Network, o.Role, ran.Outputs[at].Greatest)
		}
	}
	return nil
}

// demo is the gallery's tile of the model.
func demo(m *models.Model, labels int) models.Demo {
	kind := tasks.Of(m.Task)
	return models.Demo{
		ID: m.ID, Title: m.Title, Task: kind.Name, Models: []string{m.ID}, Builtin: "traffic",
		Summary: fmt.Sprintf("Your own model: %s, %d labels, %d x %d pixels.", kind.Verb, labels, m.Input.Shape[2], m.Input.Shape[1]),
	}
}

// add copies the files and lists the entry, last of all.
func add(ctx context.Context, folder, file string, m models.Model) (models.Model, models.Demo, error) {
	fail := func(err error) (models.Model, models.Demo, error) {
		if errors.Is(err, unix.ENOSPC) {
			err = fmt.Errorf("%w: delete models that are not needed", err)
		}
		return models.Model{}, models.Demo{}, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fail(fmt.Errorf("%w: check that this user may write there", err))
	}
	unlock, err := lock(folder)
	if err != nil {
		return fail(err)
	}
	defer unlock()
	all, err := List(folder)
	if err != nil {
		// Nothing of what cannot be understood is lost.
		path := filepath.Join(folder, ListName)
		if moved := os.Rename(path, path+".damaged"); moved != nil {
			return fail(errors.Join(err, moved))
		}
		all = &models.Catalogue{}
	}
	for _, other := range all.Models {
		if other.SHA256 == m.SHA256 && other.Task == m.Task {
			return fail(fmt.Errorf("it is here already, as %s (%s): remove that first", other.ID, other.Title))
		}
	}
	m.ID = newID(folder, all, m.Title)
	m.File = m.ID + ".tflite"
	if m.Labels == "" {
		m.Labels = m.ID
	}
	labels, err := m.LabelList()
	if err != nil {
		return fail(err)
	}
	d := demo(&m, len(labels)-m.LabelOffset)
	all.Models, all.Demos = append(all.Models, m), append(all.Demos, d)
	if _, err := models.Default().With(all); err != nil {
		return fail(fmt.Errorf("the network cannot be listed: %w", err))
	}
	err = copyFile(ctx, filepath.Join(folder, m.File), file, m.SHA256)
	if err == nil && m.Names != nil {
		err = writeLabels(filepath.Join(folder, m.Labels+".txt"), m.Names)
	}
	if err == nil {
		err = save(folder, all)
	}
	if err != nil {
		deleteFiles(folder, &m)
		return fail(err)
	}
	return m, d, nil
}

// newID makes an ID of the title that neither an entry nor a file has.
func newID(folder string, all *models.Catalogue, title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == "" {
		name = "model"
	}
	for n := 1; ; n++ {
		id := models.CustomPrefix + name
		if n > 1 {
			id = fmt.Sprintf("%s-%d", id, n)
		}
		_, noModel := os.Lstat(filepath.Join(folder, id+".tflite"))
		_, noLabels := os.Lstat(filepath.Join(folder, id+".txt"))
		if all.Model(id) == nil && all.Demo(id) == nil && noModel != nil && noLabels != nil {
			return id
		}
	}
}

// copyFile copies the file that was inspected, and no other.
func copyFile(ctx context.Context, to, from, sha256Hex string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return durable.Write(to, 0o644, func(w io.Writer) error {
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, h), untilDone{ctx, in}); err != nil {
			return err
		}
		if hex.EncodeToString(h.Sum(nil)) != sha256Hex {
			return errors.New("it changed while it was read: check its disk and import it again")
		}
		return nil
	})
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}

func writeLabels(path string, list []string) error {
	var text strings.Builder
	for _, label := range list {
		if label == "" {
			label = "-"
		}
		text.WriteString(label + "\n")
	}
	return durable.WriteText(path, 0o644, text.String())
}

func save(folder string, c *models.Catalogue) error {
	return durable.Write(filepath.Join(folder, ListName), 0o644, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Models []models.Model `json:"models"`
			Demos  []models.Demo  `json:"demos"`
		}{c.Models, c.Demos})
	})
}

// Remove takes a model, its labels and its demo out of the folder.
func Remove(folder, id string) error {
	if err := remove(folder, id); err != nil {
		return fmt.Errorf("remove %q: %w", id, err)
	}
	return nil
}

func remove(folder, id string) error {
	notThere := errors.New("there is no imported model of that ID; see: reterminal-vision models list")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return notThere
	}
	unlock, err := lock(folder)
	if err != nil {
		return err
	}
	defer unlock()
	all, err := List(folder)
	if err != nil {
		return err
	}
	found := all.Model(id)
	if found == nil {
		return notThere
	}
	m := *found
	all.Models = slices.DeleteFunc(all.Models, func(m models.Model) bool { return m.ID == id })
	all.Demos = slices.DeleteFunc(all.Demos, func(d models.Demo) bool { return slices.Contains(d.Models, id) })
	// The entry goes first: files without one are only in the way.
	if err := save(folder, all); err != nil {
		return err
	}
	return deleteFiles(folder, &m)
}

// deleteFiles deletes what was copied for the model.
func deleteFiles(folder string, m *models.Model) error {
	files := []string{m.File}
	if m.Names != nil {
		files = append(files, m.Labels+".txt")
	}
	var failed error
	for _, name := range files {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// lock keeps every other process from changing the folder. The lock file stays:
// removing it would let two holders in.
func lock(folder string) (unlock func(), err error) {
	path := filepath.Join(folder, ".lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%w: check that this user may write there", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
