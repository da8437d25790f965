package flatmodel

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sharedModels returns the folder of test models, or skips.
func sharedModels(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("RTV_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "models")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no test models: set RTV_SHARED to the folder that has models/")
	}
	return dir
}

// xorModel returns the path of the 1.3 KB model that go-tflite carries.
func xorModel(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mattn/go-tflite").Output()
	if err != nil {
		t.Skipf("go-tflite's folder: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "testdata", "xor_model.tflite")
}

// smallModels returns models of several kinds that load quickly.
func smallModels(t testing.TB) []string {
	t.Helper()
	paths := []string{xorModel(t)}
	dir := sharedModels(t)
	for _, name := range []string{"blazeface_short_range", "blazeface_full_range_sparse", "age_lite_200_q", "mobilenet_v1_0.25_128_quant",
		"deeplabv3_mnv2_dm05_pascal_quant", "emotion_mobilefacenet_48", "ultralight_face_slim_320", "ssd_mobilenet_v1_coco_quant", "yolov8n_int8"} {
		paths = append(paths, filepath.Join(dir, name+".tflite"))
	}
	return paths
}

func allModels(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(sharedModels(t), "*.tflite"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no models: %v", err)
	}
	return paths
}

func readModel(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
