package overlay

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/assets/icon"
	"reterminal-vision/inference/drawing"
	"reterminal-vision/ui/kit"
)

// Alarm is a red frame round the picture with a banner at its foot that names
// what must not be there. It lies over the picture, so that nothing moves when
// it comes and goes.
type Alarm struct {
	kit.Panel
	sides [3]*canvas.Rectangle // left, top, right
	foot  *canvas.Rectangle
	sign  *canvas.Image
	words *canvas.Text
	of    drawing.Alarm
}

const (
	alarmTall = 116
	alarmSign = 80
	alarmSide = 14
)

// NewAlarm makes a hidden alarm.
func NewAlarm() *Alarm {
	a := &Alarm{
		foot:  kit.Rect(kit.Colors.Alarm),
		sign:  kit.SVG("warning.svg", icon.Glyph("warning")), // on red in every theme
		words: kit.Text("", kit.SizeTitle+6, kit.Colors.OnAlarm, true),
	}
	a.Panel.SetObjects(a.foot, a.sign, a.words)
	for i := range a.sides {
		a.sides[i] = kit.Rect(kit.Colors.Alarm)
		a.Panel.Objects = append(a.Panel.Objects, a.sides[i])
	}
	a.Panel.Init(a, a.place)
	a.Hide()
	return a
}

// Update says what is warned of; without an alarm it takes the banner away.
func (a *Alarm) Update(of drawing.Alarm) {
	if a.of == of {
		return
	}
	a.of = of
	if of != (drawing.Alarm{}) {
		a.place(a.Size())
	}
	kit.SetVisible(a, of != drawing.Alarm{})
}

func (a *Alarm) place(s fyne.Size) {
	tall := min(alarmTall, s.Height)
	y := s.Height - tall
	kit.Put(a.sides[0], 0, 0, alarmSide, y)
	kit.Put(a.sides[1], 0, 0, s.Width, alarmSide)
	kit.Put(a.sides[2], s.Width-alarmSide, 0, alarmSide, y)
	kit.Put(a.foot, 0, y, s.Width, tall)
	kit.Put(a.sign, kit.Margin, y+(tall-alarmSign)/2, alarmSign, alarmSign)

	x := float32(kit.Margin + alarmSign + kit.Margin)
	w := s.Width - x - kit.Margin
	kit.SetText(a.words, kit.Shorten(a.of.String(), w, kit.Measurer(a.words.TextSize, true)))
	h := a.words.MinSize().Height
	kit.Put(a.words, x, y+(tall-h)/2, w, h)
}
