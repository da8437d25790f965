package app

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/library"
)

// Two frames at once give the results that one at a time does, in their order.
func TestLanesGiveTheSame(t *testing.T) {
	models := filepath.Join("..", "models", "trained")
	for _, demo := range []string{"vehicles", "lungs", "emotion", "recognition"} {
		t.Run(demo, func(t *testing.T) {
			t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
			results := func(lanes int) []line {
				var out bytes.Buffer
				// What is remembered from frame to frame counts, too: not --raw.
				code, stderr := call(t, t.Context(), &out, "--headless", "--unpaced", "--demo", demo, "--source", "builtin:"+library.Catalogue().Demo(demo).Builtin,
					"--models-dir", models, "--threads", "2", "--replicas", fmt.Sprint(lanes))
				if code != cli.OK {
					t.Fatal(stderr)
				}
				return readLines(t, out.Bytes())
			}
			one, two := results(1), results(2)
			if len(one) == 0 || len(one) != len(two) {
				t.Fatalf("%d and %d results", len(one), len(two))
			}
			for i := range one {
				a, b := fmt.Sprintf("%+v", one[i].Objects), fmt.Sprintf("%+v", two[i].Objects)
				if one[i].Sequence != two[i].Sequence || a != b {
					t.Fatalf("frame %d: %s, then with two lanes frame %d: %s", one[i].Sequence, a, two[i].Sequence, b)
				}
			}
		})
	}
}
