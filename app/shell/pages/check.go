package pages

import (
	"reterminal-vision/app/doctor"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui/kit"
)

// Check shows what the doctor finds.
type Check struct{ *App }

// Show implements Page.
func (w Check) Show() kit.Page {
	g := kit.Group{}
	for _, c := range w.Checks() {
		r := kit.Row{Kind: kit.RowFact, Label: lang.Name(c.Name), Detail: c.Detail, State: c.State.String()}
		if c.State == doctor.Unknown {
			r.State = "" // neither good nor bad
		}
		if c.Remedy != "" && c.State != doctor.Pass {
			r.Detail += ": " + c.Remedy
		}
		g.Rows = append(g.Rows, r)
	}
	return kit.Page{Title: lang.T("Check this device"), Groups: []kit.Group{g}}
}
