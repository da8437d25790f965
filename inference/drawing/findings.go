package drawing

import (
	"cmp"
	"slices"
	"strconv"

	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
)

// Finding is one line of what is seen right now.
type Finding struct {
	Text
	Ink   Ink
	Count int     // of objects; 0 for guesses and classes of a mask
	Share float32 // probability, or part of the picture, 0..1; of objects unused
	class int
}

// leastShare is the part of the picture, or the probability, below which a class
// is left out: it would read 0 %.
const leastShare = 0.005

// find sums a result up: the guesses of a classification as they come, else the
// classes of a mask by their share, else the objects counted by label, or by
// what the one attribute says that they have, in the order of their classes, so
// that lines keep their places.
func (d *Drawing) find(r *inference.Result) {
	switch {
	case d.Guesses:
		for i := range r.Classes {
			d.findShare(r.Classes[i].Index, r.Classes[i].Label, r.Classes[i].Score)
		}
	case d.Mask != nil:
		d.findMask()
	default:
		d.findObjects(r.Objects)
	}
}

func (d *Drawing) findShare(class int, label string, share float32) {
	if share >= leastShare {
		d.Findings = append(d.Findings, Finding{Text: Text{lang.Name(label), percent(share)}, Ink: InkOf(class), Share: share})
	}
}

func (d *Drawing) findMask() {
	for class, share := range d.Mask.Share[min(1, len(d.Mask.Share)):] {
		class++ // 0 is the background
		label := strconv.Itoa(class)
		if class < len(d.Mask.Labels) {
			label = d.Mask.Labels[class]
		}
		d.findShare(class, label, share)
	}
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return cmp.Compare(b.Share, a.Share) })
}

func (d *Drawing) findObjects(objects []inference.Object) {
	for i := range objects {
		o := &objects[i]
		words := lang.Name(o.Label)
		if len(o.Attributes) == 1 {
			words = attributeText(&o.Attributes[0]).Words
		}
		at := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Words == words })
		if at < 0 {
			at = len(d.Findings)
			d.Findings = append(d.Findings, Finding{Text: Text{words, -1}, Ink: InkOf(o.Class), class: o.Class})
		}
		d.Findings[at].Count++
	}
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return a.class - b.class })
}
