package benchmark

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"reterminal-vision/app/probe"
	"reterminal-vision/inference"
)

// Command is the first argument with which the program runs itself to measure a
// network. It reads what to do and writes words as it goes.
const Command = "measure-model"

// order is what the other process is to do.
type order struct {
	File    string `json:"file"`
	Backend string `json:"backend"`
	Threads int    `json:"threads"`
	AsIs    bool   `json:"as_is"`
	Effort  Effort `json:"effort"`
}

// word is one line of what it says.
type word struct {
	Begins string `json:"begins,omitempty"` // what it does from now on: "loaded the network"
	Found  *Found `json:"found,omitempty"`
}

// What it does, as sentences go on with "when it".
const (
	loads    = "loaded the network"
	runsNew  = "ran it for the first time"
	runsMore = "ran it"
)

// Serve is the other process: it reads an order, does it, and writes what it
// found to standard output, which is its alone from then on.
func Serve(stdin io.Reader) error {
	defer probe.Begin(Limit)()
	answer, err := probe.Answer()
	if err != nil {
		return fmt.Errorf("measurement: %w", err)
	}
	var o order
	if err := json.NewDecoder(stdin).Decode(&o); err != nil {
		return fmt.Errorf("measurement: %w", err)
	}
	delegate, err := inference.ParseDelegate(o.Backend)
	if err != nil {
		return err
	}
	say := json.NewEncoder(answer)
	w := work{o: o, options: inference.Options{Threads: o.Threads, Delegate: delegate, NoOptimize: o.AsIs}, begin: func(what string) { _ = say.Encode(word{Begins: what}) }}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range max(o.Effort.Rounds, 1) {
		if err := w.round(); err != nil {
			return err
		}
	}
	found := w.found()
	return say.Encode(word{Found: &found})
}

// work is what has been measured so far.
type work struct {
	o       order
	options inference.Options
	begin   func(what string)

	loads, firsts, medians, p95s []time.Duration // of each round
	runs                         []time.Duration // of all
	rss, before                  uint64          // bytes, in the first round: all, and without the network
}

// round loads the network, runs it, and lets it go.
func (w *work) round() error {
	before := resident()
	w.begin(loads)
	start := time.Now()
	net, err := inference.Open(w.o.File, w.options)
	if err != nil {
		return err
	}
	defer net.Close()
	w.loads = append(w.loads, time.Since(start))
	random := rand.New(rand.NewPCG(1, 2))
	for _, t := range net.Inputs {
		if err := fill(t, random); err != nil {
			return err
		}
	}
	w.begin(runsNew)
	start = time.Now()
	if err := net.Invoke(); err != nil {
		return err
	}
	w.firsts = append(w.firsts, time.Since(start))
	w.begin(runsMore)
	if _, err := repeat(net, nil, 2, w.o.Effort.Each/4, w.o.Effort.Most/8); err != nil {
		return err
	}
	from := len(w.runs)
	if w.runs, err = repeat(net, w.runs, w.o.Effort.Runs, w.o.Effort.Each, w.o.Effort.Most); err != nil {
		return err
	}
	w.medians, w.p95s = append(w.medians, quantile(w.runs[from:], .5)), append(w.p95s, quantile(w.runs[from:], .95))
	if w.rss == 0 {
		w.rss, w.before = resident(), before
	}
	return nil
}

// repeat runs the network at least so often and so long, but no longer than
// most allows, and once at least; it appends how long each run took.
func repeat(net *inference.Interpreter, took []time.Duration, runs int, each, most time.Duration) ([]time.Duration, error) {
	begin := time.Now()
	for n := 1; ; n++ {
		start := time.Now()
		if err := net.Invoke(); err != nil {
			return took, err
		}
		end := time.Now()
		took = append(took, end.Sub(start))
		if all := end.Sub(begin); n >= runs && all >= each || all >= most {
			return took, nil
		}
	}
}

// fill puts numbers into an input as a picture has them: without a pattern, for
// many zeros, or very small numbers, take another time. Shapes and places, of
// whole numbers without a scale, stay zero.
func fill(t *inference.Tensor, random *rand.Rand) error {
	if t.DType == inference.Float32 {
		v, err := inference.View[float32](t)
		for i := range v {
			v[i] = 2*random.Float32() - 1
		}
		return err
	}
	if t.Scale > 0 {
		data := t.Bytes()
		for i := range data {
			data[i] = byte(random.Uint32())
		}
	}
	return nil
}

func (w *work) found() Found {
	f := Found{
		Load: spread(w.loads), First: spread(w.firsts), Invoke: spread(w.medians), P95: ms(quantile(w.runs, .95)),
		Rounds: len(w.medians), Runs: len(w.runs), RSS: float64(w.rss) / (1 << 20),
	}
	f.Invoke.Median = ms(quantile(w.runs, .5))
	f.P95Low, f.P95High = ms(slices.Min(w.p95s)), ms(slices.Max(w.p95s))
	f.Net = math.Max(0, float64(w.rss)-float64(w.before)) / (1 << 20)
	return f
}

func spread(all []time.Duration) Spread {
	return Spread{ms(quantile(all, .5)), ms(slices.Min(all)), ms(slices.Max(all))}
}

// quantile is one of the values: that which so large a part does not exceed.
func quantile[T cmp.Ordered](all []T, q float64) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// ms is a time in milliseconds, to the nanosecond.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// resident is how much memory of this process is in RAM, in bytes; 0 when that
// is not known.
func resident() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
