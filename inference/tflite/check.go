package tflite

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"reterminal-vision/inference/tflite/internal/schema"
)

// Limits that Verify holds a model to, and the number of custom operators.
const (
	customOperator = 32
	MaxRank        = 8 // the library's kernels go no further
	MaxTensorBytes = math.MaxInt32
	maxScale       = 1e15 // kernels multiply scales, and the products must stay finite
)

// checkModel checks what the tables mean, once walk has found them sound.
func checkModel(data []byte) *fault {
	root := schema.Root(data)
	if v := root.I32(schema.ModelVersion, 0); v != schema.Version {
		return corrupt("schema version %d instead of %d", v, schema.Version)
	}
	if root.Len(schema.ModelSubgraphs) == 0 || root.Len(schema.ModelBuffers) == 0 {
		return corrupt("the model has no graph or no buffers")
	}
	for _, check := range []func(schema.Record) *fault{checkBuffers, checkOpcodes, checkMetadata} {
		if f := check(root); f != nil {
			return f
		}
	}
	calls := make([][]int, root.Len(schema.ModelSubgraphs))
	for i := range calls {
		c := graphChecker{root: root, graph: root.At(schema.ModelSubgraphs, i)}
		if f := c.check(); f != nil {
			return f.at("graph %d", i)
		}
		calls[i] = c.calls
	}
	if f := checkCalls(calls); f != nil {
		return f
	}
	return checkSignatures(root)
}

// checkBuffers checks data kept behind the tables rather than in them.
func checkBuffers(root schema.Record) *fault {
	for i := range root.Len(schema.ModelBuffers) {
		b := root.At(schema.ModelBuffers, i)
		if f := checkOutside(root.Data, b.U64(schema.BufferOffset), b.U64(schema.BufferSize)); f != nil {
			return nameTensor(root.Data, f.at("buffers[%d]", i))
		}
	}
	return nil
}

// checkOutside checks a range given by offset and size; offsets 0 and 1 mean none.
func checkOutside(data []byte, offset, size uint64) *fault {
	n := uint64(len(data))
	if offset <= 1 || (offset <= n && size <= n-offset) {
		return nil
	}
	return &fault{kind: ErrTruncated, what: fmt.Sprintf("%d bytes at %d of a %d-byte file", size, offset, n)}
}

// nameTensor says in a fault about a buffer which tensor the buffer belongs to.
func nameTensor(data []byte, f *fault) *fault {
	var buffer int
	if len(f.where) == 0 {
		return f
	}
	if n, _ := fmt.Sscanf(f.where[0], "buffers[%d]", &buffer); n != 1 {
		return f
	}
	f.where = []string{fmt.Sprintf("buffer %d", buffer)}
	root := schema.Root(data) // the graphs come before the buffers, so they have been walked
	for i := range root.Len(schema.ModelSubgraphs) {
		g := root.At(schema.ModelSubgraphs, i)
		for j := range g.Len(schema.SubGraphTensors) {
			if t := g.At(schema.SubGraphTensors, j); t.I32(schema.TensorBuffer, 0) == buffer {
				return f.at("%s", label(j, t))
			}
		}
	}
	return f
}

// label names a tensor for an error message.
func label(i int, t schema.Record) string {
	name := t.Bytes(schema.TensorName)
	if len(name) > 80 {
		name = name[:80]
	}
	return fmt.Sprintf("tensor %d %q", i, name)
}

func checkOpcodes(root schema.Record) *fault {
	for i := range root.Len(schema.ModelOperatorCodes) {
		code := root.At(schema.ModelOperatorCodes, i)
		number := opcode(code)
		if _, ok := schema.Builtins[number]; !ok {
			return corrupt("operator code %d: unknown builtin operator %d", i, number)
		}
		if number == customOperator && code.Len(schema.OperatorCodeCustomCode) == 0 {
			return corrupt("operator code %d: custom operator without a name", i)
		}
	}
	return nil
}

