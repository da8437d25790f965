package pages

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/library"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference/tflite"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// mostBars is how many bars are shown at once; of more only the quickest of
// each network.
const mostBars = 40

// BenchRun shows the results of one run.
type BenchRun struct {
	*App
	Began int64 // in Unix seconds
}

// What is tapped there.
type (
	saveResults   string // as a file of this format: png, csv or json
	deleteResults struct{}
)

// Show implements Page.
func (p BenchRun) Show() kit.Page {
	run := p.bench.runOf(p.Began)
	if len(run) == 0 {
		return kit.Page{Title: lang.T("Results"), Wrong: lang.T("These results no longer exist.")}
	}
	page := resultPage(run)
	networks := kit.Group{Title: lang.T("All figures")}
	for _, family := range familiesOf(run) {
		networks.Rows = append(networks.Rows, kit.Row{Kind: kit.RowLead, Action: BenchNetwork{p.App, p.Began, family[0].Family},
			Label: familyTitle(family), Detail: variantsOf(family)})
	}
	export := kit.Group{Title: lang.T("Export"), Text: lang.T("Files are saved to the pictures folder."), Rows: []kit.Row{
		{Kind: kit.RowAction, Action: saveResults("png"), Label: lang.T("Save as picture")},
		{Kind: kit.RowAction, Action: saveResults("csv"), Label: lang.T("Save as table (CSV)")},
		{Kind: kit.RowAction, Action: saveResults("json"), Label: lang.T("Save as JSON")},
		{Kind: kit.RowAction, Action: deleteResults{}, Label: lang.T("Delete"), Danger: true},
	}}
	page.Groups = append(page.Groups, networks, export)
	return page
}

// Choose implements chooser.
func (p BenchRun) Choose(a kit.Action) error {
	run := p.bench.runOf(p.Began)
	if len(run) == 0 {
		return nil
	}
	if format, ok := a.(saveResults); ok {
		return p.export(string(format), run)
	}
	h, err := bench.OpenHistory()
	if err == nil {
		err = h.Forget(run[0].Run)
	}
	if err != nil {
		return err
	}
	p.Screen.Pages.Close(p)
	p.Handler.ShowPage(Bench{p.App})
	p.Handler.ShowPage(BenchHistory{p.App})
	return nil
}

// export writes the results into the folder of pictures.
func (p BenchRun) export(format string, run []benchmark.Record) error {
	folder, err := snapshot.Folder()
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "benchmark-"+run[0].Run.Local().Format("20060102-150405")+"."+format)
	switch format {
	case "png":
		page := resultPage(run)
		page.Title = lang.T("Benchmark") + " " + page.Title
		img := p.Screen.Pages.Picture(page)
		if img == nil {
			return nil // the app ends
		}
		err = snapshot.SavePicture(file, img)
	case "csv":
		err = durable.Write(file, 0o644, func(w io.Writer) error { return benchmark.WriteCSV(w, run) })
	case "json":
		err = durable.Write(file, 0o644, func(w io.Writer) error { return benchmark.WriteJSON(w, run) })
	}
	if err != nil {
		return fmt.Errorf("not saved: %w", err)
	}
	slog.Info("benchmark saved", "file", file)
	p.Screen.Toast(lang.T("Saved as %s", file))
	return nil
}

// resultPage is what there is to see of a run, without anything to tap.
func resultPage(run []benchmark.Record) kit.Page {
	page := kit.Page{Title: run[0].Run.Local().Format("2006-01-02 15:04"), Groups: []kit.Group{aboutRun(run)}}
	shown, words := run, ""
	if len(run) > mostBars {
		shown, words = quickest(run), lang.T("The fastest configuration of each network.")
	}
	for _, demo := range byDemo(shown) {
		if bars := barsOf(demo); len(bars.Groups) > 0 {
			title := lang.T("Frames per second")
			if d := demoOf(library.Catalogue(), demo[0].Model); d != nil {
				title += " · " + lang.Name(d.Title)
			}
			page.Groups = append(page.Groups, kit.Group{Title: title, Text: words, Bars: bars})
			words = ""
		}
	}
	if g := gainGroup(run); len(g.Rows) > 0 {
		page.Groups = append(page.Groups, g)
	}
	page.Groups = append(page.Groups, scatters(run)...)
	if bars := besidePublished(run); len(bars.Groups) > 0 {
		page.Groups = append(page.Groups, kit.Group{Title: lang.T("Compared with Seeed's published figures"), Bars: bars,
			Text: lang.T("Outlined: figures published for the reTerminal's Compute Module 4 with INT8 networks of the same kind.")}, alsoPublished())
	}
	if g := failures(run); len(g.Rows) > 0 {
		page.Groups = append(page.Groups, g)
	}
	return page
}

