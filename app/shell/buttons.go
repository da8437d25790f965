package shell

import "reterminal-vision/app/device"

// pressed is one of the device's own buttons: F1 leads to the gallery, F2 and
// F3 to the demo before and after, the green one holds the picture, or saves
// it when it is held down; the one that turns the device off turns the screen
// dark.
func (w *shell) pressed(p device.Press) {
	if p.Button == device.Power {
		w.attract.darken()
		return
	}
	if w.screen.Touch() {
		return // it woke the screen
	}
	switch {
	case p.Button == device.F1:
		w.StopDemo()
		w.screen.ShowHome()
	case p.Button == device.F2 || p.Button == device.F3:
		by := 1
		if p.Button == device.F2 {
			by = -1
		}
		if id := w.neighbour(by); id != "" {
			w.StartDemo(id)
		}
	case p.Button == device.O && p.Long:
		w.screen.Live.SavePicture()
	case p.Button == device.O:
		w.screen.Live.ToggleFreeze()
	}
}

// neighbour is the demo that is ready before or after the one that runs.
func (w *shell) neighbour(by int) string {
	var ready []string
	at := -1
	for _, c := range w.cards() {
		if c.ID == w.runner.Running() {
			at = len(ready)
		}
		if c.Ready {
			ready = append(ready, c.ID)
		}
	}
	if len(ready) == 0 {
		return ""
	}
	if at < 0 && by < 0 {
		at = 0
	}
	return ready[(at+by+len(ready))%len(ready)]
}
