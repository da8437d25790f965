package metrics

import (
	"bytes"
	"math"
	"os"
	"runtime"
	gometrics "runtime/metrics"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is what the process has used so far.
type Usage struct {
	Mallocs, Bytes uint64        // Go allocations ever made
	CPU            time.Duration // user and system time of the process
	RSS, PeakRSS   uint64        // bytes
	GCs            uint64        // cycles of the garbage collector
	Pauses         pauses        // of all goroutines, for them
}

// ReadUsage measures this process.
func ReadUsage() Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := Usage{Mallocs: m.Mallocs, Bytes: m.TotalAlloc, GCs: uint64(m.NumGC), Pauses: readPauses()}
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil {
		u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	u.RSS, u.PeakRSS = statusBytes("VmRSS:"), statusBytes("VmHWM:")
	return u
}

// pauses is how often the garbage collector stopped the process, by how long.
type pauses struct {
	counts []uint64
	edges  []float64 // seconds; counts[i] lie between edges[i] and edges[i+1]
}

func readPauses() pauses {
	sample := []gometrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	gometrics.Read(sample)
	if sample[0].Value.Kind() != gometrics.KindFloat64Histogram {
		return pauses{}
	}
	h := sample[0].Value.Float64Histogram()
	return pauses{h.Counts, h.Buckets}
}

// LongestSince is the longest pause since an earlier reading, rounded up to
// the edge of its class.
func (p *pauses) LongestSince(before *pauses) time.Duration {
	for i := len(p.counts) - 1; i >= 0; i-- {
		if i < len(before.counts) && p.counts[i] == before.counts[i] {
			continue
		}
		edge := p.edges[i+1]
		if math.IsInf(edge, 1) {
			edge = p.edges[i]
		}
		return time.Duration(edge * float64(time.Second))
	}
	return 0
}

// statusBytes reads one size from /proc/self/status; 0 when it is not there.
func statusBytes(field string) uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(field))
	words := bytes.Fields(rest[:min(len(rest), 40)])
	if len(words) == 0 {
		return 0
	}
	kb, _ := strconv.ParseUint(string(words[0]), 10, 64)
	return kb << 10
}
