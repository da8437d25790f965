package recognize

import "reterminal-vision/inference/motion"

// memory keeps what is known of each track. Its records and their slices are
// reused, so it allocates only while it holds more tracks than ever before.
type memory struct {
	records []record // the used ones
	n       int      // length of a vector
}

// record is what is known of one track.
type record struct {
	track  int
	looked uint64 // frame of the last look; 0 for never
	looks  int    // taken into mean
	doubts int    // looks in a row that do not resemble the mean
	mean   []float32
	unit   []float32    // mean, of length 1
	patch  motion.Patch // the face at the last look

	liveLooks int     // taken into live
	live      float32 // probability that it is alive, averaged

	match   Match
	matched *Gallery // that match is from; nil for none
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
	mean, unit := r.mean, r.unit
	if mean == nil {
		mean, unit = make([]float32, m.n), make([]float32, m.n)
	}
	*r = record{track: track, mean: mean, unit: unit}
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
		// Swapped, so that the dropped one's slices stay for the next, emptied.
		m.records[i], m.records[last] = m.records[last], m.records[i]
		clear(m.records[last].mean)
		clear(m.records[last].unit)
		m.records = m.records[:last]
	}
}

// take averages a new vector in, with at least this weight. A vector below
// the cosine alike is somebody else or a bad look: the first of them is passed
// over, the second in a row starts the track anew.
func (r *record) take(v []float32, weight, alike float32) {
	if r.looks > 0 && Cosine(v, r.unit) < alike {
		if r.doubts++; r.doubts < 2 {
			return
		}
		r.looks, r.liveLooks = 0, 0
	}
	r.doubts = 0
	r.looks++
	w := max(1/float32(r.looks), weight)
	if r.looks == 1 {
		w = 1
	}
	for i, x := range v {
		r.mean[i] += w * (x - r.mean[i])
	}
	copy(r.unit, r.mean)
	if !normalize(r.unit) { // opposites that cancel out
		copy(r.unit, v)
	}
	r.matched = nil
}

// liveWeight is that of a new look at whether a face is alive: an attack that
// takes a living person's place has their name for no more than a few looks.
const liveWeight = .4

// lives averages a new look in.
func (r *record) lives(live float32) {
	r.liveLooks++
	r.live += max(1/float32(r.liveLooks), liveWeight) * (live - r.live)
}
