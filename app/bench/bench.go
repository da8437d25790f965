// Package bench is the command that measures: pipelines stage by stage, all
// networks alone, and the operators of one network.
//
// In: the command line, demos, networks. Out: tables, JSON, and the history that
// the app's pages show. It imports app/benchmark, app/cli, app/config, app/demo,
// app/library, app/metrics, app/paths, app/pipeline, app/roster, camera,
// inference and models; app may import it.
package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Figures is one row of the benchmark: a demo over a source, every frame
// worked on as fast as the network takes them. Times are milliseconds.
type Figures struct {
	Demo     string `json:"demo"`
	Model    string `json:"model"`
	Source   string `json:"source"`
	Delegate string `json:"delegate"`
	AsIs     bool   `json:"as_is,omitempty"` // networks as they are in their files
	Threads  int    `json:"threads"`
	Lanes    int    `json:"lanes"` // interpreters of the first network, each on its share of the threads
	Frames   int    `json:"frames"`

	NetworkFPS      float64 `json:"network_fps"`       // of them those that the first network looked for
	Spare           string  `json:"spare"`             // work that was saved, as --skip has it
	Reused          int     `json:"reused"`            // results of frames that did not change
	Carried         int     `json:"carried"`           // results with boxes carried on
	FPS             float64 `json:"fps"`               // results over wall time, source to result; of several runs the median
	FPSLow          float64 `json:"fps_low"`           // of the slowest run
	FPSHigh         float64 `json:"fps_high"`          // of the quickest
	Runs            int     `json:"runs"`              //
	InvokeFPS       float64 `json:"invoke_fps"`        // frames that the first network looked at over the time spent inside Invoke in that same run
	TightFPS        float64 `json:"tight_invoke_fps"`  // Invoke in a loop with nothing beside it and all threads, every network as often a frame as in the run
	OverInvoke      float64 `json:"fps_over_invoke"`   // FPS / InvokeFPS; says little of more replicas than threads, which wait for cores inside Invoke
	OverTight       float64 `json:"fps_over_tight"`    // FPS / TightFPS
	PreprocessMs    float64 `json:"preprocess_ms"`     // median
	InvokeMs        float64 `json:"invoke_ms"`         // median
	DecodeMs        float64 `json:"decode_ms"`         // median
	LatencyMs       float64 `json:"latency_ms"`        // median, picture decoded to result
	LatencyP95Ms    float64 `json:"latency_p95_ms"`    //
	TightInvokeMs   float64 `json:"tight_invoke_ms"`   // mean of a frame
	AllocsPerFrame  float64 `json:"allocs_per_frame"`  // Go allocations in the whole process
	BytesPerFrame   float64 `json:"bytes_per_frame"`   //
	CPUMsPerFrame   float64 `json:"cpu_ms_per_frame"`  // this process
	PeakRSSMegabyte float64 `json:"peak_rss_mb"`       //
	ObjectsPerFrame float64 `json:"objects_per_frame"` // a check that the work was done

	GCCycles     uint64  `json:"gc_cycles"`         // of Go's garbage collector while it was measured
	GCPauseMaxMs float64 `json:"gc_pause_max_ms"`   // the longest that it stopped the process, to a quarter of it
	Pace         float64 `json:"pace"`              // pictures a second that came, as from a camera; 0 for all as fast as they are taken
	Dropped      uint64  `json:"dropped"`           // pictures passed over at that pace
	Window       bool    `json:"window"`            // results were shown
	PaintsWanted float64 `json:"paints_wanted"`     // most a second; 0 for no limit but the screen's
	Paints       float64 `json:"paints_per_second"` // pictures painted
}

const benchUsage = `Usage: reterminal-vision bench [flags]

Runs a demo over a source with nothing shown and every frame worked on, and
prints where the time goes. With --pace pictures come as from a camera; with
--window they are shown with their results, as the app shows them.

       reterminal-vision bench compare BEFORE.json AFTER.json
       reterminal-vision bench profile MODEL   time of each operator
       reterminal-vision bench table    all networks, each alone

Flags:
`

