package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/inference"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

// shown is what one line of output says of a picture.
type shown struct {
	Objects []struct {
		Label      string
		Box        [4]float32 // x0 y0 x1 y1
		Attributes []struct{ Name, Value string }
	}
	Classes []struct {
		Label string
		Score float64
	}
	Mask struct {
		Shares []struct {
			Label string
			Share float64
		}
	}
}

// footageTruth is what a demo's truth.json says of each picture of its clip.
func footageTruth[T any](t *testing.T, demo string) []T {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testmedia.Project(), "assets", "demos", demo, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth struct{ Frames []T }
	if err := json.Unmarshal(raw, &truth); err != nil {
		t.Fatal(err)
	}
	return truth.Frames
}

// TestBuiltinDemos runs the seven demos as they come in the package, with this
// project's own networks and footage and nothing else, and compares what they
// show with what was drawn.
func TestBuiltinDemos(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	dir := filepath.Join(testmedia.Project(), "models", "trained")
	run := func(t *testing.T, demo, clip string, pictures int) []shown {
		t.Helper()
		var out bytes.Buffer
		code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--raw", "--models-dir", dir, "--demo", demo, "--source", "builtin:"+clip)
		if code != cli.OK {
			t.Fatalf("exit code %d: %s", code, log)
		}
		var all []shown
		for dec := json.NewDecoder(&out); dec.More(); {
			var s shown
			if err := dec.Decode(&s); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		if len(all) != pictures {
			t.Fatalf("results of %d pictures, want %d", len(all), pictures)
		}
		return all
	}
	// atLeast fails when too few of the results are right.
	atLeast := func(t *testing.T, share float64, right, all int, what string) {
		t.Helper()
		t.Logf("%d of %d %s right", right, all, what)
		if float64(right) < share*float64(all) {
			t.Errorf("%d of %d %s right, want %.0f %%", right, all, what, 100*share)
		}
	}
	type face struct {
		inference.Box
		Age    [2]float64
		Gender string
	}
	boxOf := func(b [4]float32) inference.Box { return inference.Box{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3]} }
	people := footageTruth[[]face](t, "age-gender")
	// faces finds, for each drawn face, the object that shows it.
	faces := func(t *testing.T, demo string, look func(want face, got map[string]string)) {
		t.Helper()
		found, all := 0, 0
		for i, s := range run(t, demo, "faces", len(people)) {
			for _, want := range people[i] {
				all++
				for _, o := range s.Objects {
					if inference.IoU(boxOf(o.Box), want.Box) < .35 {
						continue
					}
					found++
					got := map[string]string{}
					for _, a := range o.Attributes {
						got[a.Name] = a.Value
					}
					look(want, got)
					break
				}
			}
		}
		atLeast(t, .95, found, all, "faces")
	}

	t.Run("vehicles", func(t *testing.T) {
		type vehicle struct {
			inference.Box
			Class string
		}
		truth := footageTruth[[]vehicle](t, "vehicles")
		right, seen, large, found := 0, 0, 0, 0
		for i, s := range run(t, "vehicles", "traffic", len(truth)) {
			boxes := make([]inference.Box, len(s.Objects))
			for k, o := range s.Objects {
				boxes[k] = boxOf(o.Box)
			}
			hit := func(want inference.Box) bool {
				for _, b := range boxes {
					if inference.IoU(b, want) >= .5 {
						return true
					}
				}
				return false
			}
			for _, b := range boxes {
				seen++
				for _, v := range truth[i] {
					if inference.IoU(b, v.Box) >= .5 {
						right++
						break
					}
				}
			}
			for _, v := range truth[i] {
				if v.Class != "bicycle" && v.Area() >= 640*480/50 {
					large++
					if hit(v.Box) {
						found++
					}
				}
			}
		}
		atLeast(t, .8, right, seen, "boxes")
		atLeast(t, .6, found, large, "vehicles of 2 % of the picture or more")
	})
	t.Run("belt", func(t *testing.T) {
		truth, right, all := footageTruth[string](t, "belt"), 0, 0
		for i, s := range run(t, "belt", "belt", len(truth)) {
			if truth[i] != "" {
				all++
				if len(s.Classes) > 0 && s.Classes[0].Label == truth[i] {
					right++
				}
			}
		}
		atLeast(t, .95, right, all, "pictures")
	})
	t.Run("lungs", func(t *testing.T) {
		truth, right := footageTruth[float64](t, "lungs"), 0
		for i, s := range run(t, "lungs", "lungs", len(truth)) {
			for _, a := range s.Mask.Shares {
				if a.Label == "lung" && math.Abs(a.Share/truth[i]-1) < .1 {
					right++
				}
			}
		}
		atLeast(t, .95, right, len(truth), "areas")
	})
	t.Run("age and gender", func(t *testing.T) {
		ages, genders, all, grown := 0, 0, 0, 0
		faces(t, "age-gender", func(want face, got map[string]string) {
			all++
			var age float64
			if _, err := fmt.Sscan(got["age"], &age); err == nil && age >= want.Age[0]-8 && age <= want.Age[1]+8 {
				ages++
			}
			if want.Age[0] < 10 {
				return // a child's gender is a guess, as the demo says
			}
			if grown++; got["gender"] == want.Gender {
				genders++
			}
		})
		atLeast(t, .95, ages, all, "ages")
		atLeast(t, .95, genders, grown, "genders")
	})
	t.Run("emotion", func(t *testing.T) {
		calm, all := 0, 0
		faces(t, "emotion", func(_ face, got map[string]string) {
			all++
			if got["emotion"] == "happiness" || got["emotion"] == "neutral" {
				calm++
			}
		})
		atLeast(t, .8, calm, all, "smiling or calm faces")
	})
	t.Run("anti-spoofing", func(t *testing.T) {
		alive := 0
		faces(t, "anti-spoofing", func(_ face, got map[string]string) {
			if got["liveness"] == "" {
				t.Error("a face without an answer")
			}
			if got["liveness"] == "live" {
				alive++
			}
		})
		t.Logf("%d drawn faces taken for living ones", alive)
	})
	t.Run("recognition", func(t *testing.T) {
		unknown, all := 0, 0
		faces(t, "recognition", func(_ face, got map[string]string) {
			all++
			if got[recognize.Attribute] == recognize.Unknown {
				unknown++
			}
		})
		atLeast(t, 1, unknown, all, "faces of strangers")
	})
}

// TestFreshVehicles runs the vehicle demo as it starts on a machine that has
// what the package brings and nothing else, on a clip that holds a car in every
// picture.
func TestFreshVehicles(t *testing.T) {
	dir := t.TempDir()
	for _, from := range []string{filepath.Dir(testmedia.Mirror(t, models.Default().Model("ssd_mobilenet_v2_oid_fp16").File)), filepath.Join(testmedia.Project(), "models", "trained")} {
		files, err := filepath.Glob(filepath.Join(from, "*.tflite"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Symlink(f, filepath.Join(dir, filepath.Base(f))); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--models-dir", dir, "--demo", "vehicles",
		"--source", testmedia.Path(t, "media/traffic/cars.mp4"))
	if code != cli.OK {
		t.Fatal(log)
	}
	pictures, found := 0, 0
	for _, l := range readLines(t, out.Bytes()) {
		pictures++
		if len(l.Objects) > 0 {
			found++
		}
	}
	t.Logf("vehicles found in %d of %d pictures", found, pictures)
	if pictures != 525 || found < 499 {
		t.Errorf("vehicles found in %d of %d pictures, want 499 of 525", found, pictures)
	}
}
