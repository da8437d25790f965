package flatmodel

import (
	"encoding/binary"
	"slices"
)

// Bilinear says how a map is resized: the size it is to have, and where its
// cells lie in the source, as the options of RESIZE_BILINEAR put it.
type Bilinear struct {
	Width, Height    int
	AlignCorners     bool
	HalfPixelCenters bool
}

// Simplified is a model that computes the same as a file with less work. It is
// what Front holds, with the file right behind it: new tables that take the
// weights from where they are in the file.
type Simplified struct {
	Front []byte
	// Resize is what is left to do with the network's output, whose name and
	// place stayed; nil when it is as it was.
	Resize *Bilinear
}

// Simplify looks in a model that has passed Verify for work that can be left
// out; nil when there is none. Results stay the same but for the rounding of
// sums. With leaveResize the network's only output may come at the size it has
// before its last RESIZE_BILINEAR, and before an ARG_MAX that follows. Front
// will be a multiple of align bytes, itself a multiple of 16.
func Simplify(data []byte, leaveResize bool, align int) *Simplified {
	g := newRewriter(data)
	if g == nil {
		return nil
	}
	for _, rewrite := range []func() bool{
		g.foldShapes, g.dropIdentities, g.dilate, g.padInside, g.leakySlopes, g.splitBroadcast,
	} {
		for rewrite() {
			g.changed = true
		}
	}
	s := &Simplified{}
	if leaveResize {
		s.Resize = g.cutResize()
	}
	if !g.changed && s.Resize == nil {
		return nil
	}
	g.dropDead()
	g.writeShapes()
	s.Front = write(g.model, align)
	return s
}

// A rewriter holds a model of one graph while it is changed.
type rewriter struct {
	model   *node
	tensors []*node
	ops     []*node
	inputs  []int
	outputs []int
	shapes  [][]int // of the tensors, nil where they are not known before the graph runs
	makers  []*node // the operators that compute the tensors
	readers [][]*node
	changed bool
}

// newRewriter returns nil for models that are better left alone.
func newRewriter(data []byte) *rewriter {
	root := rootOf(data)
	if root.len(modelSubgraphs) != 1 || root.has(modelExternalBuffers) {
		return nil
	}
	buffers := make([]*node, root.len(modelBuffers))
	for i := range buffers {
		b := root.at(modelBuffers, i)
		if b.u64(bufferOffset) > 1 {
			return nil // counts from the beginning of the file
		}
		buffers[i] = &node{id: tableBuffer}
		if start, n := b.list(bufferData); n > 0 {
			buffers[i].put(bufferData, value{set: true, raw: data[start : start+n]})
			buffers[i].from = start - 4
		}
	}
	l := &loader{}
	model := l.loadModel(root)
	if l.nodes > maxNodes {
		return nil
	}
	model.put(modelBuffers, value{set: true, list: buffers})
	sub := model.get(modelSubgraphs).list[0]
	g := &rewriter{
		model:   model,
		tensors: sub.get(subGraphTensors).list, ops: sub.get(subGraphOperators).list,
		inputs: sub.ints(subGraphInputs), outputs: sub.ints(subGraphOutputs),
	}
	for _, t := range g.tensors {
		// Variables change between operators, which nothing here looks at.
		if t.u8(tensorIsVariable) != 0 || t.get(tensorExternalBuffer).set || t.get(tensorVariantTensors).set {
			return nil
		}
	}
	for _, op := range g.ops {
		if op.u64(operatorLargeCustomOptionsOffset) > 1 {
			return nil // counts from the beginning of the file
		}
	}
	g.trace()
	return g
}

// loadModel loads all but the buffers.
func (l *loader) loadModel(root record) *node {
	n := &node{id: tableModel}
	for i := range tables[tableModel].fields {
		if d := &tables[tableModel].fields[i]; d.slot != modelBuffers && root.has(d.slot) {
			n.put(d.slot, l.field(d, root))
		}
	}
	return n
}

