package probe

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// until waits until so many wait for the trial of the key.
func (s *Shared[T]) until(key string, wanted int) {
	for {
		s.mu.Lock()
		t := s.of[key]
		enough := t != nil && t.wanted >= wanted
		s.mu.Unlock()
		if enough {
			return
		}
		runtime.Gosched()
	}
}

// Who asks at the same time shares one trial, also when the first of them goes;
// whoever asks later is told from memory.
func TestShared(t *testing.T) {
	const askers = 20
	var s Shared[int]
	var runs atomic.Int32
	finish := make(chan struct{})
	run := func(ctx context.Context) int {
		runs.Add(1)
		<-finish
		if ctx.Err() != nil {
			return -1
		}
		return 42
	}
	first, leave := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		if _, err := s.Do(first, "a", run); !errors.Is(err, context.Canceled) {
			t.Errorf("who has left is told %v", err)
		}
	})
	s.until("a", 1)
	for range askers {
		asking.Go(func() {
			if got, err := s.Do(t.Context(), "a", run); got != 42 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
	s.until("a", 1+askers)
	leave()
	// Neither what is known nor other trials wait for one that goes on.
	if got := s.Results(); len(got) != 0 {
		t.Errorf("results before there are any: %v", got)
	}
	if got, err := s.Do(t.Context(), "b", func(context.Context) int { return 7 }); got != 7 || err != nil {
		t.Errorf("another: %d, %v", got, err)
	}
	close(finish)
	asking.Wait()
	if got, err := s.Do(t.Context(), "a", run); got != 42 || err != nil || runs.Load() != 1 {
		t.Errorf("afterwards %d, %v, after %d runs", got, err, runs.Load())
	}
	if got := slices.Sorted(slices.Values(s.Results())); !slices.Equal(got, []int{7, 42}) {
		t.Errorf("remembered %v", got)
	}
	s.Forget()
	if s.Do(t.Context(), "a", run); runs.Load() != 2 || len(s.Results()) != 1 {
		t.Errorf("%d runs after it was forgotten, %d known", runs.Load(), len(s.Results()))
	}
}

// A trial that nobody waits for any more is ended, and is not remembered.
func TestSharedEnds(t *testing.T) {
	for name, askers := range map[string]int{"one": 1, "several": 3} {
		t.Run(name, func(t *testing.T) {
			var s Shared[int]
			ended := make(chan struct{})
			run := func(ctx context.Context) int { <-ctx.Done(); close(ended); return -1 }
			ctx, cancel := context.WithCancel(t.Context())
			var asking sync.WaitGroup
			for range askers {
				asking.Go(func() {
					if _, err := s.Do(ctx, "a", run); !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				})
			}
			s.until("a", askers)
			cancel()
			asking.Wait()
			<-ended
			if got, err := s.Do(t.Context(), "a", func(context.Context) int { return 1 }); got != 1 || err != nil {
				t.Errorf("the next is told %d, %v", got, err)
			}
		})
	}
}

// Who forgets while a trial goes on neither waits for it nor keeps its result.
func TestSharedForgets(t *testing.T) {
	var s Shared[int]
	finish := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		if got, err := s.Do(t.Context(), "a", func(context.Context) int { <-finish; return 1 }); got != 1 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	})
	s.until("a", 1)
	s.Forget()
	if got, err := s.Do(t.Context(), "a", func(context.Context) int { return 2 }); got != 2 || err != nil {
		t.Errorf("after it was forgotten: %d, %v", got, err)
	}
	close(finish)
	asking.Wait()
	if got := s.Results(); !slices.Equal(got, []int{2}) {
		t.Errorf("remembered %v", got)
	}
}
