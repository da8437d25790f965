// Package pin keeps a PIN as a hash, and slows down who tries many.
//
// In: digits that were typed. Out: whether they are right, and how long one has
// to wait. It imports app/preferences, which keeps the count; the shell and its
// pages may import it.
package pin

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"reterminal-vision/app/preferences"
	"reterminal-vision/app/settings"
)

// pinCost makes a try take about a quarter of a second on the device, so that
// somebody who has the settings file cannot try all short numbers at once.
const pinCost = 11

// Hash is what is kept of a PIN.
func Hash(pin string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(pin), pinCost)
	return string(hash), err
}

// Lockout slows down who tries PINs at the screen; switching the device off and
// on does not help. Any goroutine.
type Lockout struct {
	prefs *preferences.Store

	mu     sync.Mutex
	failed int // since the right one
	until  time.Time
}

// Tries that are free, and the longest time to wait for one more.
const (
	freeTries   = 5
	LongestWait = 5 * time.Minute
)

// NewLockout goes on where the app ended before. The clock may not be trusted
// after that, so that one waits anew.
func NewLockout(p *preferences.Store, now time.Time) *Lockout {
	l := &Lockout{prefs: p, failed: max(0, p.Get().WrongPINs)}
	l.until = now.Add(waitAfter(l.failed))
	return l
}

// waitAfter is how long no PIN is taken after so many wrong ones.
func waitAfter(failed int) time.Duration {
	if failed < freeTries {
		return 0
	}
	return min(10*time.Second<<min(failed-freeTries, 10), LongestWait)
}

// Wait is how long no PIN is taken yet.
func (l *Lockout) Wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.until.Sub(now))
}

// Check compares a PIN with the hash, and notes how that went. It counts as
// wrong, on the disk too, until it is known to be right. It takes a while.
func (l *Lockout) Check(pin, hash string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.After(now) {
		return false
	}
	l.note(l.failed+1, now)
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(pin)) != nil {
		return false
	}
	l.note(0, now)
	return true
}

// note keeps how many PINs were wrong. The lock is held.
func (l *Lockout) note(failed int, now time.Time) {
	l.failed, l.until = failed, now.Add(waitAfter(failed))
	if err := l.prefs.Change(func(s *settings.Settings) { s.WrongPINs = failed }); err != nil {
		slog.Error("wrong PINs are not counted beyond a restart", "error", err)
		if failed > 0 {
			l.until = now.Add(LongestWait) // or pulling the plug would give tries back
		}
	}
}