// trace notes who computes and who reads each tensor, and the shapes that are known.
func (g *rewriter) trace() {
	g.makers, g.readers = make([]*node, len(g.tensors)), make([][]*node, len(g.tensors))
	g.shapes = make([][]int, len(g.tensors))
	for i := range g.tensors {
		if g.isConstant(i) || slices.Contains(g.inputs, i) {
			g.shapes[i] = g.tensors[i].ints(tensorShape)
		}
	}
	for _, op := range g.ops {
		for _, t := range op.ints(operatorInputs) {
			if t >= 0 {
				g.readers[t] = append(g.readers[t], op)
			}
		}
		outs := op.ints(operatorOutputs)
		for _, t := range outs {
			if t >= 0 {
				g.makers[t] = op
			}
		}
		if shape := g.infer(op); shape != nil && len(outs) == 1 {
			g.shapes[outs[0]] = shape
		}
	}
}

// name is the operator's, "CUSTOM" for all that are not the library's own.
func (g *rewriter) name(op *node) string {
	code := g.model.get(modelOperatorCodes).list[op.i32(operatorOpcodeIndex, 0)]
	return builtins[max(code.i32(operatorCodeBuiltinCode, 0), int(int8(code.u8(operatorCodeDeprecatedBuiltinCode))))].name
}

// number finds or adds the code of an operator of the library, in its first version.
func (g *rewriter) number(name string) int {
	codes := g.model.get(modelOperatorCodes)
	for i, code := range codes.list {
		number := max(code.i32(operatorCodeBuiltinCode, 0), int(int8(code.u8(operatorCodeDeprecatedBuiltinCode))))
		if builtins[number].name == name && code.i32(operatorCodeVersion, 1) == 1 {
			return i
		}
	}
	code := &node{id: tableOperatorCode}
	for number, b := range builtins {
		if b.name == name {
			code.setU8(operatorCodeDeprecatedBuiltinCode, uint8(min(number, 127)))
			code.setI32(operatorCodeBuiltinCode, number)
		}
	}
	codes.list = append(codes.list, code)
	g.model.put(modelOperatorCodes, codes)
	return len(codes.list) - 1
}

// is reports whether op is of the kind, with in inputs and one output, all there.
func (g *rewriter) is(op *node, name string, in int) bool {
	if op == nil || g.name(op) != name {
		return false
	}
	inputs, outputs := op.ints(operatorInputs), op.ints(operatorOutputs)
	return len(inputs) == in && len(outputs) == 1 && !slices.Contains(inputs, -1) && outputs[0] >= 0
}

func (n *node) input(i int) int { return n.ints(operatorInputs)[i] }
func (n *node) output() int     { return n.ints(operatorOutputs)[0] }

// options of an operator; an empty table when it has none.
func (n *node) options() *node {
	if o := n.get(operatorBuiltinOptions).child; o != nil {
		return o
	}
	return &node{}
}

// slot finds a field of the table by its name.
func (n *node) slot(name string) int {
	for _, d := range tables[n.id].fields {
		if d.name == name {
			return d.slot
		}
	}
	return len(n.fields) // a slot that is not set
}

func (n *node) option(name string, absent int) int { return n.i32(n.slot(name), absent) }
func (n *node) flag(name string) uint8             { return n.u8(n.slot(name)) }

// change gives the operator options of its own, to be changed.
func (n *node) change() *node {
	v := n.get(operatorBuiltinOptions)
	v.child = v.child.clone()
	n.put(operatorBuiltinOptions, v)
	return v.child
}

func (g *rewriter) dtype(t int) DType { return DType(g.tensors[t].u8(tensorType)) }

// sole reports whether only one operator reads the tensor, and nobody outside.
func (g *rewriter) sole(t int) bool {
	return len(g.readers[t]) == 1 && !slices.Contains(g.outputs, t)
}

// constant returns a tensor's data that are in the file or were added to it.
func (g *rewriter) constant(t int) []byte {
	return g.model.get(modelBuffers).list[g.tensors[t].i32(tensorBuffer, 0)].get(bufferData).raw
}

