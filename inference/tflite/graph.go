package tflite

import (
	"encoding/binary"
	"strings"

	"reterminal-vision/inference/tflite/internal/schema"
)

// A graphChecker checks one graph's tensors and operators.
type graphChecker struct {
	root, graph schema.Record
	written     []bool // tensors that hold a value when the next operator runs
	fixed       []bool // tensors that no operator may write: constants, inputs, results of earlier operators
	calls       []int  // graphs that this one calls
}

func (c *graphChecker) check() *fault {
	if !c.graph.Has(schema.SubGraphTensors) || !c.graph.Has(schema.SubGraphOperators) {
		return corrupt("the graph has no tensors or no operators")
	}
	n := c.graph.Len(schema.SubGraphTensors)
	c.written, c.fixed = make([]bool, n), make([]bool, n)
	for i := range n {
		t := c.graph.At(schema.SubGraphTensors, i)
		if f := checkTensor(c.root, t); f != nil {
			return f.at("%s", label(i, t))
		}
		_, _, isConstant := constant(c.root, t)
		c.fixed[i] = isConstant
		c.written[i] = isConstant || t.U8(schema.TensorIsVariable) != 0 || isEmpty(t)
	}
	inputs, f := c.tensors(c.graph, schema.SubGraphInputs, false)
	if f != nil {
		return f.at("inputs")
	}
	for _, t := range inputs {
		c.written[t], c.fixed[t] = true, true
	}
	for i := range c.graph.Len(schema.SubGraphOperators) {
		if f := c.operator(c.graph.At(schema.SubGraphOperators, i)); f != nil {
			return f.at("operator %d", i)
		}
	}
	outputs, f := c.tensors(c.graph, schema.SubGraphOutputs, false)
	if f != nil {
		return f.at("outputs")
	}
	for _, t := range outputs {
		if !c.written[t] {
			return corrupt("output tensor %d is never computed", t)
		}
	}
	return nil
}

// isEmpty reports whether a tensor has no elements and so needs no value.
func isEmpty(t schema.Record) bool {
	start, n := t.List(schema.TensorShape)
	for i := range n {
		if binary.LittleEndian.Uint32(t.Data[start+4*i:]) == 0 {
			return true
		}
	}
	return false
}

// tensors reads a list of tensor numbers; -1 only where optional allows it.
func (c *graphChecker) tensors(r schema.Record, slot int, optional bool) ([]int, *fault) {
	list := r.Ints(slot)
	for _, t := range list {
		if t >= len(c.fixed) || t < -1 || (t == -1 && !optional) {
			return nil, corrupt("tensor %d of %d", t, len(c.fixed))
		}
	}
	return list, nil
}

func (c *graphChecker) operator(op schema.Record) *fault {
	codes := c.root.Len(schema.ModelOperatorCodes)
	index := op.U32(schema.OperatorOpcodeIndex)
	if int64(index) >= int64(codes) {
		return corrupt("operator code %d of %d", index, codes)
	}
	code := c.root.At(schema.ModelOperatorCodes, int(index))
	number := opcode(code)
	name := schema.Builtins[number].Name
	var f *fault
	if number == customOperator {
		name = code.Text(schema.OperatorCodeCustomCode)
		f = c.custom(op, name)
	} else {
		f = c.options(op, schema.Builtins[number])
	}
	if f == nil {
		f = c.flow(op, number)
	}
	if f == nil {
		f = c.scales(op, name)
	}
	if f != nil {
		return f.at("%s", name)
	}
	return nil
}

// flow checks an operator's tensors: inputs have a value, outputs are new.
func (c *graphChecker) flow(op schema.Record, number int) *fault {
	inputs, f := c.tensors(op, schema.OperatorInputs, true)
	if f != nil {
		return f.at("inputs")
	}
	for i, t := range inputs {
		if t < 0 {
			if first, ok := optionalFrom[schema.Builtins[number].Name]; !ok || i < first {
				return corrupt("input %d is missing", i)
			}
		} else if !c.written[t] {
			return corrupt("reads tensor %d before it is computed", t)
		}
	}
	outputs, f := c.tensors(op, schema.OperatorOutputs, number == customOperator)
	if f != nil {
		return f.at("outputs")
	}
	for _, t := range outputs {
		if t < 0 {
			continue
		}
		if c.fixed[t] {
			return corrupt("writes tensor %d, which is constant, an input or already computed", t)
		}
		c.written[t], c.fixed[t] = true, true
	}
	_, f = c.tensors(op, schema.OperatorIntermediates, false)
	return f
}

