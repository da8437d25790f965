package app

import (
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// pinCost makes a try take about a quarter of a second on the device, so that
// somebody who has the settings file cannot try all short numbers at once.
const pinCost = 11

// hashPIN is what is kept of a PIN.
func hashPIN(pin string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(pin), pinCost)
	return string(hash), err
}

// lockout slows down who tries PINs at the screen. Any goroutine.
type lockout struct {
	mu     sync.Mutex
	failed int
	until  time.Time
}

// Tries that are free, and the longest time to wait for one more.
const (
	freeTries   = 5
	longestWait = 5 * time.Minute
)

// wait is how long no PIN is taken yet.
func (l *lockout) wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.until.Sub(now))
}

// check compares a PIN with the hash, and notes how that went.
func (l *lockout) check(pin, hash string, now time.Time) bool {
	right := bcrypt.CompareHashAndPassword([]byte(hash), []byte(pin)) == nil
	l.mu.Lock()
	defer l.mu.Unlock()
	if right {
		l.failed, l.until = 0, time.Time{}
		return true
	}
	if l.failed++; l.failed >= freeTries {
		l.until = now.Add(min(10*time.Second<<min(l.failed-freeTries, 10), longestWait))
	}
	return false
}
