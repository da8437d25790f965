package app

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/models"
)

// part is a part of a session that may hang in C code or in the kernel, where
// nothing can interrupt it.
type part int

const (
	partOpening   part = iota // of the networks
	partSource                // opening it
	partSourceEnd             // closing it
	partWarmUp                // the first run of each network
	partPrepare               // of a frame
	partClosing               // of the networks
	partFinish                // what follows the first network
	partLanes                 // the first network, from here on by lane
	partCount     = partLanes + maxLanes
)

// maxLanes is the most that --lanes takes.
const maxLanes = 16

func (p part) String() string {
	return [...]string{"opening the networks", "opening the source", "closing the source", "the first run of a network", "preparing a frame",
		"closing the networks", "a network", "a network"}[min(p, partLanes)]
}

// How long a part may take before it is taken for stuck. The slowest network of
// the catalogue takes half a second on the slowest delegate of a reTerminal;
// nobody knows how slow one is that a person brought, until its first run is
// over, which stands for a face or two of the many that a frame may have. A card
// that is worn out may take seconds to give a model; listing the cameras on
// ribbons may take 5 s, as does each answer of a USB camera that is given up. A
// first run takes long where the processor is emulated, and that is known from
// when the demo ran before. Where a thread waits for a core half of the time,
// because others want them, all may take several times as long; and on a machine
// that is slow throughout, several times what a frame takes there.
const (
	vigilEvery  = 250 * time.Millisecond
	frameWithin = 3500 * time.Millisecond
	closeWithin = 10 * time.Second
	openWithin  = 20 * time.Second
	ownWithin   = 30 * time.Second
	starvedBy   = 5
	slowBy      = 5
	ownBy       = 16
)

// vigil notices a part of a session that hangs. Entering and leaving a part
// costs one atomic addition each; a nil vigil does nothing.
type vigil struct {
	turns [partCount]atomic.Uint64 // odd while something is inside
	slow  atomic.Bool              // the networks may take longer
	trial atomic.Bool              // a delegate may be tried while they are opened
	first atomic.Int64             // how long a first run may take; 0 where the demo never ran here
}

func newVigil() *vigil { return &vigil{} }

func (v *vigil) enter(p part) {
	if v != nil {
		v.turns[p].Add(1)
	}
}

func (v *vigil) leave(p part) { v.enter(p) }

// in does something as a part, which a panic leaves, too.
func (v *vigil) in(p part, do func()) {
	v.enter(p)
	defer v.leave(p)
	do()
}

// allow gives networks that a person brought more time, and a first run as much
// as goes with the results a second that the demo gave here before; 0 for none.
func (v *vigil) allow(task *demoTask, fps float64) {
	v.slow.Store(slices.ContainsFunc(task.Models, (*models.Model).Own))
	first := time.Duration(0)
	if fps > 0 {
		first = min(max(frameWithin, time.Duration(slowBy*float64(time.Second)/fps)), openWithin)
	}
	v.first.Store(int64(first))
}

// limit is how long a part may take, where the slowest first run of a network
// took so long.
func (v *vigil) limit(p part, slowest time.Duration) time.Duration {
	switch {
	case p == partOpening && v.trial.Load():
		return openWithin + delegateLimit
	case p == partOpening, p == partSource:
		return openWithin
	case p == partSourceEnd:
		return closeWithin
	case p == partWarmUp && v.slow.Load():
		return ownWithin
	case p == partWarmUp:
		return cmp.Or(time.Duration(v.first.Load()), openWithin)
	case p >= partFinish && v.slow.Load():
		if ran := v.turns[partWarmUp].Load(); ran == 0 || ran%2 == 1 {
			return ownWithin
		}
		return min(max(frameWithin, ownBy*slowest), ownWithin)
	}
	return frameWithin
}

// watch looks at the parts until the function that it returns is called, and calls stuck,
// once, for one that hangs. It counts looks rather than time: while the whole
// machine stands still nothing hangs.
func (v *vigil) watch(stuck func(part)) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() {
		var seen [partCount]uint64
		var looks [partCount]int
		var delay [partCount]waits
		var usual time.Duration // that a frame takes, of what takes long enough to be seen
		slowest := vigilEvery   // first run of a network
		for sleep(ctx, vigilEvery) {
			for p := range partCount {
				turn := v.turns[p].Load()
				left, took := seen[p]%2 == 1 && turn != seen[p], time.Duration(looks[p])*vigilEvery
				if left && (p == partWarmUp || p >= partFinish) {
					usual += (took - usual) / 2
				}
				if left && p == partWarmUp {
					slowest = max(slowest, took+vigilEvery)
				}
				if turn%2 == 0 || turn != seen[p] {
					seen[p], looks[p] = turn, 0
					continue
				}
				looks[p]++
				in := time.Duration(looks[p]) * vigilEvery
				if in == suspect {
					delay[p] = waited("self")
				}
				limit := v.limit(p, slowest)
				if p >= partPrepare {
					limit = max(limit, slowBy*usual)
				}
				if in < limit || in < starvedBy*limit && waited("self").since(delay[p]) > in/2 {
					continue
				}
				stuck(p)
				return
			}
		}
	})
	return func() { cancel(); looking.Wait() }
}

