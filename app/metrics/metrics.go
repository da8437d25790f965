// Package metrics counts what the program does over its life, and serves the
// counts to this machine as OpenMetrics text.
//
// In: counts from sources, workers and the screen. Out: GET /metrics, profiles,
// and what the process uses of the machine. It imports app/cli, app/device,
// camera and inference; app and its packages may import it.
package metrics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/device"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
)

// Counters are the counts since the program began, over all demos and all
// openings of a source. Methods and fields may be used from any goroutine.
type Counters struct {
	taken, damaged, lost atomic.Uint64 // pictures of cameras
	Results, Dropped     atomic.Uint64 // by the worker
	Failed               atomic.Uint64 // frames that could not be worked on
	recovered            atomic.Uint64 // sources that gave pictures again
	down                 atomic.Int64  // longest time without pictures, nanoseconds
	Reused, Propagated   atomic.Uint64 // results without a look of the first network
	FPS, Network         atomic.Uint64 // float64 bits
	Latency, Invoke      atomic.Int64  // nanoseconds
	Paints               atomic.Uint64 // of the screen
	Hung                 atomic.Uint64 // parts of sessions that hung
	Crashes              atomic.Uint64 // of the app, in the last minutes
	DemoRestarts         atomic.Uint64

	Since    time.Time
	mu       sync.Mutex
	failures map[string]uint64 // of sources, by reason
}

// Total is the one instance: there is one screen and one camera.
var Total = &Counters{Since: time.Now(), failures: map[string]uint64{}}

// reasons are the failures that have a name in the metrics, in their order.
var reasons = []struct {
	name string
	mark error
}{{"gone", camera.ErrGone}, {"busy", camera.ErrBusy}, {"stalled", camera.ErrStalled}, {"changed", camera.ErrChanged}}

const otherReason = "other"

// reason is a failure's name in the metrics.
func reason(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.mark) {
			return r.name
		}
	}
	return otherReason
}

// SourceFailed counts a failure of a source.
func (m *Counters) SourceFailed(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures[reason(err)]++
}

// SourceRecovered counts a source that gives pictures again after this time.
func (m *Counters) SourceRecovered(down time.Duration) {
	m.recovered.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down.Store(max(m.down.Load(), int64(down)))
}

// Add counts what a camera has done between two looks at its counts.
func (m *Counters) Add(before, now camera.Counts) {
	m.taken.Add(now.Taken - before.Taken)
	m.damaged.Add(now.Damaged - before.Damaged)
	m.lost.Add(now.Lost - before.Lost)
}

