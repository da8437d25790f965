package ui

import (
	"sync"

	"reterminal-vision/inference"
)

// results hands the newest result to the UI goroutine without allocating.
type results struct {
	mu    sync.Mutex
	next  *inference.Result // under mu
	fresh bool              // under mu

	shown *inference.Result // UI goroutine
}

func newResults() results {
	return results{next: &inference.Result{}, shown: &inference.Result{}}
}

// put takes a copy of r. Any goroutine.
func (s *results) put(r *inference.Result) {
	s.mu.Lock()
	s.next.CopyFrom(r)
	s.fresh = true
	s.mu.Unlock()
}

// take makes the newest result the one shown and tells whether it is another.
func (s *results) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fresh {
		return false
	}
	s.next, s.shown, s.fresh = s.shown, s.next, false
	return true
}

// clear forgets what was found.
func (s *results) clear() {
	s.mu.Lock()
	s.fresh = false
	s.mu.Unlock()
	s.shown.Reset()
	s.shown.Mask = nil
}
