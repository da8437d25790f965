// Package testmodel finds the models that tests of tflite and of the packages
// beneath it run on, and makes damaged copies of them. Only tests import it.
package testmodel

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/inference/testmedia"
)

// Shared returns the folder of test models, or skips.
func Shared(t testing.TB) string {
	t.Helper()
	return testmedia.Path(t, "models")
}

// XOR returns the path of the 1.3 KB model that go-tflite carries.
func XOR(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mattn/go-tflite").Output()
	if err != nil {
		t.Skipf("go-tflite's folder: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "testdata", "xor_model.tflite")
}

// Small returns models of several kinds that load quickly.
func Small(t testing.TB) []string {
	t.Helper()
	paths := []string{XOR(t)}
	dir := Shared(t)
	for _, name := range []string{"blazeface_short_range", "blazeface_full_range_sparse", "age_lite_200_q", "mobilenet_v1_0.25_128_quant",
		"deeplabv3_mnv2_dm05_pascal_quant", "emotion_mobilefacenet_48", "ultralight_face_slim_320", "ssd_mobilenet_v1_coco_quant", "yolov8n_int8"} {
		paths = append(paths, filepath.Join(dir, name+".tflite"))
	}
	return paths
}

// All returns every test model.
func All(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(Shared(t), "*.tflite"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no models: %v", err)
	}
	return paths
}

// Read returns a file's content.
func Read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
