package app

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

// hashPIN is what is kept of a PIN.
func hashPIN(pin string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(pin), pinCost)
	return string(hash), err
}

// lockout slows down who tries PINs at the screen; switching the device off and
// on does not help. Any goroutine.
type lockout struct {
	prefs *preferences.Store

	mu     sync.Mutex
	failed int // since the right one
	until  time.Time
}

// Tries that are free, and the longest time to wait for one more.
const (
	freeTries   = 5
	longestWait = 5 * time.Minute
)

// newLockout goes on where the app ended before. The clock may not be trusted
// after that, so that one waits anew.
func newLockout(p *preferences.Store, now time.Time) *lockout {
	l := &lockout{prefs: p, failed: max(0, p.Get().WrongPINs)}
	l.until = now.Add(waitAfter(l.failed))
	return l
}

// waitAfter is how long no PIN is taken after so many wrong ones.
func waitAfter(failed int) time.Duration {
	if failed < freeTries {
		return 0
	}
	return min(10*time.Second<<min(failed-freeTries, 10), longestWait)
}

// wait is how long no PIN is taken yet.
func (l *lockout) wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.until.Sub(now))
}

// check compares a PIN with the hash, and notes how that went. It counts as
// wrong, on the disk too, until it is known to be right. It takes a while.
func (l *lockout) check(pin, hash string, now time.Time) bool {
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
func (l *lockout) note(failed int, now time.Time) {
	l.failed, l.until = failed, now.Add(waitAfter(failed))
	if err := l.prefs.Change(func(s *settings.Settings) { s.WrongPINs = failed }); err != nil {
		slog.Error("wrong PINs are not counted beyond a restart", "error", err)
		if failed > 0 {
			l.until = now.Add(longestWait) // or pulling the plug would give tries back
		}
	}
}
