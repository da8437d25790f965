package inference

/*
#include "profile.h"
*/
import "C"

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"github.com/mattn/go-tflite"
)

// OperatorTime is how long one operator of a network takes.
type OperatorTime struct {
	Name      string        `json:"name"`      // as CONV_2D, or as the delegate calls its own
	Index     int           `json:"index"`     // in the graph, as in Node; -1 for a delegate's own
	Delegated bool          `json:"delegated"` // it runs in the delegate
	Median    time.Duration `json:"median_ns"`
	Share     float64       `json:"share"` // of the sum of all
}

// Kind sums up the operators of one name.
type Kind struct {
	Name  string
	Count int
	Time  time.Duration
	Share float64 // of the sum of all
}

// profileWarmup is how many runs pass before any counts.
const profileWarmup = 3

// Profile runs the network in the file, on whatever its inputs hold, and tells
// how long each of its operators takes, in the order they run: the median of
// the runs. XNNPACK tells of each of its operators, to the microsecond; another
// delegate is one operator for each part of the graph that it took. When the
// deadline of ctx passes, the runs until then count; done is how many those are.
// It is an error when there are none, or when ctx is cancelled.
func Profile(ctx context.Context, path string, opt Options, runs int) (ops []OperatorTime, placed Placement, done int, err error) {
	fail := func(err error) ([]OperatorTime, Placement, int, error) { return nil, Placement{}, 0, err }
	p, err := newProfile()
	if err != nil {
		return fail(err)
	}
	defer p.free() // after the network, which tells it of every operator
	opt.profile = p
	net, err := Open(path, opt)
	if err != nil {
		return fail(err)
	}
	defer net.Close()
	var first []OperatorTime
	var times [][]time.Duration // of each operator
	for run := range profileWarmup + max(runs, 1) {
		if err := ctx.Err(); err != nil {
			if errors.Is(err, context.DeadlineExceeded) && done > 0 {
				break
			}
			return fail(fmt.Errorf("model %s: its time was over before %d runs were: choose quicker kernels: %w", path, profileWarmup+1, err))
		}
		p.take()
		if err := net.Invoke(); err != nil {
			return fail(err)
		}
		if run < profileWarmup {
			continue
		}
		ops := p.take()
		if first == nil {
			first, times = ops, make([][]time.Duration, len(ops))
		}
		if len(ops) != len(first) {
			return fail(fmt.Errorf("model %s: %d operators ran, and %d before: its course depends on its input", path, len(ops), len(first)))
		}
		done++
		for i, op := range ops {
			times[i] = append(times[i], op.Median)
		}
	}
	var sum time.Duration
	for i := range first {
		slices.Sort(times[i])
		first[i].Median = times[i][len(times[i])/2]
		sum += first[i].Median
	}
	own := len(net.Placement().Nodes) // the graph's operators; what a delegate puts in their place is numbered after them
	for i := range first {
		if own > 0 && first[i].Index >= own {
			first[i].Index, first[i].Delegated = -1, true
		}
		first[i].Share = float64(first[i].Median) / float64(max(sum, 1))
	}
	if len(first) == 0 {
		return fail(fmt.Errorf("model %s: the library tells of no operator", path))
	}
	return first, net.Placement(), done, nil
}

// Slowest are the n operators that take longest, the longest first.
func Slowest(ops []OperatorTime, n int) []OperatorTime {
	ops = slices.Clone(ops)
	slices.SortStableFunc(ops, func(a, b OperatorTime) int { return cmp.Compare(b.Median, a.Median) })
	return ops[:min(n, len(ops))]
}

// kindAt is the place of the kind of that name, which is added where it is new.
func kindAt(kinds *[]Kind, at map[string]int, name string) int {
	i, known := at[name]
	if !known {
		i = len(*kinds)
		at[name] = i
		*kinds = append(*kinds, Kind{Name: name})
	}
	return i
}

// ByName sums up the operators of each name, those that take longest first.
func ByName(ops []OperatorTime) (kinds []Kind) {
	at := map[string]int{}
	for _, op := range ops {
		i := kindAt(&kinds, at, op.Name)
		kinds[i].Count++
		kinds[i].Time += op.Median
		kinds[i].Share += op.Share
	}
	slices.SortStableFunc(kinds, func(a, b Kind) int { return cmp.Compare(b.Time, a.Time) })
	return kinds
}

// profile collects what the library tells of the operators that run.
type profile struct{ p *C.inference_profile }

func newProfile() (*profile, error) {
	p := C.inference_profile_new()
	if p == nil {
		return nil, errors.New("out of memory")
	}
	return &profile{p}, nil
}

func (p *profile) free() { C.inference_profile_free(p.p) }

// attach makes options tell p; their only field is the C handle.
func (p *profile) attach(options *tflite.InterpreterOptions) {
	C.inference_profile_attach(p.p, *(*unsafe.Pointer)(unsafe.Pointer(options)))
}

// take returns what ran since the last call, each with its one time.
func (p *profile) take() (ops []OperatorTime) {
	for _, e := range unsafe.Slice(p.p.events, p.p.count) {
		op := OperatorTime{Name: C.GoString(&e.name[0]), Index: int(e.op), Median: time.Duration(e.ns)}
		if e.inside {
			op.Index, op.Delegated = -1, true
		}
		ops = append(ops, op)
	}
	p.p.count = 0
	return ops
}
