package face

import (
	"cmp"
	"slices"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// Schedule chooses the faces that a second network runs on in a frame: of those
// that are due first the new ones, then those whose last run is the longest ago.
// It serves one goroutine and allocates nothing in the steady state.
type Schedule struct {
	MaxPerFrame int  // most faces in one frame
	Refresh     int  // frames after which the network runs on a face again
	Adaptive    bool // sooner when the face changed, later while it did not: see motion.Due

	propagated bool // the boxes of this frame are
	urgent     bool
	due        []Look
}

// Look is a face to run on.
type Look struct {
	Object int    // in the result
	last   uint64 // frame of the last run; 0 for never
}

// Begin begins the next frame.
func (s *Schedule) Begin(out *inference.Result) {
	s.due, s.urgent, s.propagated = s.due[:0], false, out.Origin == inference.Propagated
}

// Again reports whether a run is due on a face whose last one is so many frames
// ago, when it looked like then.
func (s *Schedule) Again(age uint64, f *frame.Frame, box inference.Box, then *motion.Patch) bool {
	if !s.Adaptive {
		return age >= uint64(s.Refresh)
	}
	return motion.Due(int(age), s.Refresh, f, box, then)
}

// Add lists a face whose last run was in the frame last, 0 for never. Propagated
// boxes and landmarks are too inexact: it waits for inferred ones.
func (s *Schedule) Add(object int, last uint64) {
	if s.propagated {
		s.urgent = true
		return
	}
	s.due = append(s.due, Look{object, last})
}

// Choose returns the faces to run on now; of equally old ones the detector's order
// decides. They are valid until the next Begin.
func (s *Schedule) Choose() []Look {
	slices.SortStableFunc(s.due, func(a, b Look) int { return cmp.Compare(a.last, b.last) })
	return s.due[:min(len(s.due), s.MaxPerFrame)]
}

// Urgent reports whether a propagated face waits for a run.
func (s *Schedule) Urgent() bool { return s.urgent }
