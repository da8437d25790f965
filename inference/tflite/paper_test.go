package tflite

import (
	"math"
	"testing"
)

// graphOf builds a graph of convolutions on float pictures.
type graphOf struct{ Subgraph }

func (g *graphOf) tensor(weights int, shape ...int) int {
	g.Tensors = append(g.Tensors, Tensor{Shape: shape, Type: Float32, Buffer: weights})
	return len(g.Tensors) - 1
}

func (g *graphOf) layer(name string, in int, weights, bias, out []int) int {
	o := g.tensor(0, out...)
	g.Operators = append(g.Operators, Operator{Name: name, Inputs: []int{in, g.tensor(4, weights...), g.tensor(4, bias...)}, Outputs: []int{o}})
	return o
}

// mobileNetV1 is the body of table 1 of "MobileNets: Efficient Convolutional
// Neural Networks for Mobile Vision Applications", at a width and a size.
func mobileNetV1(width float64, size int) *Subgraph {
	g := &graphOf{}
	channels := func(n int) int { return int(float64(n) * width) }
	side := size / 2
	c := channels(32)
	at := g.layer("CONV_2D", g.tensor(0, 1, size, size, 3), []int{c, 3, 3, 3}, []int{c}, []int{1, side, side, c})
	for _, l := range []struct{ out, stride int }{
		{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1},
	} {
		side = (side + l.stride - 1) / l.stride
		at = g.layer("DEPTHWISE_CONV_2D", at, []int{1, 3, 3, c}, []int{c}, []int{1, side, side, c})
		out := channels(l.out)
		at = g.layer("CONV_2D", at, []int{out, 1, 1, c}, []int{out}, []int{1, side, side, out})
		c = out
	}
	pooled := g.tensor(0, 1, 1, 1, c)
	g.Operators = append(g.Operators, Operator{Name: "AVERAGE_POOL_2D", Inputs: []int{at}, Outputs: []int{pooled}})
	g.layer("CONV_2D", pooled, []int{1000, 1, 1, c}, []int{1000}, []int{1, 1, 1, 1000})
	return &g.Subgraph
}

// TestCostInThePapers compares with the millions of multiplications and of
// parameters that the paper's tables 6 to 8 give for MobileNet.
func TestCostInThePapers(t *testing.T) {
	for _, tc := range []struct {
		width            float64
		size             int
		macs, parameters float64
	}{
		{1, 224, 569, 4.2}, {.75, 224, 325, 2.6}, {.5, 224, 149, 1.3}, {.25, 224, 41, .5},
		{1, 192, 418, 4.2}, {1, 160, 290, 4.2}, {1, 128, 186, 4.2},
	} {
		g := mobileNetV1(tc.width, tc.size)
		macs, parameters := float64(g.MACs())/1e6, float64(g.Parameters())/1e6
		if math.Abs(macs-tc.macs) > 1 || math.Abs(parameters-tc.parameters) > .06 {
			t.Errorf("width %g, %d pixels: %.1f million multiplications and %.2f million parameters, in the paper %g and %g",
				tc.width, tc.size, macs, parameters, tc.macs, tc.parameters)
		}
	}
}