func checkMetadata(root schema.Record) *fault {
	buffers := root.Len(schema.ModelBuffers)
	for i := range root.Len(schema.ModelMetadata) {
		if b := root.At(schema.ModelMetadata, i).U32(schema.MetadataBuffer); int64(b) >= int64(buffers) {
			return corrupt("metadata %d: buffer %d of %d", i, b, buffers)
		}
	}
	return nil
}

// checkSignatures checks the names under which graphs can be called.
func checkSignatures(root schema.Record) *fault {
	for i := range root.Len(schema.ModelSignatureDefs) {
		s := root.At(schema.ModelSignatureDefs, i)
		graph := s.U32(schema.SignatureDefSubgraphIndex)
		if !s.Has(schema.SignatureDefSignatureKey) || int64(graph) >= int64(root.Len(schema.ModelSubgraphs)) {
			return corrupt("signature %d: no name, or graph %d of %d", i, graph, root.Len(schema.ModelSubgraphs))
		}
		tensors := root.At(schema.ModelSubgraphs, int(graph)).Len(schema.SubGraphTensors)
		for _, slot := range []int{schema.SignatureDefInputs, schema.SignatureDefOutputs} {
			if !s.Has(slot) {
				return corrupt("signature %d: no inputs or no outputs", i)
			}
			for j := range s.Len(slot) {
				m := s.At(slot, j)
				if t := m.U32(schema.TensorMapTensorIndex); !m.Has(schema.TensorMapName) || int64(t) >= int64(tensors) {
					return corrupt("signature %d: no name, or tensor %d of %d", i, t, tensors)
				}
			}
		}
	}
	return nil
}

// checkCalls refuses graphs that call each other in a circle or do not exist.
func checkCalls(calls [][]int) *fault {
	state := make([]int, len(calls)) // 0 new, 1 being visited, 2 done
	var visit func(g, depth int) *fault
	visit = func(g, depth int) *fault {
		if state[g] == 1 || depth > maxDepth {
			return corrupt("graph %d calls itself or is called too deeply", g)
		}
		state[g] = 1
		for _, to := range calls[g] {
			if to < 0 || to >= len(calls) {
				return corrupt("graph %d: calls graph %d of %d", g, to, len(calls))
			}
			if state[to] != 2 {
				if f := visit(to, depth+1); f != nil {
					return f
				}
			}
		}
		state[g] = 2
		return nil
	}
	for g := range calls {
		if f := visit(g, 0); f != nil {
			return f
		}
	}
	return nil
}

// constant reports whether the tensor's data is in the file, and its place and size.
func constant(root, t schema.Record) (start, size int, ok bool) {
	i := t.I32(schema.TensorBuffer, 0)
	if i == 0 {
		return 0, 0, false
	}
	b := root.At(schema.ModelBuffers, i)
	if b.Has(schema.BufferData) {
		start, size = b.List(schema.BufferData)
		return start, size, size > 0
	}
	if offset := b.U64(schema.BufferOffset); offset > 1 {
		return int(offset), int(b.U64(schema.BufferSize)), b.U64(schema.BufferSize) > 0
	}
	return 0, 0, false
}

func constantBytes(root, t schema.Record) int {
	_, size, _ := constant(root, t)
	return size
}

// checkTensor checks a tensor's buffer, shape, quantization and sparsity.
func checkTensor(root, t schema.Record) *fault {
	buffers := root.Len(schema.ModelBuffers)
	if b := t.U32(schema.TensorBuffer); int64(b) >= int64(buffers) {
		return corrupt("buffer %d of %d", b, buffers)
	}
	dtype := DType(t.U8(schema.TensorType))
	if int(dtype) >= len(dtypeNames) {
		return corrupt("unknown element type %d", dtype)
	}
	start, n := t.List(schema.TensorShape)
	if n > MaxRank {
		return corrupt("%d dimensions, more than %d", n, MaxRank)
	}
	shape := make([]int64, 0, MaxRank)
	elements := int64(1)
	for i := range n {
		d := int64(int32(binary.LittleEndian.Uint32(t.Data[start+4*i:])))
		if d < 0 || (d > 0 && elements > MaxTensorBytes/d) {
			return corrupt("dimension %d is %d: negative or too big", i, d)
		}
		elements *= d
		shape = append(shape, d)
	}
	size := (elements*dtype.bits() + 7) / 8
	if size > MaxTensorBytes {
		return corrupt("%d elements of %v, more than 2 GB", elements, dtype)
	}
	if s, n := t.List(schema.TensorShapeSignature); n > 0 {
		if n != len(shape) {
			return corrupt("shape signature of %d dimensions for %d", n, len(shape))
		}
		for i := range n {
			if d := int32(binary.LittleEndian.Uint32(t.Data[s+4*i:])); d < -1 {
				return corrupt("shape signature has %d", d)
			}
		}
	}
	if f := checkQuantization(t.Child(schema.TensorQuantization), dtype, shape); f != nil {
		return f
	}
	return checkConstant(root, t, dtype, shape, size)
}