// aboutRun tells where and how it was measured.
func aboutRun(run []benchmark.Record) kit.Group {
	first, last := run[0], run[len(run)-1]
	versions := "TensorFlow Lite " + first.Library
	if first.App != "" {
		versions += " · reTerminal Vision " + first.App
	}
	g := kit.Group{Rows: []kit.Row{{Kind: kit.RowFact, Label: first.Device, Detail: versions}}}
	if first.Heat.Before == nil || last.Heat.After == nil {
		return g
	}
	heat := kit.Row{Kind: kit.RowFact, State: "pass", Label: lang.T("%.0f °C before, %.0f °C after", *first.Heat.Before, *last.Heat.After),
		Detail: lang.T("The processor was not throttled.")}
	if first.Heat.Throttled == nil {
		heat.Detail = ""
	}
	for _, r := range run {
		if r.Heat.Throttled != nil && *r.Heat.Throttled {
			heat.State, heat.Detail = "warn", lang.T("The processor was throttled by heat or low voltage: the figures are too low.")
		}
	}
	g.Rows = append(g.Rows, heat)
	return g
}

// parted parts records by a key, in the order in which the keys come.
func parted(all []benchmark.Record, key func(*benchmark.Record) string) (parts [][]benchmark.Record) {
	at := map[string]int{}
	for i := range all {
		k := key(&all[i])
		n, known := at[k]
		if !known {
			n = len(parts)
			at[k] = n
			parts = append(parts, nil)
		}
		parts[n] = append(parts[n], all[i])
	}
	return parts
}

// familiesOf parts records by family.
func familiesOf(all []benchmark.Record) [][]benchmark.Record {
	return parted(all, func(r *benchmark.Record) string { return r.Family })
}

// demoOf is the first demo that can use a network, nil for none.
func demoOf(known *models.Catalogue, model string) *models.Demo {
	for i := range known.Demos {
		if slices.Contains(known.Demos[i].Needs(), model) {
			return &known.Demos[i]
		}
	}
	return nil
}

// byDemo parts records by the demo, so that what does the same is compared.
func byDemo(all []benchmark.Record) [][]benchmark.Record {
	known := library.Catalogue()
	return parted(all, func(r *benchmark.Record) string {
		if d := demoOf(known, r.Model); d != nil {
			return d.ID
		}
		return ""
	})
}

// familyTitle is what the titles of all variants begin with.
func familyTitle(family []benchmark.Record) string {
	title := family[0].Title
	for _, r := range family[1:] {
		n := 0
		for n < min(len(title), len(r.Title)) && title[n] == r.Title[n] {
			n++
		}
		if n < len(title) && n < len(r.Title) { // not within a word
			n = max(strings.LastIndex(title[:n], ","), 0)
		}
		title = title[:n]
	}
	return cmp.Or(strings.TrimRight(title, ", "), family[0].Title)
}

func variantsOf(family []benchmark.Record) string {
	var names []string
	for _, v := range models.Variants {
		if slices.ContainsFunc(family, func(r benchmark.Record) bool { return r.Variant == v }) {
			names = append(names, variantTitle(v))
		}
	}
	return strings.Join(names, ", ")
}

// quickest is of each network the record with the most pictures a second.
func quickest(all []benchmark.Record) (best []benchmark.Record) {
	at := map[string]int{}
	for _, r := range all {
		if r.FPS() == 0 {
			continue
		}
		n, known := at[r.Model]
		switch {
		case !known:
			at[r.Model] = len(best)
			best = append(best, r)
		case r.Invoke.Median < best[n].Invoke.Median:
			best[n] = r
		}
	}
	return best
}

// variantKeys are the variants among the records, each with its colour.
func variantKeys(all []benchmark.Record) (keys []kit.Key) {
	for i, v := range models.Variants {
		if slices.ContainsFunc(all, func(r benchmark.Record) bool { return r.Variant == v && r.Failed == "" }) {
			keys = append(keys, kit.Key{Name: variantTitle(v), Series: i})
		}
	}
	return keys
}

// seriesOf is the colour of a variant.
func seriesOf(variant string) int { return max(0, slices.Index(models.Variants, variant)) }

