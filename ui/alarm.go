package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/assets/icon"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
)

// alarm is a red frame round the picture with a banner at its foot that names
// what must not be there. It lies over the picture, so that nothing moves when
// it comes and goes.
type alarm struct {
	panel
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

func newAlarm() *alarm {
	a := &alarm{
		foot:  rect(colors.alarm),
		sign:  svg("warning.svg", icon.Glyph("warning")), // on red in every theme
		words: text("", sizeTitle+6, colors.onAlarm, true),
	}
	a.panel.show(a.foot, a.sign, a.words)
	for i := range a.sides {
		a.sides[i] = rect(colors.alarm)
		a.panel.objects = append(a.panel.objects, a.sides[i])
	}
	a.panel.init(a, a.place)
	a.Hide()
	return a
}

// show names what a result warns of, and how much of the picture it takes where
// there is a mask; without an alarm it takes the banner away.
func (a *alarm) show(r *inference.Result) {
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
	setVisible(a, a.label != "")
}

// hide takes the banner away.
func (a *alarm) hide() { a.show(&inference.Result{}) }

// said is the banner in words.
func (a *alarm) said() string {
	if a.share == 0 {
		return lang.Name(a.label)
	}
	return lang.T("%s: %d %% of the picture", lang.Name(a.label), a.share)
}

func (a *alarm) place(s fyne.Size) {
	tall := min(alarmTall, s.Height)
	y := s.Height - tall
	put(a.sides[0], 0, 0, alarmSide, y)
	put(a.sides[1], 0, 0, s.Width, alarmSide)
	put(a.sides[2], s.Width-alarmSide, 0, alarmSide, y)
	put(a.foot, 0, y, s.Width, tall)
	put(a.sign, margin, y+(tall-alarmSign)/2, alarmSign, alarmSign)

	x := float32(margin + alarmSign + margin)
	w := s.Width - x - margin
	setText(a.words, shorten(a.said(), w, measurer(a.words.TextSize, true)))
	h := a.words.MinSize().Height
	put(a.words, x, y+(tall-h)/2, w, h)
}
