package shell

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"reterminal-vision/app/config"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/ui"
)

// shownFrames is a sink that shows everything, and says when there is a result.
type shownFrames struct {
	*screenSink
	results chan struct{}
}

func (s *shownFrames) Status(pipeline.Status) {} // a few a second, whatever the frames

func (s *shownFrames) Result(r *inference.Result) {
	s.screenSink.Result(r)
	select {
	case s.results <- struct{}{}:
	default:
	}
}

// TestNothingAllocated carries frames from the source through the networks to
// the overlay, and counts what that allocates when all has its size. The
// painter's own allocations are Fyne's.
func TestNothingAllocated(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	models, dance := testmedia.Path(t, "models"), testmedia.Path(t, "media/people/test_dance.mp4")
	for name, cfg := range map[string]config.Config{
		"boxes":       {Demo: "objects", Model: "ssd_mobilenet_v1_coco_quant", Source: dance},
		"faces":       {Demo: "emotion", Model: "ultralight_face_slim_320,emotion_mobilefacenet_48", Source: dance},
		"every face":  {Demo: "emotion", Model: "ultralight_face_slim_320,emotion_mobilefacenet_48", Source: dance, Raw: true},
		"who it is":   {Demo: "recognition", Model: "ultralight_face_landmark,mobilefacenet_112x96_quant", Source: dance},
		"mask":        {Demo: "scene", Model: "deeplabv3_257_mv", Source: dance},
		"JPEG frames": {Demo: "lungs", Model: "lung_mobilenet_025_256_int8", Source: "builtin:lungs"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Delegate, cfg.Threads, cfg.Replicas, cfg.Unpaced, cfg.ModelsDir = inference.XNNPACK, 1, 1, true, models
			if cfg.Source == "builtin:lungs" {
				cfg.ModelsDir = filepath.Join("..", "..", "models", "trained")
			}
			// Starting a film over allocates a dozen times.
			if n := allocations(t, cfg); n > .2 {
				t.Errorf("%.2f allocations a frame: -memprofile with -memprofilerate 1 tells where", n)
			} else {
				t.Logf("%.2f allocations a frame", n)
			}
		})
	}
}

// allocations is what a frame allocates, from the source to the overlay. Time
// stands still for the screen, so that what changes a few times a second does
// not count. The footage has come twice before: every word has been measured.
func allocations(t *testing.T, cfg config.Config) float64 {
	const warm, counted = 250, 120
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w := newShell(ctx, cfg, nil, func(o ui.Options) *ui.UI { return ui.NewOn(test.NewApp(), o) })
	defer w.screen.Stop()
	task, err := roster.OpenDemo(t.Context(), cfg, cfg.Demo)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	w.screen.ShowDemo(cfg.Demo)
	cfg.Loop = true
	sink := &shownFrames{screenSink: w.newSink(ctx, cfg.Demo, false, nil), results: make(chan struct{}, 1)}
	s := pipeline.New(cfg, task, sink)
	s.EveryFrame = true
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()

	var before, after runtime.MemStats
	n, now := 0, time.Now()
	w.screen.Animate(func() (time.Time, bool) {
		select {
		case <-sink.results:
		case err := <-ended:
			t.Error(err)
			return time.Time{}, false
		}
		switch n++; n {
		case warm:
			runtime.ReadMemStats(&before)
		case warm + counted:
			runtime.ReadMemStats(&after)
			return time.Time{}, false
		}
		return now, true
	})
	stop()
	<-ended
	return float64(after.Mallocs-before.Mallocs) / counted
}
