package app

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/models"
	"reterminal-vision/ui"
)

// The adjust page is the sheet over a demo that runs: each choice takes effect
// at once, by running the demo anew beneath the screen, and is kept.

// configureDemo is the configuration for one demo, with what was chosen for it
// where the command line says nothing.
func (w *window) configureDemo(id string) Config {
	cfg, chosen := w.camera.configure(w.cfg), w.prefs.demo(id)
	if cfg.Model == "" {
		present := slices.DeleteFunc(slices.Clone(chosen.Models), func(id string) bool {
			m := catalogue().Model(id)
			return m == nil || !cfg.store().Has(m)
		})
		cfg.Model = strings.Join(present, ",")
	}
	if cfg.Threshold == 0 {
		cfg.Threshold = chosen.Threshold
	}
	if chosen.Threads > 0 {
		cfg.Threads = chosen.Threads
	}
	if chosen.Lanes > 0 {
		cfg.Lanes = chosen.Lanes
	}
	if d, err := inference.ParseDelegate(chosen.Delegate); err == nil && chosen.Delegate != "" {
		cfg.Delegate = d
	}
	return cfg
}

// stageTitles name the stages of a demo with several networks.
func stageTitle(demo *models.Demo, stage int) string {
	if len(demo.Heads) == 0 {
		return lang.T("Network")
	}
	if stage == 0 {
		return lang.T("Face detector")
	}
	return lang.T("Network for each face")
}

