package pages

import (
	"context"
	"fmt"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/library"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// Profile tells how long each operator of a network takes on a backend.
type Profile struct {
	*App
	Model   string // by its ID
	Backend string
	Threads int
}

const (
	slowestShown = 10
	profileRuns  = 20
	// profileWait is how long the page may take; a network that is slow is run
	// less often.
	profileWait = 20 * time.Second
)

// Show implements Page. It measures.
func (b Profile) Show() kit.Page {
	p := kit.Page{Title: lang.T("Slowest operators")}
	title := b.Model
	if m := library.Catalogue().Model(title); m != nil {
		title = m.Title
	}
	b.Screen.Pages.Show(kit.Page{Key: b, Title: p.Title, Groups: []kit.Group{
		{Rows: []kit.Row{{Kind: kit.RowFact, Label: lang.T("Measuring: %s", title), State: "warn"}}},
	}})
	b.bench.giveWay()
	found, err := b.profile(inference.Options{Delegate: inference.Delegate(b.Backend), Threads: b.Threads})
	if err != nil {
		p.Wrong = faults.Sentence(err)
		return p
	}
	total := found.Total()
	g := kit.Group{Title: fmt.Sprintf("%s · %d", backendTitle(b.Backend), b.Threads), Text: title}
	g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("All operators"), Value: milliseconds(total), Detail: lang.T("%d runs in %d rounds", found.Runs, 1)})
	for _, op := range inference.Slowest(found.Operators, slowestShown) {
		kernels := "TF Lite"
		if op.Delegated {
			kernels = backendTitle(b.Backend)
		}
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: op.Name, Value: milliseconds(op.Median), Detail: fmt.Sprintf("%.0f %% · %s", 100*op.Share, kernels)})
	}
	p.Groups = []kit.Group{g}
	return p
}

// profile measures the operators of the model.
func (b Profile) profile(opt inference.Options) (bench.Profiled, error) {
	file, err := bench.ModelFile(library.OpenStore(b.Config.ModelsDir), b.Model)
	if err != nil {
		return bench.Profiled{}, err
	}
	ctx, cancel := context.WithTimeout(b.Context, profileWait)
	defer cancel()
	return bench.Profile(ctx, file, opt, profileRuns)
}

func milliseconds(d time.Duration) string { return benchmark.Short(bench.Millis(d)) + " ms" }
