package benchmark

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// childMode, in the environment, makes the other process end as a bad network
// or backend would.
const childMode = "RTV_TEST_BENCHMARK"

// TestMain also runs this binary as the process in which a network is measured.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Command {
		if err := serveAsChild(); err != nil {
			fmt.Fprintln(os.Stderr, "reterminal-vision:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func serveAsChild() error {
	switch os.Getenv(childMode) {
	case "crash":
		fmt.Println(`{"begins":"` + runsNew + `"}`)
		return syscall.Kill(os.Getpid(), syscall.SIGSEGV)
	case "abort":
		fmt.Println(`{"begins":"` + loads + `"}`)
		// What the Go runtime prints of a signal in the library.
		fmt.Fprintln(os.Stderr, "SIGABRT: abort\nPC=0x1 m=0")
		os.Exit(2)
	case "hang":
		fmt.Println(`{"begins":"` + runsMore + `"}`)
		for {
			_ = syscall.Pause()
		}
	case "noise":
		fmt.Println("no answer")
		return nil
	}
	return Serve(os.Stdin)
}
