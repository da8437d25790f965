package custom

import (
	"strings"
	"testing"

	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tflite"
)

// graph is a network of one operator from an input to outputs.
func graph(input tflite.Tensor, operator string, outputs ...tflite.Tensor) *tflite.Subgraph {
	g := &tflite.Subgraph{Tensors: append([]tflite.Tensor{input}, outputs...), Inputs: []int{0}}
	op := tflite.Operator{Name: operator, Inputs: []int{0}}
	for i := range outputs {
		g.Outputs, op.Outputs = append(g.Outputs, i+1), append(op.Outputs, i+1)
	}
	g.Operators = []tflite.Operator{op}
	return g
}

func real32(name string, shape ...int) tflite.Tensor {
	return tflite.Tensor{Name: name, Shape: shape, Type: tflite.Float32}
}

func scaled(dtype tflite.DType, scale float32, zero int64, shape ...int) tflite.Tensor {
	return tflite.Tensor{Name: "q", Shape: shape, Type: dtype, Scale: []float32{scale}, ZeroPoint: []int64{zero}}
}

func TestFits(t *testing.T) {
	picture := real32("picture", 1, 64, 64, 3)
	bytes := scaled(tflite.UInt8, 1/128., 128, 1, 64, 64, 3)
	twoInputs := graph(picture, "ADD", real32("out", 1, 4))
	twoInputs.Inputs = []int{0, 0}
	nothing := graph(bytes, "RESHAPE", real32("out", 1, 3))
	nothing.Operators[0].Inputs = nil
	nothing.Operators = append(nothing.Operators, tflite.Operator{Name: "CONV_2D"})
	nothing.Tensors = append(nothing.Tensors, tflite.Tensor{Type: tflite.Int8, Scale: []float32{1}, Buffer: 4})
	for _, tc := range []struct {
		name  string
		graph *tflite.Subgraph
		fits  string // tasks, those that are sure with a mark
		says  string // in Unfit or in the first fit's reason
	}{
		{"probabilities", graph(bytes, "SOFTMAX", scaled(tflite.UInt8, 1/256., 0, 1, 5)), "classify!", "5 probabilities"},
		{"probabilities by their range", graph(bytes, "CONCATENATION", scaled(tflite.Int8, 1/256., -128, 1, 5)), "classify!", "5 probabilities"},
		{"logits", graph(bytes, "FULLY_CONNECTED", scaled(tflite.Int8, .1, 0, 1, 5)), "classify", "probabilities are made"},
		{"floats", graph(picture, "SOFTMAX", real32("out", 1, 5)), "classify", "does not say"},
		{"one number", graph(bytes, "LOGISTIC", real32("out", 1, 1)), "", "one number"},
		{"YOLOv8", graph(picture, "CONCATENATION", real32("out", 1, 7, 84)), "yolov8!", "84 boxes with 3 classes"},
		{"YOLOv8 turned", graph(picture, "CONCATENATION", real32("out", 1, 84, 7)), "yolov8!", "84 boxes with 3 classes"},
		{"a like of YOLOv8", graph(picture, "CONCATENATION", real32("out", 1, 7, 90)), "yolov8", "would give 84"},
		{"YOLOv5", graph(picture, "CONCATENATION", real32("out", 1, 252, 8)), "", "v8 or later"},
		{"boxes suppressed", graph(picture, "CONCATENATION", real32("out", 1, 300, 6)), "", "already suppressed"},
		{"scores of cells", graph(bytes, "CONV_2D", real32("out", 1, 32, 32, 4)), "segment!", "4 classes in 32 x 32"},
		{"classes of cells", graph(bytes, "ARG_MAX", tflite.Tensor{Name: "out", Shape: []int{1, 64, 64}, Type: tflite.Int64}), "segment!", "class of each"},
		{"one thing", graph(bytes, "LOGISTIC", real32("out", 1, 64, 64, 1)), "segment!", "probability of one thing"},
		{"too many classes of cells", graph(bytes, "CONV_2D", real32("out", 1, 32, 32, 300)), "", "256"},
		{"face detector", graph(bytes, "CONV_2D", real32("a", 1, 896, 16), real32("b", 1, 896, 1)), "", "2 outputs"},
		{"four outputs of another kind", graph(bytes, "SPLIT", real32("a", 1, 9, 4), real32("b", 1, 9), real32("c", 1, 9), real32("d", 1)), "", task.PostProcess},
		{"colours first", graph(real32("picture", 1, 3, 64, 64), "SOFTMAX", real32("out", 1, 5)), "", "colours last"},
		{"grey", graph(real32("picture", 1, 28, 28, 1), "SOFTMAX", real32("out", 1, 5)), "", "grey"},
		{"sound", graph(real32("wave", 1, 16000), "SOFTMAX", real32("out", 1, 5)), "", "[1 height width 3]"},
		{"no fixed size", graph(real32("picture", 1, 1, 1, 3), "SOFTMAX", real32("out", 1, 5)), "", "fixed size"},
		{"half floats", graph(tflite.Tensor{Name: "p", Shape: []int{1, 64, 64, 3}, Type: tflite.Float16}, "SOFTMAX", real32("out", 1, 5)), "", "float16"},
		{"bytes without a scale", graph(tflite.Tensor{Name: "p", Shape: []int{1, 64, 64, 3}, Type: tflite.UInt8}, "SOFTMAX", real32("out", 1, 5)), "", "no scale"},
		{"two inputs", twoInputs, "", "2 inputs"},
		{"operator of TensorFlow", graph(picture, "FlexErf", real32("out", 1, 5)), "", "FlexErf"},
		{"operator of somebody", graph(picture, "Convolution2DTransposeBias", real32("out", 1, 5)), "", "of its makers"},
		{"layers that read nothing", nothing, "classify", "3 numbers"},
		{"a bomb", graph(picture, "PAD", real32("out", 1, 1<<14, 1<<15)), "", "MB of memory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var d Description
			d.describe(tc.graph)
			d.fit(tc.graph)
			var fits []string
			why := d.Unfit
			for i, f := range d.Fits {
				mark := ""
				if f.Sure {
					mark = "!"
				}
				fits = append(fits, f.Task+mark)
				if i == 0 {
					why = f.Why
				}
				if !(f.Std > 0) || f.Resize == "" || !(f.Threshold > 0) || len(f.Outputs) == 0 {
					t.Errorf("incomplete: %+v", f)
				}
			}
			if got := strings.Join(fits, " "); got != tc.fits || !strings.Contains(why, tc.says) {
				t.Errorf("fits %q, wants %q: %s", got, tc.fits, why)
			}
			if (len(d.Fits) == 0) != (d.Unfit != "") {
				t.Errorf("fits %v and %q", d.Fits, d.Unfit)
			}
		})
	}
}

