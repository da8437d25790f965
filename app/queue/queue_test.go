package queue

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Commands run in their order, whatever waits; refreshes run once for all that
// wait, in the place of the first.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name, posted, want string // capital letters are refreshes
	}{
		{"nothing", "", ""},
		{"commands", "a b c", "a b c"},
		{"the same command again", "a a a", "a a a"},
		{"a refresh", "A", "A"},
		{"a refresh again", "A A A", "A"},
		{"two refreshes", "A B A B", "A B"},
		{"commands between refreshes", "a A b A c A d", "a A b c d"},
		{"many", strings.TrimSpace(strings.Repeat("A b B ", 20)), "A b B" + strings.Repeat(" b", 19)},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := New()
			var ran []string
			begin := make(chan struct{})
			q.Command(func() { <-begin }) // all the others wait meanwhile
			for _, name := range strings.Fields(c.posted) {
				do := func() { ran = append(ran, name) }
				if strings.ToUpper(name) == name {
					q.Refresh(name, do)
				} else {
					q.Command(do)
				}
			}
			close(begin)
			q.Close()
			if got := strings.Join(ran, " "); got != c.want {
				t.Errorf("%q ran as %q, want %q", c.posted, got, c.want)
			}
		})
	}
}

// A refresh asked for while it runs shows what has changed since, so it runs again.
func TestRefreshWhileItRuns(t *testing.T) {
	q := New()
	var shown []int
	state := 1
	q.Refresh("page", func() {
		shown = append(shown, state)
		state = 2
		q.Refresh("page", func() { shown = append(shown, state) })
	})
	// Close may come before the first runs, after which nothing is taken.
	done := make(chan struct{})
	q.Command(func() { close(done) })
	<-done
	q.Close()
	if !slices.Equal(shown, []int{1, 2}) {
		t.Errorf("shown %v", shown)
	}
}

// Thousands of commands of several people all run, each one's in order, while
// refreshes flood the queue; and refreshes stay few.
func TestFlood(t *testing.T) {
	const people, each, refreshes = 4, 5000, 20000
	q := New()
	var ran [people][]int
	refreshed := 0
	var posting sync.WaitGroup
	for p := range people {
		posting.Go(func() {
			for i := range each {
				q.Command(func() { ran[p] = append(ran[p], i) })
			}
		})
		posting.Go(func() {
			for i := range refreshes {
				q.Refresh(strconv.Itoa(i%3), func() { refreshed++ })
			}
		})
	}
	posting.Wait()
	q.mu.Lock()
	waiting := 0
	for _, a := range q.waits {
		if a.key != "" {
			waiting++
		}
	}
	q.mu.Unlock()
	if waiting > 3 {
		t.Errorf("%d refreshes of 3 pages wait", waiting)
	}
	q.Close()
	for p := range ran {
		if len(ran[p]) != each || !slices.IsSorted(ran[p]) {
			t.Errorf("of %d commands %d ran, in order: %v", each, len(ran[p]), slices.IsSorted(ran[p]))
		}
	}
	if refreshed == 0 || refreshed > people*refreshes {
		t.Errorf("%d refreshes ran", refreshed)
	}
}

// What was posted before Close runs, what comes after does not, and Close may
// be called again.
func TestClose(t *testing.T) {
	q := New()
	ran := 0
	for range 100 {
		q.Command(func() { ran++ })
	}
	q.Close()
	q.Command(func() { ran++ })
	q.Refresh("page", func() { ran++ })
	q.Close()
	if ran != 100 {
		t.Errorf("%d ran", ran)
	}
}
