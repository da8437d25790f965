// Package flatmodel reads a TensorFlow Lite model file without the C library.
//
// In go the bytes of a file; out come a verdict (Verify: nothing in the file
// can lead a reader outside it, and the graph is one the library can build)
// and a read-only description (Parse) of its tensors and operators. Simplify
// finds a model that computes the same with less work, over the same weights.
// The weights themselves are neither copied nor hashed. The table of the
// schema, schema_table.go, is written by gen_schema.py. Anyone may import the
// package; it imports nothing of ours.
package flatmodel

import (
	"fmt"
	"math"
)

const (
	identifier    = "TFL3"
	schemaVersion = 3
)

// Model describes a model file.
type Model struct {
	Version     int // of the schema, always 3
	Description string
	Subgraphs   []Subgraph // at least one; the first is the one that runs
	Metadata    []string   // names of the metadata entries
}

// Subgraph is one graph; Inputs and Outputs index Tensors.
type Subgraph struct {
	Name            string
	Tensors         []Tensor
	Inputs, Outputs []int
	Operators       []Operator // in the order they run
}

// Tensor describes one tensor.
type Tensor struct {
	Name           string
	Shape          []int
	ShapeSignature []int // as Shape with -1 for sizes that may change; nil if absent
	Type           DType
	Buffer         int       // bytes of constant data, 0 for a tensor that is computed
	Scale          []float32 // real = Scale * (q - ZeroPoint); one for all or one per channel; nil if not quantized
	ZeroPoint      []int64
	Sparse         bool // the data lists only the elements that are not zero
}

// Operator is one step of a graph; Inputs and Outputs index the tensors, -1
// marks an optional tensor left out.
type Operator struct {
	Code            int    // builtin operator number, 32 for a custom one
	Name            string // as "CONV_2D", or the custom operator's own name
	Version         int
	Inputs, Outputs []int
}

// Verify reports whether data is a complete, consistent model, in O(tables).
// Errors wrap ErrNotModel, ErrTruncated or ErrCorrupt and name the place.
func Verify(data []byte) error {
	if f := verify(data); f != nil {
		return f
	}
	return nil
}

func verify(data []byte) *fault {
	switch {
	case len(data) == 0:
		return &fault{kind: ErrNotModel, what: "empty file"}
	case len(data) < 8:
		return &fault{kind: ErrNotModel, what: fmt.Sprintf("the file has only %d bytes", len(data))}
	case string(data[4:8]) != identifier:
		return &fault{kind: ErrNotModel, what: fmt.Sprintf("identifier %q instead of %q", data[4:8], identifier)}
	case len(data) > math.MaxInt32:
		return corrupt("the file has %d bytes, more than the 2 GB a model may have", len(data))
	}
	if f := walk(data); f != nil {
		return nameTensor(data, f)
	}
	return checkModel(data)
}

// Parse verifies data and describes it; errors are Verify's.
func Parse(data []byte) (*Model, error) {
	if err := Verify(data); err != nil {
		return nil, err
	}
	root := rootOf(data)
	m := &Model{
		Version:     root.i32(modelVersion, 0),
		Description: root.text(modelDescription),
		Subgraphs:   make([]Subgraph, root.len(modelSubgraphs)),
	}
	for i := range root.len(modelMetadata) {
		m.Metadata = append(m.Metadata, root.at(modelMetadata, i).text(metadataName))
	}
	for i := range m.Subgraphs {
		m.Subgraphs[i] = readSubgraph(root, root.at(modelSubgraphs, i))
	}
	return m, nil
}

func readSubgraph(root, r record) Subgraph {
	g := Subgraph{
		Name:      r.text(subGraphName),
		Tensors:   make([]Tensor, r.len(subGraphTensors)),
		Inputs:    r.ints(subGraphInputs),
		Outputs:   r.ints(subGraphOutputs),
		Operators: make([]Operator, r.len(subGraphOperators)),
	}
	for i := range g.Tensors {
		g.Tensors[i] = readTensor(root, r.at(subGraphTensors, i))
	}
	for i := range g.Operators {
		op := r.at(subGraphOperators, i)
		code := root.at(modelOperatorCodes, op.i32(operatorOpcodeIndex, 0))
		number := opcode(code)
		name := builtins[number].name
		if number == customOperator {
			name = code.text(operatorCodeCustomCode)
		}
		g.Operators[i] = Operator{
			Code: number, Name: name, Version: code.i32(operatorCodeVersion, 1),
			Inputs: op.ints(operatorInputs), Outputs: op.ints(operatorOutputs),
		}
	}
	return g
}

func readTensor(root, r record) Tensor {
	t := Tensor{
		Name:   r.text(tensorName),
		Shape:  r.ints(tensorShape),
		Type:   DType(r.u8(tensorType)),
		Buffer: constantBytes(root, r),
		Sparse: r.has(tensorSparsity),
	}
	if r.has(tensorShapeSignature) {
		t.ShapeSignature = r.ints(tensorShapeSignature)
	}
	if q := r.child(tensorQuantization); q.len(quantizationParametersScale) > 0 {
		t.Scale = q.floats(quantizationParametersScale)
		t.ZeroPoint = q.longs(quantizationParametersZeroPoint)
	}
	return t
}

// opcode returns the builtin operator number; older files hold it in a byte.
func opcode(code record) int {
	return max(code.i32(operatorCodeBuiltinCode, 0), int(int8(code.u8(operatorCodeDeprecatedBuiltinCode))))
}
