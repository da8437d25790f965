package classify

import (
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
	"reterminal-vision/inference/nonsense"
)

// FuzzDecode has a classifier that remembers read tensors of any bits, several
// frames running.
func FuzzDecode(f *testing.F) {
	for kind := range uint8(6) {
		for _, raw := range nonsense.Seeds() {
			f.Add(kind, raw, nonsense.Floats(.1, .7, .2))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, first, second []byte) {
		labels := []string{"intact", "damaged", "other"}
		dtype := []inference.DType{inference.Float32, inference.UInt8, inference.Int8}[kind%3]
		cfg := Config{Labels: labels, Top: 2, Logits: kind/3%2 == 1, Hysteresis: Hysteresis{Memory: .6, Margin: .1, Frames: 2}}
		raise, err := alarm.New(alarm.Config{Labels: []string{"damaged"}}, labels)
		if err != nil {
			t.Fatal(err)
		}
		task := &Task{cfg: cfg, p: make([]float32, len(labels)), steady: newHysteresis(cfg.Hysteresis, len(labels)), alarm: raise}
		task.Net = &inference.Interpreter{Name: "nonsense"}
		for _, raw := range [][]byte{first, second, first, second} {
			task.scores = nonsense.Tensor("t", dtype, raw, 1, len(labels))
			out := &inference.Result{}
			if err := task.decode(out); err != nil {
				t.Fatal(err)
			}
			if err := nonsense.Check(out); err != nil {
				t.Fatal(err)
			}
		}
	})
}
