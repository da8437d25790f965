package attribute

import "reterminal-vision/inference/motion"

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
	known   bool         // numbers holds an estimate
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
	r.track, r.looked, r.known = track, 0, false
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

// blend takes a new estimate into the record, weighted against the old ones.
func (r *record) blend(numbers []float32, weight float32) {
	if !r.known {
		copy(r.numbers, numbers)
		r.known = true
		return
	}
	for i, v := range numbers {
		r.numbers[i] += weight * (v - r.numbers[i])
	}
}
