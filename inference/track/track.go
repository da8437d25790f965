// Package track gives objects an identity from frame to frame. In: the objects
// of each frame in turn. Out: the same objects with Track set.
//
// It imports inference; the tasks and app may import it.
package track

import (
	"cmp"
	"math"
	"slices"

	"reterminal-vision/inference"
)

// Config tunes a tracker; zero fields take the value in brackets.
type Config struct {
	IoU       float32 // least overlap of an object with where its track is expected [0.25]
	MaxMissed int     // updates that a track lives on unseen [15]
	Confirm   int     // sightings in a row before a track gets its number [1]
	MaxTracks int     // most tracks at a time; objects beyond get none [64]
}

// withDefaults fills in what was left open.
func (c Config) withDefaults() Config {
	if c.IoU <= 0 {
		c.IoU = .25
	}
	if c.MaxMissed <= 0 {
		c.MaxMissed = 15
	}
	if c.Confirm <= 0 {
		c.Confirm = 1
	}
	if c.MaxTracks <= 0 {
		c.MaxTracks = 64
	}
	return c
}

// Tracker pairs objects with tracks by overlap, best pair first, where a track
// is expected if it keeps its velocity (after Bewley et al., "Simple online and
// realtime tracking", 2016, with an alpha-beta filter in place of the Kalman
// filter). An object never continues a track of another class. It serves one
// goroutine and allocates nothing once it has seen its busiest frame.
type Tracker struct {
	cfg    Config
	last   int // the latest number given
	tracks []track
	pairs  []pair
	taken  []bool // by object
}

// track is one object on its way. Velocities are in pixels an update.
type track struct {
	id           int // 0 until confirmed
	class        int
	hits, missed int
	found        bool // in this update
	cx, cy, w, h float32
	vx, vy       float32
	predicted    inference.Box
}

// pair is a track and an object that may be the same.
type pair struct {
	track, object int
	iou           float32
}

// New makes a tracker without tracks.
func New(cfg Config) *Tracker {
	cfg = cfg.withDefaults()
	return &Tracker{cfg: cfg, tracks: make([]track, 0, cfg.MaxTracks)}
}

// Update takes the objects of the next frame and sets Track in each: the
// number of its track, counted from 1 and never used again, or 0 for one that
// is not confirmed, has no proper box or found no room. It forgets tracks that
// were missed too often.
func (t *Tracker) Update(objects []inference.Object) {
	for i := range t.tracks {
		t.tracks[i].predict()
	}
	t.taken = append(t.taken[:0], make([]bool, len(objects))...)
	t.match(objects)
	t.tracks = slices.DeleteFunc(t.tracks, func(k track) bool {
		return k.missed > t.cfg.MaxMissed || k.missed > 0 && k.id == 0
	})
	for i := range objects {
		if !t.taken[i] {
			t.begin(&objects[i])
		}
	}
}

// Alive reports whether the track of that number may still be continued.
func (t *Tracker) Alive(id int) bool {
	return slices.ContainsFunc(t.tracks, func(k track) bool { return k.id == id })
}

// match continues tracks with objects, the best overlap first.
func (t *Tracker) match(objects []inference.Object) {
	t.pairs = t.pairs[:0]
	for i := range t.tracks {
		for j := range objects {
			if objects[j].Class != t.tracks[i].class {
				continue
			}
			if iou := inference.IoU(t.tracks[i].predicted, objects[j].Box); iou >= t.cfg.IoU {
				t.pairs = append(t.pairs, pair{i, j, iou})
			}
		}
	}
	slices.SortFunc(t.pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.iou, a.iou), cmp.Compare(a.track, b.track), cmp.Compare(a.object, b.object))
	})
	for _, p := range t.pairs {
		k := &t.tracks[p.track]
		if k.found || t.taken[p.object] {
			continue
		}
		t.taken[p.object] = true
		k.correct(objects[p.object].Box)
		t.confirm(k)
		objects[p.object].Track = k.id
	}
	for i := range t.tracks {
		if !t.tracks[i].found {
			t.tracks[i].missed++
		}
	}
}

// begin starts a track at an object that continues none.
func (t *Tracker) begin(o *inference.Object) {
	o.Track = 0
	if area := o.Box.Area(); !(area > 0) || math.IsInf(float64(area), 0) || len(t.tracks) == t.cfg.MaxTracks {
		return
	}
	k := track{class: o.Class, hits: 1}
	k.cx, k.cy, k.w, k.h = centre(o.Box)
	t.confirm(&k)
	t.tracks = append(t.tracks, k)
	o.Track = k.id
}

// confirm numbers a track that has been seen often enough.
func (t *Tracker) confirm(k *track) {
	if k.id == 0 && k.hits >= t.cfg.Confirm {
		t.last++
		k.id = t.last
	}
}

// Gains of the filter; beta follows from alpha (Kalata, "The tracking index",
// 1984): beta = 2*(2-alpha) - 4*sqrt(1-alpha).
const alpha, beta = .75, .5

// predict moves the track on by its velocity.
func (k *track) predict() {
	k.found = false
	k.cx, k.cy = k.cx+k.vx, k.cy+k.vy
	k.predicted = inference.Box{X0: k.cx - k.w/2, Y0: k.cy - k.h/2, X1: k.cx + k.w/2, Y1: k.cy + k.h/2}
}

// correct takes in where the object was really seen.
func (k *track) correct(b inference.Box) {
	cx, cy, w, h := centre(b)
	dx, dy, steps := cx-k.cx, cy-k.cy, float32(k.missed+1)
	if k.hits == 1 { // two positions are all there is to tell the velocity
		k.cx, k.cy, k.vx, k.vy = cx, cy, dx/steps, dy/steps
	} else {
		k.cx, k.cy = k.cx+alpha*dx, k.cy+alpha*dy
		k.vx, k.vy = k.vx+beta*dx/steps, k.vy+beta*dy/steps
	}
	k.w, k.h = k.w+alpha*(w-k.w), k.h+alpha*(h-k.h)
	k.hits, k.missed, k.found = k.hits+1, 0, true
}

func centre(b inference.Box) (cx, cy, w, h float32) {
	return (b.X0 + b.X1) / 2, (b.Y0 + b.Y1) / 2, b.Width(), b.Height()
}
