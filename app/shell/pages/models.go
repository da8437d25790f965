package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"reterminal-vision/app/custom"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/library"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference/tasks"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// download is one that is under way, or that failed.
type download struct {
	stop context.CancelFunc

	mu     sync.Mutex
	done   int64
	failed error
}

func (d *download) at(done int64) {
	d.mu.Lock()
	d.done = done
	d.mu.Unlock()
}

func (d *download) state() (done int64, failed error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done, d.failed
}

// downloads are those of all models.
type downloads struct {
	mu sync.Mutex
	by map[string]*download // by model ID
}

// of is the download of a model, nil when there is none.
func (d *downloads) of(id string) *download {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.by[id]
}

// begin adds a download, unless there is one of the model that has not failed.
func (d *downloads) begin(id string, stop context.CancelFunc) (*download, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.by[id]; old != nil {
		if _, failed := old.state(); failed == nil {
			return nil, false
		}
	}
	if d.by == nil {
		d.by = map[string]*download{}
	}
	d.by[id] = &download{stop: stop}
	return d.by[id], true
}

// end removes a download.
func (d *downloads) end(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.by, id)
}

// Models lists the models of each demo, and how much room they take.
type Models struct{ *App }

// Show implements Page.
func (w Models) Show() kit.Page {
	known, store := library.Catalogue(), library.OpenStore(w.Config.ModelsDir)
	p := kit.Page{Title: lang.T("Models")}
	storage := kit.Group{Rows: []kit.Row{{Kind: kit.RowLead, Action: Own(w), Label: lang.T("Import a model")}}}
	if used, err := store.Usage(); err == nil {
		storage.Text = lang.T("Downloaded and imported models use %s.", Megabytes(used))
		if free, err := store.Free(); err == nil {
			storage.Text += " " + lang.T("%s are free.", Megabytes(free))
		}
	}
	p.Groups = append(p.Groups, storage)
	listed := map[string]bool{}
	for i := range known.Demos {
		g := kit.Group{Title: lang.Name(known.Demos[i].Title)}
		for _, id := range known.Demos[i].Needs() {
			if m := known.Model(id); m != nil && !listed[id] {
				listed[id] = true
				g.Rows = append(g.Rows, w.modelRow(m, store))
			}
		}
		if len(g.Rows) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return p
}

// modelRow is one model with its state.
func (w *App) modelRow(m *models.Model, store *models.Store) kit.Row {
	r := kit.Row{Kind: kit.RowLead, Action: Model{w, m.ID}, Label: m.Title, Detail: modelFacts(m), State: "warn", Value: lang.T("not installed")}
	if store.Has(m) {
		r.State, r.Value = "pass", ""
	}
	if d := w.downloads.of(m.ID); d != nil {
		done, failed := d.state()
		r.Value, r.Progress = fmt.Sprintf("%d %%", 100*done/max(m.Size, 1)), float32(done)/float32(max(m.Size, 1))
		if failed != nil {
			r.State, r.Value, r.Progress = "fail", lang.T("failed"), 0
		}
	}
	return r
}

// Model is about one model, by its ID: fetch, delete, facts.
type Model struct {
	*App
	ID string
}

// What is tapped there.
type (
	fetchModel  struct{}
	stopFetch   struct{}
	deleteModel struct{}
)

// Show implements Page.
func (p Model) Show() kit.Page {
	m, store := library.Catalogue().Model(p.ID), library.OpenStore(p.Config.ModelsDir)
	if m == nil {
		return kit.Page{Title: p.ID, Wrong: lang.T("This model is no longer there.")}
	}
	page := kit.Page{Title: m.Title}
	do := kit.Group{}
	status, d := store.Status(m), p.downloads.of(m.ID)
	switch {
	case d != nil:
		done, failed := d.state()
		if failed != nil {
			page.Wrong = faults.Sentence(failed)
			do.Rows = append(do.Rows, kit.Row{Kind: kit.RowAction, Action: fetchModel{}, Label: lang.T("Try again")})
			break
		}
		do.Rows = append(do.Rows, kit.Row{Kind: kit.RowAction, Action: stopFetch{}, Label: lang.T("Stop"), Detail: lang.T("%s of %s", Megabytes(done), Megabytes(m.Size)),
			Progress: max(.01, float32(done)/float32(max(m.Size, 1)))})
	case status == models.Present:
		do.Rows = append(do.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("Installed"), State: "pass"},
			kit.Row{Kind: kit.RowAction, Action: deleteModel{}, Label: lang.T("Delete"), Danger: true})
	case m.URL != "":
		do.Rows = append(do.Rows, kit.Row{Kind: kit.RowAction, Action: fetchModel{}, Label: lang.T("Download"), Detail: lang.T("%s, needs the network", Megabytes(m.Size))})
	default:
		do.Text = lang.T("No download is available. Copy the file into the models folder.")
	}
	facts := kit.Group{Title: lang.T("Details")}
	for _, f := range [][2]string{
		{lang.T("Kind"), modelFacts(m)}, {lang.T("File"), m.File}, {lang.T("Source"), m.Source}, {lang.T("Licence"), m.Licence + limitedUse(m)},
	} {
		if f[1] != "" {
			facts.Rows = append(facts.Rows, kit.Row{Kind: kit.RowFact, Label: f[0], Detail: f[1]})
		}
	}
	page.Groups = []kit.Group{do, facts}
	return page
}

