package pages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/config"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/guard"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// networkBench measures networks, as they are chosen on pages.
type networkBench struct {
	*App
	mu       sync.Mutex
	models   map[string]bool // chosen; nil for those that the demos use
	variants map[string]bool // left out
	backends map[string]bool // left out, where a person said so or not
	threads  map[int]bool    // chosen, where a person said so or not
	now      *benchRun       // nil for none
	failed   error           // what became of the last run, beside its figures
}

// benchRun is measurements under way.
type benchRun struct {
	*measurement
	Progress // under the mutex of networkBench
}

// Progress is how far measurements are.
type Progress struct {
	All      int // measurements
	Begun    time.Time
	Doing    string
	Waiting  string // for what, "" for nothing
	Finished []benchmark.Record
}

func newNetworkBench(a *App) *networkBench {
	return &networkBench{App: a, variants: map[string]bool{}, backends: map[string]bool{}, threads: map[int]bool{}}
}

// benchBackends are those that can be chosen, the quickest first, then external
// ones.
func (b *networkBench) benchBackends() []string {
	all := []string{string(inference.XNNPACK), string(inference.Builtin), string(inference.Reference)}
	for _, d := range b.externalDelegates(b.Config.Delegate) {
		all = append(all, string(d))
	}
	return all
}

// leftOut reports whether a backend is not chosen: at first plain loops, which
// are slow, and external delegates that the app does not run on. The caller
// holds the mutex.
func (b *networkBench) leftOut(backend string) bool {
	if out, told := b.backends[backend]; told {
		return out
	}
	_, external := inference.Delegate(backend).External()
	return backend == string(inference.Reference) || external && backend != string(b.Config.Delegate)
}

// backendTitle names a backend on the screen.
func backendTitle(name string) string {
	kind, file, _ := strings.Cut(name, ":")
	switch {
	case name == string(inference.XNNPACK):
		return "XNNPACK"
	case name == string(inference.Builtin):
		return "TF Lite"
	case file != "": // an external one, by its library
		file, _, _ = strings.Cut(file, "?")
		return filepath.Base(file)
	}
	return kind
}

// uses reports whether a number of threads is chosen: at first one, and that of
// the demos. The caller holds the mutex.
func (b *networkBench) uses(threads int) bool {
	if chosen, told := b.threads[threads]; told {
		return chosen
	}
	return threads == 1 || threads == config.ThreadsOn(b.Cores)
}

// threadSteps are the numbers of threads that can be chosen.
func (b *networkBench) threadSteps() (steps []int) {
	for n := 1; n <= min(max(b.Cores, 2), 8); n++ {
		steps = append(steps, n)
	}
	return steps
}

