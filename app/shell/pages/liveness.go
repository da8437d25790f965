package pages

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

// RecognitionDemo is the demo that it concerns, by ID.
const RecognitionDemo = "recognition"

// toggleLiveness is a tap on the row of that demand.
type toggleLiveness struct{}

// livenessRow turns the demand on and off, and says how good it is here.
func (w *App) livenessRow(demo *models.Demo) kit.Row {
	detail := lang.T("photos and screens are not recognised by name")
	if m := library.First(library.Catalogue(), library.OpenStore(w.Config.ModelsDir), demo.Liveness); m != nil && m.Experimental {
		detail = lang.T("experimental") + ": " + detail
	}
	return toggle(toggleLiveness{}, lang.T("Anti-spoofing"), detail, w.Prefs.Get().Liveness)
}

// toggleLiveness turns it on or off, after the PIN where there is one, and
// shows the page it was done on anew.
func (w *App) toggleLiveness(on Page) {
	w.Handler.Gate(func() {
		w.Handler.Do(on, func() error {
			err := w.Prefs.Change(func(s *settings.Settings) { s.Liveness = !s.Liveness })
			if w.Demos.Running() == RecognitionDemo {
				w.Demos.Restart()
				w.Demos.AwaitNetworks()
			}
			return err
		})
	})
}
