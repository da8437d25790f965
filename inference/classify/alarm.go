package classify

import (
	"fmt"
	"strings"
)

// Alarm names the labels that must not appear. Without labels there is none.
type Alarm struct {
	Labels    []string // in any case
	Threshold float32  // of their probabilities together, 0..1; 0.5 when zero
	Confirm   int      // frames running that reach the threshold before the alarm is raised; 0 and 1 raise it at once
	Hold      int      // frames the alarm stays up after the last one that reached it
}

// alarm is the state between frames.
type alarm struct {
	cfg     Alarm
	labels  []string
	classes []int // that raise it
	over    int   // frames running that reached the threshold
	left    int   // frames the alarm stays up without another
	raised  string
}

func newAlarm(cfg Alarm, labels []string) (alarm, error) {
	if cfg.Threshold == 0 {
		cfg.Threshold = 0.5
	}
	a := alarm{cfg: cfg, labels: labels}
	for _, name := range cfg.Labels {
		before := len(a.classes)
		for i, label := range labels {
			if strings.EqualFold(label, name) {
				a.classes = append(a.classes, i)
			}
		}
		if len(a.classes) == before {
			return alarm{}, fmt.Errorf("alarm for %q, which is none of the labels", name)
		}
	}
	return a, nil
}

func (a *alarm) reset() { a.over, a.left, a.raised = 0, 0, "" }

// update takes a frame's probabilities and returns the likeliest of the
// alarm's labels while it is up, else "".
func (a *alarm) update(p []float32) string {
	if len(a.classes) == 0 {
		return ""
	}
	sum, likeliest := float32(0), a.classes[0]
	for _, c := range a.classes {
		sum += p[c]
		if p[c] > p[likeliest] {
			likeliest = c
		}
	}
	switch {
	case sum >= a.cfg.Threshold:
		if a.over++; a.over >= a.cfg.Confirm || a.raised != "" {
			a.raised, a.left = a.labels[likeliest], a.cfg.Hold
		}
	case a.left > 0:
		a.over = 0
		a.left--
	default:
		a.reset()
	}
	return a.raised
}
