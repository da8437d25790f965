package classify

import "fmt"

// Hysteresis keeps labels from flickering on video. Its zero value leaves every
// frame to itself.
type Hysteresis struct {
	// Memory is the weight of the frames before in each probability, 0 (none)
	// to below 1: p = Memory*p + (1-Memory)*new.
	Memory float32
	// Margin is by how much in probability another label must lead, and Frames
	// for how many frames running, to take the first place.
	Margin float32
	Frames int
}

func (s Hysteresis) check() error {
	if !(s.Memory >= 0 && s.Memory < 1) || !(s.Margin >= 0 && s.Margin < 1) || s.Frames < 0 {
		return fmt.Errorf("hysteresis with memory %g, margin %g, %d frames: memory and margin go from 0 to below 1", s.Memory, s.Margin, s.Frames)
	}
	return nil
}

// hysteresis is what was seen in the frames before.
type hysteresis struct {
	cfg    Hysteresis
	p      []float32 // probabilities with memory
	lead   int       // class in the first place; -1 before the first frame
	behind int       // frames running in which another led by the margin
}

func newHysteresis(cfg Hysteresis, classes int) hysteresis {
	return hysteresis{cfg: cfg, p: make([]float32, classes), lead: -1}
}

func (s *hysteresis) reset() { s.lead, s.behind = -1, 0 }

// update takes a frame's probabilities and returns those with memory, and the
// class in the first place.
func (s *hysteresis) update(p []float32) (steadied []float32, lead int) {
	memory := s.cfg.Memory
	if s.lead < 0 {
		memory = 0
	}
	best := 0
	for i, v := range p {
		s.p[i] = memory*s.p[i] + (1-memory)*v
		if s.p[i] > s.p[best] {
			best = i
		}
	}
	switch {
	case s.lead < 0:
		s.lead = best
	case best == s.lead || s.p[best]-s.p[s.lead] < s.cfg.Margin:
		s.behind = 0
	default:
		if s.behind++; s.behind >= s.cfg.Frames {
			s.lead, s.behind = best, 0
		}
	}
	return s.p, s.lead
}
