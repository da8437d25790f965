package shell

import (
	"reterminal-vision/app/doctor"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui/kit"
)

// checkPage shows what the doctor finds.
func (w *window) checkPage() kit.Page {
	g := kit.Group{}
	for _, c := range w.checks() {
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
