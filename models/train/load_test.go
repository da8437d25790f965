package main

import (
	"os"
	"path/filepath"
	"testing"

	"reterminal-vision/inference"
)

// TestTrainedFilesLoad opens and runs every .tflite file of the folder
// RTV_TRAINED as the app does.
func TestTrainedFilesLoad(t *testing.T) {
	dir := os.Getenv("RTV_TRAINED")
	if dir == "" {
		t.Skip("RTV_TRAINED names no folder of trained networks")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no networks in %s", dir)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			net, err := inference.Open(path, inference.Options{Threads: 1, Delegate: inference.XNNPACK})
			if err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			if err := net.Invoke(); err != nil {
				t.Error(err)
			}
		})
	}
}
