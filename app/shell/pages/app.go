// Package pages is what can be chosen, set and read beside the demos: each page
// is a type, and what its rows do are values of types of their own.
//
// In: taps and steps, on one goroutine. Out: rows to be shown, settings, and what
// the running demo is told. It imports ui, and whatever the pages are about; only
// app/shell imports it.
package pages

import (
	"context"
	"fmt"
	"sync"

	"reterminal-vision/app/config"
	"reterminal-vision/app/device"
	"reterminal-vision/app/doctor"
	"reterminal-vision/app/light"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/speeds"
	"reterminal-vision/app/supervise"
	"reterminal-vision/models"
	"reterminal-vision/ui"
)

// Demos runs demos, at most one at a time. Any goroutine may use it.
type Demos interface {
	Running() string              // the demo, "" for none
	Networks() []*models.Model    // of the session that runs
	Restart()                     // opens the demo that runs anew, as it is set now
	Adjust()                      // has it take up what needs nothing opened
	AwaitNetworks()               // returns when it has its networks, or cannot have them
	End() (ended <-chan struct{}) // ends it, and attract mode; nil where nothing has run
}

// People is who is enrolled.
type People interface {
	// CountOver is how many would be deleted if they were kept for so many days.
	CountOver(days int) (int, error)
	// DeleteOver deletes those whose time is over, in the background.
	DeleteOver()
}

// Parts is what the pages are about. The shell fills it in before a page is shown.
type Parts struct {
	Context   context.Context // ends with the window
	Config    config.Config   // of the command line
	Prefs     *preferences.Store
	Screen    *ui.UI
	Handler   *Handler
	Device    *device.Device
	Light     *light.Light
	Speeds    *speeds.Store
	Demos     Demos
	People    People
	Measuring *Measuring
	Work      *sync.WaitGroup         // of what goes on in the background until Context ends
	Before    func() supervise.Before // the crashes before this start
	Cores     int                     // of the processor
	Checks    func() []doctor.Check
	Cards     func() []ui.Card
	Home      func() // leaves the safe screen
}

// App is what all pages share: the parts, and what was chosen and not done yet.
type App struct {
	Parts
	bench     *networkBench
	downloads downloads
	imports   importChoices
	keep      keepQuestion
}

// New makes what the pages share.
func New(parts Parts) *App {
	a := &App{Parts: parts}
	a.bench = newNetworkBench(a)
	return a
}

// Megabytes is a size for a person.
func Megabytes(bytes int64) string {
	switch {
	case bytes < 10e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	case bytes >= 10e9:
		return fmt.Sprintf("%d GB", bytes/1e9)
	}
	return fmt.Sprintf("%d MB", bytes/1e6)
}
