package task

import (
	"errors"
	"testing"

	"reterminal-vision/inference"
)

// part is a task that counts how often it was closed.
type part struct {
	inference.Task
	closed int
}

func (p *part) Close() error { p.closed++; return nil }

// What was built before a replica that cannot be is closed; of a task that can
// be, nothing is.
func TestReplicateClosesWhatItMade(t *testing.T) {
	for _, tc := range []struct {
		name         string
		replicas, at int // at which the building fails, -1 for never
		made, closed int
	}{
		{"one network", 0, -1, 1, 0},
		{"replicas", 2, -1, 3, 0},
		{"the first fails", 2, 0, 0, 0},
		{"the last fails", 2, 2, 2, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var made []*part
			n := 0
			r := &Request{Networks: []Loaded{{ID: "first"}}, Replicas: make([]*inference.Interpreter, tc.replicas)}
			built, err := Replicate(r, func(l *Loaded) (inference.Task, error) {
				defer func() { n++ }()
				if n == tc.at || l.ID != "first" {
					return nil, errors.New("no")
				}
				made = append(made, &part{})
				return made[len(made)-1], nil
			})
			if (err != nil) != (tc.at >= 0) || (built == nil) != (tc.at >= 0) || len(made) != tc.made {
				t.Fatalf("built %v, %v, of %d parts", built, err, len(made))
			}
			closed := 0
			for _, p := range made {
				closed += p.closed
			}
			if closed != tc.closed {
				t.Errorf("%d parts closed, want %d", closed, tc.closed)
			}
		})
	}
}
