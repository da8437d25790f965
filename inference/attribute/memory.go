package attribute

import (
	"math"

	"reterminal-vision/inference/motion"
)

// memory keeps what is known of each track. Its records and their slices are
// reused, so it allocates only while it holds more tracks than ever before.
type memory struct {
	records []record // the used ones
	numbers int      // per record
	answers int
}

// record is what is known of one track.
type record struct {
	track   int
	looked  uint64       // frame in which the heads last looked; 0 for never
	looks   int          // taken into numbers
	numbers []float32    // smoothed, of all questions of all heads
	shown   []int        // answer by question, none before the first
	patch   motion.Patch // the face when the heads last looked
}

// find is the record of a track, a fresh one when there is none. It is valid
// until the next call of a method.
func (m *memory) find(track int) *record {
	for i := range m.records {
		if m.records[i].track == track {
			return &m.records[i]
		}
	}
	n := len(m.records)
	if n < cap(m.records) {
		m.records = m.records[:n+1]
	} else {
		m.records = append(m.records, record{})
	}
	r := &m.records[n]
	if r.numbers == nil {
		r.numbers, r.shown = make([]float32, m.numbers), make([]int, m.answers)
	}
	r.track, r.looked, r.looks = track, 0, 0
	for i := range r.shown {
		r.shown[i] = none
	}
	return r
}

// forget drops the records of tracks that are not alive.
func (m *memory) forget(alive func(track int) bool) {
	for i := 0; i < len(m.records); {
		if alive(m.records[i].track) {
			i++
			continue
		}
		last := len(m.records) - 1
		// Swapped, so that the dropped one's slices stay for the next.
		m.records[i], m.records[last] = m.records[last], m.records[i]
		m.records = m.records[:last]
	}
}

// blend takes new numbers of one question, the first of them at this place,
// into the record, weighted against the old ones.
func (r *record) blend(at int, numbers []float32, weight float32) {
	for i, v := range numbers {
		r.numbers[at+i] += weight * (v - r.numbers[at+i])
	}
}

// weight is that of the record's latest look, age frames after the one before,
// for an exponential mean with a time constant in frames: 1-exp(-age/frames).
// While the track is younger than that, all its looks weigh the same.
func (r *record) weight(age, frames int) float32 {
	return max(1/float32(r.looks), float32(1-math.Exp(-float64(age)/float64(frames))))
}
