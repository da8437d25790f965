package inference_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// The reference kernels find what those of the LiteRT wheel find: the same
// 8-bit numbers, and the same floats but for the order of sums.
func TestReferenceKernels(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string][][2]float64 // place in the first output, number there
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		file  string
		takes int // operators
	}{
		{"deeplabv3_257_mv.tflite", 55},
		{"mobilenet_v1_0.25_128_quant.tflite", 28},
		{"age_200_q.tflite", 10},
		{"belt_rip_mobilenet_025_128_int8.tflite", 28},
		{"emotion_mobilefacenet_050_48_int8.tflite", 50},
		{"liveness_mobilenet_025_128_float.tflite", 28},
	} {
		t.Run(tc.file, func(t *testing.T) {
			path := filepath.Join(testmedia.Project(), "models", "trained", tc.file)
			if _, err := os.Stat(path); err != nil {
				path = testmedia.Path(t, "models/"+tc.file)
			}
			net := run(t, path, inference.Reference)
			if n := net.Placement().Delegated(); n != tc.takes {
				t.Errorf("takes %d operators", n)
			}
			spots := recorded[tc.file]
			if len(spots) == 0 {
				t.Fatal("nothing is recorded")
			}
			got := numbers(t, net.Outputs[0])
			tolerance := 0.0
			if net.Outputs[0].DType == inference.Float32 {
				for _, s := range spots {
					tolerance = max(tolerance, 1e-4*math.Abs(s[1]))
				}
			}
			for _, s := range spots {
				if d := math.Abs(got[int(s[0])] - s[1]); d > tolerance {
					t.Errorf("number %g is %g, recorded as %g", s[0], got[int(s[0])], s[1])
				}
			}
		})
	}
}

// run shows the network a pattern.
func run(t *testing.T, file string, d inference.Delegate) *inference.Interpreter {
	t.Helper()
	net, err := inference.Open(file, inference.Options{Threads: 2, Delegate: d, NoOptimize: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	fill(net.Inputs[0])
	if err := net.Invoke(); err != nil {
		t.Fatal(err)
	}
	return net
}

// fill writes the pattern of testdata/reference.py.
func fill(in *inference.Tensor) {
	if v, err := inference.View[float32](in); err == nil {
		for i := range v {
			v[i] = float32(i*7919%512)/256 - 1
		}
		return
	}
	for i, b := 0, in.Bytes(); i < len(b); i++ {
		b[i] = byte(i * 7919 % 251)
	}
}

// numbers are a tensor's, as they are stored.
func numbers(t *testing.T, tensor *inference.Tensor) (list []float64) {
	t.Helper()
	if v, err := inference.View[float32](tensor); err == nil {
		for _, x := range v {
			list = append(list, float64(x))
		}
		return list
	}
	for _, b := range tensor.Bytes() {
		if tensor.DType == inference.Int8 {
			list = append(list, float64(int8(b)))
		} else {
			list = append(list, float64(b))
		}
	}
	return list
}