// barsOf has a bar for every record with figures: pictures a second, with the
// spread between rounds.
func barsOf(all []benchmark.Record) *kit.Bars {
	bars := &kit.Bars{Keys: variantKeys(all)}
	for _, family := range familiesOf(all) {
		g := kit.BarGroup{Title: familyTitle(family)}
		for i := range family {
			if r := &family[i]; r.FPS() > 0 {
				g.Bars = append(g.Bars, barOf(r))
			}
		}
		if len(g.Bars) > 0 {
			bars.Groups = append(bars.Groups, g)
		}
	}
	return bars
}

func barOf(r *benchmark.Record) kit.Bar {
	return kit.Bar{
		Label: fmt.Sprintf("%s · %s · %d", variantShort(r.Variant), backendTitle(r.Backend), r.Threads), Value: r.FPS(), Low: 1000 / r.Invoke.High, High: 1000 / r.Invoke.Low, Text: fps(r.FPS()), Series: seriesOf(r.Variant),
	}
}

// variantShort names a variant where there is little room.
func variantShort(variant string) string {
	if variant == tflite.DynamicRange {
		return "INT8 dyn."
	}
	return variantTitle(variant)
}

// wayOf names variant, backend and threads.
func wayOf(r *benchmark.Record) string {
	return fmt.Sprintf("%s · %s · %d", variantTitle(r.Variant), backendTitle(r.Backend), r.Threads)
}

// fps is a rate for a person.
func fps(v float64) string { return benchmark.Short(v) + " FPS" }

// gainGroup states what the variants are worth, each where it runs quickest.
func gainGroup(run []benchmark.Record) kit.Group {
	g := kit.Group{Title: lang.T("Speed-up by variant")}
	for _, family := range familiesOf(run) {
		best := map[string]benchmark.Gain{}
		for _, gain := range benchmark.Gains(family) {
			if b, known := best[gain.Variant]; !known || gain.Ms < b.Ms {
				best[gain.Variant] = gain
			}
		}
		for _, v := range models.Variants {
			gain, known := best[v]
			if !known {
				continue
			}
			detail := lang.T("%s: %.2f times as fast as %s, %.0f %% of its size", backendTitle(gain.Backend)+", "+threadsText(gain.Threads), gain.Speed, variantTitle(gain.Against), 100*gain.Size)
			if gain.Figure != "" {
				detail += fmt.Sprintf(", %s %+.3f", lang.Name(gain.Figure), gain.Better)
			}
			state := "warn"
			if gain.Sure && gain.Speed > 1 {
				state = "pass"
			}
			g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: variantTitle(v) + " · " + familyTitle(family), Detail: detail, State: state})
		}
	}
	return g
}

func threadsText(n int) string {
	if n == 1 {
		return lang.T("1 thread")
	}
	return lang.T("%d threads", n)
}

// scatters show size, accuracy and speed of networks that are measured by the
// same figure, where there are two or more.
func scatters(run []benchmark.Record) (groups []kit.Group) {
	best := quickest(run)
	var figures []string
	by, of := map[string]*kit.Scatter{}, map[string][]benchmark.Record{}
	for i := range best {
		r := &best[i]
		for _, a := range r.Accuracy {
			s := by[a.Figure]
			if s == nil {
				s = &kit.Scatter{X: lang.T("ms per frame"), Y: lang.Name(a.Figure), Down: a.Less}
				by[a.Figure] = s
				figures = append(figures, a.Figure)
			}
			s.Points = append(s.Points, kit.Point{
				Label: r.Title, Detail: fmt.Sprintf("%s ms · %s · %.3g", benchmark.Short(r.Invoke.Median), Megabytes(r.Bytes), a.Value),
				X: r.Invoke.Median, Y: a.Value, Size: float64(r.Bytes), Series: seriesOf(r.Variant),
			})
			of[a.Figure] = append(of[a.Figure], *r)
		}
	}
	for _, f := range figures {
		if s := by[f]; len(s.Points) > 1 {
			s.Keys = variantKeys(of[f])
			groups = append(groups, kit.Group{Title: lang.T("Speed and accuracy; area shows size"), Scatter: s})
		}
	}
	return groups
}

// besidePublished has the best of each network beside what Seeed's page states.
func besidePublished(run []benchmark.Record) *kit.Bars {
	bars := &kit.Bars{}
	for _, r := range quickest(run) {
		p := benchmark.PublishedFor(r.Family, r.Variant)
		if p == nil {
			continue
		}
		stated := kit.Bar{Label: lang.T("published"), Value: p.FPS, Text: fps(p.FPS), Stated: true}
		bars.Groups = append(bars.Groups, kit.BarGroup{Title: p.What, Bars: []kit.Bar{barOf(&r), stated}})
	}
	return bars
}

