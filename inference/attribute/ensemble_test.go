package attribute

import (
	"errors"
	"math"
	"testing"

	"reterminal-vision/inference"
)

func TestEnsemble(t *testing.T) {
	live := HeadOutput{Name: "liveness", Labels: []string{"live", "spoof"}}
	age, gender := HeadOutput{Name: "age"}, HeadOutput{Name: "gender", Labels: []string{"male", "female"}}
	for name, c := range map[string]struct {
		heads []*spy
		want  []float32
	}{
		"one head":     {[]*spy{{headOutputs: []HeadOutput{live}, says: []float32{.3, .7}}}, []float32{.3, .7}},
		"the mean":     {[]*spy{{headOutputs: []HeadOutput{live}, says: []float32{.3, .7}}, {headOutputs: []HeadOutput{live}, says: []float32{.9, .1}}}, []float32{.6, .4}},
		"others alone": {[]*spy{{headOutputs: []HeadOutput{age, gender}, says: []float32{30, .2, .8}}, {headOutputs: []HeadOutput{gender, live}, says: []float32{.4, .6, 1, 0}}}, []float32{30, .3, .7, 1, 0}},
	} {
		var heads []Head
		for _, h := range c.heads {
			heads = append(heads, h)
		}
		e, err := NewEnsemble(heads...)
		if err != nil {
			t.Fatal(err)
		}
		got, timing := make([]float32, len(c.want)), inference.Timing{}
		for range 2 { // nothing is left of the look before
			if err := e.Infer(nil, inference.Box{}, got, &timing); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range c.want {
			if math.Abs(float64(got[i]-want)) > 1e-6 {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

func TestEnsembleFailures(t *testing.T) {
	good := &spy{headOutputs: []HeadOutput{genders}, says: []float32{1, 0}}
	if _, err := NewEnsemble(good, &spy{headOutputs: []HeadOutput{{Name: genders.Name, Labels: []string{"female", "male"}}}}); err == nil {
		t.Error("labels in another order were taken")
	}
	bad := &spy{headOutputs: []HeadOutput{genders}, err: errors.New("broken")}
	e, err := NewEnsemble(good, bad)
	if err != nil {
		t.Fatal(err)
	}
	var timing inference.Timing
	if err := e.Infer(nil, inference.Box{}, make([]float32, 2), &timing); !errors.Is(err, bad.err) {
		t.Errorf("a broken head gave %v", err)
	}
	if err := e.Close(); !errors.Is(err, bad.err) || good.closed != 1 || bad.closed != 1 {
		t.Errorf("closing gave %v, closed %d and %d times", err, good.closed, bad.closed)
	}
}
