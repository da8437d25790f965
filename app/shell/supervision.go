package shell

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/library"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/supervise"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// readFor is how long a person has to read why the app starts again.
const readFor = 2 * time.Second

// stuck says what hangs and has the app start again, in the same demo: C code
// that hangs cannot be interrupted, it may hold locks and a core, and whatever
// the process tried next might wait for it.
func (w *window) stuck(ctx context.Context, id string, what watchdog.Part, tell bool) {
	why := fmt.Sprintf("stuck in %v", what)
	metrics.Total.Hung.Add(1)
	slog.Error("demo is stuck", "demo", id, "in", what.String())
	if w.ctx.Err() != nil { // the app ends, and has waited long enough for it
		w.link.Ends(cli.OK)
		os.Exit(cli.OK)
	}
	if tell && ctx.Err() == nil {
		w.screen.Live.Problem(w.stuckProblem(what, w.link != nil))
		time.Sleep(readFor)
	}
	if w.link.Restart(why) {
		os.Exit(cli.Failed)
	}
}

// stuckProblem words a part of a demo that hangs.
func (w *window) stuckProblem(what watchdog.Part, supervised bool) ui.Problem {
	p := ui.Problem{Title: lang.T("The network does not answer"), Remedy: lang.T("The app starts again by itself, with this demo.")}
	if what == watchdog.OpenSource || what == watchdog.CloseSource {
		p.Title = lang.T("The source does not answer")
	}
	var titles []string
	for _, m := range w.modelsRunning() {
		titles = append(titles, m.Title)
	}
	p.Detail = strings.Join(titles, " + ")
	if !supervised {
		p.Remedy = lang.T("Close the app and start it again.")
	}
	return p
}

// goOn takes up the demo that a crash has ended, and says so.
func (w *window) goOn(before supervise.Before) {
	metrics.Total.Crashes.Store(uint64(len(before.Crashes)))
	slog.Warn("started again", "after", before.Last().How, "demo", before.Demo)
	if before.Demo != "" && library.Catalogue().Demo(before.Demo) != nil {
		w.StartDemo(before.Demo)
	}
	w.screen.Toast(lang.T("The app had stopped by an error and has started again."))
}

// reportName is the file that keeps what is said on the safe screen.
const reportName = "crashes.txt"

// beSafe shows what happened after too many crashes, and starts nothing until a
// person wants it.
func (w *window) beSafe() {
	before := w.link.Before()
	metrics.Total.Crashes.Store(uint64(len(before.Crashes)))
	w.safe.Store(true)
	slog.Error("too many crashes: safe screen", "crashes", len(before.Crashes), "last", before.Last().How)
	if path, err := paths.Data(reportName); err == nil {
		if err := durable.WriteText(path, 0o600, before.Text()); err != nil {
			slog.Warn("report not kept", "error", err)
		}
	}
	w.screen.Pages.Open(pageSafe)
}

// pageSafe is the safe screen, by ID.
const pageSafe = "safe"

func (w *window) safePage() kit.Page { return safePage(w.link.Before(), w.prefs.Path != "") }

// safePage tells of crashes, what to do, and leads everywhere but by itself.
func safePage(before supervise.Before, kept bool) kit.Page {
	last := before.Last()
	if last == nil {
		last = &supervise.Crash{}
	}
	happened := kit.Group{Title: lang.T("What happened"), Rows: []kit.Row{
		{Kind: kit.RowFact, Label: last.How, Detail: last.At.Local().Format(time.DateTime), State: "fail"},
	}}
	if demo := library.Catalogue().Demo(last.Demo); demo != nil {
		happened.Rows = append(happened.Rows, kit.Row{Kind: kit.RowFact, Label: lang.T("In the demo"), Value: lang.Name(demo.Title)})
	}
	todo := kit.Group{Title: lang.T("What to do"),
		Text: lang.T("Start again. If it stops in the same demo, choose another model or fewer cores for it, or leave it alone. If it stops everywhere, check the device and restart it."),
		Rows: []kit.Row{
			{Kind: kit.RowAction, ID: safeStart, Label: lang.T("Start again")},
			{Kind: kit.RowLead, ID: pageCheck, Label: lang.T("Check this device")},
			{Kind: kit.RowLead, ID: pageSettings, Label: lang.T("Settings")},
		}}
	p := kit.Page{Title: lang.T("Safe screen"), First: true, Groups: []kit.Group{
		{Text: lang.T("The app has stopped %d times in a short while. Nothing runs now, so that this can be read.", len(before.Crashes))},
		todo, happened,
	}}
	if last.Log != "" {
		log := kit.Group{Title: lang.T("The log's last lines"), Text: last.Log}
		p.Groups = append(p.Groups, log)
	}
	if kept {
		p.Groups = append(p.Groups, kit.Group{Text: lang.T("All of it is kept in %s beside the settings.", reportName)})
	}
	return p
}

const safeStart = "start"

func (w *window) chooseSafe(id string) error {
	switch id {
	case safeStart:
		w.safe.Store(false)
		w.screen.ShowHome()
	case pageSettings:
		w.Settings()
	default:
		w.screen.Pages.Open(id)
	}
	return nil
}
