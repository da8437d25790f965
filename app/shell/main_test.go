package shell

import (
	"os"
	"testing"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/commands"
	"reterminal-vision/app/custom"
)

// TestMain is the program itself where that is asked to try a model or a
// delegate, or to measure one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch args := os.Args[2:]; os.Args[1] {
		case custom.ProbeCommand:
			os.Exit(cli.Report(os.Stderr, commands.ProbeModel(args, os.Stdin, os.Stdout)))
		case backend.Command:
			os.Exit(cli.Report(os.Stderr, backend.ProbeHere(args, os.Stdin)))
		case benchmark.Command:
			os.Exit(cli.Report(os.Stderr, benchmark.Serve(os.Stdin)))
		}
	}
	os.Exit(m.Run())
}
