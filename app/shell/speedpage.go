package shell

import (
	"context"
	"fmt"
	"log/slog"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui/kit"
)

const pageSpeed = "speed"

// measureFrames is how many frames of each demo are measured on the screen.
const measureFrames = 60

// speedPage tells how fast each demo's networks are on this device.
func (w *window) speedPage() kit.Page {
	w.mu.Lock()
	now := w.measuring
	w.mu.Unlock()
	do := kit.Group{Text: lang.T("Each demo works on its built-in footage for a moment, as fast as it can, with nothing shown.")}
	if now == "" {
		do.Rows = []kit.Row{{Kind: kit.RowAction, ID: "measure", Label: lang.T("Measure now")}}
	} else {
		do.Rows = []kit.Row{{Kind: kit.RowFact, Label: lang.T("Measuring: %s", lang.Name(now)), State: "warn"}}
	}
	do.Rows = append(do.Rows, kit.Row{Kind: kit.RowLead, ID: pageBench, Label: lang.T("Benchmark"), Detail: lang.T("any network, in every variant, on any kernels")})
	results := kit.Group{Title: lang.T("Results a second")}
	for _, c := range w.cards() {
		if !c.Ready {
			continue
		}
		value := lang.T("not measured yet")
		if c.FPS > 0 {
			value = fmt.Sprintf("%.0f FPS", c.FPS)
		}
		results.Rows = append(results.Rows, kit.Row{Kind: kit.RowFact, Label: c.Title, Detail: c.Model, Value: value})
	}
	return kit.Page{Title: lang.T("How fast it is"), Groups: []kit.Group{do, results}}
}

func (w *window) chooseSpeed(id string) error {
	if id == pageBench {
		return w.openPage(id)
	}
	return w.measureAll()
}

// measurement is the measuring of networks or demos: of one at a time, with no
// demo beside it.
type measurement struct {
	ctx    context.Context
	stop   context.CancelFunc
	before <-chan struct{} // closed when the session that ran has ended; nil for none
	ended  chan struct{}   // closed by who measures
}

// claimMeasuring ends what runs and returns what the caller measures as; nil
// where something is being measured.
func (w *window) claimMeasuring() *measurement {
	w.mu.Lock()
	if w.measuring != "" {
		w.mu.Unlock()
		return nil
	}
	w.measuring = "…"
	w.mu.Unlock()
	w.endAttract()
	w.StopDemo()
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &measurement{before: w.ended, ended: make(chan struct{})}
	m.ctx, m.stop = context.WithCancel(w.ctx)
	w.measured = m
	return m
}

// alone waits for the session that ran.
func (m *measurement) alone() {
	if m.before == nil {
		return
	}
	select {
	case <-m.before:
	case <-m.ctx.Done():
	}
}

// giveWay ends the measuring and returns when it has ended.
func (m *measurement) giveWay() {
	m.stop()
	<-m.ended
}

// measuringGivesWay ends what is being measured, if anything is.
func (w *window) measuringGivesWay() {
	w.mu.Lock()
	m := w.measured
	w.mu.Unlock()
	if m != nil {
		m.giveWay()
	}
}

// measureAll measures every demo that is ready, one after the other, with
// nothing else running.
func (w *window) measureAll() error {
	m := w.claimMeasuring()
	if m == nil {
		return nil
	}
	w.working.Go(func() {
		defer func() { w.screen.SetCards(w.cards()) }()
		defer close(m.ended)
		defer w.nowMeasuring("")
		defer m.stop()
		m.alone()
		known := library.Catalogue()
		for _, c := range w.cards() {
			if m.ctx.Err() != nil {
				return
			}
			if !c.Ready {
				continue
			}
			w.nowMeasuring(known.Demo(c.ID).Title)
			cfg := w.configureDemo(c.ID)
			cfg.Demo, cfg.Source, cfg.Unpaced = c.ID, pipeline.Footage, true
			f, err := bench.Measure(m.ctx, cfg, measureFrames)
			if m.ctx.Err() != nil { // a demo was begun
				return
			}
			if err != nil {
				slog.Error("demo not measured", "demo", c.ID, "error", err)
				continue
			}
			w.speeds.Keep(c.ID, f.FPS)
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
