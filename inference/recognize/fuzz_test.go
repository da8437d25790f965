package recognize

import (
	"math"
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/nonsense"
)

// FuzzRead has an embedding read from tensors of any bits: it is a unit vector
// or an error, and resembles people by -1 to 1.
func FuzzRead(f *testing.F) {
	for kind := range uint8(3) {
		for _, raw := range nonsense.Seeds() {
			f.Add(kind, raw)
		}
	}
	known, err := NewGallery("m", []Person{
		{ID: "1", Name: "Ada", Vectors: [][]float32{{1, 0, 0, 0, 0, 0}}},
		{ID: "2", Name: "Bo", Vectors: [][]float32{{0, .6, 0, 0, 0, .8}, {0, 0, 0, 0, 0, 1}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind uint8, raw []byte) {
		dtype := []inference.DType{inference.Float32, inference.UInt8, inference.Int8}[kind%3]
		e := &Embedder{model: "m", n: 6, output: nonsense.Tensor("t", dtype, raw, 1, 6)}
		v := make([]float32, 6)
		if e.read(v) != nil {
			return
		}
		sum := 0.
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if !(math.Abs(sum-1) < 1e-3) {
			t.Fatalf("a vector of length %g: %v", math.Sqrt(sum), v)
		}
		if m := known.Match(v); !(m.Score >= -1.001 && m.Score <= 1.001) {
			t.Fatalf("match %+v of %v", m, v)
		}
	})
}
