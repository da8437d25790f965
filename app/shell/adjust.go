package shell

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/library"
	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/inference/tflite"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// The adjust page is the sheet over a demo that runs: each choice takes effect at
// once and is kept. The threshold, frame skipping and the mirror do so with the
// next frame; a network, a backend or threads by opening the demo again.

// configureDemo is the configuration for one demo, with what was chosen for it
// where the command line says nothing.
func (w *window) configureDemo(id string) config.Config {
	cfg, chosen := w.camera.configure(w.cfg), w.prefs.Demo(id)
	if cfg.Model == "" && len(chosen.Models) > 0 {
		known, store := library.Catalogue(), library.OpenStore(cfg.ModelsDir)
		present := slices.DeleteFunc(slices.Clone(chosen.Models), func(id string) bool {
			m := known.Model(id)
			return m == nil || !store.Has(m)
		})
		cfg.Model = strings.Join(present, ",")
	}
	cfg.Liveness = cfg.Liveness || w.prefs.Get().Liveness
	if cfg.Threshold == 0 {
		cfg.Threshold = chosen.Threshold
	}
	if chosen.Threads > 0 {
		cfg.Threads = chosen.Threads
	}
	if chosen.Lanes > 0 {
		cfg.Replicas = chosen.Lanes
	}
	if d, err := inference.ParseDelegate(chosen.Delegate); err == nil && chosen.Delegate != "" {
		cfg.Delegate = d
	}
	if how, err := config.ParseFrameSkip(chosen.Spare); err == nil && cfg.FrameSkip == config.SkipAuto {
		cfg.FrameSkip = how
	}
	return cfg
}

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

func (w *window) adjustPage() kit.Page {
	p := kit.Page{Title: lang.T("Adjust")}
	known := library.Catalogue()
	demo := known.Demo(w.runs())
	if demo == nil {
		return p
	}
	cfg := w.configureDemo(demo.ID)
	store := library.OpenStore(cfg.ModelsDir)
	first := kit.Group{}
	if least := w.threshold(demo, cfg); least > 0 {
		first.Rows = append(first.Rows, kit.Row{Kind: kit.RowStep, ID: "threshold", Label: lang.T("Confidence threshold"), Value: fmt.Sprintf("%.0f %%", 100*least),
			Less: least > .051, More: least < .949})
	}
	if !cfg.Raw {
		first.Rows = append(first.Rows, w.spareRow(cfg))
	}
	first.Rows = append(first.Rows,
		kit.Row{Kind: kit.RowStep, ID: "threads", Label: lang.T("Threads"), Value: strconv.Itoa(cfg.Threads), Less: cfg.Threads > 1, More: cfg.Threads < runtime.NumCPU()},
	)
	if cfg.Threads > 1 {
		lanes := w.prefs.Demo(demo.ID).Lanes
		value := lang.T("Automatic")
		if lanes > 0 {
			value = strconv.Itoa(lanes)
		}
		first.Rows = append(first.Rows, kit.Row{Kind: kit.RowStep, ID: "lanes", Label: lang.T("Parallel inference"),
			Detail: lang.T("more frames in parallel: more results, each a little later"), Value: value, Less: lanes > 0, More: lanes < cfg.Threads})
	}
	if len(demo.Liveness) > 0 {
		first.Rows = append(first.Rows, w.livenessRow(demo))
	}
	p.Groups = append(p.Groups, first)
	var running []string
	for _, m := range w.modelsRunning() {
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
			g.Rows = append(g.Rows, kit.Row{ID: "model " + strconv.Itoa(i) + " " + id, Label: m.Title, Detail: modelFacts(m) + amongSizes(m, candidates), Chosen: slices.Contains(running, id)})
		}
		if len(g.Rows) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	p.Groups = append(p.Groups,
		kit.Group{Title: lang.T("Backend"), Rows: w.kernelRows(cfg.Delegate)},
		kit.Group{Title: lang.T("Pictures"), Rows: []kit.Row{
			{Kind: kit.RowLead, ID: pageCamera, Label: lang.T("Camera and source")},
			mirrorRow(w.prefs.Camera()),
		}},
		kit.Group{Rows: []kit.Row{{Kind: kit.RowAction, ID: "reset", Label: lang.T("Back to how it came")}}},
	)
	if w.prefs.IsTried() {
		last := &p.Groups[len(p.Groups)-1]
		last.Rows = append(last.Rows, kit.Row{Kind: kit.RowAction, ID: keepTried, Label: lang.T("Keep it so"), Detail: lang.T("otherwise it is undone for the next visitor")})
	}
	return p
}

