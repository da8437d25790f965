package pages

import (
	"time"

	"reterminal-vision/app/library"
	"reterminal-vision/app/supervise"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui/kit"
)

// ReportName is the file that keeps what is said on the safe screen, beside the
// settings.
const ReportName = "crashes.txt"

// Safe tells of crashes, what to do, and leads everywhere but by itself.
type Safe struct{ *App }

// startSafe starts the app again.
type startSafe struct{}

// Show implements Page.
func (w Safe) Show() kit.Page { return safePage(w.App, w.Before(), w.Prefs.Path != "") }

// safePage is that page; kept tells whether there is a report.
func safePage(a *App, before supervise.Before, kept bool) kit.Page {
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
		Text: lang.T("Start again. If it crashes in the same demo, choose another model or fewer threads for it, or avoid that demo. If it crashes everywhere, check the device and restart it."),
		Rows: []kit.Row{
			{Kind: kit.RowAction, Action: startSafe{}, Label: lang.T("Start again")},
			{Kind: kit.RowLead, Action: Check{a}, Label: lang.T("Check this device")},
			{Kind: kit.RowLead, Action: behindPIN{Settings{a}}, Label: lang.T("Settings")},
		}}
	p := kit.Page{Title: lang.T("Safe mode"), First: true, Groups: []kit.Group{
		{Text: lang.T("The app crashed %d times in a short time. Nothing is running now.", len(before.Crashes))},
		todo, happened,
	}}
	if last.Log != "" {
		log := kit.Group{Title: lang.T("Last log lines"), Text: last.Log}
		p.Groups = append(p.Groups, log)
	}
	if kept {
		p.Groups = append(p.Groups, kit.Group{Text: lang.T("The full report is in %s beside the settings.", ReportName)})
	}
	return p
}

// Choose implements chooser.
func (w Safe) Choose(kit.Action) error {
	w.Home()
	return nil
}
