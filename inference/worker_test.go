package inference

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
)

// fakeTask stands for a network: Run waits for leave to finish.
type fakeTask struct {
	gate     chan struct{} // nil: never waits
	prepared atomic.Int64
	fail     func(seq uint64) error
}

func (t *fakeTask) NewInput() *Input { return &Input{Data: make([]byte, 8)} }

func (t *fakeTask) Prepare(f *frame.Frame, in *Input) error {
	in.Data[0] = byte(f.Sequence)
	t.prepared.Add(1)
	return nil
}

func (t *fakeTask) Run(f *frame.Frame, in *Input, out *Result) error {
	if in.Data[0] != byte(f.Sequence) {
		return errors.New("the input belongs to another frame")
	}
	if t.gate != nil {
		<-t.gate
	}
	if t.fail != nil {
		return t.fail(f.Sequence)
	}
	return nil
}

func (t *fakeTask) Close() error { return nil }

// collected gathers a worker's output.
type collected struct {
	mu      sync.Mutex
	seqs    []uint64
	errs    []error
	dropped uint64
}

func (c *collected) result(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seqs, c.dropped = append(c.seqs, r.Sequence), r.Dropped
}

func (c *collected) error(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

func (c *collected) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seqs)
}

// startWorker runs a worker until the returned function is called, and checks
// that no goroutine and no frame stays behind.
func startWorker(t *testing.T, task Task, c *collected) (w *Worker, next func() *frame.Frame, end func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	w = NewWorker(task, c.result, c.error)
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	pool, seq := &frame.Pool{}, uint64(0)
	next = func() *frame.Frame {
		f := pool.Get(frame.Grey, 4, 4)
		f.Sequence, f.Captured = seq, time.Now()
		seq++
		return f
	}
	return w, next, func() {
		cancel()
		<-done
		waitFor(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
		if n := pool.Idle(); n != pool.Made() {
			t.Errorf("%d of %d frames came back", n, pool.Made())
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestWorkerKeepsTheNewest(t *testing.T) {
	task, c := &fakeTask{gate: make(chan struct{})}, &collected{}
	w, next, end := startWorker(t, task, c)
	offer := func() {
		f := next()
		w.Offer(f)
		f.Release()
	}
	offer()
	waitFor(t, "the first frame to be prepared", func() bool { return task.prepared.Load() == 1 })
	waitFor(t, "the network to take it", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.ticket == 1 })
	for range 50 {
		offer()
	}
	waitFor(t, "the newest to be prepared", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.pending == nil && w.ready != nil && w.ready.frame.Sequence == 50
	})
	task.gate <- struct{}{}
	task.gate <- struct{}{}
	waitFor(t, "two results", func() bool { return c.count() == 2 })
	if c.seqs[0] != 0 || c.seqs[1] != 50 {
		t.Errorf("results of frames %v, want 0 and 50", c.seqs)
	}
	if w.Dropped() != 49 {
		t.Errorf("%d dropped, want 49", w.Dropped())
	}
	end()
}

func TestWorkerPutLosesNothing(t *testing.T) {
	c := &collected{}
	w, next, end := startWorker(t, &fakeTask{}, c)
	for range 500 {
		f := next()
		if err := w.Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		f.Release()
	}
	w.Drain(t.Context())
	if c.count() != 500 || w.Dropped() != 0 {
		t.Errorf("%d results, %d dropped; want 500, 0", c.count(), w.Dropped())
	}
	for i, s := range c.seqs {
		if s != uint64(i) {
			t.Fatalf("result %d is of frame %d", i, s)
		}
	}
	end()
}

func TestWorkerOutlivesBadFrames(t *testing.T) {
	c := &collected{}
	task := &fakeTask{fail: func(seq uint64) error {
		switch seq {
		case 1:
			return errors.New("bad frame")
		case 2:
			panic("worse frame")
		}
		return nil
	}}
	w, next, end := startWorker(t, task, c)
	for range 4 {
		f := next()
		if err := w.Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		f.Release()
	}
	w.Drain(t.Context())
	if c.count() != 2 || len(c.errs) != 2 {
		t.Errorf("%d results and %v; want 2 and 2 errors", c.count(), c.errs)
	}
	end()
}

func TestWorkerStopsInTheMiddle(t *testing.T) {
	task, c := &fakeTask{gate: make(chan struct{})}, &collected{}
	w, next, end := startWorker(t, task, c)
	blocked := make(chan error)
	go func() {
		for {
			f := next()
			err := w.Put(context.Background(), f)
			f.Release()
			if err != nil {
				blocked <- err
				return
			}
		}
	}()
	waitFor(t, "the pipeline to fill", func() bool { return task.prepared.Load() >= 2 })
	go func() {
		waitFor(t, "the stop", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.stopped })
		close(task.gate)
		<-blocked
	}()
	end()
}

// fakeLanes stands for several networks side by side, of which some frames take
// longer than others and some fail.
type fakeLanes struct {
	fakeTask
	busy     []atomic.Bool
	most     atomic.Int64 // frames at once
	now      atomic.Int64
	finished []uint64 // by Finish, which no two goroutines may be in
}

func (t *fakeLanes) Replicas() int { return len(t.busy) }

func (t *fakeLanes) Infer(replica int, f *frame.Frame, out *Result) error {
	if !t.busy[replica].CompareAndSwap(false, true) {
		return errors.New("two frames in one lane")
	}
	defer t.busy[replica].Store(false)
	n := t.now.Add(1)
	defer t.now.Add(-1)
	for most := t.most.Load(); n > most && !t.most.CompareAndSwap(most, n); most = t.most.Load() {
	}
	time.Sleep(time.Duration(f.Sequence*7919%5) * time.Millisecond)
	return t.fakeTask.Run(f, &Input{Data: []byte{byte(f.Sequence)}}, out)
}

func (t *fakeLanes) Finish(f *frame.Frame, out *Result) error {
	t.finished = append(t.finished, f.Sequence)
	return nil
}

// Lanes work side by side, and results come in the order of their frames.
func TestWorkerLanes(t *testing.T) {
	task, c := &fakeLanes{busy: make([]atomic.Bool, 3)}, &collected{}
	task.fail = func(seq uint64) error {
		if seq%10 == 3 {
			return errors.New("a bad frame")
		}
		return nil
	}
	w, next, end := startWorker(t, task, c)
	for range 60 {
		f := next()
		if err := w.Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		f.Release()
	}
	w.Drain(t.Context())
	end()
	if len(c.errs) != 6 || len(c.seqs) != 54 || c.dropped != 0 {
		t.Errorf("%d results, %d errors, %d dropped", len(c.seqs), len(c.errs), c.dropped)
	}
	for i := 1; i < len(c.seqs); i++ {
		if c.seqs[i] <= c.seqs[i-1] {
			t.Fatalf("results come as %v", c.seqs)
		}
	}
	for i := 1; i < len(task.finished); i++ {
		if task.finished[i] <= task.finished[i-1] {
			t.Fatalf("finished as %v", task.finished)
		}
	}
	if most := task.most.Load(); most < 2 {
		t.Errorf("at most %d frames were worked on at once", most)
	}
}
