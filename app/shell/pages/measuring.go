package pages

import (
	"context"
	"sync"
)

// Measuring lets one thing at a time be measured, with no demo beside it.
type Measuring struct {
	mu   sync.Mutex
	what string       // title of what is measured; "" for nothing
	last *measurement // nil for none
}

// measurement is the measuring of networks or demos.
type measurement struct {
	ctx    context.Context
	stop   context.CancelFunc
	before <-chan struct{} // closed when the session that ran has ended; nil for none
	ended  chan struct{}   // closed by who measures
}

// claim ends what runs and returns what the caller measures as; nil where
// something is being measured.
func (m *Measuring) claim(ctx context.Context, demos Demos) *measurement {
	m.mu.Lock()
	if m.what != "" {
		m.mu.Unlock()
		return nil
	}
	m.what = "…"
	m.mu.Unlock()
	now := &measurement{before: demos.End(), ended: make(chan struct{})}
	now.ctx, now.stop = context.WithCancel(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = now
	return now
}

// now is the title of what is measured, "" for nothing.
func (m *Measuring) now() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.what
}

// set says what is measured, "" for nothing.
func (m *Measuring) set(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.what = what
}

// GiveWay ends what is being measured, and returns when it has ended.
func (m *Measuring) GiveWay() {
	m.mu.Lock()
	last := m.last
	m.mu.Unlock()
	if last != nil {
		last.giveWay()
	}
}

// alone waits for the session that ran.
func (m *measurement) alone() {
	if m.before == nil {
		return
	}
	select {
	case <-m.before:
	case <-m.ctx.Done():
	}
}

// giveWay ends the measuring and returns when it has ended.
func (m *measurement) giveWay() {
	m.stop()
	<-m.ended
}