// subjects are the networks on this device, their files not looked at yet, and
// which of them are chosen: at first those that the demos take by themselves.
func (b *networkBench) subjects() (all []benchmark.Subject, chosen map[string]bool) {
	known, store := library.Catalogue(), library.OpenStore(b.Config.ModelsDir)
	for i := range known.Models {
		if m := &known.Models[i]; store.Has(m) {
			all = append(all, benchmark.Of(m, ""))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.models != nil {
		return all, b.models
	}
	chosen = map[string]bool{}
	for i := range known.Demos {
		for _, stage := range known.Demos[i].Stages() {
			if m := library.First(known, store, stage); m != nil {
				chosen[m.ID] = true
			}
		}
	}
	return all, chosen
}

// plan is every measurement of the chosen networks that is chosen.
func (b *networkBench) plan(all []benchmark.Subject, chosen map[string]bool) (plan []bench.Job, networks int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	backends := slices.DeleteFunc(b.benchBackends(), b.leftOut)
	threads := slices.DeleteFunc(b.threadSteps(), func(n int) bool { return !b.uses(n) })
	for _, s := range all {
		if !chosen[s.ID] || b.variants[s.Variant] {
			continue
		}
		jobs := bench.JobsOf(s, backends, threads)
		plan = append(plan, jobs...)
		if len(jobs) > 0 {
			networks++
		}
	}
	return plan, networks
}

// Bench measures networks on the screen.
type Bench struct{ *App }

// What is tapped there.
type (
	startBench    struct{}
	cancelBench   struct{}
	toggleVariant string
	toggleBackend string
	toggleThreads int
)

// Show implements Page.
func (w Bench) Show() kit.Page {
	p, b := kit.Page{Title: lang.T("Benchmark")}, w.bench
	b.mu.Lock()
	running, failed := b.now != nil, b.failed
	b.mu.Unlock()
	if failed != nil {
		p.Wrong = faults.Sentence(failed)
	}
	if running {
		p.Groups = b.progress()
		return p
	}
	all, chosen := b.subjects()
	plan, networks := b.plan(all, chosen)
	start := kit.Group{Text: lang.T("Each network runs alone in its own process, on the backends and thread counts selected here. No demo runs meanwhile.")}
	start.Rows = append(start.Rows, kit.Row{Kind: kit.RowLead, Action: BenchModels(w), Label: lang.T("Networks"), Value: fmt.Sprintf("%d / %d", countOf(all, chosen), len(all))})
	if len(plan) > 0 {
		start.Rows = slices.Insert(start.Rows, 0, kit.Row{Kind: kit.RowAction, Action: startBench{}, Label: lang.T("Measure now"),
			Detail: lang.T("Networks: %d, measurements: %d", networks, len(plan)) + ", " + aboutLong(time.Duration(len(plan))*2*time.Second)})
	} else {
		start.Rows = append(start.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("Nothing is selected."), State: "warn"})
	}
	p.Groups = append(p.Groups, start, b.variantGroup(all, chosen), b.backendGroup(), b.threadGroup(), b.resultGroup())
	return p
}

// countOf is how many of the networks are chosen.
func countOf(all []benchmark.Subject, chosen map[string]bool) (n int) {
	for _, s := range all {
		if chosen[s.ID] {
			n++
		}
	}
	return n
}

// aboutLong is a time that is only about right, for a person.
func aboutLong(d time.Duration) string {
	if d < 90*time.Second {
		return lang.T("about %d seconds", max(1, int(d.Seconds()/5+.5)*5))
	}
	return lang.T("about %d minutes", int(d.Minutes()+.5))
}

func (b *networkBench) variantGroup(all []benchmark.Subject, chosen map[string]bool) kit.Group {
	g := kit.Group{Title: lang.T("Variants")}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range models.Variants {
		n := 0
		for _, s := range all {
			if s.Variant == v && chosen[s.ID] {
				n++
			}
		}
		g.Rows = append(g.Rows, toggle(toggleVariant(v), variantTitle(v), lang.T("%d of the selected networks", n), !b.variants[v]))
	}
	return g
}

func (b *networkBench) backendGroup() kit.Group {
	g := kit.Group{Title: lang.T("Backend")}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range b.benchBackends() {
		title, detail := backendTitle(name), ""
		if name == string(inference.Reference) {
			title, detail = lang.T("Reference kernels"), lang.T("slow, for checking results")
		}
		if _, external := inference.Delegate(name).External(); external { // there may be several of one library
			title, detail = delegateTitle(inference.Delegate(name)), delegateState(inference.Delegate(name))
		}
		g.Rows = append(g.Rows, toggle(toggleBackend(name), title, detail, !b.leftOut(name)))
	}
	return g
}

func (b *networkBench) threadGroup() kit.Group {
	g := kit.Group{Title: lang.T("Threads")}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.threadSteps() {
		g.Rows = append(g.Rows, toggle(toggleThreads(n), strconv.Itoa(n), "", b.uses(n)))
	}
	return g
}

// resultGroup leads to the newest results.
func (b *networkBench) resultGroup() kit.Group {
	g := kit.Group{Title: lang.T("Results")}
	runs, _ := b.runs()
	for _, run := range runs[:min(len(runs), 2)] {
		g.Rows = append(g.Rows, b.runRow(run))
	}
	if len(runs) == 0 {
		g.Text = lang.T("There are none yet.")
	}
	if len(runs) > 2 {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowLead, Action: BenchHistory{b.App}, Label: lang.T("All results"), Value: strconv.Itoa(len(runs))})
	}
	return g
}

// runRow leads to the results of a run.
func (w *App) runRow(run []benchmark.Record) kit.Row {
	networks := map[string]bool{}
	r := kit.Row{Kind: kit.RowLead, Action: BenchRun{w, run[0].Run.Unix()}, Label: run[0].Run.Local().Format("2006-01-02 15:04"), State: "pass"}
	for _, m := range run {
		networks[m.Model] = true
		if m.Failed != "" {
			r.State = "warn"
		}
	}
	r.Detail = lang.T("Networks: %d, measurements: %d", len(networks), len(run)) + " · " + run[0].Device
	return r
}

// runs are what was measured before, the newest run first; the error is that
// the history is damaged, which is told once.
func (b *networkBench) runs() ([][]benchmark.Record, error) {
	h, err := bench.OpenHistory()
	if err != nil {
		return nil, err
	}
	all, err := h.Read()
	if err != nil {
		slog.Error("history", "error", err)
		b.mu.Lock()
		b.failed = err
		b.mu.Unlock()
	}
	return benchmark.Runs(all), err
}

