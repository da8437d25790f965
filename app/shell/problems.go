package shell

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"reterminal-vision/app/demo"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/people"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui"
)

// problem words an error for a person at the screen.
func (w *shell) problem(err error, id string) ui.Problem {
	p := ui.Problem{Title: lang.T("This demo cannot run"), Detail: faults.Worded(err), Retry: func() { w.StartDemo(id) }}
	var m *demo.ModelError
	var damaged *people.DamagedError
	var key *people.KeyError
	switch {
	case errors.As(err, &key):
		p.Title, p.Detail = lang.T("The key to the list of people is missing or damaged"), key.Key+": "+key.Err.Error()
		p.Remedy = lang.T("Put the right key there, or start over with nobody. The list is kept beside the new one.")
		p.Label, p.Retry = lang.T("Start over"), func() { w.gate(func() { w.startOver(key.Path, id) }) }
	case errors.As(err, &damaged):
		p.Title, p.Detail = lang.T("The list of people is damaged"), damaged.Path+": "+damaged.Err.Error()
		p.Remedy = lang.T("Start over with nobody. The file is kept beside the new one, and a backup can be imported.")
		p.Label, p.Retry = lang.T("Start over"), func() { w.gate(func() { w.startOver(damaged.Path, id) }) }
	case errors.As(err, &m):
		p.Title, p.Detail = lang.T("The model is missing or damaged"), m.Detail()
		p.Remedy = lang.T("Download it under Settings > Models, or choose another one there.")
		p.Label, p.Retry = lang.T("Models"), func() { w.gate(func() { w.screen.Pages.Open(pages.Models{App: w.pages}) }) }
	case errors.Is(err, errCrashed):
		p.Title, p.Remedy = lang.T("This demo crashed"), lang.T("Try again, or choose another model for it. See the log for details.")
	}
	return p
}

// startOver sets a damaged database of people aside.
func (w *shell) startOver(path, id string) {
	kept, err := people.SetAside(path)
	if err != nil {
		slog.Error("damaged database stays", "error", err)
	} else {
		slog.Warn("damaged database set aside", "kept", kept)
	}
	w.StartDemo(id)
}

// stuckProblem words a part of a demo that hangs.
func (w *shell) stuckProblem(what watchdog.Part, supervised bool) ui.Problem {
	p := ui.Problem{Title: lang.T("The network does not answer"), Remedy: lang.T("The app restarts automatically with this demo.")}
	if what == watchdog.OpenSource || what == watchdog.CloseSource {
		p.Title = lang.T("The source does not answer")
	}
	var titles []string
	for _, m := range w.runner.Networks() {
		titles = append(titles, m.Title)
	}
	p.Detail = strings.Join(titles, " + ")
	if !supervised {
		p.Remedy = lang.T("Close the app and start it again.")
	}
	return p
}

// noRoom words a disk that is nearly full.
func (w *shell) noRoom(free float64) ui.Problem {
	return ui.Problem{Title: lang.T("The disk is almost full."), Detail: pages.Megabytes(int64(free)),
		Remedy: lang.T("People and settings may be lost. Delete models here, or saved pictures."),
		Label:  lang.T("Models"), Retry: func() { w.gate(func() { w.screen.Pages.Open(pages.Models{App: w.pages}) }) }}
}

// sick words what the device suffers from.
func sick(hot bool, celsius, room float64) ui.Problem {
	if hot {
		return ui.Problem{Title: lang.T("The device is too hot"), Detail: fmt.Sprintf("%.0f °C", celsius),
			Remedy: lang.T("Move it out of the sun and let it cool. The demo resumes automatically when it has cooled down.")}
	}
	return ui.Problem{Title: lang.T("Memory is running out"), Detail: pages.Megabytes(int64(room)),
		Remedy: lang.T("Close other programs or restart the device. The demo resumes automatically when memory is free.")}
}