// Screen shows what is measured; the app's window is one.
type Screen interface {
	// Show begins to show a demo, whose pictures and results the sink takes.
	Show(ctx context.Context, demo string) pipeline.Sink
	// FPS is how often the screen is painted a second.
	FPS() float64
}

// OpenScreen opens a screen and runs measure with it.
type OpenScreen func(ctx context.Context, cfg config.Config, measure func(Screen) error) error

// target says how a benchmark runs, and where its results are shown.
type target struct {
	pace   float64 // pictures a second; 0 for all, as fast as they are taken
	screen Screen  // nil for none
	paints float64 // shown a second at most; 0 for no limit
	exact  bool    // a delegate that cannot be used is an error, rather than XNNPACK's figures
}

// sink shows what b gets, where there is a screen.
func (g target) sink(ctx context.Context, cfg config.Config, b *sink) pipeline.Sink {
	if g.screen == nil {
		return b
	}
	s := &shownBench{sink: b, screen: g.screen.Show(ctx, cfg.Demo)}
	if g.paints > 0 {
		s.every = time.Duration(float64(time.Second) / g.paints)
	}
	return s
}

// note writes down how it was measured.
func (g target) note(f *Figures) {
	f.Pace, f.PaintsWanted = g.pace, g.paints
	if f.Window = g.screen != nil; f.Window {
		f.Paints = g.screen.FPS()
	}
}

// shownBench is a benchmark whose pictures and results are shown.
type shownBench struct {
	*sink
	screen pipeline.Sink
	every  time.Duration // between pictures shown; 0 for all
	next   time.Time
	wanted atomic.Bool // the next result belongs to a picture that was shown
}

func (s *shownBench) Frame(f *frame.Frame) {
	now := time.Now()
	if s.every > 0 {
		if now.Before(s.next) {
			return
		}
		if s.next = s.next.Add(s.every); s.next.Before(now) {
			s.next = now
		}
	}
	s.screen.Frame(f)
	s.wanted.Store(true)
}

func (s *shownBench) Result(r *inference.Result) {
	s.sink.Result(r)
	if s.wanted.Swap(false) {
		s.screen.Result(r)
	}
}

func (s *shownBench) Status(st pipeline.Status) { s.screen.Status(st) }

