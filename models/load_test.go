package models

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestDefaultCatalogue(t *testing.T) {
	c := Default()
	for _, id := range []string{"vehicles", "objects"} {
		d := c.Demo(id)
		if d == nil {
			t.Fatalf("no demo %q", id)
		}
		for _, m := range d.Models {
			if c.Model(m) == nil {
				t.Errorf("demo %q: no model %q", id, m)
			}
		}
	}
	if c.Model("none") != nil || c.Demo("none") != nil || c.Models[0].Output("none") != nil {
		t.Error("found what is not there")
	}
}

func TestDemoKeeps(t *testing.T) {
	vehicles, objects := Default().Demo("vehicles"), Default().Demo("objects")
	for _, tc := range []struct {
		demo  *Demo
		label string
		want  bool
	}{
		{vehicles, "car", true}, {vehicles, "Car", true}, {vehicles, "Vehicle", true}, {vehicles, "bicycle", true},
		{vehicles, "Stationary bicycle", false}, {vehicles, "person", false}, {vehicles, "", false},
		{objects, "person", true}, {objects, "Mug", true},
	} {
		if got := tc.demo.Keeps(tc.label); got != tc.want {
			t.Errorf("%s keeps %q: %v", tc.demo.ID, tc.label, got)
		}
	}
}

func TestLabels(t *testing.T) {
	for _, tc := range []struct {
		list  string
		lines int
		at    map[int]string
	}{
		{"coco", 90, map[int]string{0: "person", 2: "car", 3: "motorcycle", 11: "", 16: "cat", 89: "toothbrush"}},
		{"oid24", 24, map[int]string{0: "", 1: "Bicycle", 18: "Vehicle", 23: "Car"}},
	} {
		list, err := Labels(tc.list)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != tc.lines {
			t.Errorf("%s: %d labels, want %d", tc.list, len(list), tc.lines)
		}
		for n, want := range tc.at {
			if list[n] != want {
				t.Errorf("%s: class %d is %q, want %q", tc.list, n, list[n], want)
			}
		}
	}
	if _, err := Labels("none"); err == nil {
		t.Error("a list that does not exist was read")
	}
}

// entry reaches into the decoded JSON of the catalogue: "models.1.anchors".
func entry(root any, path string) map[string]any {
	for _, step := range strings.Split(path, ".") {
		switch node := root.(type) {
		case map[string]any:
			root = node[step]
		case []any:
			root = node[int(step[0]-'0')]
		}
	}
	return root.(map[string]any)
}