// checkQuantization checks that there is one scale, or one for each channel.
func checkQuantization(q schema.Record, dtype DType, shape []int64) *fault {
	scales, zeros := q.Len(schema.QuantizationParametersScale), q.Len(schema.QuantizationParametersZeroPoint)
	if scales == 0 {
		return nil
	}
	if scales != zeros {
		return corrupt("%d scales and %d zero points", scales, zeros)
	}
	dim := q.I32(schema.QuantizationParametersQuantizedDimension, 0)
	if dim < 0 || (dim > 0 && dim >= len(shape)) {
		return corrupt("quantized along dimension %d of %d", dim, len(shape))
	}
	if scales != 1 && (len(shape) == 0 || int64(scales) != shape[dim]) {
		return corrupt("%d scales along dimension %d of shape %v", scales, dim, shape)
	}
	if !dtype.quantizable() {
		return nil
	}
	start, n := q.List(schema.QuantizationParametersScale)
	for i := range n {
		scale := math.Float32frombits(binary.LittleEndian.Uint32(q.Data[start+4*i:]))
		if !(scale >= 0 && scale <= maxScale) {
			return corrupt("scale %d is %v", i, scale)
		}
	}
	return nil
}

// checkConstant checks that constant data has the size the shape asks for.
func checkConstant(root, t schema.Record, dtype DType, shape []int64, want int64) *fault {
	start, size, ok := constant(root, t)
	if !ok {
		return nil
	}
	if t.U8(schema.TensorIsVariable) != 0 {
		return corrupt("a variable with constant data")
	}
	data := t.Data[start : start+size]
	switch {
	case dtype == String:
		return checkStrings(data, shape)
	case dtype.bits() == 0:
		return corrupt("constant data of type %v", dtype)
	case t.Has(schema.TensorSparsity):
		return checkSparsity(t.Child(schema.TensorSparsity), shape, dtype, int64(size))
	case int64(size) != want:
		return corrupt("%d bytes of data, but shape %v of %v needs %d", size, shape, dtype, want)
	}
	return nil
}

// checkStrings checks packed strings: a count, count+1 offsets, the characters.
func checkStrings(data []byte, shape []int64) *fault {
	at := func(i int64) int64 { return int64(int32(binary.LittleEndian.Uint32(data[4*i:]))) }
	want := int64(1)
	for _, d := range shape {
		want *= d
	}
	if len(data) < 8 || at(0) != want || 4*(want+2) > int64(len(data)) {
		return corrupt("%d bytes do not hold the %d strings of the shape", len(data), want)
	}
	from := 4 * (want + 2)
	for i := int64(1); i <= want+1; i++ {
		if at(i) < from || at(i) > int64(len(data)) {
			return corrupt("string %d ends at %d of %d bytes", i-1, at(i), len(data))
		}
		from = at(i)
	}
	return nil
}

