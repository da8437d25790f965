package pipeline

import "time"

// Rate counts events a second over a sliding window.
type Rate struct {
	at   [256]time.Time
	n    int // events ever
	span time.Duration
}

// NewRate makes a rate over a window so long.
func NewRate(span time.Duration) *Rate { return &Rate{span: span} }

// add notes one event.
func (r *Rate) add(now time.Time) {
	r.at[r.n%len(r.at)] = now
	r.n++
}

// perSecond is the rate over the window that ends now: the events in it after
// the first, over the time since the first. 0 until there are two.
func (r *Rate) perSecond(now time.Time) float64 {
	kept := min(r.n, len(r.at))
	for i := kept; i > 1; i-- {
		first := r.at[(r.n-i)%len(r.at)]
		if age := now.Sub(first); age <= r.span && age > 0 {
			return float64(i-1) / age.Seconds()
		}
	}
	return 0
}