// keepTried is the row that makes what was tried on a locked device last.
const keepTried = "keep"

// modelFacts tells a person what kind of network it is.
func modelFacts(m *models.Model) string {
	facts := []string{megabytes(m.Size)}
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
		return " · " + lang.T("the fastest of its kind")
	}
	return " · " + lang.T("the most exact of its kind")
}

// variantTitle names how a network's weights are kept.
func variantTitle(variant string) string {
	switch variant {
	case tflite.Sparse:
		return lang.T("pruned")
	case tflite.DynamicRange:
		return lang.T("8 bit weights")
	}
	return strings.ToUpper(variant)
}

// threshold is the least score in use; 0 for demos that have none.
func (w *window) threshold(d *models.Demo, cfg config.Config) float64 {
	running := w.modelsRunning()
	if len(running) == 0 || !d.Kind().HasThreshold {
		return 0
	}
	return float64(demo.Threshold(cfg, d, running[0]))
}

func (w *window) chooseAdjust(id string) error {
	demo := w.runs()
	switch {
	case demo == "":
		return nil
	case id == pageCamera:
		w.gate(func() { w.screen.Pages.Open(pageCamera) })
		return nil
	case id == chooseLiveness:
		w.toggleLiveness(pageAdjust)
		return nil
	case strings.HasPrefix(id, chooseMirror):
		return w.camera.mirror(strings.TrimPrefix(id, chooseMirror) == "on")
	case id == keepTried:
		w.gate(func() { w.pages.do(pageAdjust, func(page) error { return w.prefs.KeepTried() }) })
		return nil
	}
	err := w.prefs.ChangeDemo(demo, func(d *settings.Demo) {
		if rest, ok := strings.CutPrefix(id, "model "); ok {
			_, model, _ := strings.Cut(rest, " ")
			d.Models = replaceModel(library.Catalogue().Demo(demo), d.Models, model)
		}
		if name, ok := strings.CutPrefix(id, chooseDelegate); ok {
			backend.Forget()
			d.Delegate = name
		}
		if id == "reset" {
			*d = settings.Demo{}
		}
	})
	w.restart()
	w.settled()
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

func (w *window) stepAdjust(id string, up bool) error {
	demo := library.Catalogue().Demo(w.runs())
	if demo == nil {
		return nil
	}
	cfg := w.configureDemo(demo.ID)
	by := direction(up)
	least := w.threshold(demo, cfg)
	err := w.prefs.ChangeDemo(demo.ID, func(d *settings.Demo) {
		switch id {
		case "threshold":
			d.Threshold = float64(min(max(int(100*least+.5)+5*by, 5), 95)) / 100
		case "threads":
			d.Threads = min(max(cfg.Threads+by, 1), runtime.NumCPU())
			d.Lanes = min(d.Lanes, d.Threads)
		case "spare":
			d.Spare = string(stepSpare(w.spareSteps(), cfg.EffectiveFrameSkip(), by))
		case "lanes":
			d.Lanes = min(max(d.Lanes+by, 0), cfg.Threads)
		}
	})
	if id == "threshold" || id == "spare" {
		w.adjust()
		return err
	}
	w.restart()
	w.settled()
	return err
}

// demoPage explains the demo that runs.
func (w *window) demoPage() kit.Page {
	demo := library.Catalogue().Demo(w.runs())
	if demo == nil {
		return kit.Page{Title: lang.T("About")}
	}
	does, limits := explain(demo)
	p := kit.Page{Title: lang.Name(demo.Title), Groups: []kit.Group{
		{Title: lang.T("What it does"), Text: does},
		{Title: lang.T("What it cannot do"), Text: limits},
	}}
	networks := kit.Group{Title: lang.T("Networks at work")}
	for _, m := range w.modelsRunning() {
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
		return lang.Name(d.Summary), lang.T("This is a model of your own: only you know what it was trained for.")
	}
	return lang.Name(d.How), lang.Name(d.Limits)
}
