// Package queue runs actions one at a time in the background, in the order in
// which they were posted.
//
// In: functions, from any goroutine. Out: the same functions, called on one
// goroutine that Close ends. It imports nothing of this project; app may
// import it.
package queue

import "sync"

// Queue holds the actions that wait. Commands are never dropped and never wait
// for room; a refresh that is posted while the same one waits is left out.
type Queue struct {
	mu     sync.Mutex
	filled sync.Cond // signalled by an action, and by Close
	waits  []action
	merged map[any]bool // refreshes among them
	closed bool
	ended  chan struct{} // closed when the last action is over
}

// action is a command, or the refresh that its key names.
type action struct {
	do  func()
	key any // nil for a command
}

// New makes a queue; its goroutine runs until Close.
func New() *Queue {
	q := &Queue{merged: map[any]bool{}, ended: make(chan struct{})}
	q.filled.L = &q.mu
	go q.run()
	return q
}

// Command posts an action. It returns at once, and does nothing after Close.
func (q *Queue) Command(do func()) { q.post(action{do: do}) }

// Refresh posts an action that is needed once for all times it was asked for
// before it begins. It returns at once, and does nothing after Close.
func (q *Queue) Refresh(key any, do func()) { q.post(action{do, key}) }

// Close returns when all that was posted is done. It may be called again, but
// not by an action.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.filled.Signal()
	q.mu.Unlock()
	<-q.ended
}

func (q *Queue) post(a action) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.merged[a.key] {
		return
	}
	if a.key != nil {
		q.merged[a.key] = true
	}
	q.waits = append(q.waits, a)
	q.filled.Signal()
}

func (q *Queue) run() {
	defer close(q.ended)
	for do := q.next(); do != nil; do = q.next() {
		do()
	}
}

// next waits for an action; nil when the queue is closed and empty. A refresh
// that is asked for while it runs may be too late for that one, so it runs again.
func (q *Queue) next() func() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waits) == 0 {
		if q.closed {
			return nil
		}
		q.filled.Wait()
	}
	a := q.waits[0]
	q.waits[0] = action{} // what it holds is free once it is done
	q.waits = q.waits[1:]
	delete(q.merged, a.key)
	return a.do
}
