package app

import (
	"os"
	"slices"
	"testing"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/custom"
)

// TestMain is the program itself where that is asked to try a model
// or a delegate, or to measure one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{custom.ProbeCommand, backend.Command, benchmark.Command}, os.Args[1]) {
		os.Exit(Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}
