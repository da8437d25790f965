package shell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
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

// Pages of the benchmark. What a page is about follows its ID after a space.
const (
	pageBench        = "bench"
	pageBenchModels  = "bench-models"
	pageBenchHistory = "bench-history"
	pageBenchRun     = "bench-run "     // and when the run began, in Unix seconds
	pageBenchNetwork = "bench-network " // and that, and the network's family
)

// benchPages measures networks on the screen and shows what was measured.
type benchPages struct {
	w     *window
	cores int // of the processor

	mu       sync.Mutex
	models   map[string]bool // chosen; nil for those that the demos use
	variants map[string]bool // left out
	backends map[string]bool // left out, where a person said so or not
	threads  map[int]bool    // chosen
	now      *benchRun       // nil for none
	failed   error           // what became of the last run, beside its figures
}

// benchRun is measurements under way.
type benchRun struct {
	*measurement
	all int // measurements

	// Under the mutex of the pages.
	begun    time.Time
	doing    string
	waiting  string // for what, "" for nothing
	finished []benchmark.Record
}

func newBenchPages(w *window) *benchPages {
	return &benchPages{w: w, cores: runtime.NumCPU(), variants: map[string]bool{}, backends: map[string]bool{}, threads: map[int]bool{1: true, config.DefaultThreads(): true}}
}

// page is the page of the benchmark with the ID, nil when there is none.
func (b *benchPages) page(id string) page {
	if run, ok := strings.CutPrefix(id, pageBenchRun); ok {
		return benchRunPage{b, run}
	}
	if what, ok := strings.CutPrefix(id, pageBenchNetwork); ok {
		run, family, _ := strings.Cut(what, " ")
		return dialog{content: func() kit.Page { return b.networkPage(run, family) }, chosen: b.w.openPage}
	}
	if way, ok := strings.CutPrefix(id, pageProfile); ok {
		return dialog{content: func() kit.Page { return b.profilePage(way) }}
	}
	switch id {
	case pageBench:
		return dialog{content: b.benchPage, chosen: b.chooseBench}
	case pageBenchModels:
		return dialog{content: b.modelsPage, chosen: b.chooseModels}
	case pageBenchHistory:
		return dialog{content: b.historyPage, chosen: b.w.openPage}
	}
	return nil
}

// benchBackends are those that can be chosen, the quickest first, then external
// ones.
func (b *benchPages) benchBackends() []string {
	all := []string{string(inference.XNNPACK), string(inference.Builtin), string(inference.Reference)}
	for _, d := range b.w.externalDelegates(b.w.cfg.Delegate) {
		all = append(all, string(d))
	}
	return all
}

