package device

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// synchronized is touched by systemd's timesyncd each time it has set the clock,
// at most every 34 minutes while it reaches a server.
var synchronized = "/run/systemd/timesync/synchronized"

// ClockSet reports whether something that knows the time has set the clock, as
// a time server has. The kernel says so, but not to a service whose ProtectClock=
// keeps it from asking; timesyncd's file can be read there too.
func ClockSet() bool {
	var now unix.Timex
	if _, err := unix.Adjtimex(&now); err == nil && now.Status&unix.STA_UNSYNC == 0 {
		return true
	}
	info, err := os.Stat(synchronized)
	// A clock that leapt since is not the one that was set.
	return err == nil && time.Since(info.ModTime().Round(0)).Abs() < dayOfTrust
}

// Limits of what is believed of a clock that no time server sets.
const (
	dayOfTrust = 24 * time.Hour     // running without a leap, after which it is believed
	leapLeast  = time.Hour          // by which it differs from the monotonic clock
	offMost    = 3 * 24 * time.Hour // switched off, for which the time before still counts
)

// madeIn is before any device ran this program: a clock that shows less has lost
// the time.
var madeIn = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Clock tells whether the time of day can be believed. Its methods may be called
// from any goroutine. The zero value counts from its first use.
type Clock struct {
	mu     sync.Mutex
	began  bool
	wall   time.Time     // when the count began
	up     time.Duration // the monotonic clock then
	before time.Duration // running without a leap before that
}

// Steady is what a Clock has counted, to go on after a restart.
type Steady struct {
	Seen time.Time     `json:"seen"`
	Ran  time.Duration `json:"ran"` // without a leap until then, nanoseconds
}

// Resume goes on with what was counted before a restart, unless the clock went
// back over it, or so far on that it may have leapt.
func (c *Clock) Resume(was Steady, wall time.Time, up time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(wall, up)
	if off := c.wall.Sub(was.Seen); off >= 0 && off < offMost {
		c.before = min(max(was.Ran, 0), dayOfTrust)
	}
}

// begin counts from now on. The lock is held.
func (c *Clock) begin(wall time.Time, up time.Duration) {
	c.began, c.wall, c.up, c.before = true, wall.Round(0), up, 0
}

// Look compares the time of day with the monotonic clock: where they have come more
// than an hour apart since counting began, it leapt, and counting begins anew.
func (c *Clock) Look(wall time.Time, up time.Duration) Steady {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall = wall.Round(0)
	if ran := up - c.up; !c.began || (wall.Sub(c.wall)-ran).Abs() > leapLeast {
		c.begin(wall, up)
	}
	return Steady{wall, c.before + up - c.up}
}

// Sure reports whether the time of day can be believed: it was set by who knows
// it, or has gone on for a day of running without a leap.
func (c *Clock) Sure(wall time.Time, up time.Duration, set bool) bool {
	steady := c.Look(wall, up)
	return !wall.Before(madeIn) && (set || steady.Ran > dayOfTrust)
}
