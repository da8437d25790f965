package demo

import (
	"fmt"

	"reterminal-vision/app/config"
	"reterminal-vision/inference"
	"reterminal-vision/inference/task"
	"reterminal-vision/models"
)

// build makes the task of the demo. On an error the networks stay the builder's.
func (b *builder) build() (inference.Task, error) {
	kind := b.demo.Kind()
	if kind == nil {
		return nil, fmt.Errorf("demo %s: this version does not know the task %q", b.demo.ID, b.demo.Task)
	}
	r := &task.Request{
		Replicas: b.replicaNets, Threshold: Threshold(b.cfg, b.demo, b.models[0]), Filter: b.demo.Filter, Alarm: b.demo.Alarm,
		Ensemble: b.demo.Ensemble, Raw: b.cfg.Raw, Adaptive: b.cfg.Adaptive(),
	}
	for i, m := range b.models {
		loaded, err := b.loaded(m, b.nets[i])
		if err != nil {
			return nil, err
		}
		if m == b.liveness {
			r.Liveness = &loaded
		} else {
			r.Networks = append(r.Networks, loaded)
		}
	}
	return kind.Build(r)
}

// loaded is an open network with the names of its classes.
func (b *builder) loaded(m *models.Model, net *inference.Interpreter) (task.Loaded, error) {
	n := task.Loaded{Network: &m.Network, ID: m.ID, Net: net}
	if m.Labels == "" && m.Names == nil {
		return n, nil
	}
	labels, err := m.LabelList()
	if err != nil {
		return n, err
	}
	n.Labels = labels[m.LabelOffset:]
	return n, nil
}

// Threshold is the confidence threshold: the command line's, else the demo's or
// that of an alarm that goes by what is shown, else the model's.
func Threshold(cfg config.Config, d *models.Demo, model *models.Model) float32 {
	switch {
	case cfg.Threshold > 0:
		return float32(cfg.Threshold)
	case d.Threshold > 0:
		return d.Threshold
	case d.Alarm != nil && d.Kind().Alarm == task.AlarmByArea:
		return d.Alarm.Threshold
	}
	return model.Threshold
}
