package shell

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/library"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// pageProfile tells how long each operator of a network takes; its ID goes on
// with the model, the backend and the number of threads.
const pageProfile = "profile "

// profilePageOf is the ID of the page about the way that was measured.
func profilePageOf(r *benchmark.Record) string {
	return fmt.Sprintf("%s%s %s %d", pageProfile, r.Model, r.Backend, r.Threads)
}

const (
	slowestShown = 10
	profileRuns  = 20
	// profileWait is how long the page may take; a network that is slow is run
	// less often.
	profileWait = 20 * time.Second
)

// profilePage measures the way that id names and shows its slowest operators.
func (b *benchPages) profilePage(id string) kit.Page {
	p := kit.Page{Title: lang.T("Slowest steps")}
	model, way, _ := strings.Cut(id, " ")
	last := strings.LastIndex(way, " ") // a delegate's file may have more
	if last < 0 {
		p.Wrong = lang.T("These results are no longer there.")
		return p
	}
	backend, title := way[:last], model
	if m := library.Catalogue().Model(title); m != nil {
		title = m.Title
	}
	b.w.screen.Pages.Show(kit.Page{ID: pageProfile + id, Title: p.Title, Groups: []kit.Group{
		{Rows: []kit.Row{{Kind: kit.RowFact, Label: lang.T("Measuring: %s", title), State: "warn"}}},
	}})
	b.giveWay()
	threads, _ := strconv.Atoi(way[last+1:])
	found, err := b.profile(model, inference.Options{Delegate: inference.Delegate(backend), Threads: threads})
	if err != nil {
		p.Wrong = faults.Sentence(err)
		return p
	}
	total := found.Total()
	g := kit.Group{Title: fmt.Sprintf("%s · %d", backendTitle(backend), threads), Text: title}
	g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("All steps"), Value: milliseconds(total), Detail: lang.T("%d runs in %d rounds", found.Runs, 1)})
	for _, op := range inference.Slowest(found.Operators, slowestShown) {
		kernels := "TF Lite"
		if op.Delegated {
			kernels = backendTitle(backend)
		}
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: op.Name, Value: milliseconds(op.Median), Detail: fmt.Sprintf("%.0f %% · %s", 100*op.Share, kernels)})
	}
	p.Groups = []kit.Group{g}
	return p
}

// profile measures the operators of a model of the catalogue.
func (b *benchPages) profile(model string, opt inference.Options) (bench.Profiled, error) {
	file, err := bench.ModelFile(library.OpenStore(b.w.cfg.ModelsDir), model)
	if err != nil {
		return bench.Profiled{}, err
	}
	ctx, cancel := context.WithTimeout(b.w.ctx, profileWait)
	defer cancel()
	return bench.Profile(ctx, file, opt, profileRuns)
}

func milliseconds(d time.Duration) string { return benchmark.Short(bench.Millis(d)) + " ms" }