func (g *rewriter) isConstant(t int) bool { return len(g.constant(t)) > 0 }

// numbers reads a small dense constant of whole numbers.
func (g *rewriter) numbers(t int) ([]int, bool) {
	raw := g.constant(t)
	if g.tensors[t].get(tensorSparsity).set || len(raw) == 0 || len(raw) > 8*maxRank*maxRank {
		return nil, false
	}
	var list []int
	switch g.dtype(t) {
	case Int32:
		for ; len(raw) >= 4; raw = raw[4:] {
			list = append(list, int(int32(binary.LittleEndian.Uint32(raw))))
		}
	case Int64:
		for ; len(raw) >= 8; raw = raw[8:] {
			v := int64(binary.LittleEndian.Uint64(raw))
			if v != int64(int32(v)) {
				return nil, false
			}
			list = append(list, int(v))
		}
	default:
		return nil, false
	}
	return list, true
}

// add appends a constant tensor and returns its number.
func (g *rewriter) add(name string, dtype DType, shape []int, data []byte) int {
	t := &node{id: tableTensor}
	t.setInts(tensorShape, shape)
	t.setU8(tensorType, uint8(dtype))
	t.setText(tensorName, name)
	if data != nil {
		t.setI32(tensorBuffer, g.store(data))
	}
	g.tensors = append(g.tensors, t)
	g.shapes = append(g.shapes, shape)
	g.readers, g.makers = append(g.readers, nil), append(g.makers, nil)
	return len(g.tensors) - 1
}

// store adds a buffer and returns its number.
func (g *rewriter) store(data []byte) int {
	buffers := g.model.get(modelBuffers)
	b := &node{id: tableBuffer}
	b.put(bufferData, value{set: true, raw: data})
	buffers.list = append(buffers.list, b)
	g.model.put(modelBuffers, buffers)
	return len(buffers.list) - 1
}

// remove takes an operator out.
func (g *rewriter) remove(op *node) {
	g.ops = slices.DeleteFunc(g.ops, func(o *node) bool { return o == op })
}

// replace puts operators in the place of one.
func (g *rewriter) replace(op *node, with ...*node) {
	g.ops = slices.Replace(g.ops, slices.Index(g.ops, op), slices.Index(g.ops, op)+1, with...)
}

// setInput makes the operator read another tensor.
func (n *node) setInput(i, t int) {
	list := n.ints(operatorInputs)
	list[i] = t
	n.setInts(operatorInputs, list)
}

// dropDead takes out operators of which nobody reads anything.
func (g *rewriter) dropDead() {
	needed := make([]bool, len(g.tensors))
	for _, t := range g.outputs {
		needed[t] = true
	}
	var kept []*node
	for _, op := range slices.Backward(g.ops) {
		outs := op.ints(operatorOutputs)
		if len(outs) > 0 && g.name(op) != "CUSTOM" && !slices.ContainsFunc(outs, func(t int) bool { return t < 0 || needed[t] }) {
			continue
		}
		for _, t := range op.ints(operatorInputs) {
			if t >= 0 {
				needed[t] = true
			}
		}
		kept = append(kept, op)
	}
	slices.Reverse(kept)
	g.ops = kept
}

// writeShapes puts the graph back into the model, with the shapes that are known.
func (g *rewriter) writeShapes() {
	g.trace()
	for i, t := range g.tensors {
		if shape := g.shapes[i]; g.makers[i] != nil && shape != nil && !slices.Equal(shape, t.ints(tensorShape)) {
			t.setInts(tensorShape, shape)
			t.drop(tensorShapeSignature)
		}
	}
	sub := g.model.get(modelSubgraphs).list[0]
	sub.put(subGraphTensors, value{set: true, list: g.tensors})
	sub.put(subGraphOperators, value{set: true, list: g.ops})
	sub.setInts(subGraphOutputs, g.outputs)
}