// alsoPublished are the page's figures of networks that are not here.
func alsoPublished() kit.Group {
	g := kit.Group{Title: lang.T("Published figures for other networks")}
	for _, p := range benchmark.OtherPublished() {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: p.What, Detail: variantTitle(p.Variant), Value: fps(p.FPS)})
	}
	return g
}

// failures tells what could not be measured.
func failures(run []benchmark.Record) kit.Group {
	g := kit.Group{Title: lang.T("Not measured")}
	for i := range run {
		if r := &run[i]; r.Failed != "" {
			g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: r.Title + " · " + wayOf(r), Detail: r.Failed, State: "fail"})
		}
	}
	return g
}

// BenchNetwork shows every figure of one network's variants.
type BenchNetwork struct {
	*App
	Began  int64 // the run, in Unix seconds
	Family string
}

// Show implements Page.
func (b BenchNetwork) Show() kit.Page {
	run := b.bench.runOf(b.Began)
	run = slices.DeleteFunc(run, func(r benchmark.Record) bool { return r.Family != b.Family })
	if len(run) == 0 {
		return kit.Page{Title: lang.T("Results"), Wrong: lang.T("These results no longer exist.")}
	}
	p := kit.Page{Title: familyTitle(run), Groups: []kit.Group{{Title: lang.T("Frames per second"), Bars: barsOf(run)}}}
	for i := range run {
		r := &run[i]
		g := kit.Group{Title: wayOf(r)}
		fact := func(label, value, detail string) {
			g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: label, Value: value, Detail: detail})
		}
		if r.Failed != "" {
			g.Rows = append(g.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("Not measured"), Detail: r.Failed, State: "fail"})
			p.Groups = append(p.Groups, g)
			continue
		}
		between := func(s benchmark.Spread) string {
			return lang.T("%s to %s ms between rounds", benchmark.Short(s.Low), benchmark.Short(s.High))
		}
		fact(lang.T("Inference"), benchmark.Short(r.Invoke.Median)+" ms", between(r.Invoke))
		within := lang.T("%d runs in %d rounds", r.Runs, r.Rounds)
		if r.P95High > 0 {
			within += " · " + between(benchmark.Spread{Low: r.P95Low, High: r.P95High})
		}
		fact(lang.T("95th percentile"), benchmark.Short(r.P95)+" ms", within)
		fact(lang.T("First inference"), benchmark.Short(r.First.Median)+" ms", between(r.First))
		fact(lang.T("Load time"), benchmark.Short(r.Load.Median)+" ms", between(r.Load))
		fact(lang.T("Memory"), Megabytes(int64(r.Net*(1<<20))), lang.T("%s including the process", Megabytes(int64(r.RSS*(1<<20)))))
		fact(lang.T("Size"), Megabytes(r.Bytes), "")
		if r.Heat.Before != nil && r.Heat.After != nil {
			fact(lang.T("Processor"), fmt.Sprintf("%.0f → %.0f °C", *r.Heat.Before, *r.Heat.After), frequencies(r.Heat))
		}
		if library.Catalogue().Model(r.Model) != nil {
			g.Rows = append(g.Rows, kit.Row{Kind: kit.RowLead, Action: Profile{b.App, r.Model, r.Backend, r.Threads}, Label: lang.T("Slowest operators")})
		}
		p.Groups = append(p.Groups, g)
	}
	accuracy := kit.Group{Title: lang.T("Accuracy")}
	told := map[string]bool{}
	for _, r := range run {
		for _, a := range r.Accuracy {
			if key := r.Model + a.Figure; !told[key] {
				told[key] = true
				accuracy.Rows = append(accuracy.Rows, kit.Row{Kind: kit.RowFact, Label: variantTitle(r.Variant) + " · " + lang.Name(a.Figure), Detail: a.On, Value: strconv.FormatFloat(a.Value, 'g', 3, 64)})
			}
		}
	}
	if len(accuracy.Rows) > 0 {
		p.Groups = append(p.Groups, accuracy)
	}
	return p
}

// frequencies tells how fast the processor ran, and whether it was slowed down.
func frequencies(h benchmark.Heat) string {
	var facts []string
	if h.Slowest != nil && h.Fastest != nil {
		facts = append(facts, fmt.Sprintf("%.0f … %.0f MHz", *h.Slowest, *h.Fastest))
	}
	if h.Throttled != nil && *h.Throttled {
		facts = append(facts, lang.T("throttled"))
	}
	return strings.Join(facts, " · ")
}
