package inference

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"reterminal-vision/camera/frame"
)

// Worker keeps a task busy with the newest frames. One goroutine prepares a
// frame while another has the one before in the network; a task with replicas has
// a goroutine for each, which does both. Before them, and between the two,
// waits at most one frame. A newer frame takes the place of a waiting one,
// which is counted as dropped. Results come in the order of their frames.
type Worker struct {
	task     Task
	replicas []replica
	onResult func(*Result)
	onError  func(error)

	mu      sync.Mutex
	changed sync.Cond
	pending *frame.Frame // waiting to be prepared
	ready   *job         // prepared, waiting for the network; not with replicas
	free    []*job
	jobs    int
	patient bool // the feeder waits for room, so nothing may be dropped
	stopped bool
	dropped uint64
	ticket  uint64 // of the next frame for a network
	turn    uint64 // ticket of the frame whose result is next
}

// replica is one interpreter of the network: infer does what frames share nothing
// in, finish the rest, for one frame after the other.
type replica struct {
	next   func() (*job, uint64) // and its ticket; the job is nil when the worker stops
	infer  func(*job, *Result) error
	finish func(*frame.Frame, *Result) error
}

// replicasOf are the interpreters of a task.
func (w *Worker) replicasOf(task Task) (replicas []replica) {
	p, ok := task.(Replicated)
	if !ok || p.Replicas() < 2 {
		return []replica{{
			next: w.nextReady,
			infer: func(j *job, out *Result) error {
				out.Timing.Preprocess = j.prepare
				return task.Run(j.frame, j.input, out)
			},
			finish: func(*frame.Frame, *Result) error { return nil },
		}}
	}
	for i := range p.Replicas() {
		replicas = append(replicas, replica{next: w.nextPending, finish: p.Finish, infer: func(j *job, out *Result) error {
			return p.Infer(i, j.frame, out)
		}})
	}
	return replicas
}

// job is a frame on its way with its prepared input, which replicas do without.
type job struct {
	frame   *frame.Frame
	input   *Input
	prepare time.Duration
}

// NewWorker makes a worker for task, which it does not close. onResult gets
// each result on the worker's goroutine and must not keep it; onError gets
// what went wrong with a single frame, after which the work goes on.
func NewWorker(task Task, onResult func(*Result), onError func(error)) *Worker {
	w := &Worker{task: task, onResult: onResult, onError: onError}
	w.changed.L = &w.mu
	w.replicas = w.replicasOf(task)
	if w.jobs = len(w.replicas); w.jobs > 1 {
		for range w.jobs {
			w.free = append(w.free, &job{})
		}
		return w
	}
	w.jobs = 3 // in the network, ready, being prepared
	for range w.jobs {
		w.free = append(w.free, &job{input: task.NewInput()})
	}
	return w
}

// Run works until ctx ends, and returns when all its goroutines have.
func (w *Worker) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		w.stopped = true
		w.changed.Broadcast()
		w.mu.Unlock()
	})
	defer stop()
	var working sync.WaitGroup
	if len(w.replicas) == 1 {
		working.Go(w.prepareFrames)
	}
	for _, l := range w.replicas[1:] {
		working.Go(func() { w.inferFrames(l) })
	}
	w.inferFrames(w.replicas[0])
	working.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(&w.pending)
	if w.ready != nil {
		w.drop(&w.ready.frame)
	}
}

// Offer hands over a frame and returns at once; the worker holds it as long
// as it needs. A frame that still waits from before is dropped.
func (w *Worker) Offer(f *frame.Frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.patient = false
	w.drop(&w.pending)
	w.take(f)
}

