// Package alarm raises an alarm over what a classification or a segmentation
// finds, frame by frame. In: a number for each class. Out: the label to be
// warned of, or none.
//
// It imports nothing of this project.
package alarm

import (
	"fmt"
	"strings"
)

// Config names the labels that must not appear. Without labels there is no alarm.
type Config struct {
	Labels    []string // in any case
	Threshold float32  // of their numbers together, 0..1; 0.5 when zero
	Confirm   int      // frames running that reach the threshold before the alarm is raised; 0 and 1 raise it at once
	Hold      int      // frames the alarm stays up after the last one that reached it
}

// Alarm is the state between frames.
type Alarm struct {
	cfg     Config
	labels  []string
	classes []int // that raise it
	over    int   // frames running that reached the threshold
	left    int   // frames the alarm stays up without another
	raised  string
}

// New checks that every label of the alarm is one of the classes' labels.
func New(cfg Config, labels []string) (Alarm, error) {
	if cfg.Threshold == 0 {
		cfg.Threshold = 0.5
	}
	a := Alarm{cfg: cfg, labels: labels}
	for _, name := range cfg.Labels {
		before := len(a.classes)
		for i, label := range labels {
			if strings.EqualFold(label, name) {
				a.classes = append(a.classes, i)
			}
		}
		if len(a.classes) == before {
			return Alarm{}, fmt.Errorf("alarm for %q, which is none of the labels", name)
		}
	}
	return a, nil
}

// Reset forgets the frames before.
func (a *Alarm) Reset() { a.over, a.left, a.raised = 0, 0, "" }

// Update takes a frame's numbers by class, probabilities or shares of the
// picture, and returns that of the alarm's labels with the largest while it is
// up, else "".
func (a *Alarm) Update(p []float32) string {
	if len(a.classes) == 0 {
		return ""
	}
	sum, largest := float32(0), a.classes[0]
	for _, c := range a.classes {
		sum += p[c]
		if p[c] > p[largest] {
			largest = c
		}
	}
	switch {
	case sum >= a.cfg.Threshold:
		if a.over++; a.over >= a.cfg.Confirm || a.raised != "" {
			a.raised, a.left = a.labels[largest], a.cfg.Hold
		}
	case a.left > 0:
		a.over = 0
		a.left--
	default:
		a.Reset()
	}
	return a.raised
}
