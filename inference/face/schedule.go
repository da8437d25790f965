package face

import (
	"cmp"
	"slices"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// Schedule chooses the faces that a second network looks at in a frame: of those
// that are due first the ones never looked at, then those whose last look is the
// longest ago. It serves one goroutine and allocates nothing once it has seen its
// busiest frame.
type Schedule struct {
	MaxPerFrame int  // most faces in one frame
	Refresh     int  // frames after which a face is looked at again
	Adaptive    bool // sooner when it looks otherwise than then, later while it looks the same: see motion.Due

	carried  bool // the boxes of this frame are
	pressing bool
	due      []Look
}

// Look is a face to look at.
type Look struct {
	Object int    // in the result
	last   uint64 // frame of the last look; 0 for never
}

// Begin begins the next frame.
func (s *Schedule) Begin(out *inference.Result) {
	s.due, s.pressing, s.carried = s.due[:0], false, out.Spared == inference.Carried
}

// Again reports whether a face that was looked at so many frames ago, when it
// looked like then, is to be looked at again.
func (s *Schedule) Again(age uint64, f *camera.Frame, box inference.Box, then *motion.Patch) bool {
	if !s.Adaptive {
		return age >= uint64(s.Refresh)
	}
	return motion.Due(int(age), s.Refresh, f, box, then)
}

// Add has a face looked at that was in the frame last, 0 for never. Boxes and
// landmarks that are carried are too inexact: it waits for those that are found.
func (s *Schedule) Add(object int, last uint64) {
	if s.carried {
		s.pressing = true
		return
	}
	s.due = append(s.due, Look{object, last})
}

// Choose returns the faces to look at now; of faces equally long unseen the
// detector's order decides. They are valid until the next Begin.
func (s *Schedule) Choose() []Look {
	slices.SortStableFunc(s.due, func(a, b Look) int { return cmp.Compare(a.last, b.last) })
	return s.due[:min(len(s.due), s.MaxPerFrame)]
}

// Pressing reports whether a face waits to be looked at that was carried.
func (s *Schedule) Pressing() bool { return s.pressing }
