package app

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"reterminal-vision/inference"
	"reterminal-vision/inference/detect"
	"reterminal-vision/models"
)

// demoTask is a demo with its networks loaded.
type demoTask struct {
	inference.Task
	Demo  *models.Demo
	Model *models.Model
	Net   *inference.Interpreter
}

// modelError tells that a demo's model is not there or not usable, with what
// to do about it.
type modelError struct {
	Demo   *models.Demo
	Err    error
	Remedy string
}

func (e *modelError) Error() string { return fmt.Sprintf("%s: %v. %s", e.Demo.Title, e.Err, e.Remedy) }
func (e *modelError) Unwrap() error { return e.Err }

// store is where the configuration keeps models.
func (cfg Config) store() *models.Store { return models.NewStore(cfg.ModelsDir) }

// openDemo loads the first of the demo's models that is present and sound.
func openDemo(cfg Config, id string) (*demoTask, error) {
	catalogue := models.Default()
	demo := catalogue.Demo(id)
	if demo == nil {
		return nil, fmt.Errorf("no demo %q: choose one of %s", id, demoIDs())
	}
	wanted := demo.Models
	if cfg.Model != "" {
		if catalogue.Model(cfg.Model) == nil {
			return nil, usagef("no model %q: see 'reterminal-vision models list'", cfg.Model)
		}
		wanted = []string{cfg.Model}
	}
	var failed []error
	for _, id := range wanted {
		model := catalogue.Model(id)
		path, err := cfg.store().Find(model)
		if err == nil {
			var t *demoTask
			if t, err = loadTask(cfg, demo, model, path); err == nil {
				return t, nil
			}
			slog.Error("model cannot be used", "model", id, "error", err)
		}
		failed = append(failed, err)
	}
	return nil, &modelError{
		Demo: demo, Err: errors.Join(failed...),
		Remedy: "Fetch it with 'reterminal-vision models fetch " + wanted[0] + "'.",
	}
}

func loadTask(cfg Config, demo *models.Demo, model *models.Model, path string) (*demoTask, error) {
	labels, err := models.Labels(model.Labels)
	if err != nil {
		return nil, err
	}
	net, err := inference.Open(path, inference.Options{Threads: cfg.Threads, Delegate: cfg.Delegate})
	if err != nil {
		return nil, err
	}
	if err := checkInput(net, model); err != nil {
		net.Close()
		return nil, err
	}
	task, err := newTask(net, demo, model, labels[model.LabelOffset:], cfg.Threshold)
	if err != nil {
		net.Close()
		return nil, err
	}
	return &demoTask{Task: task, Demo: demo, Model: model, Net: net}, nil
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

// newTask chooses the decoder that the catalogue names.
func newTask(net *inference.Interpreter, demo *models.Demo, model *models.Model, labels []string, threshold float64) (inference.Task, error) {
	cfg := detect.Config{
		Norm:   inference.Uniform(model.Input.Mean, model.Input.Std),
		Labels: labels, Filter: demo.Filter, Threshold: model.Threshold,
	}
	if model.Input.Resize == "letterbox" {
		cfg.Resize = inference.Letterbox
	}
	if demo.Threshold > 0 {
		cfg.Threshold = demo.Threshold
	}
	if threshold > 0 {
		cfg.Threshold = float32(threshold)
	}
	output := func(role string) string {
		if o := model.Output(role); o != nil {
			return o.Name
		}
		return ""
	}
	switch model.Task {
	case "ssd":
		return detect.NewSSD(net, detect.SSDOutputs{
			Boxes: output("boxes"), Classes: output("classes"), Scores: output("scores"), Count: output("count"),
		}, cfg)
	case "ssd-anchors":
		a := model.Anchors
		return detect.NewAnchorSSD(net, detect.AnchorOutputs{Boxes: output("boxes"), Classes: output("scores")}, detect.AnchorConfig{
			Anchors: detect.AnchorSpec{
				Strides: a.Strides, MinScale: a.MinScale, MaxScale: a.MaxScale,
				AspectRatios: a.Ratios, ReduceLowestLayer: a.ReduceLowest,
			},
			BoxScales: a.BoxScale, IoU: model.IoU,
		}, cfg)
	}
	return nil, fmt.Errorf("model %s: this version cannot run the task %q", model.ID, model.Task)
}

// problem words a model error for a person at the screen.
func (e *modelError) detail() string {
	return strings.ReplaceAll(e.Err.Error(), "\n", "; ")
}
