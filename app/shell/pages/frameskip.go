package pages

import (
	"slices"

	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui/kit"
)

// frameSkipSteps is what may be chosen for the demo that runs, the least first.
func (w *App) frameSkipSteps() []config.FrameSkip {
	steps := []config.FrameSkip{config.SkipOff, config.SkipUnchanged}
	if demo := library.Catalogue().Demo(w.Demos.Running()); demo != nil && demo.Kind().Propagates {
		steps = append(steps, config.SkipPropagate)
	}
	return steps
}

// nextFrameSkip is the next more or the next less of the steps.
func nextFrameSkip(steps []config.FrameSkip, now config.FrameSkip, by int) config.FrameSkip {
	return steps[min(max(slices.Index(steps, now)+by, 0), len(steps)-1)]
}

// frameSkipRow lets a person choose how much is saved.
func (w *App) frameSkipRow(cfg config.Config) kit.Row {
	steps, now := w.frameSkipSteps(), cfg.EffectiveFrameSkip()
	row := kit.Row{Kind: kit.RowStep, Action: stepFrameSkip{}, Label: lang.T("Frame skipping"), Less: now != steps[0], More: now != steps[len(steps)-1]}
	switch now {
	case config.SkipUnchanged:
		row.Value, row.Detail = lang.T("Unchanged frames"), lang.T("an unchanged frame keeps the last result")
	case config.SkipPropagate:
		row.Value, row.Detail = lang.T("Boxes propagated"), lang.T("between inferences boxes follow the motion: more results, less accurate")
	default:
		row.Value, row.Detail = lang.T("Off"), lang.T("the network runs on every frame")
	}
	return row
}
