package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/commands"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

// told is what a run says of its pictures, without the times.
func told(t *testing.T, dir string, args ...string) (pictures []map[string]any) {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"--headless", "--unpaced", "--raw", "--models-dir", dir}, args...)
	if code, log := call(t, t.Context(), &out, args...); code != cli.OK {
		t.Fatalf("%v: exit code %d: %s", args, code, log)
	}
	for row := range bytes.Lines(out.Bytes()) {
		var all map[string]any
		if err := json.Unmarshal(row, &all); err != nil {
			t.Fatal(err)
		}
		picture := map[string]any{}
		for _, key := range []string{"sequence", "width", "height", "objects", "classes", "mask"} {
			picture[key] = all[key]
		}
		pictures = append(pictures, picture)
	}
	return pictures
}

// execute runs the program in a process of its own, as importing needs it.
func execute(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	p := start(t, nil, args...)
	err = <-p.done
	return p.out.String() + p.log.String(), err
}

// TestOwnModels imports networks that the catalogue has, and compares what the
// demos of both see on the same pictures.
func TestOwnModels(t *testing.T) {
	dir, own := allModels(t), filepath.Join(t.TempDir(), "own")
	t.Setenv("RTV_OWN", own)
	shared, voc := testmedia.Path(t, "models"), filepath.Join(testmedia.Project(), "models", "labels", "voc.txt")
	objects, belt := testmedia.Path(t, "media/objects"), testmedia.Path(t, "media/belt")
	for _, tc := range []struct {
		name, demo, model string
		choice            []string
		source            string
	}{
		{"own-belt", "belt", "belt_rip_mobilenet_025_128_int8", []string{"--task", "classify", "--labels", "belt"}, belt},
		{"own-names", "things", "mobilenet_v2_10_224_quant", []string{"--task", "classify", "--labels", "imagenet"}, objects},
		{"own-ssd", "objects", "ssd_mobilenet_v1_coco_quant", []string{"--task", "ssd", "--labels", filepath.Join(shared, "ssd_coco_labels.txt")}, objects},
		{"own-yolo", "objects", "yolov8n_int8", []string{"--task", "yolov8", "--threshold", "0.5"}, objects},
		{"own-scores", "scene", "deeplabv3_257_mv", []string{"--task", "segment", "--labels", voc}, objects},
		{"own-classes", "scene", "deeplabv3_mnv2_dm05_pascal_quant", []string{"--task", "segment", "--labels", "voc", "--mean", "128", "--std", "128", "--resize", "stretch"}, objects},
	} {
		file := filepath.Join(dir, models.Default().Model(tc.model).File)
		args := append([]string{"models", "import", file, "--title", strings.TrimPrefix(tc.name, "own-")}, tc.choice...)
		if text, err := execute(t, args...); err != nil || !strings.Contains(text, "--demo "+tc.name) {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
		want := told(t, dir, "--demo", tc.demo, "--model", tc.model, "--source", tc.source)
		got := told(t, dir, "--demo", tc.name, "--source", tc.source)
		if !reflect.DeepEqual(got, want) {
			for i := range min(len(got), len(want)) {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("%s differs from %s:\n%v\n%v", tc.name, tc.model, got[i], want[i])
				}
			}
			t.Errorf("%s: %d pictures, %d by %s", tc.name, len(got), len(want), tc.model)
		}
		if len(got) < 2 {
			t.Errorf("%s: %d pictures", tc.name, len(got))
		}
	}
	if text, err := execute(t, "models", "verify", "own-belt"); err != nil || !strings.Contains(text, "own-belt: good, "+own) {
		t.Errorf("verify: %v\n%s", err, text)
	}
	if text, err := execute(t, "models", "list"); err != nil || strings.Count(text, "own-") != 2*6 {
		t.Errorf("list: %v\n%s", err, text)
	}
	damage(t, filepath.Join(own, "own-ssd.tflite"))
	if text, err := execute(t, "--headless", "--demo", "own-ssd", "--source", belt); err == nil || !strings.Contains(text, "import it again") {
		t.Errorf("damaged: %v\n%s", err, text)
	}
	if text, err := execute(t, "models", "remove", "own-belt"); err != nil || !strings.Contains(text, "removed") {
		t.Errorf("remove: %v\n%s", err, text)
	}
	if text, err := execute(t, "--headless", "--demo", "own-belt"); err == nil || !strings.Contains(text, `no demo "own-belt"`) {
		t.Errorf("removed: %v\n%s", err, text)
	}
	// What is imported never keeps the program's own demos from running.
	if err := os.WriteFile(filepath.Join(own, "catalogue.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	told(t, dir, "--demo", "belt", "--source", belt)
}

// damage changes the last byte of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1]++
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestModelCommands checks what is said of files and words that make no sense.
func TestModelCommands(t *testing.T) {
	dir, own := testmedia.Path(t, "models"), filepath.Join(t.TempDir(), "own")
	t.Setenv("RTV_OWN", own)
	ssd := filepath.Join(dir, "ssd_mobilenet_v1_coco_quant.tflite")
	short := filepath.Join(t.TempDir(), "short.tflite")
	data, err := os.ReadFile(ssd)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(short, data[:100_000], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"inspect " + ssd, cli.OK, "ssd: it suppresses"},
		{"inspect --json " + ssd, cli.OK, `"task": "ssd"`},
		{"inspect " + filepath.Join(dir, "blazeface_back.tflite"), cli.OK, "fits nothing"},
		{"inspect", cli.Usage, "name one file"},
		{"inspect a b", cli.Usage, "name one file"},
		{"inspect --speed " + ssd, cli.Usage, "speed"},
		{"inspect -h", cli.OK, "Usage"},
		{"inspect " + short, cli.Failed, "copy the file again"},
		{"inspect /none.tflite", cli.Failed, "/none.tflite"},
		{"import " + ssd, cli.Usage, "--task"},
		{"import " + ssd + " --task ssd", cli.Failed, "name a file with their labels"},
		{"import " + ssd + " --task ssd --labels belt", cli.Failed, "the labels are 2"},
		{"import " + ssd + " --task ssd --labels coco --std x", cli.Usage, "number"},
		{"import " + short + " --task ssd --labels coco", cli.Failed, "copy the file again"},
		{"remove", cli.Usage, "name one imported model"},
		{"remove own-none", cli.Failed, "no imported model"},
		{"help", cli.OK, "inspect FILE"},
	} {
		var out bytes.Buffer
		code, log := call(t, t.Context(), &out, append([]string{"models"}, strings.Fields(tc.args)...)...)
		if code != tc.code || !strings.Contains(out.String()+log, tc.says) {
			t.Errorf("%q: code %d, want %d with %q\n%s%s", tc.args, code, tc.code, tc.says, &out, log)
		}
	}
	if _, err := os.Stat(own); !os.IsNotExist(err) {
		t.Errorf("a folder was made for nothing: %v", err)
	}
}

// TestTryRefuses runs trials that end in a message of their own: what is said
// reaches whoever imports.
func TestTryRefuses(t *testing.T) {
	belt := *models.Default().Model("belt_rip_mobilenet_025_128_int8")
	file := filepath.Join(testmedia.Project(), "models", "trained", belt.File)
	for _, tc := range []struct {
		name   string
		file   string
		labels []string
		says   string
	}{
		{"sound", file, []string{"a", "b"}, ""},
		{"labels of another", file, []string{"a"}, "2 classes"},
		{"no file", "/none.tflite", []string{"a", "b"}, "no such file"},
	} {
		var out bytes.Buffer
		trial, err := json.Marshal(map[string]any{"model": belt, "labels": tc.labels})
		if err != nil {
			t.Fatal(err)
		}
		err = commands.ProbeModel([]string{tc.file}, bytes.NewReader(trial), &out)
		if (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err == nil && !strings.Contains(out.String(), `"shape":[1,2]`) {
			t.Errorf("%s: told %s", tc.name, &out)
		}
	}
	if err := commands.ProbeModel(nil, strings.NewReader("{}"), &bytes.Buffer{}); err == nil {
		t.Error("no file is tried")
	}
}
