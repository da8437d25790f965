package app

import (
	"bytes"
	bin "encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/inference"
	"reterminal-vision/inference/task"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

// TestTrainedModels runs what the project trained itself, which needs no
// published model. TestBuiltinDemos does so with the variants that the demos
// take by themselves.
func TestTrainedModels(t *testing.T) {
	dir := filepath.Join(testmedia.Project(), "models", "trained")
	headless := func(args ...string) []byte {
		t.Helper()
		var out bytes.Buffer
		args = append([]string{"--headless", "--unpaced", "--models-dir", dir}, args...)
		if code, log := call(t, t.Context(), &out, args...); code != cli.OK {
			t.Fatalf("%v: exit code %d: %s", args, code, log)
		}
		return out.Bytes()
	}
	for _, model := range models.Default().Demo("vehicles").Models {
		if !own(model) {
			continue
		}
		found := 0
		for _, l := range readLines(t, headless("--demo", "vehicles", "--model", model, "--source", "builtin:traffic")) {
			if len(l.Objects) > 0 {
				found++
			}
		}
		t.Logf("%s: vehicles found in %d of 160 pictures", model, found)
		if found < 120 {
			t.Errorf("%s: vehicles found in %d of 160 pictures", model, found)
		}
	}
	for picture, want := range map[string]string{"damage": "damaged", "no_damage": "intact"} {
		var l struct {
			Classes []struct{ Label string }
		}
		text := headless("--raw", "--demo", "belt", "--source", testmedia.Path(t, "media/belt/"+picture+".jpeg"))
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if len(l.Classes) != 2 || l.Classes[0].Label != want {
			t.Errorf("%s: %+v", picture, l.Classes)
		}
	}
}

// TestOwnEmotion reads a smile in a photograph.
func TestOwnEmotion(t *testing.T) {
	dir := allModels(t)
	var out bytes.Buffer
	code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--raw", "--models-dir", dir, "--demo", "emotion",
		"--model", "emotion_mobilefacenet_050_48_int8", "--source", testmedia.Path(t, "media/recognition/img3.jpg"))
	if code != cli.OK {
		t.Fatal(log)
	}
	var l shown
	if err := json.Unmarshal(out.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Objects) != 1 || len(l.Objects[0].Attributes) != 1 || l.Objects[0].Attributes[0].Value != "happiness" {
		t.Errorf("%+v", l.Objects)
	}
}

// TestLungs finds both lungs in X-rays of a source not trained on, and in each
// a share of the picture near that of the mask somebody drew.
func TestLungs(t *testing.T) {
	dir := filepath.Join(testmedia.Project(), "models", "trained")
	for _, model := range models.Default().Demo("lungs").Models {
		for picture, drawn := range map[string]float64{"1": .275, "2": .356, "3": .186, "4": .242} {
			var out bytes.Buffer
			code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--raw", "--models-dir", dir,
				"--demo", "lungs", "--model", model, "--source", testmedia.Path(t, "media/lung/"+picture+".jpg"))
			if code != cli.OK {
				t.Fatal(log)
			}
			var l struct {
				Mask struct {
					Shares []struct {
						Label string
						Share float64
					}
				}
			}
			if err := json.Unmarshal(out.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			share := 0.
			for _, s := range l.Mask.Shares {
				if s.Label == "lung" {
					share = s.Share
				}
			}
			// On some X-rays it counts what lies behind the heart, as its card says.
			if share < .85*drawn || share > 1.45*drawn {
				t.Errorf("%s on X-ray %s: lungs are %.3f of the picture, drawn %.3f", model, picture, share, drawn)
			}
		}
	}
}