// leftOut reports whether a backend is not chosen: at first plain loops, which
// are slow, and external delegates that the app does not run on. The caller
// holds the mutex.
func (b *benchPages) leftOut(backend string) bool {
	if out, told := b.backends[backend]; told {
		return out
	}
	_, external := inference.Delegate(backend).External()
	return backend == string(inference.Reference) || external && backend != string(b.w.cfg.Delegate)
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

// threadSteps are the numbers of threads that can be chosen.
func (b *benchPages) threadSteps() (steps []int) {
	for n := 1; n <= min(max(b.cores, 2), 8); n++ {
		steps = append(steps, n)
	}
	return steps
}

// subjects are the networks on this device, their files not looked at yet, and
// which of them are chosen: at first those that the demos take by themselves.
func (b *benchPages) subjects() (all []benchmark.Subject, chosen map[string]bool) {
	known, store := library.Catalogue(), library.OpenStore(b.w.cfg.ModelsDir)
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
func (b *benchPages) plan(all []benchmark.Subject, chosen map[string]bool) (plan []bench.Job, networks int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	backends := slices.DeleteFunc(b.benchBackends(), b.leftOut)
	threads := slices.DeleteFunc(b.threadSteps(), func(n int) bool { return !b.threads[n] })
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

func (b *benchPages) benchPage() kit.Page {
	p := kit.Page{Title: lang.T("Benchmark")}
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
	start := kit.Group{Text: lang.T("Networks run alone, each in a process of its own, on the kernels and numbers of threads that are chosen here. No demo runs meanwhile.")}
	start.Rows = append(start.Rows, kit.Row{Kind: kit.RowLead, ID: pageBenchModels, Label: lang.T("Networks"), Value: fmt.Sprintf("%d / %d", countOf(all, chosen), len(all))})
	if len(plan) > 0 {
		start.Rows = slices.Insert(start.Rows, 0, kit.Row{Kind: kit.RowAction, ID: "start", Label: lang.T("Measure now"),
			Detail: lang.T("Networks: %d, measurements: %d", networks, len(plan)) + ", " + aboutLong(time.Duration(len(plan))*2*time.Second)})
	} else {
		start.Rows = append(start.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("Nothing to measure is chosen."), State: "warn"})
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

func (b *benchPages) variantGroup(all []benchmark.Subject, chosen map[string]bool) kit.Group {
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
		g.Rows = append(g.Rows, toggle("variant "+v, variantTitle(v), lang.T("%d of the chosen networks", n), !b.variants[v]))
	}
	return g
}

func (b *benchPages) backendGroup() kit.Group {
	g := kit.Group{Title: lang.T("Backend")}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range b.benchBackends() {
		title, detail := backendTitle(name), ""
		if name == string(inference.Reference) {
			title, detail = lang.T("Plain loops"), lang.T("to check the others, slow")
		}
		if _, external := inference.Delegate(name).External(); external { // there may be several of one library
			title, detail = delegateTitle(inference.Delegate(name)), delegateState(inference.Delegate(name))
		}
		g.Rows = append(g.Rows, toggle("backend "+name, title, detail, !b.leftOut(name)))
	}
	return g
}

func (b *benchPages) threadGroup() kit.Group {
	g := kit.Group{Title: lang.T("Threads")}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.threadSteps() {
		g.Rows = append(g.Rows, toggle("threads "+strconv.Itoa(n), strconv.Itoa(n), "", b.threads[n]))
	}
	return g
}

// resultGroup leads to the newest results.
func (b *benchPages) resultGroup() kit.Group {
	g := kit.Group{Title: lang.T("Results")}
	runs, _ := b.runs()
	for _, run := range runs[:min(len(runs), 2)] {
		g.Rows = append(g.Rows, runRow(run))
	}
	if len(runs) == 0 {
		g.Text = lang.T("There are none yet.")
	}
	if len(runs) > 2 {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowLead, ID: pageBenchHistory, Label: lang.T("All results"), Value: strconv.Itoa(len(runs))})
	}
	return g
}

// runRow leads to the results of a run.
func runRow(run []benchmark.Record) kit.Row {
	networks := map[string]bool{}
	r := kit.Row{Kind: kit.RowLead, ID: pageBenchRun + strconv.FormatInt(run[0].Run.Unix(), 10), Label: run[0].Run.Local().Format("2006-01-02 15:04"), State: "pass"}
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
func (b *benchPages) runs() ([][]benchmark.Record, error) {
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
func (b *benchPages) runOf(begun string) []benchmark.Record {
	runs, _ := b.runs()
	for _, run := range runs {
		if strconv.FormatInt(run[0].Run.Unix(), 10) == begun {
			return run
		}
	}
	return nil
}

// progress shows what is measured, and what was so far.
func (b *benchPages) progress() []kit.Group {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.now
	done := len(n.finished)
	left := ""
	if done > 0 {
		left = aboutLong(time.Since(n.begun) / time.Duration(done) * time.Duration(n.all-done))
	}
	g := kit.Group{Rows: []kit.Row{
		{Kind: kit.RowFact, Label: n.doing, Detail: left, Value: fmt.Sprintf("%d / %d", done+1, n.all), Progress: max(.01, float32(done)/float32(n.all)), State: "pass"},
		{Kind: kit.RowAction, ID: "cancel", Label: lang.T("Stop")},
	}}
	if n.waiting != "" {
		g.Rows[0].Detail, g.Rows[0].State = n.waiting, "warn"
	}
	groups := []kit.Group{g}
	if latest := n.finished[max(0, done-8):]; len(latest) > 0 {
		groups = append(groups, kit.Group{Title: lang.T("Pictures a second"), Bars: barsOf(latest)})
	}
	return groups
}

func (b *benchPages) chooseBench(id string) error {
	what, value, _ := strings.Cut(id, " ")
	b.mu.Lock()
	b.failed = nil
	switch what {
	case "variant":
		b.variants[value] = !b.variants[value]
	case "backend":
		b.backends[value] = !b.leftOut(value)
	case "threads":
		n, _ := strconv.Atoi(value) // one of ours
		b.threads[n] = !b.threads[n]
	}
	b.mu.Unlock()
	switch what {
	case "start":
		b.start()
	case "cancel":
		b.cancel()
	case pageBenchModels, pageBenchHistory, strings.TrimSpace(pageBenchRun):
		return b.w.openPage(id)
	}
	return nil
}

// modelsPage chooses networks.
func (b *benchPages) modelsPage() kit.Page {
	all, chosen := b.subjects()
	p := kit.Page{Title: lang.T("Networks"), Groups: []kit.Group{{Rows: []kit.Row{
		{Kind: kit.RowAction, ID: "all", Label: lang.T("All")},
		{Kind: kit.RowAction, ID: "none", Label: lang.T("None")},
		{Kind: kit.RowAction, ID: "demos", Label: lang.T("Those that the demos use")},
	}}}}
	known, listed := library.Catalogue(), map[string]bool{}
	for i := range known.Demos {
		g := kit.Group{Title: lang.Name(known.Demos[i].Title)}
		for _, s := range all {
			if !listed[s.ID] && slices.Contains(known.Demos[i].Needs(), s.ID) {
				listed[s.ID] = true
				g.Rows = append(g.Rows, kit.Row{ID: "model " + s.ID, Label: s.Title, Detail: subjectFacts(s), Chosen: chosen[s.ID]})
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
	facts := variantTitle(s.Variant) + " · " + megabytes(s.Bytes)
	if len(s.Accuracy) > 0 {
		facts += " · " + figureText(s.Accuracy[0])
	}
	return facts
}

// figureText is a figure of accuracy in words.
func figureText(a models.Accuracy) string {
	return fmt.Sprintf("%s %.3g", lang.Name(a.Figure), a.Value)
}

func (b *benchPages) chooseModels(id string) error {
	all, before := b.subjects()
	chosen := map[string]bool{}
	for _, s := range all {
		chosen[s.ID] = before[s.ID]
	}
	switch model, one := strings.CutPrefix(id, "model "); {
	case one:
		chosen[model] = !chosen[model]
	case id == "demos":
		chosen = nil
	default:
		for _, s := range all {
			chosen[s.ID] = id == "all"
		}
	}
	b.mu.Lock()
	b.models = chosen
	b.mu.Unlock()
	b.w.pages.ShowPage(pageBench)
	return nil
}

func (b *benchPages) historyPage() kit.Page {
	p := kit.Page{Title: lang.T("All results")}
	runs, err := b.runs()
	if err != nil {
		p.Wrong = faults.Sentence(err)
	}
	g := kit.Group{}
	for _, run := range runs {
		g.Rows = append(g.Rows, runRow(run))
	}
	if len(runs) == 0 {
		g.Text = lang.T("There are none yet.")
	}
	p.Groups = []kit.Group{g}
	return p
}

// start measures what is chosen, with nothing else running.
func (b *benchPages) start() {
	w := b.w
	plan, _ := b.plan(b.subjects())
	if len(plan) == 0 {
		return
	}
	m := w.claimMeasuring()
	if m == nil {
		return
	}
	run := &benchRun{measurement: m, all: len(plan), begun: time.Now(), doing: lang.T("Starting")}
	b.mu.Lock()
	b.now = run
	b.mu.Unlock()
	w.working.Go(func() {
		defer close(m.ended)
		defer m.stop()
		m.alone()
		awake, asleep := context.WithCancel(m.ctx)
		w.working.Go(func() { b.keepAwake(awake) })
		b.run(m.ctx, run, plan)
		asleep()
	})
}

// keepAwake has the screen take the work for a person who waits.
func (b *benchPages) keepAwake(ctx context.Context) {
	for {
		b.w.screen.Working()
		if !pipeline.Sleep(ctx, 5*time.Second) {
			return
		}
	}
}

// run makes the measurements and keeps each as it is made.
func (b *benchPages) run(ctx context.Context, run *benchRun, plan []bench.Job) {
	plan, unsound := b.find(plan)
	b.tell(run, func() { run.all = len(plan) })
	var lost error // of the history, which is told once
	err := bench.MeasurePlan(ctx, time.Now().Round(time.Second), plan, func(_ int, j bench.Job) {
		b.cool(ctx, run)
		b.tell(run, func() { run.doing = settingTitle(j) })
	}, func(r benchmark.Record) error {
		if r.Failed != "" {
			slog.Error("not measured", "model", r.Model, "backend", r.Backend, "threads", r.Threads, "error", r.Failed)
		}
		b.mu.Lock()
		run.finished = append(run.finished, r)
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
	b.w.mu.Lock()
	b.w.measuring = ""
	b.w.mu.Unlock()
	b.w.pages.ShowPage(pageBench)
}

// find looks for the networks' files; the error tells which are not sound, and
// left out.
func (b *benchPages) find(plan []bench.Job) (found []bench.Job, err error) {
	known, store := library.Catalogue(), library.OpenStore(b.w.cfg.ModelsDir)
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
func (b *benchPages) tell(run *benchRun, change func()) {
	b.mu.Lock()
	change()
	b.mu.Unlock()
	b.w.pages.ShowPage(pageBench)
}

// cool waits while the device is too hot.
func (b *benchPages) cool(ctx context.Context, run *benchRun) {
	if b.w.health().Temperature.Or(0) < guard.TooHot {
		return
	}
	b.tell(run, func() { run.waiting = lang.T("The device is too hot") })
	for b.w.health().Temperature.Or(0) >= guard.CoolAgain && pipeline.Sleep(ctx, time.Second) {
	}
	b.tell(run, func() { run.waiting = "" })
}

// cancel stops the measurements.
func (b *benchPages) cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != nil {
		b.now.stop()
	}
}

// giveWay stops the measurements and returns when they have ended.
func (b *benchPages) giveWay() {
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
