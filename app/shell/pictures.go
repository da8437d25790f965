package shell

import (
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"reterminal-vision/app/device"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/assets/lang"
)

// SavePicture implements ui.Handler: it keeps the picture on the screen, with
// what was found drawn in.
func (w *shell) SavePicture() {
	img, result := w.screen.Live.Shown()
	if img == nil {
		w.screen.Toast(lang.T("There is no picture to save yet."))
		return
	}
	demo := w.runner.Running()
	w.working.Go(func() {
		result.Mask = nil // it is in the picture
		err := snapshot.Annotate(img, result)
		file := ""
		if err == nil {
			file, err = snapshot.NewFile(demo, time.Now())
		}
		if err == nil && device.FreeDisk(filepath.Dir(file)).Or(roomForPictures) < roomForPictures {
			slog.Warn("picture not saved: the disk is nearly full", "folder", filepath.Dir(file))
			w.screen.Toast(lang.T("Not saved: the disk is almost full. Delete saved pictures."))
			return
		}
		if err == nil {
			err = snapshot.SavePicture(file, img)
		}
		if err != nil {
			slog.Error("picture not saved", "error", err)
			w.screen.Toast(lang.T("Not saved: %s", err.Error()))
			return
		}
		w.screen.Toast(lang.T("Saved as %s", file))
	})
}

// roomForPictures is what has to be free where pictures are saved, in bytes:
// anybody may save some, over and over. Tests raise it.
var roomForPictures = float64(500 << 20)

// sweepUp removes what power cuts left of files that were being written.
func (w *shell) sweepUp() {
	var err error
	if w.prefs.Path != "" {
		err = durable.Sweep(filepath.Dir(w.prefs.Path), "settings.json*", "speeds.json", "benchmarks.json", roster.ClockFile, pages.ReportName)
	}
	if folder, bad := snapshot.FolderPath(); bad == nil {
		err = errors.Join(err, durable.Sweep(folder, "*-????????-??????.???.jpg"))
	}
	if err != nil {
		slog.Warn("what was left of writes stays", "error", err)
	}
}
