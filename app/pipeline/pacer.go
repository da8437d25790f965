package pipeline

import (
	"context"
	"time"

	"reterminal-vision/camera/frame"
)

// pacer paces frames that are there already, as a camera paces its own.
type pacer struct {
	every time.Duration
	next  time.Time
	timer *time.Timer
}

// wait sleeps until the next beat, at which f counts as captured; false when
// ctx ends first.
func (m *pacer) wait(ctx context.Context, f *frame.Frame) bool {
	now := time.Now()
	if m.next.IsZero() || now.Sub(m.next) > m.every {
		m.next = now
	}
	if d := m.next.Sub(now); d > 0 {
		if m.timer == nil {
			m.timer = time.NewTimer(d)
		} else {
			m.timer.Reset(d)
		}
		select {
		case <-m.timer.C:
		case <-ctx.Done():
			m.timer.Stop()
			return false
		}
	}
	m.next = m.next.Add(m.every)
	f.Captured = time.Now()
	return ctx.Err() == nil
}
