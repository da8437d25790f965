package frameskip

import (
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// schedule decides, frame after frame, which of them the network runs on.
type schedule struct {
	cfg      Config
	noise    motion.Noise
	known    bool               // there was a run, and it did not fail
	print    motion.Fingerprint // of the frame last inferred
	sequence uint64             // its
	at       time.Duration      // its timestamp
	captured time.Time          // when it was
	since    int                // frames propagated since
	interval int                // of runs, in frames
	demanded bool               // the next frame is to be inferred
}

func newSchedule(cfg Config) schedule { return schedule{cfg: cfg, interval: 1} }

// restart has the next frame inferred, and boxes propagated as at first.
func (s *schedule) restart() { s.known, s.interval = false, 1 }

// next schedules a frame with this fingerprint.
func (s *schedule) next(f *frame.Frame, print *motion.Fingerprint, propagate bool) inference.Origin {
	s.noise.Learn(print)
	age := s.age(f)
	switch {
	case !s.known || s.demanded || f.Sequence <= s.sequence || age >= s.cfg.Age:
	case s.noise.Same(&s.print, print):
		return inference.Reused
	case propagate && s.since+1 < s.interval && age < s.cfg.PropagateAge:
		s.since++
		return inference.Propagated
	}
	s.infer(f, print)
	return inference.Inferred
}

// age is how much later a frame is than the one last inferred, on the source's
// clock or on ours.
func (s *schedule) age(f *frame.Frame) time.Duration {
	return max(f.Timestamp-s.at, f.Captured.Sub(s.captured))
}

// infer schedules a run on a frame.
func (s *schedule) infer(f *frame.Frame, print *motion.Fingerprint) {
	s.since, s.demanded = 0, false
	// With replicas a frame may come after one that was captured later: the next
	// is inferred then, too.
	if s.known && f.Captured.Before(s.captured) {
		s.demanded = true
		return
	}
	s.known, s.print, s.sequence, s.at, s.captured = true, *print, f.Sequence, f.Timestamp, f.Captured
}

// Bounds of the mean IoU of propagated boxes with what the network then finds:
// above the first, runs become rarer, below the second twice as frequent.
// Without objects nothing says how long new ones may be missed.
const (
	goodIoU     = .75
	badIoU      = .6
	maxWhenNone = 4
)

// learn takes in how well boxes were propagated to a frame, and how many objects
// are in it.
func (s *schedule) learn(quality float32, objects int) {
	switch {
	case quality >= goodIoU:
		s.interval++
	case quality < badIoU:
		s.interval /= 2
	}
	most := s.cfg.Interval
	if objects == 0 {
		most = min(most, maxWhenNone)
	}
	s.interval = min(max(s.interval, 1), most)
}
