package custom

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"testing"

	"reterminal-vision/inference"
)

// trialMode, in the environment, makes a trial end as a bad model would.
const trialMode = "RTV_TEST_TRIAL"

// TestMain also runs this binary as the process in which a model is tried.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == ProbeCommand {
		if err := tryAsChild(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "reterminal-vision:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func tryAsChild(file string) error {
	switch os.Getenv(trialMode) {
	case "crash":
		return syscall.Kill(os.Getpid(), syscall.SIGSEGV)
	case "abort":
		// What the Go runtime prints of a signal in the library.
		fmt.Fprintln(os.Stderr, "SIGABRT: abort\nPC=0x1 m=0")
		os.Exit(2)
	case "hang":
		for {
			_ = syscall.Pause()
		}
	case "noise":
		fmt.Println("no answer")
		return nil
	}
	if _, err := ReadProbe(os.Stdin); err != nil {
		return err
	}
	net, err := inference.Open(file, inference.Options{})
	if err != nil {
		return err
	}
	defer net.Close()
	if err := net.Invoke(); err != nil {
		return err
	}
	var ran ProbeResult
	for _, t := range net.Outputs {
		ran.Outputs = append(ran.Outputs, ProbedOutput{Name: t.Name, Shape: t.Shape, DType: t.DType.String()})
	}
	return json.NewEncoder(os.Stdout).Encode(ran)
}