// TestMeanAndDeviation checks that quantized inputs get the picture's bytes.
func TestMeanAndDeviation(t *testing.T) {
	multiplied := graph(real32("picture", 1, 64, 64, 3), "MUL", real32("out", 1, 5))
	multiplied.Tensors = append(multiplied.Tensors, tflite.Tensor{Name: "1/255", Type: tflite.Float32, Buffer: 4})
	multiplied.Operators[0].Inputs = append(multiplied.Operators[0].Inputs, 2)
	for _, tc := range []struct {
		name      string
		graph     *tflite.Subgraph
		mean, std float32
	}{
		{"uint8", graph(scaled(tflite.UInt8, 1/128., 128, 1, 64, 64, 3), "SOFTMAX", real32("out", 1, 5)), 128, 128},
		{"uint8 from 0", graph(scaled(tflite.UInt8, .5, 0, 1, 64, 64, 3), "SOFTMAX", real32("out", 1, 5)), 0, 2},
		{"int8", graph(scaled(tflite.Int8, 1/256., -128, 1, 64, 64, 3), "SOFTMAX", real32("out", 1, 5)), 0, 256},
		{"float", graph(real32("picture", 1, 64, 64, 3), "CONV_2D", real32("out", 1, 5)), 127.5, 127.5},
		{"YOLOv8", graph(real32("picture", 1, 64, 64, 3), "CONV_2D", real32("out", 1, 7, 84)), 0, 255},
		{"multiplied inside", multiplied, 0, 1},
	} {
		var d Description
		d.describe(tc.graph)
		d.fit(tc.graph)
		if len(d.Fits) == 0 || d.Fits[0].Mean != tc.mean || d.Fits[0].Std != tc.std {
			t.Errorf("%s: %+v %s", tc.name, d.Fits, d.Unfit)
		}
	}
}
