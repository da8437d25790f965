package sparing

import (
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// plan decides, frame after frame, which of them the network looks at.
type plan struct {
	cfg      Config
	noise    motion.Noise
	known    bool               // there was a look, and it did not fail
	print    motion.Fingerprint // of the frame last looked at
	sequence uint64             // its
	at       time.Duration      // its timestamp
	captured time.Time          // when it was
	since    int                // frames carried since
	interval int                // of looks, in frames
	wanted   bool               // the next frame is to be looked at
}

func newPlan(cfg Config) plan { return plan{cfg: cfg, interval: 1} }

// next plans for a frame with this fingerprint.
func (p *plan) next(f *camera.Frame, print *motion.Fingerprint) inference.Spared {
	p.noise.Learn(print)
	age := p.age(f)
	switch {
	case !p.known || p.wanted || f.Sequence <= p.sequence || age >= p.cfg.Age:
	case p.noise.Same(&p.print, print):
		return inference.Reused
	case p.cfg.Carry && p.since+1 < p.interval && age < p.cfg.CarryAge:
		p.since++
		return inference.Carried
	}
	p.look(f, print)
	return inference.Looked
}

// age is how much later a frame is than the one last looked at, on the source's
// clock or on ours.
func (p *plan) age(f *camera.Frame) time.Duration {
	return max(f.Timestamp-p.at, f.Captured.Sub(p.captured))
}

// look plans a look at a frame.
func (p *plan) look(f *camera.Frame, print *motion.Fingerprint) {
	p.since, p.wanted = 0, false
	// With lanes a frame may come after one that was captured later: the next
	// is looked at then, too.
	if p.known && f.Captured.Before(p.captured) {
		p.wanted = true
		return
	}
	p.known, p.print, p.sequence, p.at, p.captured = true, *print, f.Sequence, f.Timestamp, f.Captured
}

// Bounds of how well boxes are carried, as the mean overlap with what the
// network then finds: above the one looks become rarer, below the other twice
// as frequent. Without objects nothing tells how long new ones may be missed.
const (
	carriedWell = .75
	carriedBad  = .6
	emptyMost   = 4
)

// learn takes in how well boxes were carried to a frame, and how many objects
// are in it.
func (p *plan) learn(quality float32, objects int) {
	switch {
	case quality >= carriedWell:
		p.interval++
	case quality < carriedBad:
		p.interval /= 2
	}
	most := p.cfg.Interval
	if objects == 0 {
		most = min(most, emptyMost)
	}
	p.interval = min(max(p.interval, 1), most)
}
