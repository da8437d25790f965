// Package overlay draws an inference.Result over and beside the picture: boxes
// with labels, masks, the alarm, the list of what is in view, and how fast it
// all goes.
//
// In: results, and where on the screen the picture is. Out: Fyne objects that
// are made once and kept, and pixels that Masks mixes into a picture. It runs
// on the UI goroutine, but for Masks, which takes masks from any. Package ui
// imports it, and app for the colours of classes; of ours it imports ui/kit,
// ui/phrases, inference, inference/recognize and assets.
package overlay

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/inference"
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
	maxMarks    = 64 // objects drawn; more than that no one reads
	maxLines    = 4  // of a plate: the label, then attributes
)

// Marks draws detections over the picture, at the screen's resolution, with
// objects that are made once and kept. UI goroutine.
type Marks struct {
	Box           *fyne.Container // what the object tree gets
	boxes, plates *fyne.Container // all plates lie over all boxes
	marks         []*mark
	shown         int // marks in use
	taken         []kit.Area
	labels        labelCache
	attributes    labelCache
}

// mark is what is drawn for one object.
type mark struct {
	halo, box, plate *canvas.Rectangle
	lines            [maxLines]*canvas.Text
	dots             []*canvas.Circle // as many as any object had keypoints
}

// NewMarks makes an overlay without marks.
func NewMarks() *Marks {
	o := &Marks{
		boxes: &fyne.Container{}, plates: &fyne.Container{},
		labels:     newLabelCache(kit.SizePlate, true),
		attributes: newLabelCache(kit.SizeSmall, false),
	}
	o.Box = &fyne.Container{Objects: []fyne.CanvasObject{o.boxes, o.plates}}
	return o
}

// NameAttributes says whether attributes are people's names, which stay as they
// are.
func (o *Marks) NameAttributes(on bool) { o.attributes.name(on) }

// Show draws a result over the picture at on.
func (o *Marks) Show(r *inference.Result, on kit.Area) {
	o.labels.limit(on.W - 2*platePad)
	o.attributes.limit(on.W - 2*platePad)
	o.taken = o.taken[:0]
	v := newView(r.Width, r.Height, on)
	n := 0
	for i := range r.Objects {
		b := v.box(r.Objects[i].Box)
		if n == maxMarks || b.W < 1 || b.H < 1 {
			continue
		}
		if n == len(o.marks) {
			o.addMark()
		}
		o.draw(o.marks[n], &r.Objects[i], b, v)
		n++
	}
	for _, m := range o.marks[n:max(n, o.shown)] {
		m.hide()
	}
	o.shown = n
}

// addMark makes one more mark.
func (o *Marks) addMark() {
	m := &mark{halo: kit.Rect(nil), box: kit.Rect(nil), plate: kit.Rounded(nil, plateRadius)}
	m.halo.StrokeColor, m.halo.StrokeWidth, m.halo.CornerRadius = kit.Colors.Halo, boxStroke+2*boxHalo, boxRadius+boxHalo
	m.box.StrokeWidth, m.box.CornerRadius = boxStroke, boxRadius
	o.boxes.Objects = append(o.boxes.Objects, m.halo, m.box)
	o.plates.Objects = append(o.plates.Objects, m.plate)
	for i := range m.lines {
		m.lines[i] = kit.Text("", kit.SizeSmall, kit.Dark.Text, false)
		o.plates.Objects = append(o.plates.Objects, m.lines[i])
	}
	m.lines[0].TextSize, m.lines[0].TextStyle.Bold = kit.SizePlate, true
	o.marks = append(o.marks, m)
}

// draw places one object's mark.
func (o *Marks) draw(m *mark, obj *inference.Object, b kit.Area, v view) {
	ink := &classInk[classIndex(obj.Class)]
	m.box.StrokeColor, m.plate.FillColor = ink.fill, ink.fill
	kit.Put(m.box, b.X, b.Y, b.W, b.H)
	h := kit.NewArea(b.X-boxHalo, b.Y-boxHalo, b.W+2*boxHalo, b.H+2*boxHalo).Clip(v.on)
	kit.Put(m.halo, h.X, h.Y, h.W, h.H)
	kit.SetVisible(m.halo, true)
	kit.SetVisible(m.box, true)

	w, height, used := o.setLines(m, obj)
	p := kit.PlacePlate(b, w+2*platePad, height+2*plateTight, v.on, o.taken)
	o.taken = append(o.taken, p)
	kit.Put(m.plate, p.X, p.Y, p.W, p.H)
	kit.SetVisible(m.plate, true)
	y := p.Y + plateTight
	for i, l := range m.lines {
		kit.SetVisible(l, i < used)
		if i < used {
			l.Color = ink.text
			l.Move(fyne.NewPos(p.X+platePad, y))
			y += l.Size().Height
		}
	}
	for len(m.dots) < len(obj.Keypoints) {
		d := canvas.NewCircle(kit.Dark.Text)
		d.StrokeWidth = 3
		m.dots = append(m.dots, d)
		o.boxes.Objects = append(o.boxes.Objects, d)
	}
	for i, d := range m.dots {
		if i >= len(obj.Keypoints) {
			kit.SetVisible(d, false)
			continue
		}
		k := &obj.Keypoints[i]
		x, y := v.point(k.Point)
		kit.SetVisible(d, k.Score >= obj.Skeleton.Least && inside(x, y, v.on))
		d.StrokeColor = ink.fill
		kit.Put(d, x-dotSize/2, y-dotSize/2, dotSize, dotSize)
	}
}

// setLines fills the plate's text and returns its size and number of lines.
func (o *Marks) setLines(m *mark, obj *inference.Object) (w, h float32, used int) {
	line := o.labels.get(obj.Label, percent(obj.Score))
	setLine(m.lines[0], line)
	w, h, used = line.size.Width, line.size.Height, 1
	for i := range obj.Attributes {
		if used == maxLines {
			break
		}
		a := &obj.Attributes[i]
		p := -1
		if a.Score > 0 {
			p = percent(a.Score)
		}
		line = o.attributes.get(a.Value, p)
		setLine(m.lines[used], line)
		w, h = max(w, line.size.Width), h+line.size.Height
		used++
	}
	return w, h, used
}

// setLine changes a line of a plate when it differs.
func setLine(t *canvas.Text, l labelText) {
	if t.Text != l.text {
		t.Text = l.text
		t.Resize(l.size)
		t.Refresh()
	}
}

func (m *mark) hide() {
	kit.SetVisible(m.halo, false)
	kit.SetVisible(m.box, false)
	kit.SetVisible(m.plate, false)
	for _, l := range m.lines {
		kit.SetVisible(l, false)
	}
	for _, d := range m.dots {
		kit.SetVisible(d, false)
	}
}

func inside(x, y float32, a kit.Area) bool {
	return x >= a.X && y >= a.Y && x < a.Right() && y < a.Bottom()
}
