package attribute

import (
	"errors"
	"io"
	"testing"

	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
)

// counted notes how often a head looks.
type counted struct {
	Head
	looks int
}

func (h *counted) Infer(f *frame.Frame, box inference.Box, dst []float32, t *inference.Timing) error {
	h.looks++
	return h.Head.Infer(f, box, dst, t)
}

// openDetector is the small Ultra-Light face detector.
func openDetector(t testing.TB) face.Detector {
	t.Helper()
	net := openNet(t, "ultralight_face_slim_320", inference.Options{Delegate: inference.XNNPACK})
	square := func(sides ...float32) (boxes [][2]float32) {
		for _, s := range sides {
			boxes = append(boxes, [2]float32{s, s})
		}
		return boxes
	}
	d, err := face.New(net, face.Config{
		Kind: face.UltraLight, Norm: inference.Uniform(127, 128),
		Outputs: face.Outputs{Boxes: "Identity", Scores: "Identity_1"},
		Layers: []face.Layer{
			{Stride: 8, Boxes: square(10, 16, 24)}, {Stride: 16, Boxes: square(32, 48)},
			{Stride: 32, Boxes: square(64, 96)}, {Stride: 64, Boxes: square(128, 192, 256)},
		},
		Variances: [2]float32{.1, .2}, Threshold: .7, IoU: .3,
	})
	if err != nil {
		net.Close()
		t.Fatal(err)
	}
	return d
}

// openDemo is a task of the published models, closed with the test.
func openDemo(t testing.TB, cfg Config, models ...string) (*Task, []*counted) {
	t.Helper()
	var heads []Head
	var counts []*counted
	for _, model := range models {
		h, err := NewNetwork(openNet(t, model, inference.Options{Delegate: inference.XNNPACK}), published[model])
		if err != nil {
			t.Fatal(err)
		}
		c := &counted{Head: h}
		heads, counts = append(heads, c), append(counts, c)
	}
	task, err := NewTask(openDetector(t), heads, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := task.Close(); err != nil {
			t.Error(err)
		}
	})
	return task, counts
}

// The pictures that the anti-spoofing models' authors publish as samples are
// told apart: a person and two photographs of one.
func TestLiveness(t *testing.T) {
	task, _ := openDemo(t, Config{Every: true}, "minifas_128_float16")
	in, out := task.NewInput(), &inference.Result{}
	for name, want := range map[string]string{"T1": "live", "F1": "spoof", "F2": "spoof"} {
		tasktest.Process(t, task, testmedia.Frame(t, "media/spoof/image_"+name+".jpg"), in, out)
		if len(out.Objects) != 1 || len(out.Objects[0].Attributes) != 1 {
			t.Fatalf("%s: found %s", name, told(out))
		}
		if a := out.Objects[0].Attributes[0]; a.Name != "liveness" || a.Value != want || a.Score < .9 {
			t.Errorf("%s: %v, want %s", name, a, want)
		}
	}
}

// On a clip of one dancer with all demos' heads at once, the dancer keeps one
// identity through most of it, always has the attributes, and is looked at
// once in Refresh frames.
func TestClip(t *testing.T) {
	cfg := Config{Refresh: 5}
	task, heads := openDemo(t, cfg, "age_lite_200_q", "gender_lite_128_q", "emotion_mobilefacenet_48")
	source, err := camera.Open(t.Context(), testmedia.Path(t, "media/people/test_dance.mp4"), camera.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	in, out := task.NewInput(), &inference.Result{}
	frames, faces, seen := 0, 0, map[int]int{}
	for ; ; frames++ {
		f, err := source.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		tasktest.Process(t, task, f, in, out)
		f.Release()
		for _, o := range out.Objects {
			faces++
			seen[o.Track]++
			if len(o.Attributes) != 3 || o.Attributes[0].Name != "age" || o.Attributes[1].Name != "gender" || o.Attributes[2].Name != "emotion" {
				t.Fatalf("frame %d: %+v", frames, o)
			}
		}
	}
	longest := 0
	for _, n := range seen {
		longest = max(longest, n)
	}
	t.Logf("%d frames, %d faces, %d tracks, the longest of %d frames, %d looks", frames, faces, len(seen), longest, heads[0].looks)
	if faces < frames/2 || longest < faces*3/4 {
		t.Errorf("%d faces in %d frames, the longest track has %d", faces, frames, longest)
	}
	if limit := faces/cfg.Refresh + 2*len(seen); heads[0].looks > limit {
		t.Errorf("%d looks at %d faces on %d tracks, expected at most %d", heads[0].looks, faces, len(seen), limit)
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	task, _ := openDemo(t, Config{Every: true}, "emotion_mobilefacenet_48")
	in, out, f := task.NewInput(), &inference.Result{}, testmedia.Frame(t, "media/recognition/img12.jpg")
	tasktest.Process(t, task, f, in, out)
	if n := testing.AllocsPerRun(10, func() { tasktest.Process(t, task, f, in, out) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if len(out.Objects) == 0 {
		t.Error("no face was found")
	}
}

func BenchmarkDemo(b *testing.B) {
	f := testmedia.Frame(b, "media/recognition/img12.jpg")
	for name, models := range map[string][]string{
		"age-gender": {"age_lite_200_q", "gender_lite_128_q"},
		"emotion":    {"emotion_mobilefacenet_48"},
		"anti-spoof": {"minifas_128_float16"},
	} {
		b.Run(name, func(b *testing.B) {
			task, _ := openDemo(b, Config{Every: true}, models...)
			in, out := task.NewInput(), &inference.Result{}
			invoke := 0.
			b.ReportAllocs()
			for b.Loop() {
				tasktest.Process(b, task, f, in, out)
				invoke += out.Timing.Invoke.Seconds()
			}
			total := b.Elapsed().Seconds()
			b.ReportMetric(float64(b.N)/total, "fps")
			b.ReportMetric(invoke/total, "invoke-share")
		})
	}
}
