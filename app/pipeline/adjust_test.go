package pipeline

import (
	"context"
	"path/filepath"
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// script is a sink that changes the configuration after so many results.
type script struct {
	t       *testing.T
	result  func(n int, r *inference.Result)
	results int
}

func (s *script) Frame(*frame.Frame) {}
func (s *script) Status(Status)      {}
func (s *script) Lost(err error)     { s.t.Error(err) }
func (s *script) Failed(err error)   { s.t.Error(err) }
func (s *script) Result(r *inference.Result) {
	s.result(s.results, r)
	s.results++
}

// A change of threshold, frame skipping, mirror or rotation takes effect within
// two frames, and neither the source nor a network is opened for it.
func TestAdjust(t *testing.T) {
	const at, end = 20, 60
	base := config.Config{
		Demo: "vehicles", Source: "builtin:traffic", ModelsDir: filepath.Join(testmedia.Project(), "models", "trained"),
		Model: "vehicle_yolov2_mobilenet_025_224_int8", Threads: 1, Delegate: inference.XNNPACK, Threshold: .1, FrameSkip: config.SkipOff, Loop: true,
	}
	weak := func(r *inference.Result) bool {
		for _, o := range r.Objects {
			if o.Score < .8 {
				return true
			}
		}
		return false
	}
	for _, tc := range []struct {
		name   string
		change func(*config.Config)
		shows  func(r *inference.Result) bool // what only the first configuration gives
		within int                            // results after the change
	}{
		{"threshold", func(c *config.Config) { c.Threshold = .8 }, weak, 0},
		{"frame skipping off", func(c *config.Config) { c.FrameSkip = config.SkipOff }, func(r *inference.Result) bool { return r.Origin != inference.Inferred }, 2},
		// Where every frame is processed, four wait for the network.
		{"rotation", func(c *config.Config) { c.Turn.Degrees = 90 }, func(r *inference.Result) bool { return r.Width > r.Height }, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := base
			if tc.name == "frame skipping off" {
				cfg.FrameSkip, cfg.Threshold = config.SkipPropagate, .5
			}
			task, err := demo.Open(t.Context(), cfg, cfg.Demo)
			if err != nil {
				t.Fatal(err)
			}
			defer task.Close()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			opens, before := 0, 0
			sink := &script{t: t}
			s := New(cfg, task, sink)
			s.EveryFrame = true
			s.openSource = func(ctx context.Context, cfg config.Config, builtin string, opt camera.Options) (camera.Source, string, error) {
				opens++
				return OpenSource(ctx, cfg, builtin, opt)
			}
			sink.result = func(n int, r *inference.Result) {
				shows := tc.shows(r)
				switch {
				case n < at && shows:
					before++
				case n == at:
					changed := cfg
					tc.change(&changed)
					s.Adjust(changed)
				case n > at+tc.within && shows:
					t.Errorf("result %d is still of the first configuration", n)
				case n == end:
					stop()
				}
			}
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if before == 0 {
				t.Errorf("the first configuration showed in %d of %d results", before, at)
			}
			if opens != 1 || sink.results <= end {
				t.Errorf("the source was opened %d times, %d results", opens, sink.results)
			}
		})
	}
}
