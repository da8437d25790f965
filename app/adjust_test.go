package app

import (
	"context"
	"sync/atomic"
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/metrics"
)

// Steps of the threshold and of frame skipping, the mirror and a rotation leave
// the networks and the source of the running demo open; a thread more does not.
func TestAdjustOpensNothing(t *testing.T) {
	w := spoiltWindow(t, nil)
	var opened atomic.Int32
	open := w.open
	w.open = func(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
		opened.Add(1)
		return open(ctx, cfg, id)
	}
	results := metrics.Total.Results.Load
	more := func() {
		t.Helper()
		n := results()
		awaitSo(t, "results", func() bool { return results() > n+3 })
	}
	w.StartDemo("vehicles")
	more()
	for _, step := range []struct {
		name string
		do   func() error
		want int32 // networks opened so far
	}{
		{"threshold", func() error { return w.stepAdjust("threshold", true) }, 1},
		{"frame skipping", func() error { return w.stepAdjust("spare", true) }, 1},
		{"mirror", func() error { return w.chooseAdjust(chooseMirror + "on") }, 1},
		{"rotation", func() error { return w.camera.choose(chooseRotate + "90") }, 1},
		{"threads", func() error { return w.stepAdjust("threads", true) }, 2},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		more()
		if got := opened.Load(); got != step.want {
			t.Errorf("%s: networks opened %d times, want %d", step.name, got, step.want)
		}
	}
}
