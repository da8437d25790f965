// Package backend opens networks on the backend that was chosen, and tries
// external delegates in a process of their own first, so that one that crashes
// or hangs takes nothing along.
//
// In: model files and a delegate. Out: open networks, and what is known of each
// delegate. It imports app/probe and inference; app and its packages may import
// it.
package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"reterminal-vision/app/probe"
	"reterminal-vision/inference"
)

// Command is the first argument with which the program runs itself to probe an
// external delegate; the model file is the second.
const Command = "try-delegate"

// probeLimit is the longest that a probe may take: a delegate for a GPU compiles
// its kernels for the network in that time.
var probeLimit = limit(20 * time.Second)

func limit(d time.Duration) *atomic.Int64 {
	l := &atomic.Int64{}
	l.Store(int64(d))
	return l
}

// ProbeLimit is the longest that a probe may take.
func ProbeLimit() time.Duration { return time.Duration(probeLimit.Load()) }

// SetProbeLimit changes that for probes that begin later, and returns what it was.
func SetProbeLimit(d time.Duration) time.Duration { return time.Duration(probeLimit.Swap(int64(d))) }

// request is what the probing process reads.
type request struct {
	Delegate inference.Delegate `json:"delegate"`
	Threads  int                `json:"threads"`
}

// Result is how a probe ended.
type Result struct {
	Delegate  inference.Delegate
	Placement inference.Placement
	Err       error
}

// results are of probes of the same files.
var results probe.Shared[Result]

// Open opens the network in the file on the delegate of opt. An external one is
// probed first. When it cannot be used, the network runs on XNNPACK, and refused
// says why, with the file and the remedy. A probe ends with ctx, whose error is
// returned then.
func Open(ctx context.Context, path string, opt inference.Options) (net *inference.Interpreter, refused, err error) {
	if file, external := opt.Delegate.External(); external {
		if _, refused = Probe(ctx, path, opt); ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if refused == nil {
			if net, refused = inference.Open(path, opt); refused == nil {
				return net, nil, nil
			}
		}
		slog.Warn("delegate cannot be used, running on XNNPACK", "delegate", file, "error", refused)
		opt.Delegate = inference.XNNPACK
	}
	net, err = inference.Open(path, opt)
	return net, refused, err
}

// Probe runs the network on an external delegate in another process, once for
// each state of the two files, and says which operators it took.
func Probe(ctx context.Context, path string, opt inference.Options) (inference.Placement, error) {
	file, _ := opt.Delegate.External()
	key := fmt.Sprint(opt.Delegate, opt.Threads, fingerprint(file), path, fingerprint(path))
	t, err := results.Do(ctx, key, func(ctx context.Context) Result {
		// What hung once would hang with the demo's next network as well.
		for _, t := range Results(opt.Delegate) {
			if late := (probe.Late{}); errors.As(t.Err, &late) {
				return t
			}
		}
		t := Result{Delegate: opt.Delegate}
		log, err := probe.Run(ctx, ProbeLimit(), []string{Command, path}, request{opt.Delegate, opt.Threads}, &t.Placement)
		t.Placement.Said = strings.TrimSpace(t.Placement.Said + "\n" + trim(log))
		t.Err = explain(file, err)
		return t
	})
	if err != nil {
		return t.Placement, err
	}
	return t.Placement, t.Err
}

// Output is where results go: what an external delegate prints to standard output
// goes to standard error from then on.
func Output(d inference.Delegate, stdout io.Writer) (io.Writer, error) {
	if _, external := d.External(); !external || stdout != io.Writer(os.Stdout) {
		return stdout, nil
	}
	return probe.Answer()
}

// Results are the probes of a delegate that are over, one for each network.
func Results(d inference.Delegate) []Result {
	return slices.DeleteFunc(results.Results(), func(t Result) bool { return t.Delegate != d })
}

// known are the files of published delegates, with the options that they need.
var known = []struct {
	file    string
	options [][]inference.Option
}{
	{"libarmnnDelegate.so", [][]inference.Option{{{Key: "backends", Value: "CpuAcc,CpuRef"}}, {{Key: "backends", Value: "GpuAcc,CpuAcc"}}}},
	{"libedgetpu.so.1", [][]inference.Option{nil}},
	{"libteflon.so", [][]inference.Option{nil}},
	{"libvx_delegate.so", [][]inference.Option{nil}},
}

// folders are where they are looked for.
var folders = []string{"/usr/lib/*-linux-gnu", "/usr/lib", "/usr/local/lib"}

// Installed are the external delegates in the usual places.
func Installed() (list []inference.Delegate) {
	for _, known := range known {
		for _, folder := range folders {
			files, _ := filepath.Glob(filepath.Join(folder, known.file)) // fails for a bad pattern only
			for _, file := range files {
				for _, options := range known.options {
					list = append(list, inference.External(file, options...))
				}
			}
		}
	}
	return list
}

// Forget lets delegates that failed be probed again.
func Forget() { results.Forget() }

// fingerprint tells one state of a file from another.
func fingerprint(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// explain names the file and the remedy in how a probe ended.
func explain(file string, err error) error {
	var late probe.Late
	var died probe.Died
	switch {
	case errors.As(err, &late):
		return fmt.Errorf("delegate %s: %w: check that its device is there, or choose another backend", file, err)
	case errors.As(err, &died):
		return fmt.Errorf("delegate %s: %w: install the build for TensorFlow Lite 2.17, or choose another backend", file, err)
	case err != nil && !strings.Contains(err.Error(), file):
		return fmt.Errorf("delegate %s: %w", file, err)
	}
	return err
}

// trim leaves the lines out of a delegate's log that say nothing.
func trim(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "INFO:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// ProbeHere is the other process: it runs the network twice and says where its
// operators run.
func ProbeHere(args []string, stdin io.Reader) error {
	if len(args) != 1 {
		return errors.New("name one file")
	}
	defer probe.Begin(ProbeLimit())()
	answer, err := probe.Answer()
	if err != nil {
		return err
	}
	var w request
	if err := json.NewDecoder(stdin).Decode(&w); err != nil {
		return err
	}
	net, err := inference.Open(args[0], inference.Options{Threads: w.Threads, Delegate: w.Delegate})
	if err != nil {
		return err
	}
	for range 2 {
		if err := net.Invoke(); err != nil {
			return err
		}
	}
	placement := net.Placement()
	if err := net.Close(); err != nil {
		return err
	}
	return json.NewEncoder(answer).Encode(placement)
}
