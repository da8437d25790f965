package rewrite

import (
	"slices"

	"reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/schema"
)

// infer returns the shape of an operator's only output as the library will
// compute it, nil when that is not known. Shapes of computed tensors in the
// file are not believed.
func (g *graph) infer(op *node) []int {
	ins, outs := op.ints(schema.OperatorInputs), op.ints(schema.OperatorOutputs)
	if len(ins) == 0 || len(outs) != 1 || ins[0] < 0 || outs[0] < 0 {
		return nil
	}
	rule := shapeRules[g.name(op)]
	if rule == nil {
		return nil
	}
	in := make([][]int, len(ins))
	for i, t := range ins {
		if t >= 0 {
			in[i] = g.shapes[t]
		}
	}
	if in[0] == nil {
		return nil
	}
	return rule(g, op, in)
}

var shapeRules map[string]func(g *graph, op *node, in [][]int) []int

func init() {
	shapeRules = map[string]func(g *graph, op *node, in [][]int) []int{
		"ADD": broadcast, "SUB": broadcast, "MUL": broadcast, "DIV": broadcast, "MAXIMUM": broadcast, "MINIMUM": broadcast, "PRELU": broadcast,
		"CONV_2D": convolved, "DEPTHWISE_CONV_2D": convolved, "MAX_POOL_2D": pooled, "AVERAGE_POOL_2D": pooled,
		"PAD": padded, "RESHAPE": reshaped, "CONCATENATION": joined, "RESIZE_BILINEAR": resized, "RESIZE_NEAREST_NEIGHBOR": resized,
		"STRIDED_SLICE": sliced, "SLICE": cut, "SPACE_TO_BATCH_ND": toBatch, "BATCH_TO_SPACE_ND": fromBatch,
		"TRANSPOSE": transposed, "SHAPE": func(_ *graph, _ *node, in [][]int) []int { return []int{len(in[0])} },
	}
	for _, name := range []string{"RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "LOGISTIC", "TANH", "SOFTMAX", "HARD_SWISH", "ABS", "NEG",
		"QUANTIZE", "DEQUANTIZE", "L2_NORMALIZATION", "CAST", "EXP", "SQRT", "RSQRT", "SQUARE", "DENSIFY"} {
		shapeRules[name] = func(_ *graph, _ *node, in [][]int) []int { return in[0] }
	}
}

func broadcast(_ *graph, _ *node, in [][]int) []int {
	if len(in) != 2 || in[1] == nil {
		return nil
	}
	a, b := in[0], in[1]
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, d := range b {
		switch at := len(a) - len(b) + i; {
		case out[at] == 1:
			out[at] = d
		case d != 1 && d != out[at]:
			return nil
		}
	}
	return out
}

// window is the size of what a window of the given size moves over n cells.
func window(n, size, stride, padding int) int {
	if padding == same {
		return (n + stride - 1) / stride
	}
	return (n + stride - size) / stride
}

// Padding as options have it.
const (
	same  = 0
	valid = 1
)

// span is the cells that a filter covers.
func span(size, dilation int) int { return (size-1)*dilation + 1 }

func convolved(g *graph, op *node, in [][]int) []int {
	if len(in) < 2 || len(in[0]) != 4 || len(in[1]) != 4 {
		return nil
	}
	o, x, filter := op.options(), in[0], in[1]
	dy, dx := o.option("dilation_h_factor", 1), o.option("dilation_w_factor", 1)
	sy, sx, padding := o.option("stride_h", 0), o.option("stride_w", 0), int(o.flag("padding"))
	if min(sy, sx, dy, dx, filter[1], filter[2]) < 1 || padding > valid {
		return nil
	}
	channels := filter[0]
	if g.name(op) == "DEPTHWISE_CONV_2D" {
		channels = filter[3]
	} else if filter[3] != x[3] { // grouped or refused
		return nil
	}
	return positive(x[0], window(x[1], span(filter[1], dy), sy, padding), window(x[2], span(filter[2], dx), sx, padding), channels)
}

// positive is the shape, unless a dimension is none.
func positive(shape ...int) []int {
	for _, d := range shape {
		if d < 1 {
			return nil
		}
	}
	return shape
}

func pooled(_ *graph, op *node, in [][]int) []int {
	o, x := op.options(), in[0]
	sy, sx, padding := o.option("stride_h", 0), o.option("stride_w", 0), int(o.flag("padding"))
	fy, fx := o.option("filter_height", 0), o.option("filter_width", 0)
	if len(x) != 4 || min(sy, sx, fy, fx) < 1 || padding > valid {
		return nil
	}
	return positive(x[0], window(x[1], fy, sy, padding), window(x[2], fx, sx, padding), x[3])
}