// suspect is the time in a part from which on the waiting for cores counts.
const suspect = 4 * vigilEvery

// waits are how long each thread of a process has waited for a core.
type waits map[string]time.Duration

// waited is what the threads of a process, "self" for this one, have waited so
// far; nothing where the kernel does not tell.
func waited(process string) waits {
	all := waits{}
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

// since is the longest that a thread has waited after what was before: where none
// waited for half of the time, all went on at half of their speed at least.
func (w waits) since(before waits) (longest time.Duration) {
	for thread, all := range w {
		longest = max(longest, all-before[thread])
	}
	return longest
}

// over is the task under the vigil's eyes.
func (v *vigil) over(task inference.Task) inference.Task {
	if v == nil {
		return task
	}
	lanes := 1
	if p, ok := task.(inference.Parallel); ok {
		lanes = min(p.Lanes(), maxLanes)
	}
	return &watchedTask{Task: task, vigil: v, lanes: lanes}
}

// watchedTask is a Parallel whatever it watches: one lane is as none.
type watchedTask struct {
	inference.Task
	vigil *vigil
	lanes int
}

// Lanes implements inference.Parallel.
func (t *watchedTask) Lanes() int { return t.lanes }

// Prepare implements inference.Task. A panic leaves the part, too.
func (t *watchedTask) Prepare(f *camera.Frame, in *inference.Input) error {
	t.vigil.enter(partPrepare)
	defer t.vigil.leave(partPrepare)
	return t.Task.Prepare(f, in)
}

// Run implements inference.Task.
func (t *watchedTask) Run(f *camera.Frame, in *inference.Input, out *inference.Result) error {
	t.vigil.enter(partLanes)
	defer t.vigil.leave(partLanes)
	return t.Task.Run(f, in, out)
}

// Infer implements inference.Parallel.
func (t *watchedTask) Infer(lane int, f *camera.Frame, out *inference.Result) error {
	t.vigil.enter(partLanes + part(lane))
	defer t.vigil.leave(partLanes + part(lane))
	return t.Task.(inference.Parallel).Infer(lane, f, out)
}

// Finish implements inference.Parallel.
func (t *watchedTask) Finish(f *camera.Frame, out *inference.Result) error {
	t.vigil.enter(partFinish)
	defer t.vigil.leave(partFinish)
	return t.Task.(inference.Parallel).Finish(f, out)
}

// silentWithin is how long a source may give nothing, beside the time between
// its pictures; cameras watch over themselves, and are as patient. The end of it
// is waited for in two parts: where the whole machine stood still, the first is
// over at once, and pictures come in the second.
const (
	silentWithin = 3500 * time.Millisecond
	silentGrace  = 500 * time.Millisecond
)

// silence ends the reading of a source that gives nothing and does not say why,
// as a program that decodes a film and hangs.
type silence struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
	late   atomic.Bool // the first part is over
}

func newSilence(ctx context.Context, source camera.Info) *silence {
	s := &silence{limit: silentWithin}
	if source.FPS > 0 {
		s.limit += time.Duration(2 * float64(time.Second) / source.FPS)
	}
	if source.Live() {
		s.limit += time.Second // its own words say more
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.timer = time.AfterFunc(s.limit, func() {
		if !s.late.Swap(true) {
			s.timer.Reset(silentGrace)
			return
		}
		s.cancel(camera.Faultf("%s: %w for %v: choose another source, or restart the device", source.Name, camera.ErrStalled, (s.limit + silentGrace).Round(time.Second)))
	})
	s.timer.Stop()
	return s
}

// listen begins to wait for a picture, heard ends it.
func (s *silence) listen() { s.late.Store(false); s.timer.Reset(s.limit) }
func (s *silence) heard()  { s.timer.Stop() }

func (s *silence) end() {
	s.timer.Stop()
	s.cancel(nil)
}
