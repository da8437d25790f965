package ui

import (
	"sync"
	"testing"

	"fyne.io/fyne/v2/test"

	"reterminal-vision/ui/kit"
)

// Pictures, results and statuses come while the style changes, which puts
// another live screen in the place of the one they were meant for. The race
// detector tells whether both sides agree on which it is.
func TestRestyleWhileFramesCome(t *testing.T) {
	d := &deeds{}
	u := NewOn(test.NewApp(), Options{Title: "reTerminal Vision", Cards: testCards, Handler: d, People: d, Pages: &wishes{}, Adjust: "adjust", About: "about-demo", Size: portrait})
	defer u.Stop()
	stop := make(chan struct{})
	var sources sync.WaitGroup
	sources.Go(func() {
		frame, result := smallFrame(90), street()
		for {
			select {
			case <-stop:
				return
			default:
			}
			u.Live.Frame(frame)
			u.Live.Result(result)
			u.Live.Status(okStatus())
			u.Live.DisplayFPS()
			u.Live.DisplayDropped()
		}
	})
	for i := range 3 {
		u.Restyle(Style{Theme: kit.Themes[i%2]}, testCards)
		u.ShowDemo("objects")
	}
	close(stop)
	sources.Wait()
	u.Touch() // all that was asked for is done
	if u.Live.screen.Load() != u.live {
		t.Error("frames go to another screen than the one shown")
	}
}
