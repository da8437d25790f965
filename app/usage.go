package app

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what the process has used so far.
type usage struct {
	mallocs, bytes uint64        // Go allocations ever made
	cpu            time.Duration // user and system time of the process
	rss, peakRSS   uint64        // bytes
}

func readUsage() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{mallocs: m.Mallocs, bytes: m.TotalAlloc}
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil {
		u.cpu = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	u.rss, u.peakRSS = statusBytes("VmRSS:"), statusBytes("VmHWM:")
	return u
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
