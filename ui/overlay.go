package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/inference"
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

// overlay draws detections over the picture, at the screen's resolution, with
// objects that are made once and kept. UI goroutine.
type overlay struct {
	box           *fyne.Container // what the object tree gets
	boxes, plates *fyne.Container // all plates lie over all boxes
	marks         []*mark
	shown         int // marks in use
	taken         []area
	labels        labelCache
	attributes    labelCache
}

// mark is what is drawn for one object.
type mark struct {
	halo, box, plate *canvas.Rectangle
	lines            [maxLines]*canvas.Text
	dots             [5]*canvas.Circle
}

func newOverlay() *overlay {
	o := &overlay{
		boxes: &fyne.Container{}, plates: &fyne.Container{},
		labels:     newLabelCache(sizePlate, true),
		attributes: newLabelCache(sizeSmall, false),
	}
	o.box = &fyne.Container{Objects: []fyne.CanvasObject{o.boxes, o.plates}}
	return o
}

// show draws a result over the picture at on.
func (o *overlay) show(r *inference.Result, on area) {
	o.labels.limit(on.w - 2*platePad)
	o.attributes.limit(on.w - 2*platePad)
	o.taken = o.taken[:0]
	v := newView(r.Width, r.Height, on)
	n := 0
	for i := range r.Objects {
		b := v.box(r.Objects[i].Box)
		if n == maxMarks || b.w < 1 || b.h < 1 {
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
func (o *overlay) addMark() {
	m := &mark{halo: rect(nil), box: rect(nil), plate: rounded(nil, plateRadius)}
	m.halo.StrokeColor, m.halo.StrokeWidth, m.halo.CornerRadius = colors.halo, boxStroke+2*boxHalo, boxRadius+boxHalo
	m.box.StrokeWidth, m.box.CornerRadius = boxStroke, boxRadius
	o.boxes.Objects = append(o.boxes.Objects, m.halo, m.box)
	for i := range m.dots {
		m.dots[i] = canvas.NewCircle(dark.text)
		m.dots[i].StrokeWidth = 3
		o.boxes.Objects = append(o.boxes.Objects, m.dots[i])
	}
	o.plates.Objects = append(o.plates.Objects, m.plate)
	for i := range m.lines {
		m.lines[i] = text("", sizeSmall, dark.text, false)
		o.plates.Objects = append(o.plates.Objects, m.lines[i])
	}
	m.lines[0].TextSize, m.lines[0].TextStyle.Bold = sizePlate, true
	o.marks = append(o.marks, m)
}

// draw places one object's mark.
func (o *overlay) draw(m *mark, obj *inference.Object, b area, v view) {
	ink := &classInk[classIndex(obj.Class)]
	m.box.StrokeColor, m.plate.FillColor = ink.fill, ink.fill
	put(m.box, b.x, b.y, b.w, b.h)
	h := area{b.x - boxHalo, b.y - boxHalo, b.w + 2*boxHalo, b.h + 2*boxHalo}.clip(v.on)
	put(m.halo, h.x, h.y, h.w, h.h)
	setVisible(m.halo, true)
	setVisible(m.box, true)

	w, height, used := o.setLines(m, obj)
	p := placePlate(b, w+2*platePad, height+2*plateTight, v.on, o.taken)
	o.taken = append(o.taken, p)
	put(m.plate, p.x, p.y, p.w, p.h)
	setVisible(m.plate, true)
	y := p.y + plateTight
	for i, l := range m.lines {
		setVisible(l, i < used)
		if i < used {
			l.Color = ink.text
			l.Move(fyne.NewPos(p.x+platePad, y))
			y += l.Size().Height
		}
	}
	for i, d := range m.dots {
		x, y := v.point(obj.Landmarks[i])
		setVisible(d, obj.HasLandmarks && inside(x, y, v.on))
		d.StrokeColor = ink.fill
		put(d, x-dotSize/2, y-dotSize/2, dotSize, dotSize)
	}
}

// setLines fills the plate's text and returns its size and number of lines.
func (o *overlay) setLines(m *mark, obj *inference.Object) (w, h float32, used int) {
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
	setVisible(m.halo, false)
	setVisible(m.box, false)
	setVisible(m.plate, false)
	for _, l := range m.lines {
		setVisible(l, false)
	}
	for _, d := range m.dots {
		setVisible(d, false)
	}
}

func inside(x, y float32, a area) bool {
	return x >= a.x && y >= a.y && x < a.right() && y < a.bottom()
}
