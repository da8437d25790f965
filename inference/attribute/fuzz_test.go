package attribute

import (
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/nonsense"
)

// FuzzRead has every kind of output read tensors of any bits, and its question
// answered: numbers that cannot be are an error, and never shown.
func FuzzRead(f *testing.F) {
	for kind := range uint8(12) {
		for _, raw := range nonsense.Seeds() {
			f.Add(kind, raw)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, raw []byte) {
		o := Output{Kind: OutputKind(kind % 6), Gain: .3, HeadOutput: HeadOutput{Name: "q"}}
		n := 1
		switch o.Kind {
		case Softmax, Logits:
			o.Labels, o.MinProbability, n = []string{"a", "b", "c"}, []float32{.5, .5, .9}, 3
		case Sigmoid:
			o.Labels = []string{"a", "b"}
		case Expectation:
			n = 7
		case Leaves:
			o.Labels, n = []string{"live", "spoof"}, 5
			o.Tensor, o.Weights = "values", "weights"
		}
		dtype := []inference.DType{inference.Float32, inference.UInt8}[kind/6%2]
		net := &inference.Interpreter{Outputs: []*inference.Tensor{nonsense.Tensor("values", dtype, raw, 1, n)}}
		if o.Kind == Leaves {
			net.Outputs = append(net.Outputs, nonsense.Tensor("weights", inference.Float32, raw, 1, n))
		}
		bound, err := bind(net, o)
		if err != nil {
			t.Fatal(err)
		}
		numbers := make([]float32, o.Len())
		if bound.read(numbers) != nil {
			return
		}
		shown := none
		for range 3 {
			var a inference.Attribute
			shown, a = o.answer(numbers, shown, .1)
			if !(a.Score >= 0 && a.Score <= 1) || a.Value == "" {
				t.Fatalf("answer %+v to %v", a, numbers)
			}
		}
	})
}