// Put hands over a frame once there is room for it, so that every frame is
// worked on. It returns the context's error when ctx ends first.
func (w *Worker) Put(ctx context.Context, f *frame.Frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.patient = true
	for w.pending != nil && !w.stopped && ctx.Err() == nil {
		w.changed.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if w.stopped {
		return context.Canceled
	}
	w.take(f)
	return nil
}

// Drain waits until every frame handed over has come out as a result.
func (w *Worker) Drain(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.stopped && ctx.Err() == nil && !(w.pending == nil && w.ready == nil && len(w.free) == w.jobs) {
		w.changed.Wait()
	}
}

// Dropped is the number of frames that a newer one replaced.
func (w *Worker) Dropped() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// take accepts f as the waiting frame; the lock is held.
func (w *Worker) take(f *frame.Frame) {
	if w.stopped {
		return
	}
	w.pending = f.Retain()
	w.changed.Broadcast()
}

// drop releases a waiting frame, if there is one; the lock is held.
func (w *Worker) drop(f **frame.Frame) {
	if *f == nil {
		return
	}
	(*f).Release()
	*f = nil
	w.dropped++
}

func (w *Worker) prepareFrames() {
	for {
		j, _ := w.nextPending()
		if j == nil {
			return
		}
		start := time.Now()
		err := guard(func() error { return w.task.Prepare(j.frame, j.input) })
		j.prepare = time.Since(start)
		if err != nil {
			w.onError(fmt.Errorf("preparing frame %d: %w", j.frame.Sequence, err))
			w.recycle(j)
			continue
		}
		if !w.offerReady(j) {
			return
		}
	}
}

// nextPending waits for a frame and, with replicas, gives it its place in the
// order of results; the job is nil when the worker stops.
func (w *Worker) nextPending() (*job, uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.pending == nil && !w.stopped {
		w.changed.Wait()
	}
	if w.stopped {
		return nil, 0
	}
	j := w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	j.frame, w.pending = w.pending, nil
	ticket := w.ticket
	if len(w.replicas) > 1 {
		w.ticket++
	}
	w.changed.Broadcast()
	return j, ticket
}

// offerReady puts a prepared job in front of the network, in place of one that
// still waits there; a patient worker waits instead.
func (w *Worker) offerReady(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.patient && w.ready != nil && !w.stopped {
		w.changed.Wait()
	}
	if w.ready != nil {
		w.drop(&w.ready.frame)
		w.free = append(w.free, w.ready)
	}
	w.ready = j
	w.changed.Broadcast()
	return !w.stopped
}

// recycle gives a job's frame and buffers back.
func (w *Worker) recycle(j *job) {
	j.frame.Release()
	j.frame = nil
	w.mu.Lock()
	w.free = append(w.free, j)
	w.changed.Broadcast()
	w.mu.Unlock()
}

func (w *Worker) inferFrames(l replica) {
	// The kernel threads of the network follow their caller from core to core.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	result := &Result{}
	for {
		j, ticket := l.next()
		if j == nil {
			return
		}
		w.infer(l, j, ticket, result)
		w.recycle(j)
	}
}

// nextReady waits for a prepared job and gives it its place in the order of
// results; the job is nil when the worker stops.
func (w *Worker) nextReady() (*job, uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.ready == nil && !w.stopped {
		w.changed.Wait()
	}
	if w.stopped {
		return nil, 0
	}
	j, ticket := w.ready, w.ticket
	w.ready = nil
	w.ticket++
	w.changed.Broadcast()
	return j, ticket
}

func (w *Worker) infer(l replica, j *job, ticket uint64, result *Result) {
	f := j.frame
	result.Reset()
	result.Sequence, result.Width, result.Height = f.Sequence, f.Width, f.Height
	result.Timestamp, result.Captured = f.Timestamp, f.Captured
	err := guard(func() error { return l.infer(j, result) })
	// Every ticket has its turn, whatever became of its frame.
	w.await(ticket)
	defer w.next()
	if err == nil {
		err = guard(func() error { return l.finish(f, result) })
	}
	if err != nil {
		w.onError(fmt.Errorf("frame %d: %w", f.Sequence, err))
		return
	}
	result.Timing.Latency = time.Since(f.Captured)
	result.Dropped = w.Dropped()
	w.onResult(result)
}

// await returns when all frames before have had their results.
func (w *Worker) await(ticket uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.turn != ticket {
		w.changed.Wait()
	}
}

// next lets the frame after have its result.
func (w *Worker) next() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	w.changed.Broadcast()
}

// guard turns a panic of a task into an error: one bad frame or tensor must
// not take the app down.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	return f()
}
