package rewrite

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/schema"
)

// sameScale reports whether two tensors mean the same by the same numbers.
func (g *graph) sameScale(a, b int) bool {
	qa, qb := g.tensors[a].get(schema.TensorQuantization).child, g.tensors[b].get(schema.TensorQuantization).child
	for _, slot := range []int{schema.QuantizationParametersScale, schema.QuantizationParametersZeroPoint} {
		if !bytes.Equal(qa.get(slot).raw, qb.get(slot).raw) {
			return false
		}
	}
	return g.dtype(a) == g.dtype(b) && qa.get(schema.QuantizationParametersDetails).child == nil && qb.get(schema.QuantizationParametersDetails).child == nil
}

// realOrByte are the types whose kernels move values without changing them.
func realOrByte(d tflite.DType) bool {
	return d == tflite.Float32 || d == tflite.UInt8 || d == tflite.Int8
}

// dropIdentities takes out a RESIZE_BILINEAR to the size that is there.
func (g *rewriter) dropIdentities() bool {
	for _, op := range g.ops {
		if !g.is(op, "RESIZE_BILINEAR", 2) {
			continue
		}
		in, out := op.input(0), op.output()
		if g.shapes[in] == nil || !slices.Equal(g.shapes[in], g.shapes[out]) || !realOrByte(g.dtype(in)) || !g.sameScale(in, out) ||
			slices.Contains(g.outputs, out) {
			continue
		}
		for _, reader := range g.readers[out] {
			for i, t := range reader.ints(schema.OperatorInputs) {
				if t == out {
					reader.setInput(i, in)
				}
			}
		}
		g.remove(op)
		g.trace()
		return true
	}
	return false
}

// dilate puts one convolution with spread taps in the place of one between
// SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND.
func (g *rewriter) dilate() bool {
	for _, last := range g.ops {
		by, bx, ok := g.blocks(last, "BATCH_TO_SPACE_ND")
		if !ok {
			continue
		}
		conv := g.makers[last.input(0)]
		if !g.is(conv, "CONV_2D", 3) || !g.sole(conv.output()) || conv.get(schema.OperatorBuiltinOptions).child == nil {
			continue
		}
		first := g.makers[conv.input(0)]
		fy, fx, ok := g.blocks(first, "SPACE_TO_BATCH_ND")
		o := conv.options()
		if !ok || fy != by || fx != bx || g.shapes[last.output()] == nil || g.dtype(last.output()) != tflite.Float32 || g.dtype(first.input(0)) != tflite.Float32 ||
			o.flag("padding") != valid || o.option("stride_h", 0) != 1 || o.option("stride_w", 0) != 1 ||
			o.option("dilation_h_factor", 1) != 1 || o.option("dilation_w_factor", 1) != 1 {
			continue
		}
		o = conv.change()
		o.setI32(o.slot("dilation_h_factor"), by)
		o.setI32(o.slot("dilation_w_factor"), bx)
		conv.setInput(0, first.input(0))
		conv.setInts(schema.OperatorOutputs, []int{last.output()})
		g.replace(last) // the convolution keeps its place
		g.trace()
		return true
	}
	return false
}

// padInside makes a convolution pad by itself what a PAD before it adds.
func (g *rewriter) padInside() bool {
	for _, op := range g.ops {
		name := g.name(op)
		if (name != "CONV_2D" && name != "DEPTHWISE_CONV_2D") || op.get(schema.OperatorBuiltinOptions).child == nil || len(op.ints(schema.OperatorInputs)) != 3 {
			continue
		}
		pad, o := g.makers[op.input(0)], op.options()
		list, ok := g.pads(pad, 4)
		filter := g.shapes[op.input(1)]
		if !ok || len(filter) != 4 || o.flag("padding") != valid || g.shapes[op.output()] == nil {
			continue
		}
		in := pad.input(0)
		if !realOrByte(g.dtype(in)) || !g.sameScale(in, op.input(0)) || list[0]+list[1]+list[6]+list[7] != 0 {
			continue
		}
		ty, by := around(g.shapes[in][1], span(filter[1], o.option("dilation_h_factor", 1)), o.option("stride_h", 0))
		lx, rx := around(g.shapes[in][2], span(filter[2], o.option("dilation_w_factor", 1)), o.option("stride_w", 0))
		if !slices.Equal(list[2:6], []int{ty, by, lx, rx}) {
			continue
		}
		o = op.change()
		o.setU8(o.slot("padding"), same)
		op.setInput(0, in)
		g.trace()
		return true
	}
	return false
}