// optionalFrom gives, for operators that can do without some inputs, the
// number of the first such input.
var optionalFrom = map[string]int{
	"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3,
	"CONV_3D": 2, "CONV_3D_TRANSPOSE": 3, "SVDF": 3, "LSTM": 1,
	"UNIDIRECTIONAL_SEQUENCE_LSTM": 1, "BIDIRECTIONAL_SEQUENCE_LSTM": 1, "BIDIRECTIONAL_SEQUENCE_RNN": 1,
	"CUSTOM": 0,
}

// options checks that an operator's options are those of its kind, and that
// values the library divides by are not zero.
func (c *graphChecker) options(op schema.Record, b schema.Builtin) *fault {
	got, got2 := op.U8(schema.OperatorBuiltinOptionsType), op.U8(schema.OperatorBuiltinOptions2Type)
	if (got != 0 && got != b.Options) || (got2 != 0 && got2 != b.Options2) {
		return corrupt("has the options of another operator (type %d, %d)", got, got2)
	}
	id, options := schema.NoTable, schema.Record{}
	switch {
	case b.Options != 0:
		id, options = schema.Unions[schema.UnionBuiltinOptions][b.Options], op.Child(schema.OperatorBuiltinOptions)
	case b.Options2 != 0:
		id, options = schema.Unions[schema.UnionBuiltinOptions2][b.Options2], op.Child(schema.OperatorBuiltinOptions2)
	}
	if id == schema.NoTable {
		return nil
	}
	def := &schema.Tables[id]
	if (got == 0 && got2 == 0) || options.Data == nil {
		if len(def.Fields) > 0 && !defaultOptions[b.Name] {
			return corrupt("has no options")
		}
		return nil
	}
	for i := range def.Fields {
		if f := c.option(&def.Fields[i], options); f != nil {
			return f
		}
	}
	return nil
}

// defaultOptions names the operators that the library gives defaults of its own.
var defaultOptions = map[string]bool{"RESHAPE": true, "CAST": true, "SHAPE": true, "SQUEEZE": true}

// option checks one field of an operator's options.
func (c *graphChecker) option(d *schema.FieldDef, options schema.Record) *fault {
	switch {
	case isGraphReference(d.Name) && d.Kind == schema.Scalar:
		c.calls = append(c.calls, options.I32(d.Slot, 0))
	case isGraphReference(d.Name):
		c.calls = append(c.calls, options.Ints(d.Slot)...)
	case d.Kind != schema.Scalar || d.Arg != 4:
	case divisors[d.Name], strings.HasPrefix(d.Name, "dilation_") && options.Has(d.Slot):
		if v := options.I32(d.Slot, 0); v < 1 || v > MaxStep {
			return corrupt("%s is %d", d.Name, v)
		}
	}
	return nil
}

// MaxStep bounds strides and the like; more overflows the library's sums.
const MaxStep = 1 << 16

// divisors are options that the library divides by.
var divisors = map[string]bool{
	"stride_w": true, "stride_h": true, "stride_d": true,
	"filter_width": true, "filter_height": true,
	"block_size": true, "num_splits": true,
}

// flexCustom names the custom operators that the library itself has; it reads
// their options without looking for errors.
var flexCustom = map[string]bool{
	"TFLite_Detection_PostProcess": true, "Mfcc": true, "AudioSpectrogram": true, "NumericVerify": true,
}

// custom checks a custom operator's options.
func (c *graphChecker) custom(op schema.Record, name string) *fault {
	offset, size := op.U64(schema.OperatorLargeCustomOptionsOffset), op.U64(schema.OperatorLargeCustomOptionsSize)
	if f := checkOutside(op.Data, offset, size); f != nil {
		return f.at("options")
	}
	if !flexCustom[name] {
		return nil
	}
	options := op.Bytes(schema.OperatorCustomOptions)
	if len(options) == 0 && offset > 1 {
		options = op.Data[offset : offset+size]
	}
	if f := checkFlex(options); f != nil {
		return f.at("options")
	}
	return nil
}
