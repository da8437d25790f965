package shell

import (
	"context"
	"sync"
	"time"

	"reterminal-vision/app/config"
	"reterminal-vision/app/light"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
	"reterminal-vision/ui"
)

// attractor shows demos on a screen that nobody touches.
type attractor struct {
	ctx    context.Context // ends with the window
	prefs  *preferences.Store
	screen *ui.UI
	runner *runner
	light  *light.Light
	cards  func() []ui.Card
	work   *sync.WaitGroup

	mu   sync.Mutex
	stop context.CancelFunc // ends the loop; nil for none
}

// attractEach is how long a screen that nobody touches shows each demo.
const attractEach = 12 * time.Second

// begin has the screen attract visitors, unless somebody has touched it
// more often than that.
func (a *attractor) begin(touches uint64) {
	var demos []string
	for _, c := range a.cards() {
		if c.Ready && !c.People {
			demos = append(demos, c.ID)
		}
	}
	if len(demos) == 0 {
		return
	}
	how := withFootage
	if a.prefs.Get().Visitors.Attract == "camera" {
		how = func(cfg config.Config) config.Config { return cfg }
	}
	a.end()
	ctx, stop := context.WithCancel(a.ctx)
	a.mu.Lock()
	a.stop = stop
	a.mu.Unlock()
	a.work.Go(func() {
		defer stop()
		a.loop(ctx, touches, demos, how)
	})
}

// loop shows one demo after the other until ctx ends, or the screen is
// touched before it has shown the first.
func (a *attractor) loop(ctx context.Context, touches uint64, demos []string, how func(config.Config) config.Config) {
	for i := 0; ; i++ {
		id := demos[i%len(demos)]
		if !a.screen.Attract(id, touches) || !a.runner.beginAttract(ctx, id, how) || !pipeline.Sleep(ctx, attractEach) {
			return
		}
		if a.light.Dark(time.Now()) {
			a.darken()
			return
		}
	}
}

// end ends the loop, when it runs.
func (a *attractor) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
}

// darken turns the screen dark until a finger touches it.
func (a *attractor) darken() {
	a.runner.stopDemo()
	a.screen.Blank()
	a.light.Power(false)
}
