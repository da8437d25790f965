package overlay

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/inference/drawing"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// Seen shows what is seen right now under a heading.
type Seen struct {
	kit.Panel
	heading *canvas.Text
	empty   *canvas.Text
	rows    []*seenRow
	found   []drawing.Finding
	bars    bool // one column, with a bar each: a classification
}

type seenRow struct {
	ground, swatch *canvas.Rectangle
	bar, level     *canvas.Rectangle
	label, value   *canvas.Text
}

const (
	seenHeading = 46
	seenRowSize = 66
	seenBarSize = 72
	seenColumn  = 300 // narrowest
	seenMost    = 16  // rows
)

// NewSeen makes an empty list.
func NewSeen() *Seen {
	l := &Seen{
		heading: kit.Text(phrases.Now.InView, kit.SizeSmall, kit.Colors.Muted, true),
		empty:   kit.Text(phrases.Now.NothingInView, kit.SizeBody, kit.Colors.Muted, false),
	}
	objects := []fyne.CanvasObject{l.heading, l.empty}
	for range seenMost {
		r := &seenRow{
			ground: kit.Rounded(kit.Colors.Surface, 14), swatch: kit.Rounded(kit.Colors.Accent, 8),
			bar: kit.Rounded(kit.Colors.Raised, 7), level: kit.Rounded(kit.Colors.Accent, 7),
			label: kit.Text("", kit.SizeBody, kit.Colors.Text, false), value: kit.Text("", kit.SizeBody, kit.Colors.Text, true),
		}
		r.value.Alignment = fyne.TextAlignTrailing
		l.rows = append(l.rows, r)
		objects = append(objects, r.ground, r.bar, r.level, r.swatch, r.label, r.value)
	}
	l.Panel.SetObjects(objects...)
	l.Panel.Init(l, func(fyne.Size) { l.fill() })
	return l
}

// Update takes up what was found.
func (l *Seen) Update(d *drawing.Drawing) {
	l.found, l.bars = append(l.found[:0], d.Findings...), d.Guesses
	heading := phrases.Now.InView
	switch {
	case l.bars:
		heading = phrases.Now.Guesses
	case d.Mask != nil:
		heading = phrases.Now.Scene
	}
	kit.SetText(l.heading, heading)
	l.fill()
}

// Clear shows nothing, not even that there is nothing.
func (l *Seen) Clear() {
	l.found = l.found[:0]
	kit.SetText(l.heading, "")
	l.fill()
}

// fill puts the findings into as many rows as there is room for.
func (l *Seen) fill() {
	s := l.Size()
	kit.Put(l.heading, 0, 0, s.Width, l.heading.MinSize().Height)
	kit.Put(l.empty, 0, seenHeading, s.Width, l.empty.MinSize().Height)
	kit.SetVisible(l.empty, len(l.found) == 0 && l.heading.Text != "")

	slots := seenSlots(s.Width, s.Height, l.bars)
	slots = slots[:min(len(slots), len(l.rows))]
	for i, r := range l.rows {
		if i >= len(slots) || i >= len(l.found) {
			r.hide()
			continue
		}
		if rest := len(l.found) - i; i == len(slots)-1 && i > 0 && rest > 1 && !l.bars {
			r.showMore(slots[i], rest)
			continue
		}
		r.show(slots[i], &l.found[i], l.bars)
	}
}

// seenSlots are the places of the rows in a list of the given size.
func seenSlots(width, height float32, bars bool) []kit.Area {
	columns, step := max(1, int(width/seenColumn)), float32(seenRowSize)
	if bars {
		columns, step = 1, seenBarSize
	}
	w := (width - float32(columns-1)*kit.Gap) / float32(columns)
	var slots []kit.Area
	for y := float32(seenHeading); y+step <= height+1 && len(slots) < seenMost; y += step {
		for c := range columns {
			slots = append(slots, kit.NewArea(float32(c)*(w+kit.Gap), y, w, step-8))
		}
	}
	return slots
}

func (r *seenRow) show(at kit.Area, f *drawing.Finding, bar bool) {
	value := strings.TrimPrefix(f.Tail(), " ")
	if f.Count > 0 {
		value = strconv.Itoa(f.Count)
	}
	r.level.FillColor, r.swatch.FillColor = f.Ink.Fill, f.Ink.Fill
	r.label.Color = kit.Colors.Text
	kit.SetText(r.value, value)
	vw := r.value.MinSize()
	x, w := at.X+kit.Gap, at.W-2*kit.Gap
	textY := at.Y + (at.H-vw.Height)/2
	if bar {
		x, w, textY = at.X, at.W, at.Y
		kit.Put(r.bar, at.X, at.Bottom()-20, at.W, 14)
		kit.Put(r.level, at.X, at.Bottom()-20, max(14, at.W*f.Share), 14)
	} else {
		const swatch = 26
		kit.Put(r.ground, at.X, at.Y, at.W, at.H)
		kit.Put(r.swatch, x, at.Y+(at.H-swatch)/2, swatch, swatch)
		x, w = x+swatch+14, w-swatch-14
	}
	r.swatch.Refresh()
	kit.SetText(r.label, kit.Shorten(f.Words, w-vw.Width-kit.Gap, kit.Measurer(kit.SizeBody, false)))
	kit.Put(r.label, x, textY, w-vw.Width-kit.Gap, vw.Height)
	kit.Put(r.value, x, textY, w, vw.Height)
	r.visible(bar, !bar, true)
}

// showMore tells how many findings found no room.
func (r *seenRow) showMore(at kit.Area, rest int) {
	r.label.Color = kit.Colors.Muted
	kit.SetText(r.label, "+ "+strconv.Itoa(rest)+" "+phrases.Now.More)
	r.label.Refresh()
	h := r.label.MinSize().Height
	kit.Put(r.label, at.X+kit.Gap, at.Y+(at.H-h)/2, at.W-2*kit.Gap, h)
	kit.SetText(r.value, "")
	r.visible(false, false, true)
}

func (r *seenRow) hide() { r.visible(false, false, false) }

func (r *seenRow) visible(bar, chip, words bool) {
	kit.SetVisible(r.bar, bar)
	kit.SetVisible(r.level, bar)
	kit.SetVisible(r.ground, chip)
	kit.SetVisible(r.swatch, chip)
	kit.SetVisible(r.label, words)
	kit.SetVisible(r.value, words)
}
