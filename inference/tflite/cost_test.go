package tflite

import (
	"math"
	"path/filepath"
	"testing"

	"reterminal-vision/inference/tflite/internal/testmodel"
)

// TestCost compares with what the networks' authors say of them: millions of
// multiplications and of parameters.
func TestCost(t *testing.T) {
	for _, tc := range []struct {
		file             string
		macs, parameters float64
	}{
		{"mobilenet_v1_0.25_128_quant", 14, .47},
		{"mobilenet_v1_0.5_160_quant", 77, 1.34},
		{"mobilenet_v2_1.0_224_quant", 300, 3.47},
		{"yolov8n_int8", 4350, 3.2},
	} {
		m, err := Parse(testmodel.Read(t, filepath.Join(testmodel.Shared(t), tc.file+".tflite")))
		if err != nil {
			t.Fatal(err)
		}
		g := &m.Subgraphs[0]
		macs, parameters := float64(g.MACs())/1e6, float64(g.Parameters())/1e6
		if math.Abs(macs/tc.macs-1) > .05 || math.Abs(parameters/tc.parameters-1) > .05 {
			t.Errorf("%s: %.0f million multiplications, %.2f million parameters", tc.file, macs, parameters)
		}
		if w := g.Working(); w < 1<<16 || w > 64<<20 {
			t.Errorf("%s: works in %d bytes", tc.file, w)
		}
	}
}

// TestCostOfOddGraphs must neither panic nor wrap round.
func TestCostOfOddGraphs(t *testing.T) {
	weights := Tensor{Shape: []int{1, 1 << 10, 1 << 10, 1 << 10}, Type: Float32, Buffer: 4}
	out := Tensor{Shape: []int{1, 1 << 15, 1 << 15, 1}, Type: Float32}
	empty := Tensor{Shape: []int{0, math.MaxInt32, math.MaxInt32, math.MaxInt32}, Type: Float32}
	g := Subgraph{Tensors: []Tensor{weights, out, empty}}
	for range 10 {
		g.Operators = append(g.Operators, Operator{Name: "CONV_2D", Inputs: []int{1, 0}, Outputs: []int{1}})
	}
	if n := g.MACs(); n != math.MaxInt64 {
		t.Errorf("%d multiplications", n)
	}
	g.Operators = []Operator{
		{Name: "CONV_2D", Inputs: []int{1, 2}, Outputs: []int{1}},
		{Name: "CONV_2D", Inputs: []int{1}, Outputs: []int{1}},
		{Name: "TRANSPOSE_CONV", Inputs: []int{1, 0, -1}, Outputs: []int{1}},
		{Name: "LSTM", Inputs: []int{-1, -1}, Outputs: []int{}},
	}
	if n := g.MACs(); n != 0 {
		t.Errorf("%d multiplications of operators that have none", n)
	}
	if n := g.Working(); n != 2*4<<30 {
		t.Errorf("works in %d bytes", n)
	}
}
