package rewrite

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"reterminal-vision/inference/tflite"
	"reterminal-vision/inference/tflite/internal/testmodel"
)

// simplified is the whole model as the library is to see it, and what was found.
func simplified(data []byte, leaveResize bool) ([]byte, *Simplified) {
	s := Simplify(data, leaveResize, 4096)
	if s == nil {
		return nil, nil
	}
	return append(slices.Clone(s.Front), data...), s
}

func operators(m *tflite.Model) map[string]int {
	count := map[string]int{}
	for _, op := range m.Subgraphs[0].Operators {
		count[op.Name]++
	}
	return count
}

// What is left out of the published networks, and that the rest stays sound and
// keeps its inputs and outputs.
func TestSimplify(t *testing.T) {
	for name, want := range map[string]struct {
		fewer  map[string]int // operators that went, or came when negative
		resize *tflite.Bilinear
	}{
		"deeplabv3_257_mv": {map[string]int{"RESIZE_BILINEAR": 3, "CONCATENATION": 1, "CONV_2D": -1, "ADD": -1},
			&tflite.Bilinear{Width: 257, Height: 257, AlignCorners: true}},
		"deeplabv3_mnv2_dm05_pascal_quant": {map[string]int{"RESIZE_BILINEAR": 2, "ARG_MAX": 1}, &tflite.Bilinear{Width: 513, Height: 513, AlignCorners: true}},
		"ultralight_face_slim_320":         {map[string]int{"SHAPE": 8, "STRIDED_SLICE": 8, "PACK": 8, "PAD": 9}, nil},
		"ultralight_face_rfb_320":          {map[string]int{"SHAPE": 8, "STRIDED_SLICE": 8, "PACK": 8, "SPACE_TO_BATCH_ND": 1, "BATCH_TO_SPACE_ND": 1, "PAD": 15}, nil},
		"mobilefacenet_112":                {map[string]int{"ABS": 33, "SUB": 33, "MUL": 66, "RELU": 33, "ADD": 33, "PRELU": -33}, nil},
		"mobilenet_v1_0.25_128_quant":      {},
	} {
		t.Run(name, func(t *testing.T) {
			data := testmodel.Read(t, filepath.Join(testmodel.Shared(t), name+".tflite"))
			before, err := tflite.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			whole, s := simplified(data, true)
			if s == nil {
				if want.fewer != nil {
					t.Fatal("nothing was left out")
				}
				return
			}
			after, err := tflite.Parse(whole)
			if err != nil {
				t.Fatal(err)
			}
			was, is := operators(before), operators(after)
			for _, count := range []map[string]int{was, is} {
				for op := range count {
					if got := was[op] - is[op]; got != want.fewer[op] {
						t.Errorf("%d fewer %s, want %d", got, op, want.fewer[op])
					}
				}
			}
			if (s.Resize == nil) != (want.resize == nil) || s.Resize != nil && *s.Resize != *want.resize {
				t.Errorf("left to resize: %v, want %v", s.Resize, want.resize)
			}
			if len(s.Front)%4096 != 0 {
				t.Errorf("%d bytes in front", len(s.Front))
			}
			a, b := &before.Subgraphs[0], &after.Subgraphs[0]
			for i, o := range a.Outputs {
				if a.Tensors[o].Name != b.Tensors[b.Outputs[i]].Name {
					t.Errorf("output %d was %s and is %s", i, a.Tensors[o].Name, b.Tensors[b.Outputs[i]].Name)
				}
			}
			if !slices.Equal(a.Inputs, b.Inputs) {
				t.Errorf("inputs were %v and are %v", a.Inputs, b.Inputs)
			}
			if again, s := simplified(whole, false); s != nil {
				m, err := tflite.Parse(again)
				t.Errorf("more was found the second time: %v, %v", operators(m), err)
			}
		})
	}
}

// A damaged model that passes Verify is simplified to one that does too, or not
// at all.
func TestSimplifyMutants(t *testing.T) {
	for _, path := range testmodel.Small(t) {
		m := testmodel.NewMutator(testmodel.Read(t, path))
		sound, changed := 0, 0
		for seed := range uint64(testmodel.Count(t, 150)) {
			data := m.Mutant(seed)
			if tflite.Verify(data) != nil {
				continue
			}
			sound++
			whole, s := simplified(data, seed%2 == 0)
			if s == nil {
				continue
			}
			changed++
			if err := tflite.Verify(whole); err != nil {
				t.Errorf("%s seed %d: %v", path, seed, err)
			}
		}
		t.Logf("%s: %d mutants sound, %d of them simplified", path, sound, changed)
	}
}

// FuzzSimplify looks for damage that the writer does not survive.
func FuzzSimplify(f *testing.F) {
	m := testmodel.NewMutator(testmodel.Read(f, filepath.Join(testmodel.Shared(f), "ultralight_face_slim_320.tflite")))
	d := testmodel.NewMutator(testmodel.Read(f, filepath.Join(testmodel.Shared(f), "deeplabv3_257_mv.tflite")))
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		data := m.Mutant(a)
		if rand.New(rand.NewPCG(a, b)).IntN(2) == 0 {
			data = d.Mutant(b)
		}
		if tflite.Verify(data) != nil {
			return
		}
		if whole, s := simplified(data, b%2 == 0); s != nil {
			if err := tflite.Verify(whole); err != nil {
				t.Fatal(err)
			}
		}
	})
}
