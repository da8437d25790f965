package inference

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"unsafe"
)

// Pictures staged by turns give the very outputs that copied ones give, with
// every published model on both kernel sets.
func TestStagedInputsAreReadInPlace(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(shared(t, "models"), "*.tflite"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		for _, delegate := range []Delegate{Builtin, XNNPACK} {
			t.Run(filepath.Base(path)+" "+string(delegate), func(t *testing.T) {
				in, err := Open(path, Options{Delegate: delegate})
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				rng := rand.New(rand.NewPCG(1, 2))
				var pictures [2][]byte
				var want [2][][]byte
				for i := range pictures {
					pictures[i] = randomInput(rng, in.Inputs[0])
					in.stage(pictures[i])
					want[i] = outputs(t, in)
				}
				buffers := [2][]byte{in.newStaging(), in.newStaging()}
				for turn := range 4 {
					i, buffer := turn%len(pictures), buffers[turn/2]
					copy(buffer, pictures[i])
					in.stage(buffer)
					for o, got := range outputs(t, in) {
						if !bytes.Equal(got, want[i][o]) {
							t.Errorf("turn %d: output %s differs", turn, in.Outputs[o])
						}
					}
				}
			})
		}
	}
}

// randomInput is a picture of random values.
func randomInput(rng *rand.Rand, tensor *Tensor) []byte {
	data := make([]byte, tensor.size)
	if tensor.DType == Float32 {
		values, _ := View[float32](&Tensor{DType: Float32, data: unsafe.Pointer(unsafe.SliceData(data)), size: len(data)})
		for i := range values {
			values[i] = 2*rng.Float32() - 1
		}
		return data
	}
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

func outputs(t *testing.T, in *Interpreter) (all [][]byte) {
	t.Helper()
	if err := in.Invoke(); err != nil {
		t.Fatal(err)
	}
	for _, o := range in.Outputs {
		all = append(all, bytes.Clone(o.Bytes()))
	}
	return all
}
