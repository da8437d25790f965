package app

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"reterminal-vision/inference/testmedia"
)

// TestTrainedModels runs what the project trained itself, which needs no
// published model.
func TestTrainedModels(t *testing.T) {
	dir := filepath.Join(testmedia.Project(), "models", "trained")
	headless := func(args ...string) []byte {
		t.Helper()
		var out bytes.Buffer
		args = append([]string{"--headless", "--unpaced", "--models-dir", dir}, args...)
		if code, log := call(t, t.Context(), &out, args...); code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, log)
		}
		return out.Bytes()
	}
	for _, model := range []string{"vehicle_yolov2_mobilenet_025_224_int8", "vehicle_yolov2_mobilenet_025_224_float"} {
		found := 0
		for _, l := range readLines(t, headless("--demo", "vehicles", "--model", model, "--source", "builtin:traffic")) {
			if len(l.Objects) > 0 {
				found++
			}
		}
		if found < 140 { // the model card says 158
			t.Errorf("%s: vehicles found in %d of 160 pictures", model, found)
		}
	}
	for _, model := range []string{"belt_rip_mobilenet_025_128_int8", "belt_rip_mobilenet_025_128_float"} {
		for picture, want := range map[string]string{"damage": "damaged", "no_damage": "intact"} {
			var l struct {
				Classes []struct{ Label string }
			}
			text := headless("--plain", "--demo", "belt", "--model", model, "--source", testmedia.Path(t, "media/belt/"+picture+".jpeg"))
			if err := json.Unmarshal(text, &l); err != nil {
				t.Fatal(err)
			}
			// The float one misses the damage, as its card says.
			known := model == "belt_rip_mobilenet_025_128_int8" || want == "intact"
			if len(l.Classes) != 2 || known && l.Classes[0].Label != want {
				t.Errorf("%s on %s: %+v", model, picture, l.Classes)
			}
		}
	}
}

// TestAlarm has the belt's banner raised by frames of damage running.
func TestAlarm(t *testing.T) {
	dir := filepath.Join(testmedia.Project(), "models", "trained")
	for picture, want := range map[string]bool{"damage": true, "no_damage": false} {
		var out bytes.Buffer
		code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--loop", "--duration", "2s", "--models-dir", dir,
			"--demo", "belt", "--source", testmedia.Path(t, "media/belt/"+picture+".jpeg"))
		if code != exitOK {
			t.Fatal(log)
		}
		if got := bytes.Contains(out.Bytes(), []byte(`"alarm":"damaged"`)); got != want {
			t.Errorf("%s: alarm %v, want %v", picture, got, want)
		}
	}
}
