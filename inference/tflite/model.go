// Package tflite reads a TensorFlow Lite model file without the C library.
//
// In go the bytes of a file; out come a verdict (Verify: nothing in the file
// can lead a reader outside it, and the graph is one the library can build)
// and a read-only description (Parse) of its tensors and operators. The
// weights are neither copied nor hashed. The layout of the file's tables is in
// internal/schema, and tflite/rewrite changes graphs that Verify has passed:
// from here it takes DType, Bilinear and the limits that Verify holds a model
// to. Anyone may import the package; of ours it imports internal/schema alone.
package tflite

import (
	"fmt"
	"math"

	"reterminal-vision/inference/tflite/internal/schema"
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

// Bilinear says how a map is resized: the size it is to have, and where its
// cells lie in the source, as the options of RESIZE_BILINEAR put it.
type Bilinear struct {
	Width, Height    int
	AlignCorners     bool
	HalfPixelCenters bool
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
	case string(data[4:8]) != schema.Identifier:
		return &fault{kind: ErrNotModel, what: fmt.Sprintf("identifier %q instead of %q", data[4:8], schema.Identifier)}
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
	root := schema.Root(data)
	m := &Model{
		Version:     root.I32(schema.ModelVersion, 0),
		Description: root.Text(schema.ModelDescription),
		Subgraphs:   make([]Subgraph, root.Len(schema.ModelSubgraphs)),
	}
	for i := range root.Len(schema.ModelMetadata) {
		m.Metadata = append(m.Metadata, root.At(schema.ModelMetadata, i).Text(schema.MetadataName))
	}
	for i := range m.Subgraphs {
		m.Subgraphs[i] = readSubgraph(root, root.At(schema.ModelSubgraphs, i))
	}
	return m, nil
}

func readSubgraph(root, r schema.Record) Subgraph {
	g := Subgraph{
		Name:      r.Text(schema.SubGraphName),
		Tensors:   make([]Tensor, r.Len(schema.SubGraphTensors)),
		Inputs:    r.Ints(schema.SubGraphInputs),
		Outputs:   r.Ints(schema.SubGraphOutputs),
		Operators: make([]Operator, r.Len(schema.SubGraphOperators)),
	}
	for i := range g.Tensors {
		g.Tensors[i] = readTensor(root, r.At(schema.SubGraphTensors, i))
	}
	for i := range g.Operators {
		op := r.At(schema.SubGraphOperators, i)
		code := root.At(schema.ModelOperatorCodes, op.I32(schema.OperatorOpcodeIndex, 0))
		number := opcode(code)
		name := schema.Builtins[number].Name
		if number == customOperator {
			name = code.Text(schema.OperatorCodeCustomCode)
		}
		g.Operators[i] = Operator{
			Code: number, Name: name, Version: code.I32(schema.OperatorCodeVersion, 1),
			Inputs: op.Ints(schema.OperatorInputs), Outputs: op.Ints(schema.OperatorOutputs),
		}
	}
	return g
}

func readTensor(root, r schema.Record) Tensor {
	t := Tensor{
		Name:   r.Text(schema.TensorName),
		Shape:  r.Ints(schema.TensorShape),
		Type:   DType(r.U8(schema.TensorType)),
		Buffer: constantBytes(root, r),
		Sparse: r.Has(schema.TensorSparsity),
	}
	if r.Has(schema.TensorShapeSignature) {
		t.ShapeSignature = r.Ints(schema.TensorShapeSignature)
	}
	if q := r.Child(schema.TensorQuantization); q.Len(schema.QuantizationParametersScale) > 0 {
		t.Scale = q.Floats(schema.QuantizationParametersScale)
		t.ZeroPoint = q.Longs(schema.QuantizationParametersZeroPoint)
	}
	return t
}

// opcode returns the builtin operator number; older files hold it in a byte.
func opcode(code schema.Record) int {
	return max(code.I32(schema.OperatorCodeBuiltinCode, 0), int(int8(code.U8(schema.OperatorCodeDeprecatedBuiltinCode))))
}

// OperatorName is what the schema calls a built-in operator, as "CONV_2D".
func OperatorName(code int) string {
	if b, ok := schema.Builtins[code]; ok {
		return b.Name
	}
	return fmt.Sprintf("operator %d", code)
}
