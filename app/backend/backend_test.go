package backend_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"reterminal-vision/app/backend"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// TestMain is the program itself where that is asked to try a delegate.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == backend.Command {
		if err := backend.ProbeHere(os.Args[2:], os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A delegate that can be used is; one that fails in whatever way leaves the
// program running, on XNNPACK, and says which file, why, and what to do.
func TestDelegatesAreTriedFirst(t *testing.T) {
	limit := backend.SetProbeLimit(15 * time.Second)
	t.Cleanup(func() { backend.SetProbeLimit(limit); backend.Forget() })
	model := testmedia.Path(t, "models/deeplabv3_257_mv.tflite")
	add := testmedia.Delegate(t, "add")
	for _, tc := range []struct{ name, delegate, says, remedy string }{
		{"good", add + "?most=2", "", ""},
		{"aborts", add + "?mode=abort", "SIGABRT", "install the build for TensorFlow Lite 2.17"},
		{"crashes", add + "?mode=crash", "SIGSEGV", "install the build for TensorFlow Lite 2.17"},
		{"aborts at the first run", add + "?mode=late", "SIGABRT", "choose another backend"},
		{"ends the process", add + "?mode=exit", "exit status 1", "choose another backend"},
		{"ends the process well", add + "?mode=leave", "exit status 0", "choose another backend"},
		{"rejects", add + "?mode=reject", "too odd to add", "choose another backend"},
		{"hangs", add + "?mode=hang", "not done after", "check that its device is there"},
		{"another ABI", testmedia.Delegate(t, "abi"), "another ABI", "install the build"},
		{"no delegate", testmedia.Delegate(t, "symbols"), "lacks tflite_plugin_create_delegate", "choose an external delegate"},
		{"lacks a library", testmedia.Delegate(t, "missing"), "another_library_makes_it", "install what it needs"},
		{"no file", "/no/such.so", "no such file", "correct its path"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.name == "hangs" {
				backend.SetProbeLimit(2 * time.Second)
				defer backend.SetProbeLimit(15 * time.Second)
			}
			opt := inference.Options{Threads: 1, Delegate: inference.Delegate("external:" + tc.delegate)}
			net, refused, err := backend.Open(t.Context(), model, opt)
			if err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			if err := net.Invoke(); err != nil {
				t.Fatal(err)
			}
			p := net.Placement()
			if tc.says == "" {
				if refused != nil || p.Delegated() != 2 {
					t.Errorf("%d operators delegated, refused: %v", p.Delegated(), refused)
				}
				tried, err := backend.Probe(t.Context(), model, opt)
				if err != nil || tried.Delegated() != 2 || !strings.Contains(tried.Said, "a line on standard output") {
					t.Errorf("the trial tells of %d operators, %q, %v", tried.Delegated(), tried.Said, err)
				}
				return
			}
			file, _, _ := strings.Cut(tc.delegate, "?")
			for _, part := range []string{file, tc.says, tc.remedy} {
				if refused == nil || !strings.Contains(refused.Error(), part) {
					t.Errorf("%q is not in: %v", part, refused)
				}
			}
			if p.Delegated() < 60 {
				t.Errorf("not on XNNPACK: %d operators delegated", p.Delegated())
			}
		})
	}
}

// Whoever asks what is known of a delegate, or forgets it, does not wait for a
// trial that hangs; two that want the same share it, and it ends with the last
// of them, as the opening of the network does.
func TestTrialOfADelegateIsCancelled(t *testing.T) {
	limit := backend.SetProbeLimit(time.Hour)
	t.Cleanup(func() { backend.SetProbeLimit(limit); backend.Forget() })
	model := testmedia.Path(t, "models/deeplabv3_257_mv.tflite")
	opt := inference.Options{Threads: 1, Delegate: inference.Delegate("external:" + testmedia.Delegate(t, "add") + "?mode=hang")}
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		if net, refused, err := backend.Open(ctx, model, opt); net != nil || refused != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("a network is opened after all: %v, %v", refused, err)
		}
	})
	asking.Go(func() {
		if _, err := backend.Probe(ctx, model, opt); !errors.Is(err, context.Canceled) {
			t.Errorf("the trial ends with %v", err)
		}
	})
	if got := backend.Results(opt.Delegate); len(got) != 0 {
		t.Errorf("it is said of it: %+v", got)
	}
	cancel()
	asking.Wait()
	if got := backend.Results(opt.Delegate); len(got) != 0 {
		t.Errorf("a trial that was cancelled is remembered: %+v", got)
	}
}