// checkSparsity checks the lists that say which elements are stored: one level
// for each dimension, then one for each dimension of a block.
func checkSparsity(s schema.Record, shape []int64, dtype DType, bytes int64) *fault {
	order, blocks := s.Ints(schema.SparsityParametersTraversalOrder), s.Ints(schema.SparsityParametersBlockMap)
	levels := len(shape) + len(blocks)
	if len(order) != levels || s.Len(schema.SparsityParametersDimMetadata) != levels || levels == 0 {
		return corrupt("sparsity of %d levels for %d dimensions and %d block dimensions", len(order), len(shape), len(blocks))
	}
	extent := append(append([]int64(nil), shape...), make([]int64, len(blocks))...)
	place := make([]int, levels) // dimension to level
	seen := make([]bool, levels)
	for level, d := range order {
		if d < 0 || d >= levels || seen[d] {
			return corrupt("sparsity visits dimension %d twice or not at all", d)
		}
		seen[d], place[d] = true, level
	}
	for i, d := range blocks {
		level := s.At(schema.SparsityParametersDimMetadata, place[len(shape)+i])
		size := int64(level.I32(schema.DimensionMetadataDenseSize, 0))
		if d < 0 || d >= len(shape) || size <= 0 || extent[d]%size != 0 {
			return corrupt("sparsity block %d along dimension %d of shape %v", size, d, shape)
		}
		extent[d] /= size
		extent[len(shape)+i] = size
	}
	count := int64(1)
	for level, d := range order {
		var f *fault
		if count, f = checkLevel(s.At(schema.SparsityParametersDimMetadata, level), count, extent[d]); f != nil {
			return f.at("sparsity level %d", level)
		}
	}
	if want := (count*dtype.bits() + 7) / 8; want != bytes {
		return corrupt("%d bytes of data, but the sparsity lists need %d", bytes, want)
	}
	return nil
}

// checkLevel checks one level below count elements and returns how many it has.
func checkLevel(m schema.Record, count, extent int64) (int64, *fault) {
	if m.U8(schema.DimensionMetadataFormat) == 0 {
		if size := int64(m.I32(schema.DimensionMetadataDenseSize, 0)); size != extent {
			return 0, corrupt("dense size %d instead of %d", size, extent)
		}
		return count * extent, nil // at most the product of the shape, which is bounded
	}
	if m.U8(schema.DimensionMetadataFormat) != 1 {
		return 0, corrupt("unknown format %d", m.U8(schema.DimensionMetadataFormat))
	}
	segments := listIndexes(m, schema.DimensionMetadataArraySegmentsType, schema.DimensionMetadataArraySegments)
	indices := listIndexes(m, schema.DimensionMetadataArrayIndicesType, schema.DimensionMetadataArrayIndices)
	if segments.n != count+1 || segments.at(0) != 0 || segments.at(count) != indices.n {
		return 0, corrupt("%d segments and %d indices for %d rows", segments.n, indices.n, count)
	}
	for from, i := int64(0), int64(1); i <= count; i++ {
		to := segments.at(i)
		if to < from || to > indices.n {
			return 0, corrupt("segment %d covers %d..%d of %d", i-1, from, to, indices.n)
		}
		for last := int64(-1); from < to; from++ {
			index := indices.at(from)
			if index <= last || index >= extent {
				return 0, corrupt("index %d after %d, of %d", index, last, extent)
			}
			last = index
		}
	}
	return indices.n, nil
}

// indexes reads a list of numbers of 4 (signed), 2 or 1 bytes.
type indexes struct {
	data  []byte
	width int
	n     int64
}

func listIndexes(m schema.Record, typeSlot, slot int) indexes {
	width := [...]int{0, 4, 2, 1}[m.U8(typeSlot)]
	if width == 0 {
		return indexes{}
	}
	start, n := m.Child(slot).List(schema.Int32VectorValues)
	return indexes{m.Data[start : start+n*width], width, int64(n)}
}

func (x indexes) at(i int64) int64 {
	switch x.width {
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(x.data[4*i:])))
	case 2:
		return int64(binary.LittleEndian.Uint16(x.data[2*i:]))
	}
	return int64(x.data[i])
}

// isGraphReference reports whether an options field numbers graphs.
func isGraphReference(name string) bool {
	return name == "subgraph" || strings.HasSuffix(name, "subgraph_index") || strings.HasSuffix(name, "subgraph_indices")
}
