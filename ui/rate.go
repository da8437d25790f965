package ui

import (
	"sync"
	"time"
)

// rate counts events over the last two seconds. Any goroutine.
type rate struct {
	mu   sync.Mutex
	at   [256]time.Time // a ring
	next int
}

const rateWindow = 2 * time.Second

func (r *rate) add() {
	r.mu.Lock()
	r.at[r.next%len(r.at)] = time.Now()
	r.next++
	r.mu.Unlock()
}

func (r *rate) reset() {
	r.mu.Lock()
	r.next = 0
	r.mu.Unlock()
}

// perSecond is the rate up to now; 0 before there were two events.
func (r *rate) perSecond(now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var newest, oldest time.Time
	n := 0
	for i := r.next - 1; i >= max(0, r.next-len(r.at)); i-- {
		t := r.at[i%len(r.at)]
		if now.Sub(t) > rateWindow {
			break
		}
		if n == 0 {
			newest = t
		}
		oldest = t
		n++
	}
	if n < 2 || newest.Equal(oldest) {
		return 0
	}
	return float64(n-1) / newest.Sub(oldest).Seconds()
}