// Choose implements chooser.
func (p Model) Choose(a kit.Action) error {
	m := library.Catalogue().Model(p.ID)
	if m == nil {
		return nil
	}
	switch a.(type) {
	case fetchModel:
		p.fetch(m)
	case stopFetch:
		if d := p.downloads.of(m.ID); d != nil {
			d.stop()
		}
	case deleteModel:
		if m.Custom() {
			folder, err := library.ImportedFolder()
			if err == nil {
				err = custom.Remove(folder, m.ID)
			}
			if err != nil {
				return err
			}
			p.Screen.Pages.Close(p)
			p.Handler.ShowPage(Models{p.App})
		} else if err := library.OpenStore(p.Config.ModelsDir).Delete(p.Context, m); err != nil {
			return err
		}
		p.Screen.SetCards(p.Cards())
	}
	return nil
}

// fetch downloads a model and shows how that goes.
func (w Model) fetch(m *models.Model) {
	ctx, stop := context.WithCancel(w.Context)
	d, ok := w.downloads.begin(m.ID, stop)
	if !ok {
		stop()
		return
	}
	w.Work.Go(func() {
		defer stop()
		told := time.Time{}
		err := library.OpenStore(w.Config.ModelsDir).Fetch(ctx, m, func(done, _ int64) {
			d.at(done)
			if now := time.Now(); now.Sub(told) > 500*time.Millisecond {
				told = now
				w.Handler.ShowPage(w)
			}
		})
		stopped := errors.Is(ctx.Err(), context.Canceled)
		if err == nil || stopped {
			w.downloads.end(m.ID)
		}
		if err != nil && !stopped {
			slog.Error("model not fetched", "model", m.ID, "error", err)
			d.mu.Lock()
			d.failed = err
			d.mu.Unlock()
		}
		w.Handler.ShowPage(w)
		w.Handler.ShowPage(Models{w.App})
		w.Screen.SetCards(w.Cards())
	})
}

// ownFrom are the folders in which a person's own models are looked for, with
// what is beneath them two levels down.
func ownFrom() []string {
	folders := []string{"/media", "/run/media", "/mnt"}
	if home, err := os.UserHomeDir(); err == nil {
		folders = append(folders, filepath.Join(home, "Downloads"), filepath.Join(home, "models"))
	}
	return folders
}

// ownMost is how many files are offered.
const ownMost = 40

// foundModels are the model files on sticks and in the usual folders.
func foundModels(folders []string) (files []string) {
	for _, folder := range folders {
		for _, depth := range []string{"*", "*/*", "*/*/*"} {
			more, _ := filepath.Glob(filepath.Join(folder, depth+".tflite")) // fails for a bad pattern only
			files = append(files, more...)
		}
	}
	slices.Sort(files)
	return files[:min(len(files), ownMost)]
}

// Own lists the model files that a person brought.
type Own struct{ *App }

// lookAgain lists them anew.
type lookAgain struct{}

