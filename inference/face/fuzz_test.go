package face

import (
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/nonsense"
)

// FuzzDecode has both kinds of face detectors decode tensors of any bits, and
// what they find aligned.
func FuzzDecode(f *testing.F) {
	for kind := range uint8(8) {
		for _, raw := range nonsense.Seeds() {
			f.Add(kind, raw)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, raw []byte) {
		d := &detector{cfg: Config{Kind: Kind(kind % 2), Variances: [2]float32{.1, .2}, Logits: kind&2 != 0, Blend: kind&4 != 0, IoU: .3}, threshold: inference.NewThreshold(.4)}
		d.Pre = &inference.Preprocessor{Width: 64, Height: 32}
		layer, perBox, perScore := squares(16, 10, 20), 4, 2
		if d.cfg.Kind == BlazeFace {
			layer, perBox, perScore = Layer{Stride: 16, Count: 2}, 16, 1
		}
		var err error
		if d.anchors, err = makeAnchors([]Layer{layer}, 64, 32, false); err != nil {
			t.Fatal(err)
		}
		tensor := func(per int) *inference.Tensor {
			return nonsense.Tensor("t", inference.Float32, raw, 1, len(d.anchors), per)
		}
		d.boxes, d.scores = tensor(perBox), tensor(perScore)
		if d.cfg.Kind == UltraLight && kind&8 == 0 {
			d.landmarks = tensor(10)
		}
		if err := d.decode(); err != nil {
			t.Fatal(err)
		}
		out := &inference.Result{Width: 100, Height: 200}
		for i := range d.found {
			d.report(&d.found[i], inference.Mapping{ScaleX: 100, ScaleY: 200}, out)
		}
		if err := nonsense.Check(out); err != nil {
			t.Fatal(err)
		}
		for i := range out.Objects {
			l := LandmarksOf(&out.Objects[i])
			Align(Template112[:], l[:])
			Crop(out.Objects[i].Box, .2, 1)
		}
	})
}
