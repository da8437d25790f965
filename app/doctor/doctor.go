// Package doctor checks whether a machine can run the app, and says what to do
// where it cannot.
//
// In: the machine's hardware, cameras, models, folders and environment. Out: a
// list of checks, each passed, with a warning, failed or unknown. It imports app/device,
// camera, inference and models; app may import it.
package doctor

import (
	"context"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/models"
)

// State is the outcome of a check.
type State uint8

// Outcomes of a check.
const (
	Pass    State = iota
	Warn          // the app runs, but something of it does not
	Fail          // the app, or what it is there for, does not run
	Unknown       // not available
)

func (s State) String() string { return [...]string{"pass", "warn", "fail", "unknown"}[s] }

// MarshalText makes the outcome a word in JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Check is one thing that was looked at.
type Check struct {
	ID     string `json:"id"`   // lasting, for programs
	Name   string `json:"name"` // for people
	State  State  `json:"state"`
	Detail string `json:"detail"`           // what was found
	Remedy string `json:"remedy,omitempty"` // what to do; "" for one that passed
}

// Options say what is checked. Zero values stand for this machine as it is.
type Options struct {
	Root      string // folder that shows the hardware; "" for /
	DataDir   string // folder that the app writes to; it need not exist yet
	Store     *models.Store
	Catalogue *models.Catalogue
	Cameras   func() []camera.Device
	Now       func() time.Time
}

// Limits of what passes.
const (
	megabyte   = 1 << 20
	leastRAM   = 300 * megabyte // free memory, bytes
	leastDisk  = 200 * megabyte // free bytes where the app writes
	warm       = 75             // °C
	hot        = 85             // °C
	oldestYear = 2025           // the clock of a machine that does not know the time is before it
)

// Run does every check, in seconds; it reads every model. It ends early with
// ctx, with what it has found by then.
func Run(ctx context.Context, opt Options) []Check {
	e := newExamination(opt)
	var checks []Check
	for _, c := range []struct {
		id, name string
		do       func(context.Context) Check
	}{
		{"camera", "Camera", e.camera},
		{"display", "Display", e.display},
		{"gpu", "GPU", e.gpu},
		{"library", "TensorFlow Lite", e.library},
		{"models", "Models", e.models},
		{"memory", "Memory", e.memory},
		{"disk", "Disk", e.disk},
		{"temperature", "Temperature", e.temperature},
		{"power", "Power supply", e.power},
		{"permissions", "Permissions", e.permissions},
		{"clock", "Clock", e.clock},
		{"ffmpeg", "ffmpeg", e.ffmpeg},
	} {
		check := c.do(ctx)
		if ctx.Err() != nil { // it may not have seen everything
			break
		}
		check.ID, check.Name = c.id, c.name
		checks = append(checks, check)
	}
	return checks
}

// Failed counts the checks that failed.
func Failed(checks []Check) (n int) {
	for _, c := range checks {
		if c.State == Fail {
			n++
		}
	}
	return n
}
