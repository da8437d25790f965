// Package drawing says what is drawn of a result: over the picture boxes with
// labels, keypoints and the lines that join them, the colours of a mask and the
// alarm; beside it what was found, summed up. Colours are those of the classes,
// words those of the language in use.
//
// In: an inference.Result. Out: shapes in the pixels of its frame. ui/overlay
// draws them on the screen and app/snapshot into saved pictures, each in sizes
// of its own. It imports inference and assets/lang.
package drawing

import (
	"slices"
	"strconv"

	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
)

// Drawing is what is drawn of one result. The next Update reuses its memory.
type Drawing struct {
	Width, Height int             // of the frame, the space of all coordinates
	Mask          *inference.Mask // the result's, for Tint; nil for none
	Marks         []Mark
	Edges         []Edge
	Points        []Point
	Findings      []Finding
	Guesses       bool // the findings are those of a classification
	Alarm         Alarm
}

// Mark is an object's box, within the frame, and its label.
type Mark struct {
	Box   inference.Box
	Ink   Ink
	lines [MaxLines]Text
	n     int
}

// Lines are those of the label: what it is, then its attributes.
func (m *Mark) Lines() []Text { return m.lines[:m.n] }

// Edge is a line between two keypoints, both in Points.
type Edge struct {
	From, To inference.Point
	Ink      Ink
}

// Point is a keypoint within the frame.
type Point struct {
	inference.Point
	Ink Ink
}

// More than these no one reads.
const (
	maxMarks = 64
	MaxLines = 4 // of a label
)

// Update describes r. Mask is valid as long as r is.
func (d *Drawing) Update(r *inference.Result) {
	*d = Drawing{
		Width: r.Width, Height: r.Height, Alarm: alarmOf(r), Guesses: len(r.Classes) > 0,
		Marks: d.Marks[:0], Edges: d.Edges[:0], Points: d.Points[:0], Findings: d.Findings[:0],
	}
	if r.Mask != nil && r.Mask.Width > 0 {
		d.Mask = r.Mask
	}
	for i := range r.Objects {
		d.add(&r.Objects[i])
	}
	d.find(r)
}

// add describes an object, unless nothing of it is in the frame.
func (d *Drawing) add(o *inference.Object) {
	box := o.Box.Clip(float32(d.Width), float32(d.Height))
	if len(d.Marks) == maxMarks || box.Width() < 1 || box.Height() < 1 {
		return
	}
	m := Mark{Box: box, Ink: InkOf(o.Class), n: 1}
	m.lines[0] = Text{lang.Name(o.Label), percent(o.Score)}
	for i := range o.Attributes[:min(len(o.Attributes), MaxLines-1)] {
		m.lines[m.n] = attributeText(&o.Attributes[i])
		m.n++
	}
	d.Marks = append(d.Marks, m)
	if len(o.Keypoints) == 0 {
		return
	}
	for i := range o.Keypoints {
		if d.shows(o, i) {
			d.Points = append(d.Points, Point{o.Keypoints[i].Point, m.Ink})
		}
	}
	for _, e := range o.Skeleton.Edges {
		if d.shows(o, e[0]) && d.shows(o, e[1]) {
			d.Edges = append(d.Edges, Edge{o.Keypoints[e[0]].Point, o.Keypoints[e[1]].Point, m.Ink})
		}
	}
}

// shows reports whether a keypoint is certain enough, and in the frame.
func (d *Drawing) shows(o *inference.Object, keypoint int) bool {
	k := &o.Keypoints[keypoint]
	return k.Score >= o.Skeleton.Least && k.X >= 0 && k.Y >= 0 && k.X < float32(d.Width) && k.Y < float32(d.Height)
}

// Text is one line of writing.
type Text struct {
	Words   string // in the language in use
	Percent int    // how certain they are, 0..100; -1 where nobody knows
}

// Tail is what follows the words, " 87 %" or nothing.
func (t Text) Tail() string {
	if t.Percent < 0 {
		return ""
	}
	return " " + strconv.Itoa(t.Percent) + " %"
}

func attributeText(a *inference.Attribute) Text {
	t := Text{a.Value, -1}
	if !a.Verbatim {
		t.Words = lang.Name(a.Value)
	}
	if a.Score > 0 {
		t.Percent = percent(a.Score)
	}
	return t
}

// percent is a probability as a whole percentage. What is not certain is
// never shown as 100.
func percent(p float32) int {
	v := round(p * 100)
	if v >= 100 && p < 1 {
		v = 99
	}
	return min(max(v, 0), 100)
}

// Alarm is what must not be seen and is; the zero value is none.
type Alarm struct {
	label string
	share int // per cent of the frame, 0 where that is not known
}

func alarmOf(r *inference.Result) (a Alarm) {
	a.label = r.Alarm
	if a.label != "" && r.Mask != nil {
		if class := slices.Index(r.Mask.Labels, a.label); class >= 0 && class < len(r.Mask.Share) {
			a.share = max(1, percent(r.Mask.Share[class]))
		}
	}
	return a
}

// String names it, and how much of the picture it takes where there is a mask.
func (a Alarm) String() string {
	if a.share == 0 {
		return lang.Name(a.label)
	}
	return lang.T("%s: %d %% of the picture", lang.Name(a.label), a.share)
}
