package roster

import "time"

// Times of an enrolment.
const (
	ShotPause   = 400 * time.Millisecond // so that shots differ
	EnrolWithin = time.Minute
)
