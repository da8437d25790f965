package frameskip

import (
	"slices"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// propagator moves objects along with the picture from frame to frame.
type propagator struct {
	flow    motion.Flow
	objects []propagated
	taken   []bool
	steps   int // since the objects were found
}

// propagated is an object between two runs of the network.
type propagated struct {
	index int // among those found
	class int
	box   inference.Box
	moved motion.Shift // since it was found
	last  motion.Shift
}

// Bounds of propagation.
const (
	maxObjects = 32 // more cost as much as a network
	minInside  = .3 // of a box; with less it has left the picture
)

// begin takes what was found in f. Objects that go on keep their speed.
func (p *propagator) begin(f *frame.Frame, found []inference.Object) {
	before := len(p.objects)
	for i := range found {
		o := &found[i]
		k := propagated{index: i, class: o.Class, box: o.Box, moved: motion.Shift{Scale: 1}, last: motion.Shift{Scale: 1}}
		if j := p.match(p.objects[:before], o); j >= 0 {
			k.last = p.objects[j].last
			if p.steps == 0 {
				k.last = between(p.objects[j].box, o.Box)
			}
		}
		p.objects = append(p.objects, k)
	}
	p.objects = slices.Delete(p.objects, 0, before)
	p.steps = 0
	p.flow.Begin(f)
}

// between is the shift of a box's centre.
func between(a, b inference.Box) motion.Shift {
	return motion.Shift{X: (b.X0 + b.X1 - a.X0 - a.X1) / 2, Y: (b.Y0 + b.Y1 - a.Y0 - a.Y1) / 2, Scale: 1}
}

// match is the index of the object that o most likely is, -1 for none.
func (p *propagator) match(objects []propagated, o *inference.Object) int {
	best, most := -1, float32(.1)
	for i := range objects {
		if iou := inference.IoU(objects[i].box, o.Box); objects[i].class == o.Class && iou > most {
			best, most = i, iou
		}
	}
	return best
}

// step propagates all objects to the next frame. It is false when one is lost,
// or there are too many.
func (p *propagator) step(f *frame.Frame) bool {
	p.steps++
	if len(p.objects) == 0 || len(p.objects) > maxObjects {
		p.flow.Begin(f)
		return len(p.objects) == 0
	}
	known := p.flow.Next(f)
	all := known
	w, h := float32(f.Width), float32(f.Height)
	kept := p.objects[:0]
	for _, o := range p.objects {
		if known {
			shift, ok := p.flow.Follow(o.box, o.last)
			all = all && ok
			o.box, o.last = shift.Move(o.box), shift
			o.moved = motion.Shift{X: o.moved.X + shift.X, Y: o.moved.Y + shift.Y, Scale: o.moved.Scale * shift.Scale}
		}
		if o.box.Clip(w, h).Area() > minInside*o.box.Area() {
			kept = append(kept, o)
		}
	}
	p.objects = kept
	return all
}

// write moves the objects in out, which are those found, to where they are now.
func (p *propagator) write(out *inference.Result) {
	n := 0
	for _, k := range p.objects {
		if k.index >= len(out.Objects) {
			continue
		}
		o := &out.Objects[n]
		// Swapped, since both own memory for keypoints and attributes.
		*o, out.Objects[k.index] = out.Objects[k.index], *o
		for i := range o.Keypoints {
			p := &o.Keypoints[i].Point
			*p = k.moved.Point(o.Box, *p)
		}
		o.Box = k.box.Clip(float32(out.Width), float32(out.Height))
		n++
	}
	out.Objects = out.Objects[:n]
}

// check says how well the objects would have been propagated to f, in which these
// were found: the mean IoU, 0 for each that came or went.
func (p *propagator) check(f *frame.Frame, found []inference.Object) float32 {
	if p.steps > 0 {
		p.step(f)
	}
	if len(found) == 0 && len(p.objects) == 0 {
		return 1
	}
	p.taken = append(p.taken[:0], make([]bool, len(p.objects))...)
	var sum float32
	matched := 0
	for i := range found {
		if j := p.match(p.objects, &found[i]); j >= 0 && !p.taken[j] {
			p.taken[j] = true
			matched++
			sum += inference.IoU(p.objects[j].box.Clip(float32(f.Width), float32(f.Height)), found[i].Box)
		}
	}
	return sum / float32(len(found)+len(p.objects)-matched)
}
