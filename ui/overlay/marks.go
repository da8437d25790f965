// Package overlay draws an inference.Result over and beside the picture: boxes
// with labels, keypoints, masks, the alarm, the list of what is in view, and how
// fast it all goes.
//
// In: what inference/drawing says is to be drawn, and where on the screen the
// picture is. Out: Fyne objects that are made once and kept, and pixels that
// Masks mixes into a picture. It runs on the UI goroutine, but for Masks, which
// takes masks from any. Package ui imports it; of ours it imports ui/kit,
// ui/phrases, inference, inference/drawing and assets.
package overlay

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/inference/drawing"
	"reterminal-vision/ui/kit"
)

const (
	boxStroke   = 5
	boxHalo     = 2 // dark rim outside the stroke, for bright pictures
	boxRadius   = 10
	plateRadius = 10
	platePad    = 12
	plateTight  = 2 // above and below the text
	dotSize     = 12
)

// Marks draws detections over the picture, at the screen's resolution. UI
// goroutine.
type Marks struct {
	Box          *fyne.Container // what the object tree gets
	halos, boxes pool[*canvas.Rectangle]
	edges        pool[*canvas.Line]
	dots         pool[*canvas.Circle]
	plates       pool[*plate]
	taken        []kit.Area
	labels       labelCache
	attributes   labelCache
}

// pool keeps canvas objects that are made once; those in use are shown.
type pool[T fyne.CanvasObject] struct {
	make        func() T // and puts it into the object tree
	made        []T
	used, shown int
}

// next is one more object.
func (p *pool[T]) next() T {
	if p.used == len(p.made) {
		p.made = append(p.made, p.make())
	}
	o := p.made[p.used]
	kit.SetVisible(o, true)
	p.used++
	return o
}

// end hides what was not asked for since the last end.
func (p *pool[T]) end() {
	for _, o := range p.made[p.used:max(p.used, p.shown)] {
		kit.SetVisible(o, false)
	}
	p.used, p.shown = 0, p.used
}

// plate is a label on its ground.
type plate struct {
	*canvas.Rectangle
	lines [drawing.MaxLines]*canvas.Text
}

// Hide hides its lines, too.
func (p *plate) Hide() {
	p.Rectangle.Hide()
	for _, l := range p.lines {
		kit.SetVisible(l, false)
	}
}

// NewMarks makes an overlay without marks.
func NewMarks() *Marks {
	boxes, edges, dots, plates := &fyne.Container{}, &fyne.Container{}, &fyne.Container{}, &fyne.Container{}
	rectangle := func(stroke, radius float32) func() *canvas.Rectangle {
		return func() *canvas.Rectangle {
			r := kit.Rounded(nil, radius)
			r.StrokeColor, r.StrokeWidth = kit.Colors.Halo, stroke
			boxes.Objects = append(boxes.Objects, r)
			return r
		}
	}
	o := &Marks{
		Box:        &fyne.Container{Objects: []fyne.CanvasObject{boxes, edges, dots, plates}}, // from below
		labels:     newLabelCache(kit.SizePlate, true),
		attributes: newLabelCache(kit.SizeSmall, false),
	}
	o.halos.make, o.boxes.make = rectangle(boxStroke+2*boxHalo, boxRadius+boxHalo), rectangle(boxStroke, boxRadius)
	o.edges.make = func() *canvas.Line {
		l := canvas.NewLine(nil)
		l.StrokeWidth = boxStroke
		edges.Objects = append(edges.Objects, l)
		return l
	}
	o.dots.make = func() *canvas.Circle {
		d := canvas.NewCircle(kit.Dark.Text)
		d.StrokeWidth = 3
		dots.Objects = append(dots.Objects, d)
		return d
	}
	o.plates.make = func() *plate {
		p := &plate{Rectangle: kit.Rounded(nil, plateRadius)}
		plates.Objects = append(plates.Objects, p.Rectangle)
		for i := range p.lines {
			p.lines[i] = kit.Text("", kit.SizeSmall, kit.Dark.Text, false)
			plates.Objects = append(plates.Objects, p.lines[i])
		}
		p.lines[0].TextSize, p.lines[0].TextStyle.Bold = kit.SizePlate, true
		return p
	}
	return o
}

// Show draws over the picture at on.
func (o *Marks) Show(d *drawing.Drawing, on kit.Area) {
	o.labels.limit(on.W - 2*platePad)
	o.attributes.limit(on.W - 2*platePad)
	o.taken = o.taken[:0]
	v := newView(d.Width, d.Height, on)
	for i := range d.Marks {
		o.mark(&d.Marks[i], v)
	}
	for i := range d.Edges {
		l, from, to := o.edges.next(), v.point(d.Edges[i].From), v.point(d.Edges[i].To)
		l.StrokeColor = d.Edges[i].Ink.Fill
		if l.Position1 != from || l.Position2 != to {
			l.Position1, l.Position2 = from, to
			l.Refresh()
		}
	}
	for i := range d.Points {
		dot, at := o.dots.next(), v.point(d.Points[i].Point)
		dot.StrokeColor = d.Points[i].Ink.Fill
		kit.Put(dot, at.X-dotSize/2, at.Y-dotSize/2, dotSize, dotSize)
	}
	o.halos.end()
	o.boxes.end()
	o.edges.end()
	o.dots.end()
	o.plates.end()
}

// mark places one object's box and label.
func (o *Marks) mark(m *drawing.Mark, v view) {
	b := v.box(m.Box)
	h := kit.NewArea(b.X-boxHalo, b.Y-boxHalo, b.W+2*boxHalo, b.H+2*boxHalo).Clip(v.on)
	kit.Put(o.halos.next(), h.X, h.Y, h.W, h.H)
	box := o.boxes.next()
	box.StrokeColor = m.Ink.Fill
	kit.Put(box, b.X, b.Y, b.W, b.H)

	p := o.plates.next()
	w, tall := o.setLines(p, m.Lines())
	at := kit.PlacePlate(b, w+2*platePad, tall+2*plateTight, v.on, o.taken)
	o.taken = append(o.taken, at)
	p.FillColor = m.Ink.Fill
	kit.Put(p, at.X, at.Y, at.W, at.H)
	y := at.Y + plateTight
	for i, l := range p.lines {
		kit.SetVisible(l, i < len(m.Lines()))
		if l.Visible() {
			l.Color = m.Ink.Text
			l.Move(fyne.NewPos(at.X+platePad, y))
			y += l.Size().Height
		}
	}
}

// setLines fills the plate's text and returns its size.
func (o *Marks) setLines(p *plate, lines []drawing.Text) (w, h float32) {
	labels := &o.labels
	for i := range lines {
		line, t := labels.get(lines[i]), p.lines[i]
		if t.Text != line.text {
			t.Text = line.text
			t.Resize(line.size)
			t.Refresh()
		}
		w, h = max(w, line.size.Width), h+line.size.Height
		labels = &o.attributes
	}
	return w, h
}
