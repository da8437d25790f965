package pin

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/preferences"
)

// Wrong PINs soon cost time, ever more of it; the right one ends that.
func TestLockout(t *testing.T) {
	hash, err := Hash("2580")
	if err != nil || strings.Contains(hash, "2580") {
		t.Fatal(hash, err)
	}
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	now := time.Now()
	l := NewLockout(preferences.Load(), now)
	for i := range freeTries {
		if l.Wait(now) > 0 {
			t.Fatalf("try %d has to wait", i)
		}
		if l.Check("0000", hash, now) {
			t.Fatal("a wrong PIN unlocks")
		}
	}
	first := l.Wait(now)
	if first < 5*time.Second {
		t.Errorf("after %d wrong PINs one waits %v", freeTries, first)
	}
	now = now.Add(first)
	l.Check("1111", hash, now)
	if second := l.Wait(now); second <= first || second > LongestWait {
		t.Errorf("then %v", second)
	}
	// Switched off and on, it makes one wait as long again, and no PIN is looked at meanwhile.
	again := NewLockout(preferences.Load(), now)
	if got := again.Wait(now); got != l.Wait(now) || again.Check("2580", hash, now) {
		t.Errorf("after a restart: %v", got)
	}
	now = now.Add(LongestWait)
	if !l.Check("2580", hash, now) || l.Wait(now) > 0 {
		t.Error("the right PIN does not unlock")
	}
	if again := NewLockout(preferences.Load(), now); again.Wait(now) > 0 || again.failed != 0 {
		t.Errorf("after the right one and a restart: %d wrong", again.failed)
	}
}
