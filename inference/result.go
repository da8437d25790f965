package inference

import (
	"time"
)

// Point is a position in frame pixels, from the top left corner.
type Point struct{ X, Y float32 }

// Box is an axis-aligned rectangle in frame pixels; X1 and Y1 are exclusive.
type Box struct{ X0, Y0, X1, Y1 float32 }

// Width is the box's horizontal extent, never negative.
func (b Box) Width() float32 { return max(0, b.X1-b.X0) }

// Height is the box's vertical extent, never negative.
func (b Box) Height() float32 { return max(0, b.Y1-b.Y0) }

// Area is the box's area in square pixels.
func (b Box) Area() float32 { return b.Width() * b.Height() }

// Clip limits the box to a w x h frame.
func (b Box) Clip(w, h float32) Box {
	return Box{
		X0: min(max(b.X0, 0), w), Y0: min(max(b.Y0, 0), h),
		X1: min(max(b.X1, 0), w), Y1: min(max(b.Y1, 0), h),
	}
}

// IoU is the intersection of a and b over their union, 0..1; 0 for empty boxes.
func IoU(a, b Box) float32 {
	inter := Box{
		X0: max(a.X0, b.X0), Y0: max(a.Y0, b.Y0),
		X1: min(a.X1, b.X1), Y1: min(a.Y1, b.Y1),
	}.Area()
	union := a.Area() + b.Area() - inter
	if union <= 0 {
		return 0
	}
	return inter / union
}

// Attribute is one thing a second stage says of an object: an emotion, an age.
type Attribute struct {
	Name     string  // what was asked: "emotion", "age", "live"
	Value    string  // the answer as shown
	Verbatim bool    // the value is never translated: a person's name
	Score    float32 // probability 0..1; 0 when the model gives none
}

// Keypoint is a named place of an object: a joint, the corner of a mouth.
type Keypoint struct {
	Point
	Score float32 // probability 0..1; 0 when the model gives none
}

// Skeleton describes the keypoints of objects. A task makes it once, all its
// objects point to it, and nobody changes it.
type Skeleton struct {
	Names []string // by keypoint
	Edges [][2]int // keypoints that a line joins
	Least float32  // keypoints of a lower score are not drawn; 0 when the model gives no scores
}

// Object is one detection in frame coordinates. It owns the memory of its
// keypoints and attributes, which AddObject reuses: objects change places by
// being swapped, and are copied by Result.CopyFrom alone.
type Object struct {
	Box        Box
	Class      int    // index in the model's label list
	Label      string // from the label list
	Score      float32
	Track      int // identity between frames, from 1; 0 when the demo does not track
	Keypoints  []Keypoint
	Skeleton   *Skeleton // of the keypoints; nil without
	Attributes []Attribute
}

// Class is one entry of a classification, most probable first.
type Class struct {
	Index int
	Label string
	Score float32 // probability 0..1
}

// Mask is a segmentation: Class[y*Width+x] is the class at that cell, the
// cells spread evenly over Area of the frame.
type Mask struct {
	Width, Height int
	Class         []uint8
	Labels        []string  // names by class
	Share         []float32 // part of the cells in each class, 0..1, by class
	Area          Box
}

// Timing says where a frame's time went.
type Timing struct {
	Preprocess time.Duration // crop, resize, colour, quantize: all stages
	Invoke     time.Duration // inside the networks: all stages
	Decode     time.Duration // tensors to results
	Latency    time.Duration // from capture to result
}

// Origin says where a result comes from.
type Origin uint8

// Inferred is a result of the network. Reused is that of an earlier frame, which
// this one does not differ from. Propagated has the boxes of an earlier frame,
// moved along with the picture.
const (
	Inferred Origin = iota
	Reused
	Propagated
)

// Result is what a task found in one frame. Its slices are reused: a holder
// that keeps it past the callback it came in takes a copy with CopyFrom.
type Result struct {
	Sequence      uint64 // of the frame
	Width, Height int    // of the frame, the space of all coordinates
	Timestamp     time.Duration
	Captured      time.Time

	Objects []Object
	Classes []Class
	Mask    *Mask  // nil when the task gives none
	Alarm   string // what must not be seen and is, as shown; "" for none

	Origin  Origin
	Timing  Timing
	Dropped uint64 // frames passed over since the worker started
}

// Reset empties the result and keeps its memory.
func (r *Result) Reset() {
	r.Objects, r.Classes = r.Objects[:0], r.Classes[:0]
	if r.Mask != nil {
		r.Mask.Width, r.Mask.Height = 0, 0
	}
	r.Alarm, r.Origin, r.Timing = "", Inferred, Timing{}
}

// AddObject appends an empty object, reusing the memory of an earlier one.
func (r *Result) AddObject() *Object {
	if n := len(r.Objects); n < cap(r.Objects) {
		r.Objects = r.Objects[:n+1]
		o := &r.Objects[n]
		*o = Object{Keypoints: o.Keypoints[:0], Attributes: o.Attributes[:0]}
		return o
	}
	r.Objects = append(r.Objects, Object{})
	return &r.Objects[len(r.Objects)-1]
}

// CopyFrom makes r a deep copy of src, reusing r's memory.
func (r *Result) CopyFrom(src *Result) {
	objects, classes, mask := r.Objects[:0], r.Classes[:0], r.Mask
	*r = *src
	r.Objects, r.Classes, r.Mask = objects, append(classes, src.Classes...), mask
	for i := range src.Objects {
		o := r.AddObject()
		points, attrs := append(o.Keypoints, src.Objects[i].Keypoints...), append(o.Attributes, src.Objects[i].Attributes...)
		*o = src.Objects[i]
		o.Keypoints, o.Attributes = points, attrs
	}
	switch {
	case src.Mask == nil:
		r.Mask = nil
	default:
		if r.Mask == nil {
			r.Mask = &Mask{}
		}
		class, share := r.Mask.Class[:0], r.Mask.Share[:0]
		*r.Mask = *src.Mask
		r.Mask.Class = append(class, src.Mask.Class...)
		r.Mask.Share = append(share, src.Mask.Share...)
	}
}
