package shell

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/library"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/app/supervise"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/lang"
)

// readFor is how long a person has to read why the app starts again.
const readFor = 2 * time.Second

// stuck says what hangs and has the app start again, in the same demo: C code
// that hangs cannot be interrupted, it may hold locks and a core, and whatever
// the process tried next might wait for it.
func (w *shell) stuck(ctx context.Context, id string, what watchdog.Part, tell bool) {
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

// goOn takes up the demo that a crash has ended, and says so.
func (w *shell) goOn(before supervise.Before) {
	metrics.Total.Crashes.Store(uint64(len(before.Crashes)))
	slog.Warn("started again", "after", before.Last().How, "demo", before.Demo)
	if before.Demo != "" && library.Catalogue().Demo(before.Demo) != nil {
		w.StartDemo(before.Demo)
	}
	w.screen.Toast(lang.T("The app was restarted after an error."))
}

// beSafe shows what happened after too many crashes, and starts nothing until a
// person wants it.
func (w *shell) beSafe() {
	before := w.link.Before()
	metrics.Total.Crashes.Store(uint64(len(before.Crashes)))
	w.safe.Store(true)
	slog.Error("too many crashes: safe screen", "crashes", len(before.Crashes), "last", before.Last().How)
	if path, err := paths.Data(pages.ReportName); err == nil {
		if err := durable.WriteText(path, 0o600, before.Text()); err != nil {
			slog.Warn("report not kept", "error", err)
		}
	}
	w.screen.Pages.Open(pages.Safe{App: w.pages})
}

// keepAlive tells once a second who supervises that the app is alive, and pings
// systemd's watchdog, where it watches this process, for as long as the screen
// is drawn.
func (w *shell) keepAlive(ctx context.Context) {
	every, pinged, tick := w.notify.WatchdogInterval(), time.Time{}, time.Second
	if every > 0 {
		tick = min(tick, every)
	}
	for pipeline.Sleep(ctx, tick) {
		drawn := w.screen.Alive()
		w.link.Alive(drawn)
		if now := time.Now(); drawn && every > 0 && now.Sub(pinged) > every-tick {
			pinged = now
			w.tell(w.notify.Watchdog)
		}
	}
}
