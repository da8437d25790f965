package pages

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/choices"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/library"
	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference/tflite"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// Adjust is the sheet over a demo that runs: each choice takes effect at once and
// is kept. The threshold, frame skipping and the mirror do so with the next frame;
// a network, a backend or threads by opening the demo's networks again.
type Adjust struct{ *App }

// What is tapped there, beside a backend, the mirror, and living faces only.
type (
	stepThreshold struct{}
	stepFrameSkip struct{}
	stepThreads   struct{}
	stepReplicas  struct{}
	setModel      struct {
		stage int // of the demo
		model string
	}
	resetDemo struct{}
	keepTried struct{} // makes what was tried on a locked device last
)

// stageTitle names a stage of a demo, which may have several networks.
func stageTitle(demo *models.Demo, stage int) string {
	if len(demo.Heads) == 0 {
		return lang.T("Network")
	}
	if stage == 0 {
		return lang.T("Face detector")
	}
	return lang.T("Network for each face")
}

// Show implements Page.
func (w Adjust) Show() kit.Page {
	p := kit.Page{Title: lang.T("Adjust")}
	known := library.Catalogue()
	demo := known.Demo(w.Demos.Running())
	if demo == nil {
		return p
	}
	cfg := choices.Demo(w.Config, w.Prefs, demo.ID)
	store := library.OpenStore(cfg.ModelsDir)
	first := kit.Group{}
	if least := w.threshold(demo, cfg); least > 0 {
		first.Rows = append(first.Rows, kit.Row{Kind: kit.RowStep, Action: stepThreshold{}, Label: lang.T("Confidence threshold"), Value: fmt.Sprintf("%.0f %%", 100*least),
			Less: least > .051, More: least < .949})
	}
	if !cfg.Raw {
		first.Rows = append(first.Rows, w.frameSkipRow(cfg))
	}
	first.Rows = append(first.Rows,
		kit.Row{Kind: kit.RowStep, Action: stepThreads{}, Label: lang.T("Threads"), Value: strconv.Itoa(cfg.Threads), Less: cfg.Threads > 1, More: cfg.Threads < runtime.NumCPU()},
	)
	if cfg.Threads > 1 {
		lanes := w.Prefs.Demo(demo.ID).Lanes
		value := lang.T("Automatic")
		if lanes > 0 {
			value = strconv.Itoa(lanes)
		}
		first.Rows = append(first.Rows, kit.Row{Kind: kit.RowStep, Action: stepReplicas{}, Label: lang.T("Parallel inference"),
			Detail: lang.T("more frames in parallel: more results, slightly higher latency"), Value: value, Less: lanes > 0, More: lanes < cfg.Threads})
	}
	if len(demo.Liveness) > 0 {
		first.Rows = append(first.Rows, w.livenessRow(demo))
	}
	p.Groups = append(p.Groups, first)
	var running []string
	for _, m := range w.Demos.Networks() {
		running = append(running, m.ID)
	}
	seen := map[string]bool{}
	for i, candidates := range demo.Stages() {
		g := kit.Group{Title: stageTitle(demo, i)}
		for _, id := range candidates {
			m := known.Model(id)
			if m == nil || !store.Has(m) || seen[id] {
				continue
			}
			seen[id] = true
			g.Rows = append(g.Rows, kit.Row{Action: setModel{i, id}, Label: m.Title, Detail: modelFacts(m) + amongSizes(m, candidates), Chosen: slices.Contains(running, id)})
		}
		if len(g.Rows) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	p.Groups = append(p.Groups,
		kit.Group{Title: lang.T("Backend"), Rows: w.backendRows(cfg.Delegate)},
		kit.Group{Title: lang.T("Pictures"), Rows: []kit.Row{
			{Kind: kit.RowLead, Action: behindPIN{Camera(w)}, Label: lang.T("Camera and source")},
			mirrorRow(w.Prefs.Camera()),
		}},
		kit.Group{Rows: []kit.Row{{Kind: kit.RowAction, Action: resetDemo{}, Label: lang.T("Reset to defaults")}}},
	)
	if w.Prefs.IsTried() {
		last := &p.Groups[len(p.Groups)-1]
		last.Rows = append(last.Rows, kit.Row{Kind: kit.RowAction, Action: keepTried{}, Label: lang.T("Keep these settings"), Detail: lang.T("otherwise they are reset for the next visitor")})
	}
	return p
}

// modelFacts tells a person what kind of network it is.
func modelFacts(m *models.Model) string {
	facts := []string{Megabytes(m.Size)}
	if m.Variant != "" {
		facts = slices.Insert(facts, 0, variantTitle(m.Variant))
	}
	if s := m.Input.Shape; len(s) == 4 {
		facts = append(facts, fmt.Sprintf("%d x %d", s[2], s[1]))
	}
	if m.Experimental {
		facts = append(facts, lang.T("experimental"))
	}
	return strings.Join(facts, " · ")
}

// sized is the ID of a network that comes in several widths and input sizes:
// the kind, the width as a decimal without its point, the side of the input.
var sized = regexp.MustCompile(`^(.+?)_(\d)(\d+)_(\d{3})_`)

// sizeOf is the kind of such a network, and its work next to others of the kind;
// none for other networks.
func sizeOf(id string) (kind string, work float64) {
	s := sized.FindStringSubmatch(id)
	if s == nil {
		return "", 0
	}
	width, _ := strconv.ParseFloat(s[2]+"."+s[3], 64) // they are digits
	side, _ := strconv.ParseFloat(s[4], 64)
	return s[1], width * side * side
}

// amongSizes tells which of the 8-bit networks that differ in nothing but their
// sizes is the smallest, and which the largest.
func amongSizes(m *models.Model, candidates []string) string {
	kind, work := sizeOf(m.ID)
	smaller, larger := false, false
	for _, id := range candidates {
		other := library.Catalogue().Model(id)
		if k, w := sizeOf(id); k == kind && other != nil && other.Variant == m.Variant {
			smaller, larger = smaller || w < work, larger || w > work
		}
	}
	switch {
	case kind == "" || m.Variant != tflite.INT8 || smaller == larger:
		return ""
	case larger:
		return " · " + lang.T("fastest of its kind")
	}
	return " · " + lang.T("most accurate of its kind")
}

// variantTitle names how a network's weights are kept.
func variantTitle(variant string) string {
	switch variant {
	case tflite.Sparse:
		return lang.T("Sparse")
	case tflite.DynamicRange:
		return lang.T("Dynamic range")
	}
	return strings.ToUpper(variant)
}

// threshold is the least score in use; 0 for demos that have none.
func (w Adjust) threshold(d *models.Demo, cfg config.Config) float64 {
	running := w.Demos.Networks()
	if len(running) == 0 || !d.Kind().HasThreshold {
		return 0
	}
	return float64(demo.Threshold(cfg, d, running[0]))
}

// Choose implements chooser.
func (w Adjust) Choose(a kit.Action) error {
	demo := w.Demos.Running()
	if demo == "" {
		return nil
	}
	change := func(*settings.Demo) {}
	switch a := a.(type) {
	case toggleLiveness:
		w.toggleLiveness(w)
		return nil
	case setMirror:
		err := w.Prefs.Mirror(bool(a)) // a visitor may
		w.Demos.Adjust()
		return err
	case keepTried:
		w.Handler.Gate(func() { w.Handler.Do(w, w.Prefs.KeepTried) })
		return nil
	case setModel:
		change = func(d *settings.Demo) { d.Models = replaceModel(library.Catalogue().Demo(demo), d.Models, a.model) }
	case setDelegate:
		backend.Forget()
		change = func(d *settings.Demo) { d.Delegate = string(a) }
	case resetDemo:
		change = func(d *settings.Demo) { *d = settings.Demo{} }
	}
	err := w.Prefs.ChangeDemo(demo, change)
	w.Demos.Restart()
	w.Demos.AwaitNetworks()
	return err
}

// replaceModel puts a model in the place of those chosen for the same stage.
func replaceModel(demo *models.Demo, chosen []string, model string) []string {
	var kept []string
	for _, id := range chosen {
		clash := false
		for _, stage := range demo.Stages() {
			clash = clash || slices.Contains(stage, id) && slices.Contains(stage, model)
		}
		if !clash {
			kept = append(kept, id)
		}
	}
	return append(kept, model)
}

// Step implements stepper.
func (w Adjust) Step(a kit.Action, up bool) error {
	demo := library.Catalogue().Demo(w.Demos.Running())
	if demo == nil {
		return nil
	}
	cfg := choices.Demo(w.Config, w.Prefs, demo.ID)
	by := direction(up)
	least := w.threshold(demo, cfg)
	err := w.Prefs.ChangeDemo(demo.ID, func(d *settings.Demo) {
		switch a.(type) {
		case stepThreshold:
			d.Threshold = float64(min(max(int(100*least+.5)+5*by, 5), 95)) / 100
		case stepThreads:
			d.Threads = min(max(cfg.Threads+by, 1), runtime.NumCPU())
			d.Lanes = min(d.Lanes, d.Threads)
		case stepFrameSkip:
			d.Spare = string(nextFrameSkip(w.frameSkipSteps(), cfg.EffectiveFrameSkip(), by))
		case stepReplicas:
			d.Lanes = min(max(d.Lanes+by, 0), cfg.Threads)
		}
	})
	switch a.(type) {
	case stepThreshold, stepFrameSkip:
		w.Demos.Adjust()
		return err
	}
	w.Demos.Restart()
	w.Demos.AwaitNetworks()
	return err
}

// Explain explains the demo that runs.
type Explain struct{ *App }

// Show implements Page.
func (w Explain) Show() kit.Page {
	demo := library.Catalogue().Demo(w.Demos.Running())
	if demo == nil {
		return kit.Page{Title: lang.T("About")}
	}
	does, limits := explain(demo)
	p := kit.Page{Title: lang.Name(demo.Title), Groups: []kit.Group{
		{Title: lang.T("What it does"), Text: does},
		{Title: lang.T("Limitations"), Text: limits},
	}}
	networks := kit.Group{Title: lang.T("Active networks")}
	for _, m := range w.Demos.Networks() {
		networks.Rows = append(networks.Rows, kit.Row{Kind: kit.RowFact, Label: m.Title, Detail: modelFacts(m) + " · " + m.Source + " · " + m.Licence + limitedUse(m)})
	}
	p.Groups = append(p.Groups, networks)
	return p
}

// limitedUse is what the training data of a network forbids, to be put behind
// its licence.
func limitedUse(m *models.Model) string {
	if m.Use == models.UseResearch {
		return " · " + lang.T("trained on data for non-commercial research use only")
	}
	return ""
}

// explain says in words for visitors what a demo does and what its limits are.
func explain(d *models.Demo) (how, limits string) {
	if d.How == "" {
		return lang.Name(d.Summary), lang.T("This is an imported model: only you know what it was trained for.")
	}
	return lang.Name(d.How), lang.Name(d.Limits)
}