// Command runs "reterminal-vision bench ARGS".
func Command(ctx context.Context, args []string, open OpenScreen, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "compare" {
		return compareBenches(args[1:], stdout)
	}
	if len(args) > 0 && args[0] == "profile" {
		return profileCommand(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 0 && args[0] == "table" {
		return benchTable(ctx, args[1:], stdout, stderr)
	}
	cfg := config.Config{Demo: "vehicles", Source: "builtin:traffic", Delegate: inference.XNNPACK, Unpaced: true}
	fs := cli.NewFlags("bench", benchUsage, stderr)
	cli.ConfigFlags(fs, &cfg)
	threads := fs.String("threads", "1,"+strconv.Itoa(max(config.DefaultThreads(), 2)), "thread counts, comma-separated")
	frames := fs.Int("frames", 500, "frames to measure, for which shorter sources loop; 0 plays the source once")
	runs := fs.Int("runs", 1, "how often all is done; of several runs the one in the middle counts, and the spread is told")
	how := target{exact: true}
	fs.Float64Var(&how.pace, "pace", 0, "pictures a second, as from a camera: what is late is dropped; 0 works on all as fast as they are taken")
	show := fs.Bool("window", false, "show pictures and results in the app's window")
	fs.Float64Var(&how.paints, "paints", 0, "with --window: pictures shown a second at most; 0 leaves it to the screen")
	file := fs.String("json", "", "write the figures as JSON to this `file` as well")
	if err := cli.Parse(fs, args); err != nil {
		return err
	}
	if how.pace < 0 || how.pace > 1000 || how.paints < 0 || how.paints > 1000 {
		return cli.Usagef("--pace and --paints: choose 0 to 1000")
	}
	cfg.Unpaced = how.pace == 0
	var rows []Figures
	measureAll := func() error {
		for _, n := range strings.Split(*threads, ",") {
			var err error
			if cfg.Threads, err = strconv.Atoi(strings.TrimSpace(n)); err != nil {
				return cli.Usagef("--threads %q: give numbers, as in 1,2,4", *threads)
			}
			if err := cli.CheckConfig(cfg); err != nil {
				return err
			}
			row, err := measureRuns(ctx, cfg, how, *frames, *runs)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	}
	var err error
	if *show {
		err = open(ctx, cfg, func(s Screen) error { how.screen = s; return measureAll() })
	} else {
		err = measureAll()
	}
	if err != nil {
		return err
	}
	printFigures(stdout, rows)
	if *file == "" {
		return nil
	}
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*file, append(text, '\n'), 0o644)
}

// Warmup is how many frames pass before anything counts.
const Warmup = 20

// benchSink collects timings and ends the session after the wanted frames.
type sink struct {
	want    int
	done    context.CancelFunc
	timings []inference.Timing
	objects int
	dropped uint64                        // since the warm-up
	skipped uint64                        // before
	spared  [inference.Propagated + 1]int // results by how they came about
	begin   time.Time
	end     time.Time
	before  metrics.Usage
	after   metrics.Usage
	seen    int
	err     error
}

func (b *sink) Frame(*frame.Frame)     {}
func (b *sink) Status(pipeline.Status) {}
func (b *sink) Lost(error)             {}

func (b *sink) Failed(err error) {
	b.err = err
	b.done()
}

func (b *sink) Result(r *inference.Result) {
	b.seen++
	switch {
	case b.seen < Warmup || b.want > 0 && len(b.timings) == b.want:
		return
	case b.seen == Warmup:
		b.before, b.begin, b.skipped = metrics.ReadUsage(), time.Now(), r.Dropped
		return
	}
	b.timings = append(b.timings, r.Timing)
	b.objects, b.dropped = b.objects+len(r.Objects), r.Dropped-b.skipped
	b.spared[r.Origin]++
	b.end = time.Now()
	if len(b.timings) == b.want {
		b.after = metrics.ReadUsage()
		b.done()
	}
}

// most is how many timings are kept without allocating.
const most = 1 << 16

// measureRuns measures several times and returns the run with the median rate.
func measureRuns(ctx context.Context, cfg config.Config, how target, frames, runs int) (Figures, error) {
	if runs < 1 || runs > 100 {
		return Figures{}, cli.Usagef("--runs %d: choose 1 to 100", runs)
	}
	var all []Figures
	for range runs {
		f, err := measure(ctx, cfg, how, frames)
		if err != nil {
			return Figures{}, err
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Figures) int { return cmp.Compare(a.FPS, b.FPS) })
	row := all[len(all)/2]
	row.FPSLow, row.FPSHigh, row.Runs = all[0].FPS, all[len(all)-1].FPS, runs
	return row, nil
}

// compareBenches says of two files of figures what changed beyond their noise.
func compareBenches(files []string, w io.Writer) error {
	if len(files) != 2 {
		return cli.Usagef("bench compare: name two files that --json wrote")
	}
	var rows [2][]Figures
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &rows[i]); err != nil {
			return fmt.Errorf("%s: %w: name a file that bench --json wrote", file, err)
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	found := 0
	for _, before := range rows[0] {
		for _, after := range rows[1] {
			if before.Demo != after.Demo || before.Model != after.Model || before.Source != after.Source || before.Delegate != after.Delegate || before.Threads != after.Threads {
				continue
			}
			found++
			told := Verdict(before, after)
			if a, b := cmp.Or(before.Spare, string(config.SkipOff)), cmp.Or(after.Spare, string(config.SkipOff)); a != b {
				told += fmt.Sprintf(", with work saved: %s -> %s", a, b)
			}
			fmt.Fprintf(t, "%s, %s, %d threads\t%.1f -> %.1f FPS\t%+.1f %%\t%s\n", before.Demo, before.Model, before.Threads,
				before.FPS, after.FPS, 100*(after.FPS/before.FPS-1), told)
		}
	}
	if found == 0 {
		return fmt.Errorf("the files have no measurement in common: measure the same demo, model, source, delegate and threads")
	}
	return t.Flush()
}

// noise is how much two runs of the same program differ on a quiet machine.
const noise = .03

// Verdict compares two rates with their spreads, which are no less than the
// noise of a quiet machine.
func Verdict(before, after Figures) string {
	low := func(f Figures) float64 { return min(cmp.Or(f.FPSLow, f.FPS), f.FPS*(1-noise/2)) }
	high := func(f Figures) float64 { return max(f.FPSHigh, f.FPS*(1+noise/2)) }
	switch {
	case low(after) > high(before):
		return "faster"
	case high(after) < low(before):
		return "slower"
	}
	return "within the noise"
}

// Measure measures as fast as the network takes pictures, without a screen.
func Measure(ctx context.Context, cfg config.Config, frames int) (Figures, error) {
	return measure(ctx, cfg, target{}, frames)
}

// Measure runs one configuration; 0 frames means one pass over the source.
func measure(ctx context.Context, cfg config.Config, how target, frames int) (Figures, error) {
	task, err := roster.OpenDemo(ctx, cfg, cfg.Demo)
	if err != nil {
		return Figures{}, err
	}
	defer task.Close()
	if how.exact && task.Refused != nil {
		return Figures{}, task.Refused
	}
	cfg.Loop = frames > 0
	run, done := context.WithCancel(ctx)
	defer done()
	b := &sink{want: frames, done: done, timings: make([]inference.Timing, 0, max(frames, most))}
	s := pipeline.New(cfg, task, how.sink(run, cfg, b))
	s.EveryFrame, s.Pace = how.pace == 0, how.pace
	err = s.Run(run)
	switch {
	case err != nil:
		return Figures{}, err
	case b.err != nil:
		return Figures{}, b.err
	case ctx.Err() != nil || len(b.timings) < max(frames, 1):
		return Figures{}, errors.Join(ctx.Err(), fmt.Errorf("%d frames came; the first %d do not count", b.seen, Warmup))
	case frames <= 0:
		b.after = metrics.ReadUsage()
	}
	f := b.figures(task.Replicas())
	f.Demo, f.Model, f.Source = cfg.Demo, task.IDs(), s.Source().Name
	f.Spare = string(cfg.EffectiveFrameSkip())
	f.Delegate, f.AsIs, f.Threads, f.Lanes = string(cfg.Delegate), cfg.NoOptimize, cfg.Threads, task.Replicas()
	how.note(&f)
	alone, err := tightFrame(ctx, cfg, task, b.seen)
	if err != nil {
		return Figures{}, err
	}
	if alone > 0 {
		f.TightInvokeMs, f.TightFPS, f.OverTight = Millis(alone), 1/alone.Seconds(), f.FPS*alone.Seconds()
	}
	return f, nil
}

// Figures reduces what was collected of so many replicas.
func (b *sink) figures(replicas int) Figures {
	n, looks := float64(len(b.timings)), float64(max(b.spared[inference.Inferred], 1))
	var invoke time.Duration // as if the replicas were one
	for _, t := range b.timings {
		invoke += t.Invoke / time.Duration(replicas)
	}
	quantile := func(q float64, part func(inference.Timing) time.Duration) float64 {
		all := make([]time.Duration, len(b.timings))
		for i, t := range b.timings {
			all[i] = part(t)
		}
		slices.Sort(all)
		return Millis(all[min(int(q*n), len(all)-1)])
	}
	latency := func(t inference.Timing) time.Duration { return t.Latency }
	wall := b.end.Sub(b.begin)
	return Figures{
		Frames: len(b.timings),
		FPS:    n / wall.Seconds(), InvokeFPS: looks / invoke.Seconds(), OverInvoke: n / looks * invoke.Seconds() / wall.Seconds(),
		NetworkFPS: looks / wall.Seconds(), Reused: b.spared[inference.Reused], Carried: b.spared[inference.Propagated],
		PreprocessMs:    quantile(.5, func(t inference.Timing) time.Duration { return t.Preprocess }),
		InvokeMs:        quantile(.5, func(t inference.Timing) time.Duration { return t.Invoke }),
		DecodeMs:        quantile(.5, func(t inference.Timing) time.Duration { return t.Decode }),
		LatencyMs:       quantile(.5, latency),
		LatencyP95Ms:    quantile(.95, latency),
		AllocsPerFrame:  float64(b.after.Mallocs-b.before.Mallocs) / n,
		BytesPerFrame:   float64(b.after.Bytes-b.before.Bytes) / n,
		CPUMsPerFrame:   Millis(b.after.CPU-b.before.CPU) / n,
		PeakRSSMegabyte: float64(b.after.PeakRSS) / (1 << 20),
		ObjectsPerFrame: float64(b.objects) / n,
		GCCycles:        b.after.GCs - b.before.GCs,
		GCPauseMaxMs:    Millis(b.after.Pauses.LongestSince(&b.before.Pauses)),
		Dropped:         b.dropped,
	}
}

// tightFrame is how long the networks of a task take for a frame when they are
// run one after the other with all threads and nothing beside them, each as
// often as it was for so many frames.
func tightFrame(ctx context.Context, cfg config.Config, task *demo.Task, frames int) (total time.Duration, err error) {
	for i, net := range task.Nets {
		runs := net.Runs() - 1 // to warm up
		if i == 0 {
			for _, beside := range task.ReplicaNets {
				runs += beside.Runs() - 1
			}
		}
		if task.Replicas() > 1 { // it has its share of the threads only
			if net, _, err = demo.OpenModel(ctx, cfg, cfg.Threads, task.Models[i]); err != nil {
				return 0, err
			}
			defer net.Close()
		}
		alone, err := tightInvoke(ctx, net)
		if err != nil {
			return 0, err
		}
		total += alone * time.Duration(runs) / time.Duration(max(frames, 1))
	}
	return total, nil
}

// tightInvoke is the mean time of the network alone, its input left in place.
func tightInvoke(ctx context.Context, net *inference.Interpreter) (time.Duration, error) {
	const runs = 150
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var start time.Time
	for i := range runs + 10 {
		if i == 10 {
			start = time.Now()
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := net.Invoke(); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / runs, nil
}

// Millis is a duration in milliseconds.
func Millis(d time.Duration) float64 { return float64(d) / 1e6 }

func printFigures(w io.Writer, rows []Figures) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "threads\treplicas\tdelegate\tFPS\tnetwork FPS\tInvoke FPS\tFPS/Invoke\talone FPS\tFPS/alone\tprep ms\tinvoke ms\tdecode ms\tlatency ms\tp95\tCPU ms/frame\tallocs/frame\tpeak MB\tobjects\t")
	for _, f := range rows {
		fmt.Fprintf(t, "%d\t%d\t%s\t%.1f\t%.1f\t%.1f\t%.3f\t%.1f\t%.3f\t%.3f\t%.3f\t%.3f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%.2f\t\n",
			f.Threads, f.Lanes, f.Delegate, f.FPS, f.NetworkFPS, f.InvokeFPS, f.OverInvoke, f.TightFPS, f.OverTight,
			f.PreprocessMs, f.InvokeMs, f.DecodeMs, f.LatencyMs, f.LatencyP95Ms, f.CPUMsPerFrame, f.AllocsPerFrame, f.PeakRSSMegabyte, f.ObjectsPerFrame)
	}
	t.Flush()
	if len(rows) > 0 {
		fmt.Fprintf(w, "%s on %s, %d frames of %s\n", rows[0].Model, runtime.GOARCH, rows[0].Frames, rows[0].Source)
	}
}