// TestTrainedAgainstPython runs every network of the project on pictures and
// compares its tensors with those of the Python interpreter: inputs equal
// within 1 of 255 or 1e-2, 8-bit outputs within 2 steps and others within 1e-3
// of their size.
func TestTrainedAgainstPython(t *testing.T) {
	raw, err := os.ReadFile("testdata/trained.json")
	if err != nil {
		t.Fatal(err)
	}
	type spots [][2]float64
	var recorded map[string][]struct {
		Picture string
		Input   spots
		Outputs map[string]spots
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(testmedia.Project(), "models", "trained", "*.tflite"))
	if len(files) != len(recorded) {
		t.Errorf("%d networks, %d recorded: run models/train/record.py", len(files), len(recorded))
	}
	compare := func(what string, tensor *inference.Tensor, data []byte, want spots, steps, share float64) {
		t.Helper()
		for _, s := range want {
			got, off := float64(0), steps
			if tensor.DType == inference.UInt8 {
				got = float64(data[int(s[0])])
			} else {
				got = float64(math.Float32frombits(bin.LittleEndian.Uint32(data[4*int(s[0]):])))
				off = share * max(1, math.Abs(s[1]))
			}
			if math.Abs(got-s[1]) > off {
				t.Errorf("%s: value %v is %g, want %g", what, s[0], got, s[1])
				return
			}
		}
	}
	for id, pictures := range recorded {
		model := models.Default().Model(id)
		net, err := inference.Open(filepath.Join(testmedia.Project(), "models", "trained", model.File), inference.Options{Threads: 1, Delegate: inference.Builtin})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		input := net.Inputs[0]
		pre, err := inference.NewPreprocessor(input, model.Norm(), inference.Stretch)
		if err != nil {
			t.Fatal(err)
		}
		defer pre.Close()
		for _, p := range pictures {
			f := testmedia.Frame(t, p.Picture)
			if _, err := pre.Run(f, inference.Box{X1: float32(f.Width), Y1: float32(f.Height)}, input.Bytes()); err != nil {
				t.Fatal(err)
			}
			compare(id+", "+p.Picture+", input", input, input.Bytes(), p.Input, 0, 1e-2)
			if err := net.Invoke(); err != nil {
				t.Fatal(err)
			}
			for _, output := range net.Outputs {
				compare(id+", "+p.Picture+", "+output.Name, output, output.Bytes(), p.Outputs[output.Name], 2, 1e-3)
			}
		}
	}
}

// TestSegmentationAlarm has a segmentation's alarm raised by its area, frames
// running: built as a demo of its kind, with the lungs in the place of damage.
func TestSegmentationAlarm(t *testing.T) {
	f := testmedia.Frame(t, "media/lung/1.jpg")
	for name, c := range map[string]struct {
		area float32
		want []string
	}{
		"enough":     {.1, []string{"", "", "lung", "lung"}},
		"not enough": {.9, []string{"", "", "", ""}},
	} {
		cfg := config.Config{ModelsDir: filepath.Join("..", "models", "trained"), Delegate: inference.XNNPACK}
		model := models.Default().Model("lung_mobilenet_025_256_int8")
		watched := &models.Demo{ID: "belt", Task: "segment", Alarm: &task.Alarm{Labels: []string{"lung"}, Threshold: .5, Area: c.area, Frames: 3}}
		net, _, err := demo.OpenModel(t.Context(), cfg, 1, model)
		if err != nil {
			t.Fatal(err)
		}
		task, err := demo.Build(cfg, watched, model, net)
		if err != nil {
			t.Fatal(err)
		}
		in, out := task.NewInput(), &inference.Result{}
		for i, want := range c.want {
			tasktest.Process(t, task, f, in, out)
			if out.Alarm != want {
				t.Errorf("%s: frame %d raises %q, want %q, at %.3f of the picture", name, i, out.Alarm, want, out.Mask.Share[1])
			}
		}
		task.Close()
	}
}

// TestAlarm has the belt's banner raised by frames of damage running.
func TestAlarm(t *testing.T) {
	dir := filepath.Join(testmedia.Project(), "models", "trained")
	for picture, want := range map[string]bool{"damage": true, "no_damage": false} {
		var out bytes.Buffer
		code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--loop", "--duration", "2s", "--models-dir", dir,
			"--demo", "belt", "--source", testmedia.Path(t, "media/belt/"+picture+".jpeg"))
		if code != cli.OK {
			t.Fatal(log)
		}
		if got := bytes.Contains(out.Bytes(), []byte(`"alarm":"damaged"`)); got != want {
			t.Errorf("%s: alarm %v, want %v", picture, got, want)
		}
	}
}
