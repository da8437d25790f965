package shell

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"reterminal-vision/app/device"
	"reterminal-vision/app/guard"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/ui"
)

// healthWatch keeps the device well: it stops a demo while the device is too hot or
// has too little memory, and says when the disk is nearly full.
type healthWatch struct {
	device  *device.Device
	screen  *ui.UI
	runner  *runner
	attract *attractor
	start   func(demo string) // as a tap does
	noRoom  func(free float64) ui.Problem
	hourly  func()
	folder  string // whose disk is watched

	mu   sync.Mutex
	last device.Health
}

// fullDisk is the free room below which a disk is nearly full, in bytes.
const fullDisk = 64 << 20

// watch looks at the device every two seconds until ctx ends.
func (w *healthWatch) watch(ctx context.Context) {
	var held guard.Guard
	rested := 0
	w.set(w.device.Health())
	for tick := 0; pipeline.Sleep(ctx, 2*time.Second); tick++ {
		metrics.Total.Paints.Store(w.screen.Paints())
		if rested++; w.runner.Running() != "" {
			rested = 0
		} else if rested == 2 { // the window has let go of the demo's pictures by then
			returnMemory()
		}
		if tick%1800 == 0 {
			w.hourly()
		}
		if tick%300 == 0 {
			w.checkDisk()
		}
		h := w.device.Health()
		w.set(h)
		w.guard(&held, h)
	}
}

// guard stops the demo that runs, or has the one go on that it has stopped,
// as the guard says.
func (w *healthWatch) guard(g *guard.Guard, h device.Health) {
	celsius, room := h.Temperature.Or(0), h.Available.Or(guard.MemoryRecovered+1)
	now := guard.Sample{Celsius: celsius, FreeMemory: room, Touches: w.screen.Touches()}
	now.Running, now.AttractMode, now.Changes = w.runner.state()
	switch do := g.Check(now); {
	case do.Stop:
		w.attract.end()
		w.runner.hold(now.Changes)
		w.screen.Live.Problem(sick(do.Hot, celsius, room))
		slog.Error("demo stopped", "celsius", celsius, "memory", room)
	case do.Attract:
		w.attract.begin(do.Touches)
	case do.Resume != "":
		w.start(do.Resume)
	}
}

// returnMemory gives the system back what nothing holds any more, in Go and in C:
// each by itself keeps what it was given for long, and for days in pieces.
func returnMemory() {
	debug.FreeOSMemory()
	inference.ReturnMemory()
}

// checkDisk says so when the disk is nearly full.
func (w *healthWatch) checkDisk() {
	free := device.FreeDisk(w.folder).Or(fullDisk)
	if free >= fullDisk {
		return
	}
	slog.Error("disk is nearly full", "free", int64(free))
	if w.runner.Running() == "" {
		w.screen.Live.Problem(w.noRoom(free))
	} else {
		w.screen.Toast(lang.T("The disk is almost full."))
	}
}

// set keeps how the device was last; it is shown four times a second.
func (w *healthWatch) set(h device.Health) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = h
}

func (w *healthWatch) now() device.Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}
