package segment

import (
	"math"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
	"reterminal-vision/inference/nonsense"
)

// beltHead is a map of 32 x 32 cells, intact and damaged, of which the first
// so many are damaged with probability p.
func beltHead(dtype inference.DType, cells int, p float32) *inference.Tensor {
	var raw []byte
	if dtype == inference.UInt8 {
		for i := range 32 * 32 {
			q := uint8(0)
			if i < cells {
				q = uint8(math.Round(float64(p * 255)))
			}
			raw = append(raw, 255-q, q)
		}
	} else {
		var values []float32
		for i := range 32 * 32 {
			q := float32(0)
			if i < cells {
				q = p
			}
			values = append(values, 1-q, q)
		}
		raw = nonsense.Floats(values...)
	}
	t := nonsense.Tensor("probabilities", dtype, raw, 1, 32, 32, 2)
	if dtype == inference.UInt8 {
		t.Scale, t.ZeroPoint = 1./255, 0
	}
	return t
}

// watchHead is a Watch whose network says what it is told.
func watchHead(t *testing.T, tensor *inference.Tensor, threshold float32, cfg alarm.Config) *Watch {
	t.Helper()
	head, err := newHead(tensor, 2, threshold)
	if err != nil {
		t.Fatal(err)
	}
	task := &Task{head: head, labels: []string{"intact", "damaged"}}
	task.Net = &inference.Interpreter{Name: "belt"}
	w, err := NewWatch(task, cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.last = inference.Mapping{ScaleX: 320, ScaleY: 320} // the whole frame, stretched
	return w
}

func TestWatch(t *testing.T) {
	const cell = 1. / 1024
	type seen struct {
		cells int
		p     float32
	}
	for name, c := range map[string]struct {
		threshold float32
		cfg       alarm.Config
		frames    []seen
		alarms    string // by frame: a where it is up
		share     float32
	}{
		"enough, long enough":     {.5, alarm.Config{Threshold: .01, Confirm: 3, Hold: 1}, []seen{{11, .9}, {11, .9}, {11, .9}, {0, 0}, {0, 0}}, "--aa-", 0},
		"too little of it":        {.5, alarm.Config{Threshold: .01, Confirm: 3}, []seen{{10, .9}, {10, .9}, {10, .9}, {10, .9}}, "----", 10 * cell},
		"not long enough":         {.5, alarm.Config{Threshold: .01, Confirm: 3}, []seen{{99, .9}, {99, .9}, {0, 0}, {99, .9}}, "----", 99 * cell},
		"not sure enough":         {.8, alarm.Config{Threshold: .01, Confirm: 1}, []seen{{99, .7}, {99, .85}}, "-a", 99 * cell},
		"less sure is enough":     {.3, alarm.Config{Threshold: .01, Confirm: 1}, []seen{{99, .25}, {99, .35}}, "-a", 99 * cell},
		"all of it, from then on": {.5, alarm.Config{Threshold: .01, Confirm: 2, Hold: 2}, []seen{{1024, 1}, {1024, 1}, {1024, 1}}, "-aa", 1},
	} {
		for _, dtype := range []inference.DType{inference.Float32, inference.UInt8} {
			c.cfg.Labels = []string{"damaged"}
			w := watchHead(t, beltHead(dtype, 0, 0), c.threshold, c.cfg)
			got, out := "", &inference.Result{Width: 320, Height: 320}
			for i, s := range c.frames {
				w.head.tensor = beltHead(dtype, s.cells, s.p)
				if err := w.Repeat(&frame.Frame{Sequence: uint64(i)}, out); err != nil {
					t.Fatal(err)
				}
				got += map[string]string{"": "-", "damaged": "a"}[out.Alarm]
			}
			if got != c.alarms {
				t.Errorf("%s, %v: alarms %s, want %s", name, dtype, got, c.alarms)
			}
			if share := out.Mask.Share[1]; math.Abs(float64(share-c.share)) > 1e-6 {
				t.Errorf("%s, %v: %g of the picture, want %g", name, dtype, share, c.share)
			}
		}
	}
	w := watchHead(t, beltHead(inference.Float32, 0, 0), .5, alarm.Config{})
	if _, err := NewWatch(w.Task, alarm.Config{Labels: []string{"torn"}}); err == nil {
		t.Error("an alarm for a label that is none was taken")
	}
}
