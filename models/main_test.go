package models

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// TestMain also runs this binary as a second process of the store, and fails
// when tests leave goroutines behind.
func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		os.Exit(fetchAsChild())
	}
	before := runtime.NumGoroutine()
	code := m.Run()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		os.Exit(code) // a search waits for signals to the end
	}
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "goroutines left behind:")
			_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			code = 1
			break
		}
	}
	os.Exit(code)
}

const (
	childDir = "RTV_TEST_FETCH_DIR"
	childURL = "RTV_TEST_FETCH_URL"
)

func fetchAsChild() int {
	s := &Store{Dir: os.Getenv(childDir)}
	if err := s.Fetch(context.Background(), testModel(os.Getenv(childURL)), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
