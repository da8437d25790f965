// Package demo opens the networks of a demo and makes its task of them.
//
// In: a demo's ID and the configuration. Out: a Task that is ready to run, with
// replicas of its first network and frame skipping as configured. It imports
// app/backend, app/cli, app/config, app/library, app/watchdog, inference with
// inference/frameskip, inference/recognize and inference/task, and models; app
// and its packages may import it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/inference"
	"reterminal-vision/inference/frameskip"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/models"
)

// Task is a demo with its networks open.
type Task struct {
	inference.Task
	Recognizer *recognize.Task // the task, without frame skipping, where it recognises people; else nil

	Demo        *models.Demo
	Models      []*models.Model          // in the order they run
	Nets        []*inference.Interpreter // theirs; they belong to the task
	ReplicaNets []*inference.Interpreter // of further replicas, for the first model
	Refused     error                    // why a network runs on XNNPACK and not on the chosen delegate
}

// WarmUp runs every network once: the first run allocates its memory, which the
// first frame need not wait for. Errors come again with the frames.
func (t *Task) WarmUp(v *watchdog.Watchdog) {
	for _, net := range slices.Concat(t.Nets, t.ReplicaNets) {
		v.Enter(watchdog.WarmUp)
		_ = net.Invoke()
		v.Leave(watchdog.WarmUp)
	}
}

// Imported reports whether one of the networks is imported.
func (t *Task) Imported() bool { return slices.ContainsFunc(t.Models, (*models.Model).Custom) }

// Replicas is how many frames the first network infers side by side.
func (t *Task) Replicas() int { return 1 + len(t.ReplicaNets) }

// Title names the networks for the screen.
func (t *Task) Title() string {
	var titles []string
	for _, m := range t.Models {
		titles = append(titles, m.Title)
	}
	return strings.Join(titles, " + ")
}

// IDs names the networks for a table.
func (t *Task) IDs() string {
	var ids []string
	for _, m := range t.Models {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " + ")
}

// ModelError says that a demo's model is missing or unusable, with the remedy.
type ModelError struct {
	Demo   *models.Demo
	Err    error
	Remedy string
}

func (e *ModelError) Error() string { return fmt.Sprintf("%s: %v. %s", e.Demo.Title, e.Err, e.Remedy) }
func (e *ModelError) Unwrap() error { return e.Err }

// Detail words the error for the screen.
func (e *ModelError) Detail() string {
	return strings.ReplaceAll(e.Err.Error(), "\n", "; ")
}

// Open opens, for each stage of the demo, the first of its models that is present
// and sound. ctx ends the probe of a delegate, and nothing else.
func Open(ctx context.Context, cfg config.Config, id string) (*Task, error) {
	known := library.Catalogue()
	demo := known.Demo(id)
	if demo == nil {
		return nil, fmt.Errorf("no demo %q: choose one of %s", id, strings.Join(library.DemoIDs(), ", "))
	}
	b := &builder{ctx: ctx, cfg: cfg, threads: cfg.Threads, catalogue: known, demo: demo}
	stages, err := chooseModels(demo, cfg.Model)
	if err != nil {
		return nil, err
	}
	for _, wanted := range stages {
		if Answered(wanted, b.models) {
			continue
		}
		if err := b.load(wanted); err != nil {
			b.close()
			return nil, err
		}
		if len(b.nets) == 1 {
			if err := b.addReplicas(); err != nil {
				b.close()
				return nil, &ModelError{Demo: demo, Err: err, Remedy: "Choose fewer replicas with --replicas."}
			}
		}
	}
	if cfg.Liveness && len(demo.Liveness) > 0 {
		if err := b.load(demo.Liveness); err != nil {
			b.close()
			return nil, err
		}
		b.liveness = b.models[len(b.models)-1]
	}
	task, err := b.build()
	if err != nil {
		b.close()
		return nil, &ModelError{Demo: demo, Err: err, Remedy: "Choose another model with --model."}
	}
	recognizer, _ := task.(*recognize.Task)
	slog.Debug("networks ready", "demo", id)
	return &Task{Task: b.skipping(task), Recognizer: recognizer, Demo: demo, Models: b.models, Nets: b.nets, ReplicaNets: b.replicaNets, Refused: b.refused}, nil
}

// Answered reports whether one of the models chosen before is among the
// candidates of a stage: one network may answer for two stages.
func Answered(candidates []string, chosen []*models.Model) bool {
	return slices.ContainsFunc(chosen, func(m *models.Model) bool { return slices.Contains(candidates, m.ID) })
}

// chooseModels lists the candidates of each stage; those named in choice,
// comma-separated, take the place of the stage that lists them.
func chooseModels(demo *models.Demo, choice string) ([][]string, error) {
	stages := demo.Stages()
	if choice == "" {
		return stages, nil
	}
	for _, id := range strings.Split(choice, ",") {
		id = strings.TrimSpace(id)
		found := false
		for i, candidates := range stages {
			for _, c := range candidates {
				if c == id {
					stages[i], found = []string{id}, true
				}
			}
		}
		if !found {
			return nil, cli.Usagef("no model %q for the demo %s: choose of %s", id, demo.ID, strings.Join(demo.Needs(), ", "))
		}
	}
	return stages, nil
}

