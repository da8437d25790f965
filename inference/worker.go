package inference

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"reterminal-vision/camera"
)

// Worker keeps a task busy with the newest frames. One goroutine prepares a
// frame while another has the one before in the network; between them, and
// before them, waits at most one frame. A newer frame takes the place of a
// waiting one, which is counted as dropped.
type Worker struct {
	task     Task
	onResult func(*Result)
	onError  func(error)

	mu      sync.Mutex
	changed sync.Cond
	pending *camera.Frame // waiting to be prepared
	ready   *job          // prepared, waiting for the network
	free    []*job
	patient bool // the feeder waits for room, so nothing may be dropped
	stopped bool
	dropped uint64
	idle    bool // the network waits for a frame
}

// job is a frame on its way with its prepared input.
type job struct {
	frame   *camera.Frame
	input   *Input
	prepare time.Duration
}

// NewWorker makes a worker for task, which it does not close. onResult gets
// each result on the worker's goroutine and must not keep it; onError gets
// what went wrong with a single frame, after which the work goes on.
func NewWorker(task Task, onResult func(*Result), onError func(error)) *Worker {
	w := &Worker{task: task, onResult: onResult, onError: onError}
	w.changed.L = &w.mu
	// One job in the network, one ready, one being prepared.
	for range 3 {
		w.free = append(w.free, &job{input: task.NewInput()})
	}
	return w
}

// Run works until ctx ends, and returns when both its goroutines have.
func (w *Worker) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		w.stopped = true
		w.changed.Broadcast()
		w.mu.Unlock()
	})
	defer stop()
	var preparing sync.WaitGroup
	preparing.Go(w.prepareFrames)
	w.inferFrames()
	preparing.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(&w.pending)
	if w.ready != nil {
		w.drop(&w.ready.frame)
	}
}

// Offer hands over a frame and returns at once; the worker holds it as long
// as it needs. A frame that still waits from before is dropped.
func (w *Worker) Offer(f *camera.Frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.patient = false
	w.drop(&w.pending)
	w.take(f)
}

// Put hands over a frame once there is room for it, so that every frame is
// worked on. It returns the context's error when ctx ends first.
func (w *Worker) Put(ctx context.Context, f *camera.Frame) error {
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
	for !w.stopped && ctx.Err() == nil && !(w.idle && w.pending == nil && w.ready == nil && len(w.free) == 3) {
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
func (w *Worker) take(f *camera.Frame) {
	if w.stopped {
		return
	}
	w.pending = f.Retain()
	w.changed.Broadcast()
}

// drop releases a waiting frame, if there is one; the lock is held.
func (w *Worker) drop(f **camera.Frame) {
	if *f == nil {
		return
	}
	(*f).Release()
	*f = nil
	w.dropped++
}

func (w *Worker) prepareFrames() {
	for {
		j := w.nextPending()
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

// nextPending waits for a frame; nil when the worker stops.
func (w *Worker) nextPending() *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.pending == nil && !w.stopped {
		w.changed.Wait()
	}
	if w.stopped {
		return nil
	}
	j := w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	j.frame, w.pending = w.pending, nil
	w.changed.Broadcast()
	return j
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

func (w *Worker) inferFrames() {
	// The kernel threads of the network follow their caller from core to core.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	result := &Result{}
	for {
		j := w.nextReady()
		if j == nil {
			return
		}
		w.infer(j, result)
		w.recycle(j)
	}
}

// nextReady waits for a prepared job; nil when the worker stops.
func (w *Worker) nextReady() *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.ready == nil && !w.stopped {
		w.idle = true
		w.changed.Broadcast()
		w.changed.Wait()
	}
	w.idle = false
	if w.stopped {
		return nil
	}
	j := w.ready
	w.ready = nil
	w.changed.Broadcast()
	return j
}

func (w *Worker) infer(j *job, result *Result) {
	f := j.frame
	result.Reset()
	result.Sequence, result.Width, result.Height = f.Sequence, f.Width, f.Height
	result.Timestamp, result.Captured = f.Timestamp, f.Captured
	result.Timing.Preprocess = j.prepare
	if err := guard(func() error { return w.task.Run(f, j.input, result) }); err != nil {
		w.onError(fmt.Errorf("frame %d: %w", f.Sequence, err))
		return
	}
	result.Timing.Latency = time.Since(f.Captured)
	result.Dropped = w.Dropped()
	w.onResult(result)
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
