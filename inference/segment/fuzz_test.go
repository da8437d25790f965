package segment

import (
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/nonsense"
	"reterminal-vision/inference/tflite"
)

// FuzzHead has every kind of head read tensors of any bits.
func FuzzHead(f *testing.F) {
	for kind := range uint8(10) {
		for _, raw := range nonsense.Seeds() {
			f.Add(kind, raw)
			f.Add(kind+130, raw)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, raw []byte) {
		labels := []string{"background", "one", "two", "three", "four"}
		dtype := []inference.DType{inference.Float32, inference.UInt8, inference.Int8, inference.Int32, inference.Int64}[kind%5]
		channels := 1
		if kind/5%2 == 1 && dtype != inference.Int32 && dtype != inference.Int64 {
			channels = len(labels)
		} else if dtype == inference.Float32 || dtype == inference.UInt8 || dtype == inference.Int8 {
			labels = labels[:2]
		}
		tensor := nonsense.Tensor("t", dtype, raw, 1, 5, 7, channels)
		if kind >= 128 && channels > 1 { // the last resize is the decoder's
			tensor.Resize = &tflite.Bilinear{Width: 23, Height: 17, AlignCorners: kind&32 != 0, HalfPixelCenters: kind&64 != 0}
		}
		h, err := newHead(tensor, len(labels), .5)
		if err != nil {
			t.Fatal(err)
		}
		task := &Task{head: h, labels: labels}
		task.Net = &inference.Interpreter{Name: "nonsense"}
		out := &inference.Result{Width: 100, Height: 200}
		// As letterboxed: part of the cells show padding.
		if err := task.decode(inference.Mapping{ScaleX: 140, ScaleY: 200, OffsetX: -20}, out); err != nil {
			t.Fatal(err)
		}
		if err := nonsense.Check(out); err != nil {
			t.Fatal(err)
		}
	})
}
