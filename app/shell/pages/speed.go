package pages

import (
	"fmt"
	"log/slog"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/choices"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui/kit"
)

// measureFrames is how many frames of each demo are measured on the screen.
const measureFrames = 60

// Speed tells how fast each demo's networks are on this device.
type Speed struct{ *App }

// measureDemos measures all of them.
type measureDemos struct{}

// Show implements Page.
func (w Speed) Show() kit.Page {
	now := w.Measuring.now()
	do := kit.Group{Text: lang.T("Each demo briefly processes its built-in footage at full speed, without display.")}
	if now == "" {
		do.Rows = []kit.Row{{Kind: kit.RowAction, Action: measureDemos{}, Label: lang.T("Measure now")}}
	} else {
		do.Rows = []kit.Row{{Kind: kit.RowFact, Label: lang.T("Measuring: %s", lang.Name(now)), State: "warn"}}
	}
	do.Rows = append(do.Rows, kit.Row{Kind: kit.RowLead, Action: Bench(w), Label: lang.T("Benchmark"), Detail: lang.T("any network, variant and backend")})
	results := kit.Group{Title: lang.T("Results per second")}
	for _, c := range w.Cards() {
		if !c.Ready {
			continue
		}
		value := lang.T("not measured yet")
		if c.FPS > 0 {
			value = fmt.Sprintf("%.0f FPS", c.FPS)
		}
		results.Rows = append(results.Rows, kit.Row{Kind: kit.RowFact, Label: c.Title, Detail: c.Model, Value: value})
	}
	return kit.Page{Title: lang.T("Performance"), Groups: []kit.Group{do, results}}
}

// Choose implements chooser: it measures every demo that is ready, one after the
// other, with nothing else running.
func (w Speed) Choose(kit.Action) error {
	m := w.Measuring.claim(w.Context, w.Demos)
	if m == nil {
		return nil
	}
	w.Work.Go(func() {
		defer func() { w.Screen.SetCards(w.Cards()) }()
		defer close(m.ended)
		defer w.tell("")
		defer m.stop()
		m.alone()
		known := library.Catalogue()
		for _, c := range w.Cards() {
			if m.ctx.Err() != nil {
				return
			}
			if !c.Ready {
				continue
			}
			w.tell(known.Demo(c.ID).Title)
			cfg := choices.Demo(w.Config, w.Prefs, c.ID)
			cfg.Demo, cfg.Source, cfg.Unpaced = c.ID, pipeline.Footage, true
			f, err := bench.Measure(m.ctx, cfg, measureFrames)
			if m.ctx.Err() != nil { // a demo was begun
				return
			}
			if err != nil {
				slog.Error("demo not measured", "demo", c.ID, "error", err)
				continue
			}
			w.Speeds.Keep(c.ID, f.FPS)
		}
	})
	return nil
}

// tell shows which demo is measured, "" for none.
func (w Speed) tell(title string) {
	w.Measuring.set(title)
	w.Screen.Working() // whoever waits for figures is there
	w.Handler.ShowPage(w)
}
