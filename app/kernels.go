package app

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
	"sync"
	"time"

	"reterminal-vision/app/trial"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// delegateCommand is the first argument with which the program runs itself to
// try an external delegate; the model file is the second.
const delegateCommand = "try-delegate"

// delegateLimit is the longest that the trial of a delegate may take. One for a
// GPU compiles its kernels for the network in that time.
var delegateLimit = 20 * time.Second

// wanted is what a trial of a delegate reads.
type wanted struct {
	Delegate inference.Delegate `json:"delegate"`
	Threads  int                `json:"threads"`
}

// tried is a trial that is over.
type tried struct {
	delegate  inference.Delegate
	placement inference.Placement
	err       error
}

// trials remembers trials of the same files.
var trials = struct {
	sync.Mutex
	of map[string]tried
}{of: map[string]tried{}}

// openNetwork opens the network in the file on the delegate of opt. An external
// one is first tried in another process. When it cannot be used, the network
// runs on XNNPACK, and refused says why, with the file and the remedy.
func openNetwork(path string, opt inference.Options) (net *inference.Interpreter, refused, err error) {
	if file, external := opt.Delegate.External(); external {
		_, refused = tryDelegate(context.Background(), path, opt)
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

// tryDelegate runs the network on an external delegate in another process, once
// for each state of the two files, and tells which operators it took.
func tryDelegate(ctx context.Context, path string, opt inference.Options) (inference.Placement, error) {
	file, _ := opt.Delegate.External()
	key := fmt.Sprint(opt.Delegate, opt.Threads, fingerprint(file), path, fingerprint(path))
	trials.Lock()
	defer trials.Unlock() // of two that want the same, one waits for the other
	if t, known := trials.of[key]; known {
		return t.placement, t.err
	}
	// What hung once is not waited for again with the demo's next network.
	for _, t := range trials.of {
		if late := (trial.Late{}); t.delegate == opt.Delegate && errors.As(t.err, &late) {
			return t.placement, t.err
		}
	}
	t := tried{delegate: opt.Delegate}
	log, err := trial.Run(ctx, delegateLimit, []string{delegateCommand, path}, wanted{opt.Delegate, opt.Threads}, &t.placement)
	if ctx.Err() != nil {
		return t.placement, err
	}
	t.placement.Said = strings.TrimSpace(t.placement.Said + "\n" + delegateLog(log))
	t.err = delegateError(file, err)
	trials.of[key] = t
	return t.placement, t.err
}

// ownOutput is where results go: what an external delegate prints to standard
// output goes to standard error from then on.
func ownOutput(d inference.Delegate, stdout io.Writer) (io.Writer, error) {
	if _, external := d.External(); !external || stdout != io.Writer(os.Stdout) {
		return stdout, nil
	}
	return trial.Answer()
}

// lastTrials are the trials of a delegate, one for each network.
func lastTrials(d inference.Delegate) (list []tried) {
	if !trials.TryLock() {
		return nil // one is going on; the screen does not wait for it
	}
	defer trials.Unlock()
	for _, t := range trials.of {
		if t.delegate == d {
			list = append(list, t)
		}
	}
	return list
}

// knownDelegates are where other makers' delegates are installed, with the
// options that they need.
var knownDelegates = []struct {
	file    string
	options [][]inference.Option
}{
	{"libarmnnDelegate.so", [][]inference.Option{{{Key: "backends", Value: "CpuAcc,CpuRef"}}, {{Key: "backends", Value: "GpuAcc,CpuAcc"}}}},
	{"libedgetpu.so.1", [][]inference.Option{nil}},
	{"libteflon.so", [][]inference.Option{nil}},
	{"libvx_delegate.so", [][]inference.Option{nil}},
}

// delegateFolders are where they are looked for.
var delegateFolders = []string{"/usr/lib/*-linux-gnu", "/usr/lib", "/usr/local/lib"}

// foundDelegates are the external delegates in the usual places.
func foundDelegates() (list []inference.Delegate) {
	for _, known := range knownDelegates {
		for _, folder := range delegateFolders {
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

// externalDelegates are those to choose from: in the settings, and found. The
// one in use is among them, even when it is neither.
func (w *window) externalDelegates(inUse inference.Delegate) (list []inference.Delegate) {
	for _, text := range w.prefs.get().Delegates {
		d, err := inference.ParseDelegate(text)
		if err != nil {
			slog.Warn("a delegate in the settings is left out", "error", err)
			continue
		}
		list = append(list, d)
	}
	list = append(list, foundDelegates()...)
	if _, external := inUse.External(); external && !slices.Contains(list, inUse) {
		list = append(list, inUse)
	}
	return list
}

// kernelRows are the kernels to choose from.
func (w *window) kernelRows(inUse inference.Delegate) []kit.Row {
	rows := []kit.Row{
		{ID: chooseDelegate + string(inference.XNNPACK), Label: "XNNPACK", Detail: lang.T("the fastest here")},
		{ID: chooseDelegate + string(inference.Builtin), Label: lang.T("TensorFlow Lite's own"), Detail: lang.T("to compare")},
		{ID: chooseDelegate + string(inference.Reference), Label: lang.T("Plain loops"), Detail: lang.T("to check the others, slow")},
	}
	for _, d := range w.externalDelegates(inUse) {
		rows = append(rows, kit.Row{ID: chooseDelegate + string(d), Label: delegateTitle(d), Detail: delegateState(d)})
	}
	for i := range rows {
		rows[i].Chosen = rows[i].ID == chooseDelegate+string(inUse)
	}
	return rows
}

// chooseDelegate begins the ID of a choice of kernels.
const chooseDelegate = "delegate "

// delegateTitle is the file of an external delegate, with its options.
func delegateTitle(d inference.Delegate) string {
	file, _ := d.External()
	_, options, _ := strings.Cut(string(d), "?")
	return strings.TrimSpace(filepath.Base(file) + " " + strings.ReplaceAll(options, "&", " "))
}

// delegateState is what trials have told of an external delegate.
func delegateState(d inference.Delegate) string {
	var runs []string
	for _, t := range lastTrials(d) {
		if t.err != nil {
			return sentence(t.err)
		}
		run := lang.T("runs %d of %d steps", t.placement.Delegated(), len(t.placement.Nodes))
		if left := leftSteps(t.placement); left != "" {
			run += " (" + lang.T("not %s", left) + ")"
		}
		runs = append(runs, run)
	}
	if len(runs) == 0 {
		return lang.T("a delegate of another maker")
	}
	slices.Sort(runs)
	return strings.Join(runs, ", ")
}

// mostLeft is how many kinds of steps are named.
const mostLeft = 4

// leftSteps names the steps that a delegate leaves to the library, those it
// leaves most of first; "" for none.
func leftSteps(p inference.Placement) string {
	kinds := p.Left()
	slices.SortStableFunc(kinds, func(a, b inference.Kind) int { return b.Count - a.Count })
	var names []string
	for _, k := range kinds[:min(len(kinds), mostLeft)] {
		names = append(names, fmt.Sprintf("%d %s", k.Count, k.Name))
	}
	if len(kinds) > mostLeft {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// forgetTrials lets delegates that failed be tried again.
func forgetTrials() {
	trials.Lock()
	defer trials.Unlock()
	clear(trials.of)
}

// fingerprint tells one state of a file from another.
func fingerprint(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// delegateError names the file and the remedy in how a trial ended.
func delegateError(file string, err error) error {
	var late trial.Late
	var died trial.Died
	switch {
	case errors.As(err, &late):
		return fmt.Errorf("delegate %s: %w: check that its device is there, or choose other kernels", file, err)
	case errors.As(err, &died):
		return fmt.Errorf("delegate %s: %w: install the build for TensorFlow Lite 2.17, or choose other kernels", file, err)
	case err != nil && !strings.Contains(err.Error(), file):
		return fmt.Errorf("delegate %s: %w", file, err)
	}
	return err
}

// delegateLog is what the delegate wrote, without the lines that are no news.
func delegateLog(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "INFO:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// tryDelegateHere is the other process: it runs the network twice and tells
// where its operators run.
func tryDelegateHere(args []string, stdin io.Reader) error {
	if len(args) != 1 {
		return errors.New("name one file")
	}
	defer trial.Begin(delegateLimit)()
	answer, err := trial.Answer()
	if err != nil {
		return err
	}
	var w wanted
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
