package probe

import (
	"context"
	"sync"
)

// Shared has those who want the same trial at the same time share one, and
// remembers how it ended. The zero value remembers nothing.
type Shared[T any] struct {
	mu sync.Mutex // never held while a trial goes on
	of map[string]*one[T]
}

// one is a trial that goes on or is over.
type one[T any] struct {
	cancel context.CancelFunc
	wanted int           // by so many
	done   chan struct{} // closed when there is a result
	result T
}

// Do returns the result of the key's trial, which it runs when none is known or
// goes on. The trial's context ends when nobody waits for it any more. The error
// is that of ctx, when it ends first.
func (s *Shared[T]) Do(ctx context.Context, key string, run func(context.Context) T) (T, error) {
	t := s.join(ctx, key, run)
	select {
	case <-t.done:
		return t.result, nil
	case <-ctx.Done():
		s.leave(key, t)
		var none T
		return none, context.Cause(ctx)
	}
}

func (s *Shared[T]) join(ctx context.Context, key string, run func(context.Context) T) *one[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.of[key]
	if t == nil {
		t = &one[T]{done: make(chan struct{})}
		ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if s.of == nil {
			s.of = map[string]*one[T]{}
		}
		s.of[key] = t
		go func() {
			defer close(t.done)
			defer t.cancel()
			t.result = run(ctx)
		}()
	}
	t.wanted++
	return t
}

// leave ends a trial that nobody waits for any more; the next who wants it gets
// one of its own.
func (s *Shared[T]) leave(key string, t *one[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.wanted--; t.wanted > 0 || t.over() {
		return
	}
	t.cancel()
	if s.of[key] == t {
		delete(s.of, key)
	}
}

// over tells whether there is a result.
func (t *one[T]) over() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// Results are those of the trials that are over, in no order.
func (s *Shared[T]) Results() (list []T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.of {
		if t.over() {
			list = append(list, t.result)
		}
	}
	return list
}

// Forget lets every trial be run again. What one that goes on gives is for those
// who wait for it only.
func (s *Shared[T]) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.of)
}