// runOf is the run that began then, in Unix seconds; empty when it is gone.
func (b *networkBench) runOf(began int64) []benchmark.Record {
	runs, _ := b.runs()
	for _, run := range runs {
		if run[0].Run.Unix() == began {
			return run
		}
	}
	return nil
}

// progress shows what is measured, and what was so far.
func (b *networkBench) progress() []kit.Group {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now.Groups()
}

// Groups shows it.
func (p *Progress) Groups() []kit.Group {
	done, left := len(p.Finished), ""
	if done > 0 {
		left = aboutLong(time.Since(p.Begun) / time.Duration(done) * time.Duration(p.All-done))
	}
	g := kit.Group{Rows: []kit.Row{
		{Kind: kit.RowFact, Label: p.Doing, Detail: left, Value: fmt.Sprintf("%d / %d", done+1, p.All), Progress: max(.01, float32(done)/float32(p.All)), State: "pass"},
		{Kind: kit.RowAction, Action: cancelBench{}, Label: lang.T("Stop")},
	}}
	if p.Waiting != "" {
		g.Rows[0].Detail, g.Rows[0].State = p.Waiting, "warn"
	}
	groups := []kit.Group{g}
	if latest := p.Finished[max(0, done-8):]; len(latest) > 0 {
		groups = append(groups, kit.Group{Title: lang.T("Frames per second"), Bars: barsOf(latest)})
	}
	return groups
}

// Choose implements chooser.
func (w Bench) Choose(a kit.Action) error {
	b := w.bench
	b.mu.Lock()
	b.failed = nil
	switch a := a.(type) {
	case toggleVariant:
		b.variants[string(a)] = !b.variants[string(a)]
	case toggleBackend:
		b.backends[string(a)] = !b.leftOut(string(a))
	case toggleThreads:
		b.threads[int(a)] = !b.uses(int(a))
	}
	b.mu.Unlock()
	switch a.(type) {
	case startBench:
		b.start()
	case cancelBench:
		b.cancel()
	}
	return nil
}

// BenchModels chooses the networks to be measured.
type BenchModels struct{ *App }

// What is tapped there.
type (
	chooseAll   bool     // or none
	chooseDemos struct{} // those that the demos use
	toggleModel string
)

