package app

import (
	"fmt"
	"log/slog"

	"reterminal-vision/assets/lang"
	"reterminal-vision/ui"
)

const pageSpeed = "speed"

// measureFrames is how many frames of each demo are measured on the screen.
const measureFrames = 60

// speedPage tells how fast each demo's networks are on this device.
func (w *window) speedPage() ui.Page {
	w.mu.Lock()
	now := w.measuring
	w.mu.Unlock()
	do := ui.Group{Text: lang.T("Each demo works on its built-in footage for a moment, as fast as it can, with nothing shown.")}
	switch now {
	case "":
		do.Rows = []ui.Row{{Kind: ui.RowAction, ID: "measure", Label: lang.T("Measure now")}}
	default:
		do.Rows = []ui.Row{{Kind: ui.RowFact, Label: lang.T("Measuring: %s", lang.Name(now)), State: "warn"}}
	}
	results := ui.Group{Title: lang.T("Results a second")}
	for _, c := range w.cards() {
		if !c.Ready {
			continue
		}
		value := lang.T("not measured yet")
		if c.FPS > 0 {
			value = fmt.Sprintf("%.0f FPS", c.FPS)
		}
		results.Rows = append(results.Rows, ui.Row{Kind: ui.RowFact, Label: c.Title, Detail: c.Model, Value: value})
	}
	return ui.Page{Title: lang.T("How fast it is"), Groups: []ui.Group{do, results}}
}

// measureAll measures every demo that is ready, one after the other, with
// nothing else running.
func (w *window) measureAll(string) error {
	w.mu.Lock()
	busy := w.measuring != ""
	if !busy {
		w.measuring = "…"
	}
	w.mu.Unlock()
	if busy {
		return nil
	}
	w.StopDemo()
	w.working.Go(func() {
		defer func() {
			w.nowMeasuring("")
			w.screen.SetCards(w.cards())
		}()
		w.wait()
		for _, c := range w.cards() {
			if !c.Ready || w.ctx.Err() != nil {
				continue
			}
			w.nowMeasuring(catalogue().Demo(c.ID).Title)
			cfg := w.configureDemo(c.ID)
			cfg.Demo, cfg.Source, cfg.Unpaced = c.ID, footage, true
			f, err := measure(w.ctx, cfg, measureFrames)
			if err != nil {
				slog.Error("demo not measured", "demo", c.ID, "error", err)
				continue
			}
			w.speeds.keep(c.ID, f.FPS)
		}
	})
	return nil
}

// nowMeasuring shows which demo is measured, "" for none.
func (w *window) nowMeasuring(title string) {
	w.mu.Lock()
	w.measuring = title
	w.mu.Unlock()
	w.screen.Working() // whoever waits for figures is there
	w.pages.ShowPage(pageSpeed)
}
