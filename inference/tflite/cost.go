package tflite

import "math"

// Elements is the product of the shape; sizes that may change count as they
// stand in the file.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d) // at most 2 GB, which Verify has checked
	}
	return n
}

// Bytes is what the tensor's elements take, 0 for types without a fixed size.
func (t *Tensor) Bytes() int64 { return (t.Elements()*t.Type.bits() + 7) / 8 }

// MACs is roughly how many multiplications the graph takes: those of its
// convolutions and fully connected layers, going by the shapes in the file.
func (g *Subgraph) MACs() int64 {
	var sum int64
	for _, op := range g.Operators {
		if n := g.OperatorMACs(op); n < math.MaxInt64-sum {
			sum += n
		} else {
			return math.MaxInt64
		}
	}
	return sum
}

// OperatorMACs is the part of MACs that one of the graph's operators has.
func (g *Subgraph) OperatorMACs(op Operator) int64 {
	if len(op.Inputs) < 2 || len(op.Outputs) < 1 || op.Inputs[1] < 0 || op.Outputs[0] < 0 {
		return 0
	}
	weights, out := &g.Tensors[op.Inputs[1]], &g.Tensors[op.Outputs[0]]
	rank := len(weights.Shape)
	switch {
	case weights.Elements() == 0: // the other sizes may be anything
		return 0
	case op.Name == "CONV_2D" && rank == 4:
		return out.Elements() * int64(weights.Shape[1]) * int64(weights.Shape[2]) * int64(weights.Shape[3])
	case op.Name == "DEPTHWISE_CONV_2D" && rank == 4:
		return out.Elements() * int64(weights.Shape[1]) * int64(weights.Shape[2])
	case op.Name == "FULLY_CONNECTED" && rank == 2:
		return out.Elements() * int64(weights.Shape[1])
	case op.Name == "TRANSPOSE_CONV" && rank == 4 && len(op.Inputs) > 2 && op.Inputs[2] >= 0:
		in := &g.Tensors[op.Inputs[2]]
		return in.Elements() * int64(weights.Shape[0]) * int64(weights.Shape[1]) * int64(weights.Shape[2])
	}
	return 0
}

// Parameters is how many numbers the graph has learned: the elements of its
// constants, but for whole numbers without a scale, which are shapes and axes.
func (g *Subgraph) Parameters() int64 {
	var sum int64
	for i := range g.Tensors {
		if t := &g.Tensors[i]; t.Learned() {
			sum += t.Elements()
		}
	}
	return sum
}

// Learned reports whether the tensor is a constant that holds weights.
func (t *Tensor) Learned() bool {
	real := t.Type == Float32 || t.Type == Float16 || t.Type == BFloat16
	return t.Buffer > 0 && (real || t.Scale != nil)
}

// Working is the least memory in bytes that running the graph takes beside its
// constants: what its largest operator reads and writes.
func (g *Subgraph) Working() int64 {
	var most int64
	for _, op := range g.Operators {
		var sum int64
		for _, list := range [][]int{op.Inputs, op.Outputs} {
			for _, t := range list {
				if t >= 0 && g.Tensors[t].Buffer == 0 {
					sum += g.Tensors[t].Bytes()
				}
			}
		}
		most = max(most, sum)
	}
	return most
}