// around is what SAME adds before and after n cells.
func around(n, size, stride int) (before, after int) {
	total := max((window(n, size, stride, same)-1)*stride+size-n, 0)
	return total / 2, total - total/2
}

// operator makes one of the library's; options is nil for the defaults.
func (g *graph) operator(name string, options *node, output int, inputs ...int) *node {
	op := &node{id: schema.TableOperator}
	op.setI32(schema.OperatorOpcodeIndex, g.number(name))
	op.setInts(schema.OperatorInputs, inputs)
	op.setInts(schema.OperatorOutputs, []int{output})
	for _, b := range schema.Builtins {
		if b.Name == name && b.Options != 0 {
			if options == nil {
				options = &node{id: schema.Unions[schema.UnionBuiltinOptions][b.Options]}
			}
			op.setU8(schema.OperatorBuiltinOptionsType, b.Options)
			op.put(schema.OperatorBuiltinOptions, value{set: true, child: options})
		}
	}
	return op
}

// plain reports whether op is an operator on real numbers without an activation.
func (g *graph) plain(op *node, name string, in int) bool {
	return g.is(op, name, in) && g.dtype(op.output()) == tflite.Float32 && op.options().flag("fused_activation_function") == 0
}

// leakySlopes puts PRELU in the place of max(x,0) + (x-|x|) * slope * 0.5,
// which is the same bit by bit: x-|x| is 2x or nothing.
func (g *rewriter) leakySlopes() bool {
	for _, sum := range g.ops {
		if !g.plain(sum, "ADD", 2) {
			continue
		}
		for i := range 2 {
			up := g.makers[sum.input(i)]
			if !g.is(up, "RELU", 1) || !g.sole(up.output()) {
				continue
			}
			x := up.input(0)
			slope, ok := g.slope(sum.input(1-i), x)
			if !ok {
				continue
			}
			g.replace(sum, g.operator("PRELU", nil, sum.output(), x, slope))
			g.trace()
			return true
		}
	}
	return false
}

// slope finds what (x-|x|) * slope * 0.5, which t is to be, multiplies by; one
// number for each channel.
func (g *rewriter) slope(t, x int) (slope int, ok bool) {
	slope = -1
	half := false
	for range 2 {
		mul := g.makers[t]
		if !g.plain(mul, "MUL", 2) || !g.sole(t) {
			return 0, false
		}
		c, rest := mul.input(1), mul.input(0)
		if g.isConstant(rest) {
			c, rest = rest, c
		}
		raw := g.constant(c)
		switch {
		case len(raw) == 0 || g.dtype(c) != tflite.Float32 || g.tensors[c].get(schema.TensorSparsity).set:
			return 0, false
		case len(raw) == 4 && !half && math.Float32frombits(binary.LittleEndian.Uint32(raw)) == .5:
			half = true
		case slope < 0 && len(g.shapes[x]) > 0 && slices.Equal(g.shapes[c], g.shapes[x][len(g.shapes[x])-1:]):
			slope = c
		default:
			return 0, false
		}
		t = rest
	}
	sub := g.makers[t]
	if slope < 0 || !half || !g.plain(sub, "SUB", 2) || !g.sole(t) || sub.input(0) != x {
		return 0, false
	}
	abs := g.makers[sub.input(1)]
	return slope, g.is(abs, "ABS", 1) && g.sole(abs.output()) && abs.input(0) == x && g.dtype(x) == tflite.Float32
}

// splitBroadcast takes a map of one cell out of what is joined before a
// convolution of single cells: convolved by itself, once, it is added to the
// convolution of the rest.
func (g *rewriter) splitBroadcast() bool {
	for _, conv := range g.ops {
		if !g.cellwise(conv) {
			continue
		}
		join := g.makers[conv.input(0)]
		if !g.plain(join, "CONCATENATION", 2) || !g.sole(join.output()) || g.shapes[join.output()] == nil {
			continue
		}
		if axis := join.options().option("axis", 0); axis != 3 && axis != -1 {
			continue
		}
		for i := range 2 {
			if grow := g.makers[join.input(i)]; g.is(grow, "RESIZE_BILINEAR", 2) && g.spreads(grow) {
				g.split(conv, join, i, grow.input(0))
				g.trace()
				return true
			}
		}
	}
	return false
}

// spreads reports whether the operator repeats one cell of real numbers.
func (g *rewriter) spreads(grow *node) bool {
	in := g.shapes[grow.input(0)]
	return len(in) == 4 && in[0] == 1 && in[1] == 1 && in[2] == 1 && g.dtype(grow.input(0)) == tflite.Float32 && g.shapes[grow.output()] != nil
}