func TestLoadRefuses(t *testing.T) {
	whole, err := json.Marshal(map[string]any{"models": Default().Models, "demos": Default().Demos})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		at, field string
		value     any
		want      []string // parts of the error
	}{
		{"models.0", "id", "Bad ID", []string{`model 1 "Bad ID"`, "id:"}},
		{"models.1", "id", "ssd_mobilenet_v1_coco_quant", []string{"model 2", "id: used twice"}},
		{"models.0", "title", "", []string{"ssd_mobilenet_v1_coco_quant", "title:"}},
		{"models.0", "file", "../x.tflite", []string{"file:"}},
		{"models.1", "file", "ssd_mobilenet_v1_coco_quant.tflite", []string{"model 2", "file:", "used twice"}},
		{"models.0", "url", "http://example.com/x", []string{"url:"}},
		{"models.0", "url", "https://exa mple/%zz", []string{"url:"}},
		{"models.0", "sha256", "e4b1", []string{"sha256: expected 64"}},
		{"models.0", "size", 0, []string{"size:"}},
		{"models.0", "size", "big", []string{`model 1 "ssd_mobilenet_v1_coco_quant"`, "size"}},
		{"models.0", "licence", "", []string{"licence:"}},
		{"models.0", "source", "", []string{"source:"}},
		{"models.0", "use", "anything", []string{`use: expected "research"`}},
		{"models.0", "task", "guess", []string{`task: "guess"`}},
		{"models.0", "labels", "none", []string{`labels: there is no list "none"`}},
		{"models.0", "labelOffset", 90, []string{"labelOffset:"}},
		{"models.0", "threshold", 1.5, []string{"threshold:"}},
		{"models.0", "iou", -1, []string{"iou:"}},
		{"models.0", "colour", "red", []string{`model 1 "ssd_mobilenet_v1_coco_quant"`, `unknown field "colour"`}},
		{"models.0.input", "name", "", []string{"input.name:"}},
		{"models.0.input", "shape", []int{1, 3, 300, 300}, []string{"input.shape:"}},
		{"models.1.input", "shape", []int{}, []string{"input.shape:"}},
		{"models.1.input", "shape", []int{1, 300, 200, 3}, []string{"input.shape: anchors need a square"}},
		{"models.0.input", "dtype", "int3", []string{"input.dtype:"}},
		{"models.0.input", "std", 0, []string{"input.std:"}},
		{"models.0.input", "resize", "crop", []string{"input.resize:"}},
		{"models.0", "outputs", []any{}, []string{`outputs: has no "boxes"`}},
		{"models.1", "outputs", nil, []string{`outputs: has no "boxes"`}},
		{"models.0.outputs.1", "role", "mask", []string{`outputs[1].role: "mask"`}},
		{"models.0.outputs.1", "role", "boxes", []string{"outputs[1].role:", "used twice"}},
		{"models.0.outputs.1", "name", "", []string{"outputs[1].name:"}},
		{"models.0.outputs.1", "shape", []int{}, []string{"outputs[1].shape:"}},
		{"models.0.outputs.1", "dtype", "", []string{"outputs[1].dtype:"}},
		{"models.0", "anchors", map[string]any{}, []string{`unknown field "anchors"`}},
		{"models.0", "logits", true, []string{`unknown field "logits"`}},
		{"models.1", "anchors", nil, []string{"anchors:"}},
		{"models.1", "labelOffset", 1, []string{"labels: there are 23"}},
		{"models.1.anchors", "strides", []int{16}, []string{"anchors.strides:"}},
		{"models.1.anchors", "strides", []int{8, 16, 32, 64, 128, 256}, []string{"anchors: give"}},
		{"models.1.anchors", "minScale", 2, []string{"anchors.minScale:"}},
		{"models.1.anchors", "ratios", []int{}, []string{"anchors.ratios:"}},
		{"models.1.anchors", "interpolatedRatio", -1, []string{"anchors.interpolatedRatio:"}},
		{"models.1.anchors", "boxScale", []int{0, 1, 1, 1}, []string{"anchors.boxScale:"}},
		{"models.1.anchors", "background", 24, []string{"anchors.background:"}},
		{"models.1.outputs.1", "shape", []int{1, 24}, []string{"rows of scores"}},
		{"demos.0", "id", "", []string{"demo 1", "id:"}},
		{"demos.1", "id", "vehicles", []string{`demo 2 "vehicles"`, "id: used twice"}},
		{"demos.0", "title", "", []string{`demo 1 "vehicles"`, "title:"}},
		{"demos.0", "summary", "", []string{"summary:"}},
		{"demos.0", "task", "segment", []string{`task: "segment"`}},
		{"demos.0", "models", []string{}, []string{"models: is empty"}},
		{"demos.0", "models", []string{"nobody"}, []string{`demo 1 "vehicles"`, `models: there is no model "nobody"`}},
		{"demos.0", "filter", []string{"cra"}, []string{`filter: "cra"`}},
		{"demos.0", "threshold", 1, []string{"threshold:"}},
		{"demos.1.alarm", "area", .01, []string{`demo 2 "belt"`, "alarm.area:"}},
		{"demos.1.alarm", "labels", []string{"torn"}, []string{"alarm.labels:"}},
		{"demos.4", "ensemble", true, []string{`demo 5 "emotion"`, "ensemble: expected two"}},
		{"demos.0", "colour", "red", []string{`demo 1 "vehicles"`, `unknown field "colour"`}},
	} {
		t.Run(tc.at+"."+tc.field, func(t *testing.T) {
			var root any
			if err := json.Unmarshal(whole, &root); err != nil {
				t.Fatal(err)
			}
			entry(root, tc.at)[tc.field] = tc.value
			text, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(bytes.NewReader(text))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
	for _, text := range []string{"", "{", "[]", `{"models":[]} x`, `{"others":[]}`, `{"models":[3]}`} {
		if _, err := Load(strings.NewReader(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
