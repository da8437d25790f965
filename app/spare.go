package app

import (
	"fmt"
	"slices"

	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/inference/sparing"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// spare is how much work of the networks is saved.
type spare string

const (
	spareAuto    spare = "auto" // still, where pictures come at their own pace; else off
	spareNothing spare = "off"
	spareStill   spare = "still"  // frames that do not change have the result of the one before; faces that do not, too
	spareMotion  spare = "motion" // and what is found is carried on between looks of the first network
)

// parseSpare reads how much is saved.
func parseSpare(s string) (spare, error) {
	switch w := spare(s); w {
	case spareAuto, spareNothing, spareStill, spareMotion:
		return w, nil
	}
	return "", fmt.Errorf("choose %s, %s, %s or %s", spareAuto, spareNothing, spareStill, spareMotion)
}

// spares is what a configuration comes to. Where every frame is worked on as
// fast as that goes it is the network that counts.
func (cfg Config) spares() spare {
	switch {
	case cfg.Plain || cfg.Spare == "" || cfg.Spare == spareAuto && cfg.Unpaced:
		return spareNothing
	case cfg.Spare == spareAuto:
		return spareStill
	}
	return cfg.Spare
}

// adaptive reports whether second networks look at a face the sooner the more
// it changes.
func (cfg Config) adaptive() bool { return cfg.spares() != spareNothing }

// saving makes the task one that saves what the configuration wants saved.
func (b *builder) saving(task inference.Task) inference.Task {
	how := b.cfg.spares()
	if how == spareNothing {
		return task
	}
	return sparing.New(task, sparing.Config{Carry: how == spareMotion && carried(b.models[0])})
}

// carried reports whether a model finds objects, which can be carried on from
// frame to frame.
func carried(m *models.Model) bool { return m.Task != "classify" && m.Task != "segment" }

// spareSteps is what may be chosen for the demo that runs, the least first.
func (w *window) spareSteps() []spare {
	steps := []spare{spareNothing, spareStill}
	if running := w.modelsRunning(); len(running) > 0 && carried(running[0]) {
		steps = append(steps, spareMotion)
	}
	return steps
}

// stepSpare is the next more or the next less of the steps.
func stepSpare(steps []spare, now spare, by int) spare {
	return steps[min(max(slices.Index(steps, now)+by, 0), len(steps)-1)]
}

// spareRow lets a person choose how much is saved.
func (w *window) spareRow(cfg Config) kit.Row {
	steps, now := w.spareSteps(), cfg.spares()
	row := kit.Row{Kind: kit.RowStep, ID: "spare", Label: lang.T("Work saved"), Less: now != steps[0], More: now != steps[len(steps)-1]}
	switch now {
	case spareStill:
		row.Value, row.Detail = lang.T("Stills"), lang.T("a picture that does not change is not looked at again")
	case spareMotion:
		row.Value, row.Detail = lang.T("Most"), lang.T("boxes follow the picture between two looks: more results, less exact")
	default:
		row.Value, row.Detail = lang.T("Nothing"), lang.T("the network looks at every picture")
	}
	return row
}
