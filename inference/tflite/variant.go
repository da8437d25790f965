package tflite

// Variants of a network: how its weights are kept, and what it computes in.
const (
	FP32         = "fp32"
	FP16         = "fp16"    // weights in 16 bits, computes in 32
	DynamicRange = "dynamic" // weights in 8 bits, computes mostly in real numbers
	INT8         = "int8"    // computes in whole numbers, too
	Sparse       = "sparse"  // leaves out weights that are zero, whatever the others are kept in
)

// Variant tells which of them most of the graph's weights make it.
func (g *Subgraph) Variant() string {
	by := map[DType]int64{}
	for i := range g.Tensors {
		t := &g.Tensors[i]
		if t.Sparse {
			return Sparse
		}
		if t.Learned() {
			by[t.Type] += t.Elements()
		}
	}
	switch bytes := by[Int8] + by[UInt8] + by[Int4]; {
	case bytes > by[Float32]+by[Float16] && g.computesWhole():
		return INT8
	case bytes > by[Float32]+by[Float16]:
		return DynamicRange
	case by[Float16] > by[Float32]:
		return FP16
	}
	return FP32
}

// computesWhole reports whether most layers read whole numbers.
func (g *Subgraph) computesWhole() bool {
	whole, real := 0, 0
	for _, op := range g.Operators {
		if op.Name != "CONV_2D" && op.Name != "DEPTHWISE_CONV_2D" && op.Name != "FULLY_CONNECTED" {
			continue
		}
		switch {
		case len(op.Inputs) == 0 || op.Inputs[0] < 0:
		case g.Tensors[op.Inputs[0]].Type == Float32:
			real++
		default:
			whole++
		}
	}
	return whole > real
}
