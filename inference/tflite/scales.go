package tflite

import (
	"encoding/binary"
	"math"

	"reterminal-vision/inference/tflite/internal/schema"
)

// scales checks the quantization scales of operators whose kernels end the
// process, rather than report an error, when a ratio of scales is out of range.
// Limits: tensorflow/lite/kernels/internal/quantization_util.cc.
func (c *graphChecker) scales(op schema.Record, name string) *fault {
	rule, ok := scaleRules[name]
	if !ok {
		return nil
	}
	inputs, outputs := op.Ints(schema.OperatorInputs), op.Ints(schema.OperatorOutputs)
	if len(inputs) < rule.inputs || len(outputs) < 1 {
		return corrupt("has %d inputs and %d outputs", len(inputs), len(outputs))
	}
	in := c.graph.At(schema.SubGraphTensors, inputs[0])
	switch DType(in.U8(schema.TensorType)) {
	case UInt8, Int8:
	case Int16:
		if !in.Child(schema.TensorQuantization).Has(schema.QuantizationParametersScale) {
			return nil
		}
	default:
		return nil
	}
	largest, smallest := 0.0, math.Inf(1)
	for _, t := range inputs[:rule.inputs] {
		s := soleScale(c.graph.At(schema.SubGraphTensors, t))
		largest, smallest = max(largest, s), min(smallest, s)
	}
	out := soleScale(c.graph.At(schema.SubGraphTensors, outputs[0]))
	if beta := op.Child(schema.OperatorBuiltinOptions); name == "SOFTMAX" {
		smallest *= float64(math.Float32frombits(uint32(beta.I32(0, 0))))
	}
	if smallest <= 0 || !rule.holds(smallest, largest, out) {
		return corrupt("cannot compute with input scales %g to %g and output scale %g", smallest, largest, out)
	}
	return nil
}

// A scaleRule holds for the smallest and largest scale of the first inputs and
// the scale of the output.
type scaleRule struct {
	inputs int
	holds  func(smallest, largest, out float64) bool
}

// Sums are formed with 20 more bits (15 for INT16) and brought back to the
// output by a factor that must stay below 1.
func sumFits(_, largest, out float64) bool { return 2*largest < (1<<15)*out }

// Squares are formed with 7 more bits each.
func squareFits(_, largest, out float64) bool { return 4*largest*largest < (1<<14)*out }

func belowOne(_, largest, _ float64) bool { return largest < 1 }

// The exponent's 26 fraction bits must not swallow the scale.
func exponentFits(smallest, _, _ float64) bool { return smallest*(1<<26) > 1 }

var scaleRules = map[string]scaleRule{
	"ADD": {2, sumFits}, "SUB": {2, sumFits}, "SQUARED_DIFFERENCE": {2, squareFits},
	"EQUAL": {2, belowOne}, "NOT_EQUAL": {2, belowOne}, "GREATER": {2, belowOne},
	"GREATER_EQUAL": {2, belowOne}, "LESS": {2, belowOne}, "LESS_EQUAL": {2, belowOne},
	"SOFTMAX": {1, exponentFits}, "LOG_SOFTMAX": {1, exponentFits},
}

// soleScale returns a tensor's scale, 0 if it has none or one per channel.
func soleScale(t schema.Record) float64 {
	start, n := t.Child(schema.TensorQuantization).List(schema.QuantizationParametersScale)
	if n != 1 {
		return 0
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(t.Data[start:])))
}