// builder collects the networks of a demo.
type builder struct {
	ctx         context.Context // of this one opening
	cfg         config.Config
	catalogue   *models.Catalogue
	demo        *models.Demo
	threads     int // of each network
	models      []*models.Model
	nets        []*inference.Interpreter
	replicaNets []*inference.Interpreter // like the first, for further replicas
	liveness    *models.Model            // the one of models that tells live faces, nil unless demanded
	refused     error                    // why a network runs on XNNPACK and not on the chosen delegate
}

func (b *builder) close() {
	for _, net := range slices.Concat(b.nets, b.replicaNets) {
		net.Close()
	}
}

// load opens the first of the wanted models that is present and sound.
func (b *builder) load(wanted []string) error {
	var failed []error
	for _, id := range wanted {
		model := b.catalogue.Model(id)
		net, err := b.open(model)
		if err == nil {
			b.models, b.nets = append(b.models, model), append(b.nets, net)
			return nil
		}
		slog.Debug("model cannot be used", "model", id, "error", err)
		failed = append(failed, err)
	}
	remedy := "Fetch it with 'reterminal-vision models fetch " + wanted[0] + "'."
	if b.catalogue.Model(wanted[0]).Custom() {
		remedy = "Remove it and import it again."
	}
	return &ModelError{Demo: b.demo, Err: errors.Join(failed...), Remedy: remedy}
}

func (b *builder) open(model *models.Model) (*inference.Interpreter, error) {
	net, refused, err := OpenModel(b.ctx, b.cfg, b.threads, model)
	if refused != nil {
		b.refused = refused
	}
	return net, err
}

// OpenModel opens one network of the catalogue; refused says why it runs on
// XNNPACK and not on the delegate of cfg.
func OpenModel(ctx context.Context, cfg config.Config, threads int, model *models.Model) (net *inference.Interpreter, refused, err error) {
	path, err := library.OpenStore(cfg.ModelsDir).Find(model)
	if err != nil {
		return nil, nil, err
	}
	net, refused, err = backend.Open(ctx, path, inference.Options{
		Threads: threads, Delegate: cfg.Delegate, NoOptimize: cfg.NoOptimize, LeaveResize: model.Decoder().LeaveResize,
	})
	if err != nil {
		return nil, nil, err
	}
	if err := checkInput(net, model); err != nil {
		net.Close()
		return nil, nil, err
	}
	return net, refused, nil
}

// Build makes the task of a demo with one network, which is open. It takes
// over the network.
func Build(cfg config.Config, d *models.Demo, model *models.Model, net *inference.Interpreter) (inference.Task, error) {
	b := &builder{cfg: cfg, demo: d, models: []*models.Model{model}, nets: []*inference.Interpreter{net}}
	err := checkInput(net, model)
	var task inference.Task
	if err == nil {
		task, err = b.build()
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return task, nil
}

// skipping adds the frame skipping of the configuration to the task.
func (b *builder) skipping(task inference.Task) inference.Task {
	if b.cfg.Raw || b.cfg.Unpaced && b.cfg.FrameSkip == config.SkipAuto {
		return task
	}
	return frameskip.New(task, frameskip.Config{Mode: skipMode(b.cfg, b.demo)})
}

// skipMode is the frame skipping of the configuration for a demo.
func skipMode(cfg config.Config, d *models.Demo) frameskip.Mode {
	switch how := cfg.EffectiveFrameSkip(); {
	case how == config.SkipOff:
		return frameskip.Off
	case how == config.SkipPropagate && d.Kind().Propagates:
		return frameskip.Propagate
	}
	return frameskip.Unchanged
}

// Adjust applies those parts of a changed configuration that need no network
// opened: the confidence threshold and frame skipping, from the next frame on.
func (t *Task) Adjust(cfg config.Config) {
	if a, ok := t.Task.(inference.Adjustable); ok {
		a.SetThreshold(Threshold(cfg, t.Demo, t.Models[0]))
	}
	if s, ok := t.Task.(*frameskip.Task); ok {
		s.SetMode(skipMode(cfg, t.Demo))
	}
}

// checkInput compares the network's first input with the catalogue.
func checkInput(net *inference.Interpreter, model *models.Model) error {
	dtype, err := inference.ParseDType(model.Input.DType)
	if err != nil {
		return err
	}
	want := inference.Contract{Name: model.Input.Name, Shape: model.Input.Shape, DType: dtype}
	if err := want.Check(net.Inputs[0]); err != nil {
		return fmt.Errorf("model %s is not %s: %w", net.Name, model.Title, err)
	}
	return nil
}
