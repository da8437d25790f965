package pages

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/faults"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// externalDelegates are those to choose from: in the settings, and found. The
// one in use is among them, even when it is neither.
func (w *App) externalDelegates(inUse inference.Delegate) (list []inference.Delegate) {
	for _, text := range w.Prefs.Get().Delegates {
		d, err := inference.ParseDelegate(text)
		if err != nil {
			slog.Warn("a delegate in the settings is left out", "error", err)
			continue
		}
		list = append(list, d)
	}
	list = append(list, backend.Installed()...)
	if _, external := inUse.External(); external && !slices.Contains(list, inUse) {
		list = append(list, inUse)
	}
	return list
}

// backendRows are the backends to choose from.
func (w *App) backendRows(inUse inference.Delegate) []kit.Row {
	rows := []kit.Row{
		{Action: setDelegate(inference.XNNPACK), Label: "XNNPACK", Detail: lang.T("fastest on this device")},
		{Action: setDelegate(inference.Builtin), Label: lang.T("Built-in kernels"), Detail: lang.T("for comparison")},
		{Action: setDelegate(inference.Reference), Label: lang.T("Reference kernels"), Detail: lang.T("slow, for checking results")},
	}
	for _, d := range w.externalDelegates(inUse) {
		rows = append(rows, kit.Row{Action: setDelegate(d), Label: delegateTitle(d), Detail: delegateState(d)})
	}
	for i := range rows {
		rows[i].Chosen = rows[i].Action == setDelegate(inUse)
	}
	return rows
}

// setDelegate is a tap on a backend.
type setDelegate inference.Delegate

// delegateTitle is the file of an external delegate, with its options.
func delegateTitle(d inference.Delegate) string {
	file, _ := d.External()
	_, options, _ := strings.Cut(string(d), "?")
	return strings.TrimSpace(filepath.Base(file) + " " + strings.ReplaceAll(options, "&", " "))
}

// delegateState is what trials have told of an external delegate.
func delegateState(d inference.Delegate) string {
	var runs []string
	for _, t := range backend.Results(d) {
		if t.Err != nil {
			return faults.Sentence(t.Err)
		}
		run := lang.T("runs %d of %d operators", t.Placement.Delegated(), len(t.Placement.Nodes))
		if left := leftSteps(t.Placement); left != "" {
			run += " (" + lang.T("not %s", left) + ")"
		}
		runs = append(runs, run)
	}
	if len(runs) == 0 {
		return lang.T("external delegate")
	}
	slices.Sort(runs)
	return strings.Join(runs, ", ")
}

// mostLeft is how many kinds of steps are named.
const mostLeft = 4

// leftSteps names the steps that a delegate leaves to the library, those it
// leaves most of first; "" for none.
func leftSteps(p inference.Placement) string {
	kinds := p.Left()
	slices.SortStableFunc(kinds, func(a, b inference.Kind) int { return b.Count - a.Count })
	var names []string
	for _, k := range kinds[:min(len(kinds), mostLeft)] {
		names = append(names, fmt.Sprintf("%d %s", k.Count, k.Name))
	}
	if len(kinds) > mostLeft {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