// cellwise reports whether the operator is a convolution of single cells with
// constant real weights and an activation that ADD knows too.
func (g *rewriter) cellwise(conv *node) bool {
	if !g.is(conv, "CONV_2D", 3) || g.dtype(conv.output()) != tflite.Float32 || conv.get(schema.OperatorBuiltinOptions).child == nil {
		return false
	}
	w, o := conv.input(1), conv.options()
	f := g.shapes[w]
	return len(f) == 4 && f[1] == 1 && f[2] == 1 && g.dense(w) && g.dense(conv.input(2)) && g.shapes[conv.output()] != nil &&
		len(g.constant(w)) == 4*f[0]*f[3] && len(g.constant(conv.input(2))) == 4*f[0] &&
		o.option("stride_h", 0) == 1 && o.option("stride_w", 0) == 1 && o.flag("fused_activation_function") <= relu6
}

// relu6 is the last of the activations none, RELU, RELU_N1_TO_1 and RELU6.
const relu6 = 3

// dense reports whether the tensor is a constant of real numbers, all stored.
func (g *graph) dense(t int) bool {
	return g.isConstant(t) && g.dtype(t) == tflite.Float32 && !g.tensors[t].get(schema.TensorSparsity).set
}

// split puts two convolutions and a sum in the place of one on two joined maps,
// the i-th of which repeats the one cell of tensor cell.
func (g *rewriter) split(conv, join *node, i, cell int) {
	rest := join.input(1 - i)
	w, out := g.constant(conv.input(1)), g.shapes[conv.output()]
	n, n0 := out[3], g.shapes[join.input(0)][3]
	row := len(w) / n
	var halves [2][]byte
	for ; len(w) > 0; w = w[row:] {
		halves[0] = append(halves[0], w[:4*n0]...)
		halves[1] = append(halves[1], w[4*n0:row]...)
	}
	bias := conv.input(2)
	none := g.add("bias", tflite.Float32, []int{n}, make([]byte, 4*n))
	part := func(in, half, bias int, shape []int) (op *node, out int) {
		raw := halves[half]
		weights := g.add("weights", tflite.Float32, []int{n, 1, 1, len(raw) / 4 / n}, raw)
		out = g.add("part", tflite.Float32, shape, nil)
		op = conv.clone()
		op.setInts(schema.OperatorInputs, []int{in, weights, bias})
		op.setInts(schema.OperatorOutputs, []int{out})
		o := op.change()
		o.setU8(o.slot("fused_activation_function"), 0)
		return op, out
	}
	once, a := part(cell, i, bias, []int{1, 1, 1, n})
	each, b := part(rest, 1-i, none, out)
	options := &node{id: schema.TableAddOptions}
	options.setU8(options.slot("fused_activation_function"), conv.options().flag("fused_activation_function"))
	g.replace(conv, once, each, g.operator("ADD", options, conv.output(), b, a))
}

// cutResize makes the network end before the RESIZE_BILINEAR that its only
// output comes from, directly or by an ARG_MAX over the channels.
func (g *rewriter) cutResize() *tflite.Bilinear {
	if len(g.outputs) != 1 {
		return nil
	}
	out := g.outputs[0]
	op := g.makers[out]
	if g.is(op, "ARG_MAX", 2) && g.sole(op.input(0)) {
		if axis, ok := g.numbers(op.input(1)); !ok || len(axis) != 1 || (axis[0] != 3 && axis[0] != -1) {
			return nil
		}
		op = g.makers[op.input(0)]
	}
	if !g.is(op, "RESIZE_BILINEAR", 2) || len(g.readers[out]) > 0 || (op.output() != out && !g.sole(op.output())) {
		return nil
	}
	in := op.input(0)
	from, to := g.shapes[in], g.shapes[op.output()]
	if from == nil || to == nil || from[0] != 1 || from[3] < 2 || to[1] < from[1] || to[2] < from[2] ||
		!realOrByte(g.dtype(in)) || !g.sameScale(in, op.output()) || g.isConstant(in) || slices.Contains(g.inputs, in) {
		return nil
	}
	o := op.options()
	name := g.tensors[out].get(schema.TensorName)
	g.tensors[in].put(schema.TensorName, name)
	g.outputs = []int{in}
	for _, s := range g.model.get(schema.ModelSignatureDefs).list {
		for _, m := range s.get(schema.SignatureDefOutputs).list {
			m.setI32(schema.TensorMapTensorIndex, in)
		}
	}
	return &tflite.Bilinear{Width: to[2], Height: to[1], AlignCorners: o.flag("align_corners") != 0, HalfPixelCenters: o.flag("half_pixel_centers") != 0}
}
