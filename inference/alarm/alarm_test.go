package alarm

import (
	"strings"
	"testing"
)

func TestAlarm(t *testing.T) {
	labels := []string{"Intact", "Tear", "Hole"}
	ok, tear, hole, both := []float32{.9, .1, 0}, []float32{.2, .7, .1}, []float32{.1, .3, .6}, []float32{.48, .27, .25}
	for name, test := range map[string]struct {
		cfg  Config
		in   [][]float32
		want []string
	}{
		"none":          {Config{}, [][]float32{tear}, []string{""}},
		"at once":       {Config{Labels: []string{"tear", "HOLE"}}, [][]float32{ok, tear, ok}, []string{"", "Tear", ""}},
		"together":      {Config{Labels: []string{"tear", "hole"}}, [][]float32{both, hole}, []string{"Tear", "Hole"}},
		"one label":     {Config{Labels: []string{"hole"}}, [][]float32{both, tear, hole}, []string{"", "", "Hole"}},
		"threshold":     {Config{Labels: []string{"tear", "hole"}, Threshold: .85}, [][]float32{tear, hole}, []string{"", "Hole"}},
		"confirmed":     {Config{Labels: []string{"tear"}, Confirm: 2}, [][]float32{tear, ok, tear, tear, ok}, []string{"", "", "", "Tear", ""}},
		"held":          {Config{Labels: []string{"tear"}, Hold: 2}, [][]float32{tear, ok, ok, ok}, []string{"Tear", "Tear", "Tear", ""}},
		"held anew":     {Config{Labels: []string{"tear"}, Hold: 1, Confirm: 2}, [][]float32{tear, tear, ok, tear, ok, ok, tear}, []string{"", "Tear", "Tear", "Tear", "Tear", "", ""}},
		"label changes": {Config{Labels: []string{"tear", "hole"}, Hold: 1}, [][]float32{tear, hole, ok}, []string{"Tear", "Hole", "Hole"}},
	} {
		a, err := New(test.cfg, labels)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range test.in {
			if got := a.Update(p); got != test.want[i] {
				t.Errorf("%s: frame %d raises %q, want %q", name, i, got, test.want[i])
			}
		}
	}
}

func TestNewNamesTheLabel(t *testing.T) {
	if _, err := New(Config{Labels: []string{"tear"}}, []string{"intact"}); err == nil || !strings.Contains(err.Error(), `"tear"`) {
		t.Errorf("error %v", err)
	}
}