// Show implements Page.
func (w Own) Show() kit.Page {
	p := kit.Page{Title: lang.T("Import a model"), Groups: []kit.Group{{
		Text: lang.T("Put a .tflite file and, beside it, a text file with one label per line on a USB stick and plug it in. Classification, SSD, YOLOv8 and segmentation models are supported."),
	}}}
	g := kit.Group{Title: lang.T("Found")}
	for _, f := range foundModels(ownFrom()) {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowLead, Action: Import{w.App, f}, Label: filepath.Base(f), Detail: filepath.Dir(f)})
	}
	if len(g.Rows) == 0 {
		g.Text = lang.T("There is none yet.")
	}
	g.Rows = append(g.Rows, kit.Row{Kind: kit.RowAction, Action: lookAgain{}, Label: lang.T("Look again")})
	p.Groups = append(p.Groups, g)
	return p
}

// Choose implements chooser: the page is shown anew.
func (w Own) Choose(kit.Action) error { return nil }

// Import shows what a file is and takes it in.
type Import struct {
	*App
	File string
}

// What is tapped there.
type (
	importAs  string                      // the kind of task or decoder, by its name
	setLabels string                      // a list, by its file or built-in name; "" for none
	setResize string                      // as in the catalogue
	setScale  struct{ mean, std float32 } // std 0 leaves both to the file
)

// Show implements Page.
func (p Import) Show() kit.Page {
	page := kit.Page{Title: filepath.Base(p.File)}
	d, err := custom.Inspect(p.File)
	if err != nil {
		page.Wrong = faults.Sentence(err)
		return page
	}
	as := kit.Group{Title: lang.T("Task")}
	for _, f := range d.Fits {
		as.Rows = append(as.Rows, kit.Row{Kind: kit.RowAction, Action: importAs(f.Task), Label: taskTitle(f.Task), Detail: f.Why})
	}
	if len(d.Fits) == 0 {
		as.Text = d.Unfit
	}
	names := kit.Group{Title: lang.T("Labels")}
	chosen := p.labels()
	lists, _ := filepath.Glob(filepath.Join(filepath.Dir(p.File), "*.txt")) // fails for a bad pattern only
	for _, l := range lists {
		names.Rows = append(names.Rows, kit.Row{Action: setLabels(l), Label: filepath.Base(l), Chosen: l == chosen})
	}
	for _, l := range models.LabelLists() {
		names.Rows = append(names.Rows, kit.Row{Action: setLabels(l), Label: l, Detail: lang.T("built in"), Chosen: l == chosen})
	}
	own := lang.T("class numbers")
	if len(d.Labels) > 0 {
		own = lang.T("those in the file")
	}
	names.Rows = append(names.Rows, kit.Row{Action: setLabels(""), Label: own, Chosen: chosen == ""})
	facts := kit.Group{Title: lang.T("Details"), Rows: []kit.Row{
		{Kind: kit.RowFact, Label: lang.T("Size"), Value: Megabytes(d.Size)},
		{Kind: kit.RowFact, Label: lang.T("Precision"), Value: d.Precision},
		{Kind: kit.RowFact, Label: lang.T("Parameters"), Value: millions(d.Parameters)},
		{Kind: kit.RowFact, Label: lang.T("Multiply-adds per inference"), Value: millions(d.MACs)},
	}}
	for _, t := range d.Inputs {
		facts.Rows = append(facts.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("Input"), Detail: t.String()})
	}
	for _, t := range d.Outputs {
		facts.Rows = append(facts.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("Output"), Detail: t.String()})
	}
	page.Groups = append([]kit.Group{as}, p.pictureGroups(d)...)
	page.Groups = append(page.Groups, names, facts, stepFacts(d))
	return page
}

// importChoice is what a person chose for a file, beside its task.
type importChoice struct {
	custom.Choice
	labelled bool // Labels is chosen
}

// pictureScales are what float networks are given: (x-mean)/std of a byte x.
var pictureScales = []struct {
	label string
	setScale
}{
	{"-1 … 1", setScale{127.5, 127.5}},
	{"0 … 1", setScale{0, 255}},
	{"0 … 255", setScale{0, 1}},
}