// pads reads the paddings of PAD: before and after, by dimension.
func (g *graph) pads(op *node, rank int) ([]int, bool) {
	if !g.is(op, "PAD", 2) {
		return nil, false
	}
	list, ok := g.numbers(op.input(1))
	return list, ok && len(list) == 2*rank && slices.Min(list) >= 0 && slices.Max(list) < tflite.MaxStep
}

func padded(g *graph, op *node, in [][]int) []int {
	list, ok := g.pads(op, len(in[0]))
	if !ok {
		return nil
	}
	out := slices.Clone(in[0])
	for i := range out {
		out[i] += list[2*i] + list[2*i+1]
	}
	return out
}

func reshaped(g *graph, op *node, in [][]int) []int {
	if len(in) != 2 {
		return nil
	}
	out, ok := g.numbers(op.input(1))
	if !ok || len(g.shapes[op.input(1)]) != 1 {
		return nil
	}
	rest, at := 1, -1
	for i, d := range out {
		switch {
		case d == -1 && at < 0:
			at = i
		case d < 1 || d > tflite.MaxTensorBytes/rest:
			return nil
		default:
			rest *= d
		}
	}
	n := product(in[0])
	if at >= 0 && n%rest == 0 {
		out[at] = n / rest
		rest = n
	}
	if rest != n {
		return nil
	}
	return out
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func joined(_ *graph, op *node, in [][]int) []int {
	out := slices.Clone(in[0])
	axis := op.options().option("axis", 0)
	if axis < 0 {
		axis += len(out)
	}
	if axis < 0 || axis >= len(out) {
		return nil
	}
	for _, x := range in[1:] {
		if len(x) != len(out) {
			return nil
		}
		for i, d := range x {
			if i != axis && d != out[i] {
				return nil
			}
		}
		out[axis] += x[axis]
	}
	return out
}

func resized(g *graph, op *node, in [][]int) []int {
	if len(in) != 2 || len(in[0]) != 4 {
		return nil
	}
	size, ok := g.numbers(op.input(1))
	if !ok || len(size) != 2 || max(size[0], size[1]) >= tflite.MaxStep {
		return nil
	}
	return positive(in[0][0], size[0], size[1], in[0][3])
}

// bounds are where a STRIDED_SLICE of whole steps begins and how far it goes,
// by dimension.
func (g *graph) bounds(op *node) (begin, size []int, ok bool) {
	if !g.is(op, "STRIDED_SLICE", 4) {
		return nil, nil, false
	}
	shape, o := g.shapes[op.input(0)], op.options()
	from, ok1 := g.numbers(op.input(1))
	to, ok2 := g.numbers(op.input(2))
	steps, ok3 := g.numbers(op.input(3))
	n := len(shape)
	if !ok1 || !ok2 || !ok3 || n == 0 || len(from) != n || len(to) != n || len(steps) != n ||
		o.option("ellipsis_mask", 0) != 0 || o.option("new_axis_mask", 0) != 0 || o.flag("offset") != 0 {
		return nil, nil, false
	}
	shrink := o.option("shrink_axis_mask", 0)
	for i, d := range shape {
		if steps[i] != 1 {
			return nil, nil, false
		}
		a, b := inside(from[i], d), inside(to[i], d)
		if o.option("begin_mask", 0)>>i&1 != 0 {
			a = 0
		}
		if o.option("end_mask", 0)>>i&1 != 0 {
			b = d
		}
		if shrink>>i&1 != 0 {
			if o.option("begin_mask", 0)>>i&1 != 0 || from[i] < -d || from[i] >= d {
				return nil, nil, false
			}
			b = a + 1
		}
		if b <= a {
			return nil, nil, false
		}
		begin, size = append(begin, a), append(size, b-a)
	}
	return begin, size, true
}

// inside counts a negative place from the end, and keeps to 0..n.
func inside(at, n int) int {
	if at < 0 {
		at += n
	}
	return min(max(at, 0), n)
}

func sliced(g *graph, op *node, in [][]int) []int {
	_, size, ok := g.bounds(op)
	if !ok {
		return nil
	}
	out := []int{}
	for i, d := range size {
		if op.options().option("shrink_axis_mask", 0)>>i&1 == 0 {
			out = append(out, d)
		}
	}
	return out
}

func cut(g *graph, op *node, in [][]int) []int {
	if len(in) != 3 {
		return nil
	}
	begin, ok1 := g.numbers(op.input(1))
	size, ok2 := g.numbers(op.input(2))
	if !ok1 || !ok2 || len(begin) != len(in[0]) || len(size) != len(in[0]) {
		return nil
	}
	for i, d := range in[0] {
		if begin[i] < 0 || size[i] < 1 || begin[i]+size[i] > d {
			return nil
		}
	}
	return size
}

func transposed(g *graph, op *node, in [][]int) []int {
	if len(in) != 2 {
		return nil
	}
	order, ok := g.numbers(op.input(1))
	if !ok || len(order) != len(in[0]) {
		return nil
	}
	out, seen := make([]int, len(order)), 0
	for i, d := range order {
		if d < 0 || d >= len(order) || seen>>d&1 != 0 {
			return nil
		}
		seen |= 1 << d
		out[i] = in[0][d]
	}
	return out
}

// blocks reads the block sizes of SPACE_TO_BATCH_ND and its reverse on
// pictures, when nothing is padded or cropped.
func (g *graph) blocks(op *node, name string) (by, bx int, ok bool) {
	if !g.is(op, name, 3) {
		return 0, 0, false
	}
	sizes, ok1 := g.numbers(op.input(1))
	edges, ok2 := g.numbers(op.input(2))
	if !ok1 || !ok2 || len(sizes) != 2 || len(edges) != 4 || slices.Min(edges) != 0 || slices.Max(edges) != 0 ||
		min(sizes[0], sizes[1]) < 1 || max(sizes[0], sizes[1]) > tflite.MaxStep {
		return 0, 0, false
	}
	return sizes[0], sizes[1], true
}

func toBatch(g *graph, op *node, in [][]int) []int {
	by, bx, ok := g.blocks(op, "SPACE_TO_BATCH_ND")
	if x := in[0]; ok && len(x) == 4 && x[1]%by == 0 && x[2]%bx == 0 {
		return positive(x[0]*by*bx, x[1]/by, x[2]/bx, x[3])
	}
	return nil
}

func fromBatch(g *graph, op *node, in [][]int) []int {
	by, bx, ok := g.blocks(op, "BATCH_TO_SPACE_ND")
	if x := in[0]; ok && len(x) == 4 && x[0]%(by*bx) == 0 {
		return positive(x[0]/(by*bx), x[1]*by, x[2]*bx, x[3])
	}
	return nil
}

// foldShapes computes the operators that work on shapes which are known.
func (g *rewriter) foldShapes() bool {
	for _, op := range g.ops {
		v, shape, ok := g.evaluate(op)
		if !ok || g.dtype(op.output()) != tflite.Int32 || slices.Contains(g.outputs, op.output()) {
			continue
		}
		t := g.tensors[op.output()]
		t.setI32(schema.TensorBuffer, g.store(int32Bytes(v)))
		t.setInts(schema.TensorShape, shape)
		t.drop(schema.TensorShapeSignature)
		g.remove(op)
		g.trace()
		return true
	}
	return false
}

// evaluate returns an operator's value and its shape.
func (g *rewriter) evaluate(op *node) (v, shape []int, ok bool) {
	switch {
	case g.is(op, "SHAPE", 1):
		v = g.shapes[op.input(0)]
		return v, []int{len(v)}, len(v) > 0
	case g.is(op, "STRIDED_SLICE", 4) && len(g.shapes[op.input(0)]) == 1:
		v, ok1 := g.numbers(op.input(0))
		begin, size, ok2 := g.bounds(op)
		if !ok1 || !ok2 || begin[0]+size[0] > len(v) {
			return nil, nil, false
		}
		shape = []int{size[0]}
		if op.options().option("shrink_axis_mask", 0)&1 != 0 {
			shape = nil
		}
		return v[begin[0] : begin[0]+size[0]], shape, true
	case g.name(op) == "PACK" && len(op.ints(schema.OperatorOutputs)) == 1 && op.options().option("axis", 0) == 0:
		for _, t := range op.ints(schema.OperatorInputs) {
			one, ok := g.numbers(t)
			if !ok || len(one) != 1 || len(g.tensors[t].ints(schema.TensorShape)) != 0 {
				return nil, nil, false
			}
			v = append(v, one[0])
		}
		return v, []int{len(v)}, len(v) > 0
	}
	return nil, nil, false
}
