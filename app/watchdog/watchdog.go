// Package watchdog notices when a running demo hangs in C code or in the
// kernel, where nothing can interrupt it.
//
// In: the parts that a session enters and leaves, and the task whose calls it
// wraps. Out: a call that names the part that hangs, and an error for a source
// that gives no frame. It imports camera and inference; app may import it.
package watchdog

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Part is a part of a session that may hang.
type Part int

// The parts of a session. Network is the first network; its replicas follow.
const (
	OpenNetworks Part = iota
	OpenSource
	CloseSource
	WarmUp // the first run of each network
	Prepare
	CloseNetworks
	Finish // what follows the first network
	Network
	Parts = Network + MaxReplicas
)

// MaxReplicas is how often the first network may be opened.
const MaxReplicas = 16

func (p Part) String() string {
	return [...]string{"opening the networks", "opening the source", "closing the source", "the first run of a network", "preparing a frame",
		"closing the networks", "a network", "a network"}[min(p, Network)]
}

// Limits after which a part counts as hung. The slowest network of the catalogue
// takes half a second on the slowest delegate of a reTerminal; that of an
// imported one is unknown until its first run, which stands for one or two of
// the many faces in a frame. A worn SD card may need seconds to read a model;
// listing CSI cameras may take 5 s, as does each request to a failing USB
// camera. A first run is slow on an emulated CPU, which earlier runs of the demo
// tell. Limits grow several-fold while threads wait for a core half of the time,
// and on a machine where every frame is slow.
const (
	Interval       = 250 * time.Millisecond
	FrameLimit     = 3500 * time.Millisecond
	closeLimit     = 10 * time.Second
	openLimit      = 20 * time.Second
	importedLimit  = 30 * time.Second
	StarvedFactor  = 5
	slowFactor     = 5
	importedFactor = 16
)

// Watchdog notices a part that hangs. Entering and leaving a part costs one
// atomic addition each; a nil Watchdog does nothing.
type Watchdog struct {
	turns [Parts]atomic.Uint64 // odd while something is inside
	slow  atomic.Bool          // the networks may take longer
	probe atomic.Int64         // how much longer opening them may take, for a delegate that is probed
	first atomic.Int64         // how long a first run may take; 0 where the demo never ran here
}

// New makes a watchdog that watches nothing yet.
func New() *Watchdog { return &Watchdog{} }

// Enter notes that something is in a part.
func (w *Watchdog) Enter(p Part) {
	if w != nil {
		w.turns[p].Add(1)
	}
}

// Leave notes that it has left the part.
func (w *Watchdog) Leave(p Part) { w.Enter(p) }

// Do runs a function as a part, which a panic leaves as well.
func (w *Watchdog) Do(p Part, do func()) {
	w.Enter(p)
	defer w.Leave(p)
	do()
}

// SetPace gives imported networks, whose speed is unknown, more time, and a first
// run a limit that follows from the results a second that the demo reached here
// before; 0 for none.
func (w *Watchdog) SetPace(unknown bool, fps float64) {
	w.slow.Store(unknown)
	first := time.Duration(0)
	if fps > 0 {
		first = min(max(FrameLimit, time.Duration(slowFactor*float64(time.Second)/fps)), openLimit)
	}
	w.first.Store(int64(first))
}

// AllowProbe adds to the limit of opening networks, for a delegate that is probed.
func (w *Watchdog) AllowProbe(d time.Duration) { w.probe.Store(int64(d)) }

// Inside reports whether something is in the part.
func (w *Watchdog) Inside(p Part) bool { return w.turns[p].Load()%2 == 1 }

// limit is how long a part may take, given the slowest first run of a network.
func (w *Watchdog) limit(p Part, slowest time.Duration) time.Duration {
	switch {
	case p == OpenNetworks:
		return openLimit + time.Duration(w.probe.Load())
	case p == OpenSource:
		return openLimit
	case p == CloseSource:
		return closeLimit
	case p == WarmUp && w.slow.Load():
		return importedLimit
	case p == WarmUp:
		return cmp.Or(time.Duration(w.first.Load()), openLimit)
	case p >= Finish && w.slow.Load():
		if ran := w.turns[WarmUp].Load(); ran == 0 || ran%2 == 1 {
			return importedLimit
		}
		return min(max(FrameLimit, importedFactor*slowest), importedLimit)
	}
	return FrameLimit
}

// Watch polls the parts until the function that it returns is called, and calls
// hung, once, for one that hangs. It counts polls rather than time: while the
// whole machine is suspended nothing hangs.
func (w *Watchdog) Watch(hung func(Part)) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() {
		var seen [Parts]uint64
		var looks [Parts]int
		var delay [Parts]Waits
		var usual time.Duration // that a frame takes, of what takes long enough to be seen
		slowest := Interval     // first run of a network
		look := time.NewTicker(Interval)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			for p := range Parts {
				turn := w.turns[p].Load()
				left, took := seen[p]%2 == 1 && turn != seen[p], time.Duration(looks[p])*Interval
				if left && (p == WarmUp || p >= Finish) {
					usual += (took - usual) / 2
				}
				if left && p == WarmUp {
					slowest = max(slowest, took+Interval)
				}
				if turn%2 == 0 || turn != seen[p] {
					seen[p], looks[p] = turn, 0
					continue
				}
				looks[p]++
				in := time.Duration(looks[p]) * Interval
				if in == suspect {
					delay[p] = CPUWaits("self")
				}
				limit := w.limit(p, slowest)
				if p >= Prepare {
					limit = max(limit, slowFactor*usual)
				}
				if in < limit || in < StarvedFactor*limit && CPUWaits("self").Since(delay[p]) > in/2 {
					continue
				}
				hung(p)
				return
			}
		}
	})
	return func() { cancel(); looking.Wait() }
}

