package app

import (
	"os"
	"testing"

	"reterminal-vision/app/ownmodel"
)

// TestMain is the program itself where that is asked to try a model.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ownmodel.TrialCommand {
		os.Exit(Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}
