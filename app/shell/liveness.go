package shell

import (
	"reterminal-vision/app/library"
	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/models"
	"reterminal-vision/ui/kit"
)

// Whoever runs the device may demand of the recognition that it calls nobody by
// name whose face is a photograph or on a screen. It is a setting, and not one
// of a demo that visitors may try.

const (
	recognitionDemo = "recognition"
	chooseLiveness  = "liveness"
)

// livenessRow turns the demand on and off, and says how good it is here.
func (w *window) livenessRow(demo *models.Demo) kit.Row {
	detail := lang.T("a photograph, or a screen that shows somebody, is not greeted by name")
	if m := library.First(library.Catalogue(), library.OpenStore(w.cfg.ModelsDir), demo.Liveness); m != nil && m.Experimental {
		detail = lang.T("experimental") + ": " + detail
	}
	return toggle(chooseLiveness, lang.T("Living faces only"), detail, w.prefs.Get().Liveness)
}

// toggleLiveness turns it on or off, after the PIN where there is one, and
// shows the page it was done on anew.
func (w *window) toggleLiveness(on string) {
	w.gate(func() {
		w.pages.do(on, func(page) error {
			err := w.prefs.Change(func(s *settings.Settings) { s.Liveness = !s.Liveness })
			if w.runs() == recognitionDemo {
				w.restart()
				w.settled()
			}
			return err
		})
	})
}
