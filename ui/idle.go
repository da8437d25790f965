package ui

import "time"

// idle tells when nobody has touched the screen for a while. UI goroutine.
type idle struct {
	after   time.Duration // 0 for never
	touched time.Time
	told    bool
	tell    func()
}

// touch is a finger on the screen.
func (i *idle) touch(now time.Time) { i.touched, i.told = now, false }

func (i *idle) tick(now time.Time) {
	if i.touched.IsZero() {
		i.touched = now
	}
	if i.after <= 0 || i.told || now.Sub(i.touched) < i.after {
		return
	}
	i.told = true
	i.tell()
}

// awayAfter is how long a person may leave the screen alone before Options.Away
// is told, whatever SetIdle says; leftFor how long what takes a PIN has to be out
// of sight before Options.Left is: one page may close before the next opens.
const (
	awayAfter = 2 * time.Minute
	leftFor   = time.Second
)

// leaving tells when screens that visitors may not reach were shown and are not
// any more. UI goroutine.
type leaving struct {
	inside bool
	since  time.Time // out of sight
	tell   func()
}

func (l *leaving) tick(now time.Time, inside bool) {
	switch {
	case inside:
		l.inside, l.since = true, time.Time{}
	case l.inside && l.since.IsZero():
		l.since = now
	case l.inside && now.Sub(l.since) >= leftFor:
		l.inside = false
		l.tell()
	}
}