// pictureGroups choose how the network is given a picture. Of whole numbers the
// file says which they are.
func (p Import) pictureGroups(d custom.Description) (groups []kit.Group) {
	if len(d.Fits) == 0 {
		return nil
	}
	chosen := p.chosen()
	if d.Inputs[0].DType == "float32" {
		scale := kit.Group{Title: lang.T("Input scaling"), Rows: []kit.Row{
			{Action: setScale{}, Label: lang.T("automatic, from the model"), Chosen: chosen.Std == 0},
		}}
		for _, s := range pictureScales {
			scale.Rows = append(scale.Rows, kit.Row{Action: s.setScale, Label: s.label, Detail: fmt.Sprintf("mean %g, std %g", s.mean, s.std),
				Chosen: chosen.Std == s.std && chosen.Mean == s.mean})
		}
		groups = append(groups, scale)
	}
	return append(groups, kit.Group{Title: lang.T("Resizing"), Rows: []kit.Row{
		{Action: setResize("stretch"), Label: lang.T("stretched"), Chosen: chosen.Resize != "letterbox"},
		{Action: setResize("letterbox"), Label: lang.T("letterboxed"), Chosen: chosen.Resize == "letterbox"},
	}})
}

// importChoices are those for all files that are looked at.
type importChoices struct {
	mu sync.Mutex
	by map[string]importChoice // by file
}

// chosen is what was chosen for the file so far.
func (p Import) chosen() importChoice {
	p.imports.mu.Lock()
	defer p.imports.mu.Unlock()
	return p.imports.by[p.File]
}

// change chooses something for the file.
func (p Import) change(edit func(*importChoice)) {
	p.imports.mu.Lock()
	defer p.imports.mu.Unlock()
	c := p.imports.by[p.File]
	edit(&c)
	if p.imports.by == nil {
		p.imports.by = map[string]importChoice{}
	}
	p.imports.by[p.File] = c
}

// stepFacts are a network's kinds of steps, those with the most work first.
func stepFacts(d custom.Description) kit.Group {
	g := kit.Group{Title: lang.T("Operators")}
	operators := slices.Clone(d.Operators)
	slices.SortStableFunc(operators, func(a, b custom.Operator) int { return cmp.Compare(b.MACs, a.MACs) })
	for _, o := range operators {
		row := kit.Row{Kind: kit.RowFact, Label: o.Name, Value: fmt.Sprintf("× %d", o.Count)}
		if o.MACs > 0 && d.MACs > 0 {
			row.Detail = lang.T("%.0f %% of the multiply-adds", 100*float64(o.MACs)/float64(d.MACs))
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// labels is the list chosen for the file: by a person, else the one beside it.
func (p Import) labels() string {
	if c := p.chosen(); c.labelled {
		return c.Labels
	}
	return labelsBeside(p.File)
}

// millions is a large number for a person.
func millions(n int64) string {
	if n < 10_000_000 {
		return lang.T("%.2f million", float64(n)/1e6)
	}
	return lang.T("%d million", (n+500_000)/1_000_000)
}

func taskTitle(decoder string) string {
	if kind := tasks.Of(decoder); kind != nil {
		return lang.Name(kind.Title)
	}
	return decoder
}

// labelsBeside is the list of labels beside a model: of its name, or the only
// one there; "" for none.
func labelsBeside(file string) string {
	own := strings.TrimSuffix(file, filepath.Ext(file)) + ".txt"
	if _, err := os.Stat(own); err == nil {
		return own
	}
	if lists, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.txt")); len(lists) == 1 {
		return lists[0]
	}
	return ""
}

// Choose implements chooser.
func (p Import) Choose(a kit.Action) error {
	switch a := a.(type) {
	case setLabels:
		p.change(func(c *importChoice) { c.Labels, c.labelled = string(a), true })
	case setResize:
		p.change(func(c *importChoice) { c.Resize = string(a) })
	case setScale:
		p.change(func(c *importChoice) { c.Mean, c.Std = a.mean, a.std })
	case importAs:
		return p.takeIn(string(a))
	}
	return nil
}

// takeIn imports the file for a kind of task.
func (p Import) takeIn(task string) error {
	folder, err := library.ImportedFolder()
	if err != nil {
		return err
	}
	choice := p.chosen().Choice
	choice.Task, choice.Labels = task, p.labels()
	_, demo, err := custom.Import(p.Context, folder, p.File, choice)
	if err != nil {
		return err
	}
	p.Screen.SetCards(p.Cards())
	p.Screen.Toast(lang.T("%s is in the gallery now.", demo.Title))
	p.Screen.Pages.Close(p)
	return nil
}