// Show implements Page.
func (w BenchModels) Show() kit.Page {
	all, chosen := w.bench.subjects()
	p := kit.Page{Title: lang.T("Networks"), Groups: []kit.Group{{Rows: []kit.Row{
		{Kind: kit.RowAction, Action: chooseAll(true), Label: lang.T("All")},
		{Kind: kit.RowAction, Action: chooseAll(false), Label: lang.T("None")},
		{Kind: kit.RowAction, Action: chooseDemos{}, Label: lang.T("Used by demos")},
	}}}}
	known, listed := library.Catalogue(), map[string]bool{}
	for i := range known.Demos {
		g := kit.Group{Title: lang.Name(known.Demos[i].Title)}
		for _, s := range all {
			if !listed[s.ID] && slices.Contains(known.Demos[i].Needs(), s.ID) {
				listed[s.ID] = true
				g.Rows = append(g.Rows, kit.Row{Action: toggleModel(s.ID), Label: s.Title, Detail: subjectFacts(s), Chosen: chosen[s.ID]})
			}
		}
		if len(g.Rows) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return p
}

// subjectFacts tells variant, size and accuracy.
func subjectFacts(s benchmark.Subject) string {
	facts := variantTitle(s.Variant) + " · " + Megabytes(s.Bytes)
	if len(s.Accuracy) > 0 {
		facts += " · " + figureText(s.Accuracy[0])
	}
	return facts
}

// figureText is a figure of accuracy in words.
func figureText(a models.Accuracy) string {
	return fmt.Sprintf("%s %.3g", lang.Name(a.Figure), a.Value)
}

// Choose implements chooser.
func (w BenchModels) Choose(a kit.Action) error {
	all, before := w.bench.subjects()
	chosen := map[string]bool{}
	for _, s := range all {
		chosen[s.ID] = before[s.ID]
	}
	switch a := a.(type) {
	case toggleModel:
		chosen[string(a)] = !chosen[string(a)]
	case chooseDemos:
		chosen = nil
	case chooseAll:
		for _, s := range all {
			chosen[s.ID] = bool(a)
		}
	}
	w.bench.mu.Lock()
	w.bench.models = chosen
	w.bench.mu.Unlock()
	w.Handler.ShowPage(Bench(w))
	return nil
}

// BenchHistory lists all runs.
type BenchHistory struct{ *App }

// Show implements Page.
func (w BenchHistory) Show() kit.Page {
	p := kit.Page{Title: lang.T("All results")}
	runs, err := w.bench.runs()
	if err != nil {
		p.Wrong = faults.Sentence(err)
	}
	g := kit.Group{}
	for _, run := range runs {
		g.Rows = append(g.Rows, w.runRow(run))
	}
	if len(runs) == 0 {
		g.Text = lang.T("There are none yet.")
	}
	p.Groups = []kit.Group{g}
	return p
}

// start measures what is chosen, with nothing else running.
func (b *networkBench) start() {
	plan, _ := b.plan(b.subjects())
	if len(plan) == 0 {
		return
	}
	m := b.Measuring.claim(b.Context, b.Demos)
	if m == nil {
		return
	}
	run := &benchRun{m, Progress{All: len(plan), Begun: time.Now(), Doing: lang.T("Starting")}}
	b.mu.Lock()
	b.now = run
	b.mu.Unlock()
	b.Work.Go(func() {
		defer close(m.ended)
		defer m.stop()
		m.alone()
		awake, asleep := context.WithCancel(m.ctx)
		b.Work.Go(func() { b.keepAwake(awake) })
		b.run(m.ctx, run, plan)
		asleep()
	})
}

// keepAwake has the screen take the work for a person who waits.
func (b *networkBench) keepAwake(ctx context.Context) {
	for {
		b.Screen.Working()
		if !pipeline.Sleep(ctx, 5*time.Second) {
			return
		}
	}
}

// run makes the measurements and keeps each as it is made.
func (b *networkBench) run(ctx context.Context, run *benchRun, plan []bench.Job) {
	plan, unsound := b.find(plan)
	b.tell(run, func() { run.All = len(plan) })
	var lost error // of the history, which is told once
	err := bench.MeasurePlan(ctx, time.Now().Round(time.Second), plan, func(_ int, j bench.Job) {
		b.cool(ctx, run)
		b.tell(run, func() { run.Doing = settingTitle(j) })
	}, func(r benchmark.Record) error {
		if r.Failed != "" {
			slog.Error("not measured", "model", r.Model, "backend", r.Backend, "threads", r.Threads, "error", r.Failed)
		}
		b.mu.Lock()
		run.Finished = append(run.Finished, r)
		b.mu.Unlock()
		if err := bench.KeepRecord(r); lost == nil {
			lost = err
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	err = errors.Join(unsound, err, lost)
	if err != nil {
		slog.Error("benchmark", "error", err)
	}
	b.mu.Lock()
	b.now, b.failed = nil, err
	b.mu.Unlock()
	b.Measuring.set("")
	b.Handler.ShowPage(Bench{b.App})
}

// find looks for the networks' files; the error tells which are not sound, and
// left out.
func (b *networkBench) find(plan []bench.Job) (found []bench.Job, err error) {
	known, store := library.Catalogue(), library.OpenStore(b.Config.ModelsDir)
	paths := map[string]string{}
	for _, j := range plan {
		path, looked := paths[j.Subject.ID]
		if m := known.Model(j.Subject.ID); m != nil && !looked {
			var unsound error
			path, unsound = store.Find(m)
			err = errors.Join(err, unsound)
			paths[m.ID] = path
		}
		if j.Subject.File = path; path != "" {
			found = append(found, j)
		}
	}
	return found, err
}

// tell changes what is said of the run and shows it.
func (b *networkBench) tell(run *benchRun, change func()) {
	b.mu.Lock()
	change()
	b.mu.Unlock()
	b.Handler.ShowPage(Bench{b.App})
}

// cool waits while the device is too hot.
func (b *networkBench) cool(ctx context.Context, run *benchRun) {
	if b.Device.Health().Temperature.Or(0) < guard.TooHot {
		return
	}
	b.tell(run, func() { run.Waiting = lang.T("The device is too hot") })
	for b.Device.Health().Temperature.Or(0) >= guard.CooledDown && pipeline.Sleep(ctx, time.Second) {
	}
	b.tell(run, func() { run.Waiting = "" })
}

// cancel stops the measurements.
func (b *networkBench) cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != nil {
		b.now.stop()
	}
}

// giveWay stops the measurements and returns when they have ended.
func (b *networkBench) giveWay() {
	b.mu.Lock()
	now := b.now
	b.mu.Unlock()
	if now != nil {
		now.giveWay()
	}
}

// settingTitle names a measurement.
func settingTitle(j bench.Job) string {
	return fmt.Sprintf("%s · %s · %d", j.Subject.Title, backendTitle(j.Backend), j.Threads)
}
