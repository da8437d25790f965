package flatmodel

import (
	"encoding/binary"
	"strings"
)

// A graphChecker checks one graph's tensors and operators.
type graphChecker struct {
	root, graph record
	written     []bool // tensors that hold a value when the next operator runs
	fixed       []bool // tensors that no operator may write: constants, inputs, results of earlier operators
	calls       []int  // graphs that this one calls
}

func (c *graphChecker) check() *fault {
	if !c.graph.has(subGraphTensors) || !c.graph.has(subGraphOperators) {
		return corrupt("the graph has no tensors or no operators")
	}
	n := c.graph.len(subGraphTensors)
	c.written, c.fixed = make([]bool, n), make([]bool, n)
	for i := range n {
		t := c.graph.at(subGraphTensors, i)
		if f := checkTensor(c.root, t); f != nil {
			return f.at("%s", label(i, t))
		}
		_, _, isConstant := constant(c.root, t)
		c.fixed[i] = isConstant
		c.written[i] = isConstant || t.u8(tensorIsVariable) != 0 || isEmpty(t)
	}
	inputs, f := c.tensors(c.graph, subGraphInputs, false)
	if f != nil {
		return f.at("inputs")
	}
	for _, t := range inputs {
		c.written[t], c.fixed[t] = true, true
	}
	for i := range c.graph.len(subGraphOperators) {
		if f := c.operator(c.graph.at(subGraphOperators, i)); f != nil {
			return f.at("operator %d", i)
		}
	}
	outputs, f := c.tensors(c.graph, subGraphOutputs, false)
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
func isEmpty(t record) bool {
	start, n := t.list(tensorShape)
	for i := range n {
		if binary.LittleEndian.Uint32(t.data[start+4*i:]) == 0 {
			return true
		}
	}
	return false
}

// tensors reads a list of tensor numbers; -1 only where optional allows it.
func (c *graphChecker) tensors(r record, slot int, optional bool) ([]int, *fault) {
	list := r.ints(slot)
	for _, t := range list {
		if t >= len(c.fixed) || t < -1 || (t == -1 && !optional) {
			return nil, corrupt("tensor %d of %d", t, len(c.fixed))
		}
	}
	return list, nil
}

func (c *graphChecker) operator(op record) *fault {
	codes := c.root.len(modelOperatorCodes)
	index := op.u32(operatorOpcodeIndex)
	if int64(index) >= int64(codes) {
		return corrupt("operator code %d of %d", index, codes)
	}
	code := c.root.at(modelOperatorCodes, int(index))
	number := opcode(code)
	name := builtins[number].name
	var f *fault
	if number == customOperator {
		name = code.text(operatorCodeCustomCode)
		f = c.custom(op, name)
	} else {
		f = c.options(op, builtins[number])
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
func (c *graphChecker) flow(op record, number int) *fault {
	inputs, f := c.tensors(op, operatorInputs, true)
	if f != nil {
		return f.at("inputs")
	}
	for i, t := range inputs {
		if t < 0 {
			if first, ok := optionalFrom[builtins[number].name]; !ok || i < first {
				return corrupt("input %d is missing", i)
			}
		} else if !c.written[t] {
			return corrupt("reads tensor %d before it is computed", t)
		}
	}
	outputs, f := c.tensors(op, operatorOutputs, number == customOperator)
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
	_, f = c.tensors(op, operatorIntermediates, false)
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
func (c *graphChecker) options(op record, b builtin) *fault {
	got, got2 := op.u8(operatorBuiltinOptionsType), op.u8(operatorBuiltinOptions2Type)
	if (got != 0 && got != b.options) || (got2 != 0 && got2 != b.options2) {
		return corrupt("has the options of another operator (type %d, %d)", got, got2)
	}
	id, options := noTable, record{}
	switch {
	case b.options != 0:
		id, options = unions[unionBuiltinOptions][b.options], op.child(operatorBuiltinOptions)
	case b.options2 != 0:
		id, options = unions[unionBuiltinOptions2][b.options2], op.child(operatorBuiltinOptions2)
	}
	if id == noTable {
		return nil
	}
	def := &tables[id]
	if (got == 0 && got2 == 0) || options.data == nil {
		if len(def.fields) > 0 && !defaultOptions[b.name] {
			return corrupt("has no options")
		}
		return nil
	}
	for i := range def.fields {
		if f := c.option(&def.fields[i], options); f != nil {
			return f
		}
	}
	return nil
}

// defaultOptions names the operators that the library gives defaults of its own.
var defaultOptions = map[string]bool{"RESHAPE": true, "CAST": true, "SHAPE": true, "SQUEEZE": true}

// option checks one field of an operator's options.
func (c *graphChecker) option(d *fieldDef, options record) *fault {
	switch {
	case isGraphReference(d.name) && d.kind == scalar:
		c.calls = append(c.calls, options.i32(d.slot, 0))
	case isGraphReference(d.name):
		c.calls = append(c.calls, options.ints(d.slot)...)
	case d.kind != scalar || d.arg != 4:
	case divisors[d.name], strings.HasPrefix(d.name, "dilation_") && options.has(d.slot):
		if v := options.i32(d.slot, 0); v < 1 || v > maxStep {
			return corrupt("%s is %d", d.name, v)
		}
	}
	return nil
}

// Strides and the like are at most this; more overflows the library's sums.
const maxStep = 1 << 16

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
func (c *graphChecker) custom(op record, name string) *fault {
	offset, size := op.u64(operatorLargeCustomOptionsOffset), op.u64(operatorLargeCustomOptionsSize)
	if f := checkOutside(op.data, offset, size); f != nil {
		return f.at("options")
	}
	if !flexCustom[name] {
		return nil
	}
	options := op.bytes(operatorCustomOptions)
	if len(options) == 0 && offset > 1 {
		options = op.data[offset : offset+size]
	}
	if f := checkFlex(options); f != nil {
		return f.at("options")
	}
	return nil
}
