// Package rewrite finds a model that computes the same with less work, over
// the same weights.
//
// In go the bytes of a file that tflite.Verify has passed; out come tables that
// are to lie in front of it (Simplified), or nil where nothing can be left
// out. A loader reads the file's tables into nodes, a rewriter works out the
// shapes and changes the graph, a writer lays the nodes out again; weights stay
// where they are in the file. It imports tflite and tflite/internal/schema;
// inference imports it.
package rewrite

import (
	"encoding/binary"
	"slices"

	"reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/schema"
)

// Simplified is a model that computes the same as a file with less work. It is
// what Front holds, with the file right behind it: new tables that take the
// weights from where they are in the file.
type Simplified struct {
	Front []byte
	// Resize is what is left to do with the network's output, whose name and
	// place stayed; nil when it is as it was.
	Resize *tflite.Bilinear
}

// Simplify looks in a model that has passed Verify for work that can be left
// out; nil when there is none. Results stay the same but for the rounding of
// sums. With leaveResize the network's only output may come at the size it has
// before its last RESIZE_BILINEAR, and before an ARG_MAX that follows. Front
// will be a multiple of align bytes, itself a multiple of 16.
func Simplify(data []byte, leaveResize bool, align int) *Simplified {
	loaded := loadGraph(data)
	if loaded == nil {
		return nil
	}
	g := &rewriter{graph: loaded}
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

// A rewriter leaves work out of a graph.
type rewriter struct {
	*graph
	changed bool
}

// A graph is a model of one graph in memory, to be looked at and changed.
type graph struct {
	model   *node
	tensors []*node
	ops     []*node
	inputs  []int
	outputs []int
	shapes  [][]int // of the tensors, nil where they are not known before the graph runs
	makers  []*node // the operators that compute the tensors
	readers [][]*node
}

// loadGraph returns nil for models that are better left alone.
func loadGraph(data []byte) *graph {
	root := schema.Root(data)
	if root.Len(schema.ModelSubgraphs) != 1 || root.Has(schema.ModelExternalBuffers) {
		return nil
	}
	buffers := make([]*node, root.Len(schema.ModelBuffers))
	for i := range buffers {
		b := root.At(schema.ModelBuffers, i)
		if b.U64(schema.BufferOffset) > 1 {
			return nil // counts from the beginning of the file
		}
		buffers[i] = &node{id: schema.TableBuffer}
		if start, n := b.List(schema.BufferData); n > 0 {
			buffers[i].put(schema.BufferData, value{set: true, raw: data[start : start+n]})
			buffers[i].from = start - 4
		}
	}
	l := &loader{}
	model := l.loadModel(root)
	if l.nodes > maxNodes {
		return nil
	}
	model.put(schema.ModelBuffers, value{set: true, list: buffers})
	sub := model.get(schema.ModelSubgraphs).list[0]
	g := &graph{
		model:   model,
		tensors: sub.get(schema.SubGraphTensors).list, ops: sub.get(schema.SubGraphOperators).list,
		inputs: sub.ints(schema.SubGraphInputs), outputs: sub.ints(schema.SubGraphOutputs),
	}
	for _, t := range g.tensors {
		// Variables change between operators, which nothing here looks at.
		if t.u8(schema.TensorIsVariable) != 0 || t.get(schema.TensorExternalBuffer).set || t.get(schema.TensorVariantTensors).set {
			return nil
		}
	}
	for _, op := range g.ops {
		if op.u64(schema.OperatorLargeCustomOptionsOffset) > 1 {
			return nil // counts from the beginning of the file
		}
	}
	g.trace()
	return g
}

// loadModel loads all but the buffers.
func (l *loader) loadModel(root schema.Record) *node {
	n := &node{id: schema.TableModel}
	for i := range schema.Tables[schema.TableModel].Fields {
		if d := &schema.Tables[schema.TableModel].Fields[i]; d.Slot != schema.ModelBuffers && root.Has(d.Slot) {
			n.put(d.Slot, l.field(d, root))
		}
	}
	return n
}

// trace notes who computes and who reads each tensor, and the shapes that are known.
func (g *graph) trace() {
	g.makers, g.readers = make([]*node, len(g.tensors)), make([][]*node, len(g.tensors))
	g.shapes = make([][]int, len(g.tensors))
	for i := range g.tensors {
		if g.isConstant(i) || slices.Contains(g.inputs, i) {
			g.shapes[i] = g.tensors[i].ints(schema.TensorShape)
		}
	}
	for _, op := range g.ops {
		for _, t := range op.ints(schema.OperatorInputs) {
			if t >= 0 {
				g.readers[t] = append(g.readers[t], op)
			}
		}
		outs := op.ints(schema.OperatorOutputs)
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
func (g *graph) name(op *node) string {
	code := g.model.get(schema.ModelOperatorCodes).list[op.i32(schema.OperatorOpcodeIndex, 0)]
	return schema.Builtins[max(code.i32(schema.OperatorCodeBuiltinCode, 0), int(int8(code.u8(schema.OperatorCodeDeprecatedBuiltinCode))))].Name
}

// number finds or adds the code of an operator of the library, in its first version.
func (g *graph) number(name string) int {
	codes := g.model.get(schema.ModelOperatorCodes)
	for i, code := range codes.list {
		number := max(code.i32(schema.OperatorCodeBuiltinCode, 0), int(int8(code.u8(schema.OperatorCodeDeprecatedBuiltinCode))))
		if schema.Builtins[number].Name == name && code.i32(schema.OperatorCodeVersion, 1) == 1 {
			return i
		}
	}
	code := &node{id: schema.TableOperatorCode}
	for number, b := range schema.Builtins {
		if b.Name == name {
			code.setU8(schema.OperatorCodeDeprecatedBuiltinCode, uint8(min(number, 127)))
			code.setI32(schema.OperatorCodeBuiltinCode, number)
		}
	}
	codes.list = append(codes.list, code)
	g.model.put(schema.ModelOperatorCodes, codes)
	return len(codes.list) - 1
}

// is reports whether op is of the kind, with in inputs and one output, all there.
func (g *graph) is(op *node, name string, in int) bool {
	if op == nil || g.name(op) != name {
		return false
	}
	inputs, outputs := op.ints(schema.OperatorInputs), op.ints(schema.OperatorOutputs)
	return len(inputs) == in && len(outputs) == 1 && !slices.Contains(inputs, -1) && outputs[0] >= 0
}

func (n *node) input(i int) int { return n.ints(schema.OperatorInputs)[i] }
func (n *node) output() int     { return n.ints(schema.OperatorOutputs)[0] }

// options of an operator; an empty table when it has none.
func (n *node) options() *node {
	if o := n.get(schema.OperatorBuiltinOptions).child; o != nil {
		return o
	}
	return &node{}
}

// slot finds a field of the table by its name.
func (n *node) slot(name string) int {
	for _, d := range schema.Tables[n.id].Fields {
		if d.Name == name {
			return d.Slot
		}
	}
	return len(n.fields) // a slot that is not set
}

func (n *node) option(name string, absent int) int { return n.i32(n.slot(name), absent) }
func (n *node) flag(name string) uint8             { return n.u8(n.slot(name)) }

// change gives the operator options of its own, to be changed.
func (n *node) change() *node {
	v := n.get(schema.OperatorBuiltinOptions)
	v.child = v.child.clone()
	n.put(schema.OperatorBuiltinOptions, v)
	return v.child
}

func (g *graph) dtype(t int) tflite.DType { return tflite.DType(g.tensors[t].u8(schema.TensorType)) }

// sole reports whether only one operator reads the tensor, and nobody outside.
func (g *graph) sole(t int) bool {
	return len(g.readers[t]) == 1 && !slices.Contains(g.outputs, t)
}

// constant returns a tensor's data that are in the file or were added to it.
func (g *graph) constant(t int) []byte {
	return g.model.get(schema.ModelBuffers).list[g.tensors[t].i32(schema.TensorBuffer, 0)].get(schema.BufferData).raw
}

func (g *graph) isConstant(t int) bool { return len(g.constant(t)) > 0 }

// numbers reads a small dense constant of whole numbers.
func (g *graph) numbers(t int) ([]int, bool) {
	raw := g.constant(t)
	if g.tensors[t].get(schema.TensorSparsity).set || len(raw) == 0 || len(raw) > 8*tflite.MaxRank*tflite.MaxRank {
		return nil, false
	}
	var list []int
	switch g.dtype(t) {
	case tflite.Int32:
		for ; len(raw) >= 4; raw = raw[4:] {
			list = append(list, int(int32(binary.LittleEndian.Uint32(raw))))
		}
	case tflite.Int64:
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
func (g *graph) add(name string, dtype tflite.DType, shape []int, data []byte) int {
	t := &node{id: schema.TableTensor}
	t.setInts(schema.TensorShape, shape)
	t.setU8(schema.TensorType, uint8(dtype))
	t.setText(schema.TensorName, name)
	if data != nil {
		t.setI32(schema.TensorBuffer, g.store(data))
	}
	g.tensors = append(g.tensors, t)
	g.shapes = append(g.shapes, shape)
	g.readers, g.makers = append(g.readers, nil), append(g.makers, nil)
	return len(g.tensors) - 1
}

// store adds a buffer and returns its number.
func (g *graph) store(data []byte) int {
	buffers := g.model.get(schema.ModelBuffers)
	b := &node{id: schema.TableBuffer}
	b.put(schema.BufferData, value{set: true, raw: data})
	buffers.list = append(buffers.list, b)
	g.model.put(schema.ModelBuffers, buffers)
	return len(buffers.list) - 1
}

// remove takes an operator out.
func (g *graph) remove(op *node) {
	g.ops = slices.DeleteFunc(g.ops, func(o *node) bool { return o == op })
}

// replace puts operators in the place of one.
func (g *graph) replace(op *node, with ...*node) {
	g.ops = slices.Replace(g.ops, slices.Index(g.ops, op), slices.Index(g.ops, op)+1, with...)
}

// setInput makes the operator read another tensor.
func (n *node) setInput(i, t int) {
	list := n.ints(schema.OperatorInputs)
	list[i] = t
	n.setInts(schema.OperatorInputs, list)
}

// dropDead takes out operators of which nobody reads anything.
func (g *graph) dropDead() {
	needed := make([]bool, len(g.tensors))
	for _, t := range g.outputs {
		needed[t] = true
	}
	var kept []*node
	for _, op := range slices.Backward(g.ops) {
		outs := op.ints(schema.OperatorOutputs)
		if len(outs) > 0 && g.name(op) != "CUSTOM" && !slices.ContainsFunc(outs, func(t int) bool { return t < 0 || needed[t] }) {
			continue
		}
		for _, t := range op.ints(schema.OperatorInputs) {
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
func (g *graph) writeShapes() {
	g.trace()
	for i, t := range g.tensors {
		if shape := g.shapes[i]; g.makers[i] != nil && shape != nil && !slices.Equal(shape, t.ints(schema.TensorShape)) {
			t.setInts(schema.TensorShape, shape)
			t.drop(schema.TensorShapeSignature)
		}
	}
	sub := g.model.get(schema.ModelSubgraphs).list[0]
	sub.put(schema.SubGraphTensors, value{set: true, list: g.tensors})
	sub.put(schema.SubGraphOperators, value{set: true, list: g.ops})
	sub.setInts(schema.SubGraphOutputs, g.outputs)
}