// write prints all as OpenMetrics text, version 1.0.0.
func (m *Counters) write(to io.Writer) error {
	w := bufio.NewWriter(to)
	head := func(name, kind, help string) { fmt.Fprintf(w, "# TYPE %s %s\n# HELP %s %s\n", name, kind, name, help) }
	counter := func(name, help string, v uint64) {
		head(name, "counter", help)
		fmt.Fprintf(w, "%s_total %d\n", name, v)
	}
	gauge := func(name, help string, v float64) {
		head(name, "gauge", help)
		fmt.Fprintf(w, "%s %g\n", name, v)
	}
	counter("rtv_camera_frames", "Whole pictures taken from cameras.", m.taken.Load())
	counter("rtv_camera_frames_damaged", "Pictures skipped: cut short, empty or marked by the driver.", m.damaged.Load())
	counter("rtv_camera_frames_lost", "Pictures the driver dropped.", m.lost.Load())
	head("rtv_source_failures", "counter", "Failures of a source, each attempt to open it again included.")
	m.mu.Lock()
	failures := func(name string) {
		fmt.Fprintf(w, "rtv_source_failures_total{reason=%q} %d\n", name, m.failures[name])
	}
	for _, r := range reasons {
		failures(r.name)
	}
	failures(otherReason)
	m.mu.Unlock()
	counter("rtv_source_recoveries", "Sources that gave pictures again by themselves.", m.recovered.Load())
	gauge("rtv_source_down_most_seconds", "Longest time a source that came back had given no pictures.", time.Duration(m.down.Load()).Seconds())
	counter("rtv_results", "Results of networks.", m.Results.Load())
	counter("rtv_results_reused", "Results of frames that did not differ from the one before: its result.", m.Reused.Load())
	counter("rtv_results_carried", "Results with boxes carried on from the frame before.", m.Propagated.Load())
	counter("rtv_frames_dropped", "Pictures that made way for newer ones before a network.", m.Dropped.Load())
	counter("rtv_frames_failed", "Pictures that a network could not work on.", m.Failed.Load())
	counter("rtv_screen_paints", "How often the screen was brought up to date.", m.Paints.Load())
	gauge("rtv_fps", "Results a second.", math.Float64frombits(m.FPS.Load()))
	gauge("rtv_network_fps", "Results a second that the first network looked for.", math.Float64frombits(m.Network.Load()))
	gauge("rtv_latency_seconds", "From a picture to its result.", time.Duration(m.Latency.Load()).Seconds())
	gauge("rtv_invoke_seconds", "Time in the network.", time.Duration(m.Invoke.Load()).Seconds())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge("rtv_heap_bytes", "Go heap in use.", float64(memory.HeapInuse))
	gauge("rtv_resident_peak_bytes", "Most memory resident.", float64(ReadUsage().PeakRSS))
	gauge("rtv_resident_bytes", "Memory resident.", float64(ReadUsage().RSS))
	gauge("rtv_c_heap_bytes", "Memory that the C library has given out.", float64(inference.MemoryInUse()))
	gauge("rtv_goroutines", "Goroutines.", float64(runtime.NumGoroutine()))
	gauge("rtv_open_files", "Open file descriptors.", float64(openFiles()))
	gauge("rtv_uptime_seconds", "Time since this process began to count.", time.Since(m.Since).Seconds())
	gauge("rtv_app_crashes", "Crashes in the last minutes, after which the app was started again.", float64(m.Crashes.Load()))
	counter("rtv_demo_restarts", "Demos that were started again after an error of their own.", m.DemoRestarts.Load())
	counter("rtv_stuck", "Networks and sources that hung.", m.Hung.Load())
	if health := device.New().Health(); health.Temperature.Known {
		gauge("rtv_temperature_celsius", "Of the processor.", health.Temperature.Number)
	}
	fmt.Fprint(w, "# EOF\n")
	return w.Flush()
}

// Serve answers at address until ctx ends; it listens to this machine
// alone and gives numbers only, never a picture.
func Serve(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
		_ = Total.write(w) // who asked has gone
	})
	at, err := serveHere(ctx, "--metrics", address, mux)
	if err == nil {
		slog.Info("metrics", "at", at+"/metrics")
	}
	return err
}

// ServeProfiles answers at address with profiles of the program until ctx ends.
// They hold the names of functions and how often they ran, never a picture.
func ServeProfiles(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	at, err := serveHere(ctx, "--pprof", address, mux)
	if err == nil {
		slog.Info("profiles", "at", at+"/debug/pprof/")
	}
	return err
}

// serveHere serves to this machine alone until ctx ends, and tells where. The
// flag is for errors.
func serveHere(ctx context.Context, flag, address string, handler http.Handler) (at string, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", cli.Usagef("%s %q: write an address of this machine, as in 127.0.0.1:9477", flag, address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", cli.Usagef("%s %q: only this machine may ask, as in 127.0.0.1:9477", flag, address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("%s: %w: choose another port", flag, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	go func() { _ = server.Serve(listener) }() // ends with ctx
	return "http://" + listener.Addr().String(), nil
}

// openFiles is how many file descriptors are open; 0 where nobody can tell.
func openFiles() int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(fds) - 1 // without the one of the folder itself
}