func (w *window) adjustPage() ui.Page {
	p := ui.Page{Title: lang.T("Adjust")}
	demo := catalogue().Demo(w.runs())
	if demo == nil {
		return p
	}
	cfg := w.configureDemo(demo.ID)
	first := ui.Group{}
	if least := w.threshold(demo, cfg); least > 0 {
		first.Rows = append(first.Rows, ui.Row{Kind: ui.RowStep, ID: "threshold", Label: lang.T("Least certainty"), Value: fmt.Sprintf("%.0f %%", 100*least),
			Less: least > .051, More: least < .949})
	}
	first.Rows = append(first.Rows,
		ui.Row{Kind: ui.RowStep, ID: "threads", Label: lang.T("Processor cores"), Value: strconv.Itoa(cfg.Threads), Less: cfg.Threads > 1, More: cfg.Threads < mostThreads()},
	)
	if cfg.Threads > 1 {
		lanes := w.prefs.demo(demo.ID).Lanes
		value := lang.T("Automatic")
		if lanes > 0 {
			value = strconv.Itoa(lanes)
		}
		first.Rows = append(first.Rows, ui.Row{Kind: ui.RowStep, ID: "lanes", Label: lang.T("Frames at once"),
			Detail: lang.T("more at once: more results, each a little later"), Value: value, Less: lanes > 0, More: lanes < cfg.Threads})
	}
	p.Groups = append(p.Groups, first)
	var running []string
	for _, m := range w.modelsRunning() {
		running = append(running, m.ID)
	}
	stages := append([][]string{demo.Models}, demo.Heads...)
	seen := map[string]bool{}
	for i, candidates := range stages {
		g := ui.Group{Title: stageTitle(demo, i)}
		for _, id := range candidates {
			m := catalogue().Model(id)
			if m == nil || !cfg.store().Has(m) || seen[id] {
				continue
			}
			seen[id] = true
			g.Rows = append(g.Rows, ui.Row{ID: "model " + strconv.Itoa(i) + " " + id, Label: m.Title, Detail: modelFacts(m), Chosen: slices.Contains(running, id)})
		}
		if len(g.Rows) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	p.Groups = append(p.Groups,
		ui.Group{Title: lang.T("Kernels"), Rows: []ui.Row{
			{ID: "delegate xnnpack", Label: "XNNPACK", Detail: lang.T("the fastest here"), Chosen: cfg.Delegate == inference.XNNPACK},
			{ID: "delegate none", Label: lang.T("TensorFlow Lite's own"), Detail: lang.T("to compare"), Chosen: cfg.Delegate == inference.None},
		}},
		ui.Group{Title: lang.T("Pictures"), Rows: []ui.Row{
			{Kind: ui.RowLead, ID: pageCamera, Label: lang.T("Camera and source")},
			mirrorRow(w.prefs.get().Camera),
		}},
		ui.Group{Rows: []ui.Row{{Kind: ui.RowAction, ID: "reset", Label: lang.T("Back to how it came")}}},
	)
	return p
}

// modelFacts tells a person what kind of network it is.
func modelFacts(m *models.Model) string {
	facts := []string{precision(m), megabytes(m.Size)}
	if s := m.Input.Shape; len(s) == 4 {
		facts = append(facts, fmt.Sprintf("%d x %d", s[2], s[1]))
	}
	if m.Experimental {
		facts = append(facts, lang.T("experimental"))
	}
	return strings.Join(facts, " · ")
}

// precision is how the numbers of a network are kept, as its ID and its input
// tell.
func precision(m *models.Model) string {
	switch {
	case strings.Contains(m.ID, "sparse"):
		return lang.T("pruned")
	case strings.Contains(m.ID, "dynamic"):
		return lang.T("8 bit weights")
	case strings.Contains(m.ID, "fp16") || strings.Contains(m.ID, "float16"):
		return "FP16"
	case m.Input.DType == "uint8" || m.Input.DType == "int8" || strings.HasSuffix(m.ID, "_q") || strings.Contains(m.ID, "quant"):
		return "INT8"
	}
	return "FP32"
}

// threshold is the least score in use; 0 for demos that have none.
func (w *window) threshold(demo *models.Demo, cfg Config) float64 {
	running := w.modelsRunning()
	if len(running) == 0 || running[0].Task == "classify" || running[0].Task == "segment" {
		return 0
	}
	b := builder{cfg: cfg, demo: demo}
	return float64(b.threshold(running[0]))
}

// mostThreads is how many cores there are to choose of.
func mostThreads() int { return max(defaultThreads(), runtime.NumCPU()) }

func (w *window) chooseAdjust(id string) error {
	demo := w.runs()
	switch {
	case demo == "":
		return nil
	case id == pageCamera:
		w.gate(func() { w.screen.OpenPage(pageCamera) })
		return nil
	case strings.HasPrefix(id, chooseMirror):
		err := w.camera.choose(id)
		w.settled()
		return err
	}
	err := w.prefs.changeDemo(demo, func(d *settings.Demo) {
		if rest, ok := after(id, "model "); ok {
			_, model, _ := strings.Cut(rest, " ")
			d.Models = w.replaceModel(demo, d.Models, model)
		}
		if name, ok := after(id, "delegate "); ok {
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
func (w *window) replaceModel(demo string, chosen []string, model string) []string {
	d := catalogue().Demo(demo)
	var kept []string
	for _, id := range chosen {
		clash := false
		for _, stage := range append([][]string{d.Models}, d.Heads...) {
			clash = clash || slices.Contains(stage, id) && slices.Contains(stage, model)
		}
		if !clash {
			kept = append(kept, id)
		}
	}
	return append(kept, model)
}

func (w *window) stepAdjust(id string, up bool) error {
	demo := catalogue().Demo(w.runs())
	if demo == nil {
		return nil
	}
	cfg := w.configureDemo(demo.ID)
	by := 1
	if !up {
		by = -1
	}
	least := w.threshold(demo, cfg)
	err := w.prefs.changeDemo(demo.ID, func(d *settings.Demo) {
		switch id {
		case "threshold":
			d.Threshold = float64(min(max(int(100*least+.5)+5*by, 5), 95)) / 100
		case "threads":
			d.Threads = min(max(cfg.Threads+by, 1), mostThreads())
			d.Lanes = min(d.Lanes, d.Threads)
		case "lanes":
			d.Lanes = min(max(d.Lanes+by, 0), cfg.Threads)
		}
	})
	w.restart()
	w.settled()
	return err
}

// demoPage explains the demo that runs.
func (w *window) demoPage() ui.Page {
	demo := catalogue().Demo(w.runs())
	if demo == nil {
		return ui.Page{Title: lang.T("About")}
	}
	does, limits := explain(demo)
	p := ui.Page{Title: lang.Name(demo.Title), Groups: []ui.Group{
		{Title: lang.T("What it does"), Text: does},
		{Title: lang.T("What it cannot do"), Text: limits},
	}}
	networks := ui.Group{Title: lang.T("Networks at work")}
	for _, m := range w.modelsRunning() {
		networks.Rows = append(networks.Rows, ui.Row{Kind: ui.RowFact, Label: m.Title, Detail: modelFacts(m) + " · " + m.Source + " · " + m.Licence})
	}
	p.Groups = append(p.Groups, networks)
	return p
}

// explain says in words for visitors what a demo does and what its limits are.
func explain(d *models.Demo) (does, limits string) {
	switch d.ID {
	case "vehicles":
		return lang.T("A network looks at the whole picture once and draws a box around every vehicle, with how sure it is."),
			lang.T("It knows the kinds it was trained on. Small, hidden or unusual vehicles are missed; a box is no measurement.")
	case "belt":
		return lang.T("A small network tells a sound conveyor belt from one with a rip or a hole, and raises the alarm when it sees damage several times running."),
			lang.T("It learned from few belts, so that one damage in two is missed on belts it has not seen. It is no safety device.")
	case "lungs":
		return lang.T("A network colours every point of a chest X-ray that it takes for lung."),
			lang.T("It is not a medical device: it finds the outline of the lungs, not diseases, and only in frontal X-rays.")
	case "age-gender":
		return lang.T("One network finds faces, another estimates age and gender from each."),
			lang.T("These are estimates from looks alone, some five years off on average. They say nothing certain about anybody, and a child's gender is a guess.")
	case "emotion":
		return lang.T("One network finds faces, another reads each expression."),
			lang.T("It reads the face, not the feeling. Happiness and surprise are read well, fear and disgust badly.")
	case "anti-spoofing":
		return lang.T("One network finds faces, another tells a living face from a photograph or a screen that shows one."),
			lang.T("It can be deceived, by good prints and in bad light. It must not be the only lock on a door.")
	case "recognition":
		return lang.T("One network finds faces and turns them upright, another makes 128 numbers of each. Faces whose numbers are alike are the same person."),
			lang.T("Only people who were introduced here are known, with their consent. Relatives may be mistaken for each other.")
	case "scene":
		return lang.T("A network colours every point of the picture by what it is part of."), lang.T("It knows twenty kinds of things; the edges are coarse.")
	case "things":
		return lang.T("A network names what the whole picture shows."), lang.T("It always answers with one of a thousand names, even when none of them fits.")
	case "objects":
		return lang.T("A network draws a box around everything that it knows."), lang.T("It knows eighty kinds of things. Small and hidden ones are missed.")
	}
	return lang.Name(d.Summary), lang.T("This is a model of your own: only you know what it was trained for.")
}
