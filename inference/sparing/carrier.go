package sparing

import (
	"slices"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/motion"
)

// carrier moves objects on from frame to frame.
type carrier struct {
	flow    motion.Flow
	objects []carried
	taken   []bool
	steps   int // since the objects were found
}

// carried is an object on its way.
type carried struct {
	index     int // among those found
	class     int
	box       inference.Box
	landmarks [5]inference.Point
	last      motion.Shift
}

// Bounds of carrying.
const (
	mostObjects = 32 // that are worth being followed: more cost what a network does
	leastInside = .3 // of a box, without which it has left the picture
)

// begin takes what was found in f. Objects that go on keep their speed.
func (c *carrier) begin(f *camera.Frame, found []inference.Object) {
	before := len(c.objects)
	for i := range found {
		o := &found[i]
		k := carried{index: i, class: o.Class, box: o.Box, landmarks: o.Landmarks, last: motion.Shift{Scale: 1}}
		if j := c.match(c.objects[:before], o); j >= 0 {
			k.last = c.objects[j].last
			if c.steps == 0 {
				k.last = between(c.objects[j].box, o.Box)
			}
		}
		c.objects = append(c.objects, k)
	}
	c.objects = slices.Delete(c.objects, 0, before)
	c.steps = 0
	c.flow.Begin(f)
}

// between is the shift of a box's centre.
func between(a, b inference.Box) motion.Shift {
	return motion.Shift{X: (b.X0 + b.X1 - a.X0 - a.X1) / 2, Y: (b.Y0 + b.Y1 - a.Y0 - a.Y1) / 2, Scale: 1}
}

// match is the index of the object that o most likely is, -1 for none.
func (c *carrier) match(objects []carried, o *inference.Object) int {
	best, most := -1, float32(.1)
	for i := range objects {
		if iou := inference.IoU(objects[i].box, o.Box); objects[i].class == o.Class && iou > most {
			best, most = i, iou
		}
	}
	return best
}

// step carries all objects to the next frame. It is false when one is lost
// sight of, or there are too many.
func (c *carrier) step(f *camera.Frame) bool {
	c.steps++
	if len(c.objects) == 0 || len(c.objects) > mostObjects {
		c.flow.Begin(f)
		return len(c.objects) == 0
	}
	known := c.flow.Next(f)
	all := known
	w, h := float32(f.Width), float32(f.Height)
	kept := c.objects[:0]
	for _, o := range c.objects {
		if known {
			shift, ok := c.flow.Follow(o.box, o.last)
			all = all && ok
			for i, p := range o.landmarks {
				o.landmarks[i] = shift.Point(o.box, p)
			}
			o.box, o.last = shift.Move(o.box), shift
		}
		if o.box.Clip(w, h).Area() > leastInside*o.box.Area() {
			kept = append(kept, o)
		}
	}
	c.objects = kept
	return all
}

// tell moves the objects in out, which are those found, to where they are now.
func (c *carrier) tell(out *inference.Result) {
	n := 0
	for _, k := range c.objects {
		if k.index >= len(out.Objects) {
			continue
		}
		o := &out.Objects[n]
		// Swapped, since both own memory for attributes.
		*o, out.Objects[k.index] = out.Objects[k.index], *o
		o.Box = k.box.Clip(float32(out.Width), float32(out.Height))
		o.Landmarks = k.landmarks
		n++
	}
	out.Objects = out.Objects[:n]
}

// check tells how well the objects would have been carried to f, in which these
// were found: the mean overlap, 0 for each that came or went.
func (c *carrier) check(f *camera.Frame, found []inference.Object) float32 {
	if c.steps > 0 {
		c.step(f)
	}
	if len(found) == 0 && len(c.objects) == 0 {
		return 1
	}
	c.taken = append(c.taken[:0], make([]bool, len(c.objects))...)
	var sum float32
	matched := 0
	for i := range found {
		if j := c.match(c.objects, &found[i]); j >= 0 && !c.taken[j] {
			c.taken[j] = true
			matched++
			sum += inference.IoU(c.objects[j].box.Clip(float32(f.Width), float32(f.Height)), found[i].Box)
		}
	}
	return sum / float32(len(found)+len(c.objects)-matched)
}