// suspect is the time in a part after which waits for a core are counted.
const suspect = 4 * Interval

// Waits are how long each thread of a process has waited for a core.
type Waits map[string]time.Duration

// CPUWaits are the waits of a process so far, "self" for this one; empty where
// the kernel does not report them.
func CPUWaits(process string) Waits {
	all := Waits{}
	files, _ := filepath.Glob("/proc/" + process + "/task/*/schedstat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		if words := strings.Fields(string(text)); len(words) > 1 {
			nanoseconds, _ := strconv.ParseInt(words[1], 10, 64)
			all[file] = time.Duration(nanoseconds)
		}
	}
	return all
}

// Since is the longest wait of a thread since an earlier reading: where no thread
// waited for half of the time, all ran at half speed at least.
func (w Waits) Since(before Waits) (longest time.Duration) {
	for thread, all := range w {
		longest = max(longest, all-before[thread])
	}
	return longest
}

// Wrap has the watchdog watch the calls of a task.
func (w *Watchdog) Wrap(task inference.Task) inference.Task {
	if w == nil {
		return task
	}
	replicas := 1
	if p, ok := task.(inference.Replicated); ok {
		replicas = min(p.Replicas(), MaxReplicas)
	}
	return &watchedTask{Task: task, watchdog: w, replicas: replicas}
}

// watchedTask is a Replicated whatever it wraps: one replica counts as none.
type watchedTask struct {
	inference.Task
	watchdog *Watchdog
	replicas int
}

// Replicas implements inference.Replicated.
func (t *watchedTask) Replicas() int { return t.replicas }

// Prepare implements inference.Task. A panic leaves the part, too.
func (t *watchedTask) Prepare(f *frame.Frame, in *inference.Input) error {
	t.watchdog.Enter(Prepare)
	defer t.watchdog.Leave(Prepare)
	return t.Task.Prepare(f, in)
}

// Run implements inference.Task.
func (t *watchedTask) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	t.watchdog.Enter(Network)
	defer t.watchdog.Leave(Network)
	return t.Task.Run(f, in, out)
}

// Infer implements inference.Replicated.
func (t *watchedTask) Infer(index int, f *frame.Frame, out *inference.Result) error {
	t.watchdog.Enter(Network + Part(index))
	defer t.watchdog.Leave(Network + Part(index))
	return t.Task.(inference.Replicated).Infer(index, f, out)
}

// Finish implements inference.Replicated.
func (t *watchedTask) Finish(f *frame.Frame, out *inference.Result) error {
	t.watchdog.Enter(Finish)
	defer t.watchdog.Leave(Finish)
	return t.Task.(inference.Replicated).Finish(f, out)
}

// How long a source may give no frame, on top of its frame interval; cameras have
// the same limit of their own. The wait ends in two steps: after the whole
// machine was suspended the first ends at once, and frames come in the second.
const (
	silenceLimit = 3500 * time.Millisecond
	silentGrace  = 500 * time.Millisecond
)

// Silence ends the reading of a source that gives no frame and no error, such as
// a video decoder that hangs.
type Silence struct {
	Context context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	limit   time.Duration
	late    atomic.Bool // the first part is over
}

// NewSilence makes a Silence for a source that is open; End ends it.
func NewSilence(ctx context.Context, source camera.Info) *Silence {
	s := &Silence{limit: silenceLimit}
	if source.FPS > 0 {
		s.limit += time.Duration(2 * float64(time.Second) / source.FPS)
	}
	if source.Live() {
		s.limit += time.Second // its own words say more
	}
	s.Context, s.cancel = context.WithCancelCause(ctx)
	s.timer = time.AfterFunc(s.limit, func() {
		if !s.late.Swap(true) {
			s.timer.Reset(silentGrace)
			return
		}
		s.cancel(SilentError(source, s.limit+silentGrace))
	})
	s.timer.Stop()
	return s
}

// SilentError is the error of a source that gave no frame for so long.
func SilentError(source camera.Info, d time.Duration) error {
	return fault.Errorf("%s: %w for %v: choose another source, or restart the device", source.Name, camera.ErrStalled, d.Round(time.Second))
}

// Listen starts waiting for a frame, Heard ends it.
func (s *Silence) Listen() { s.late.Store(false); s.timer.Reset(s.limit) }
func (s *Silence) Heard()  { s.timer.Stop() }

// End releases it.
func (s *Silence) End() {
	s.timer.Stop()
	s.cancel(nil)
}
