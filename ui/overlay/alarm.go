package overlay

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/assets/icon"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
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
	label string
	share int // per cent of the picture, 0 where that is not known
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

// Update names what a result warns of, and how much of the picture it takes where
// there is a mask; without an alarm it takes the banner away.
func (a *Alarm) Update(r *inference.Result) {
	share := 0
	if r.Alarm != "" && r.Mask != nil {
		if class := slices.Index(r.Mask.Labels, r.Alarm); class >= 0 && class < len(r.Mask.Share) {
			share = max(1, percent(r.Mask.Share[class]))
		}
	}
	if a.label == r.Alarm && a.share == share {
		return
	}
	a.label, a.share = r.Alarm, share
	if a.label != "" {
		a.place(a.Size())
	}
	kit.SetVisible(a, a.label != "")
}

// Clear takes the banner away.
func (a *Alarm) Clear() { a.Update(&inference.Result{}) }

// said is the banner in words.
func (a *Alarm) said() string {
	if a.share == 0 {
		return lang.Name(a.label)
	}
	return lang.T("%s: %d %% of the picture", lang.Name(a.label), a.share)
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
	kit.SetText(a.words, kit.Shorten(a.said(), w, kit.Measurer(a.words.TextSize, true)))
	h := a.words.MinSize().Height
	kit.Put(a.words, x, y+(tall-h)/2, w, h)
}
