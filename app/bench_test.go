package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/cli"
)

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		before, after bench.Figures
		want          string
	}{
		{bench.Figures{FPS: 100}, bench.Figures{FPS: 101}, "within the noise"},
		{bench.Figures{FPS: 100}, bench.Figures{FPS: 110}, "faster"},
		{bench.Figures{FPS: 100}, bench.Figures{FPS: 90}, "slower"},
		{bench.Figures{FPS: 100, FPSLow: 80, FPSHigh: 115}, bench.Figures{FPS: 110, FPSLow: 105, FPSHigh: 112}, "within the noise"},
		{bench.Figures{FPS: 100, FPSLow: 99, FPSHigh: 101}, bench.Figures{FPS: 104, FPSLow: 103, FPSHigh: 105}, "faster"},
	} {
		if got := bench.Verdict(c.before, c.after); got != c.want {
			t.Errorf("%v -> %v: %s, want %s", c.before.FPS, c.after.FPS, got, c.want)
		}
	}
}

func TestCompareBenches(t *testing.T) {
	write := func(name string, rows []bench.Figures) string {
		text, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	a := write("a.json", []bench.Figures{{Demo: "belt", Threads: 1, FPS: 100}, {Demo: "belt", Threads: 2, FPS: 150}})
	b := write("b.json", []bench.Figures{{Demo: "belt", Threads: 2, FPS: 180}, {Demo: "lungs", Threads: 1, FPS: 9}})
	var out bytes.Buffer
	if code, stderr := call(t, t.Context(), &out, "bench", "compare", a, b); code != cli.OK || !strings.Contains(out.String(), "+20.0 %") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%s%s", out.String(), stderr)
	}
	c := write("c.json", []bench.Figures{{Demo: "lungs", Threads: 1, FPS: 9}})
	for _, files := range [][]string{{a}, {a, c}, {a, "missing.json"}} {
		if code, _ := call(t, t.Context(), &out, append([]string{"bench", "compare"}, files...)...); code == cli.OK {
			t.Errorf("%v: compared", files)
		}
	}
}
