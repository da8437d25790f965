package ui

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// meters shows how fast the demo is: one number to be seen from afar and two
// beside it.
type meters struct {
	panel
	fps, latency, network *meter
}

// meter is a number over its name, on a tile.
type meter struct {
	ground *canvas.Rectangle
	value  *canvas.Text
	name   *canvas.Text
}

const (
	noNumber     = "–"
	metersTall   = 156
	metersNarrow = 184 // with the two small ones one over the other
	meterSmall   = 40
	meterPad     = 20
)

func newMeters() *meters {
	m := &meters{
		fps:     newMeter(say.fps, sizeDisplay),
		latency: newMeter(say.latency, meterSmall),
		network: newMeter(say.network, meterSmall),
	}
	m.fps.value.Color = colors.accent
	var objects []fyne.CanvasObject
	for _, t := range []*meter{m.fps, m.latency, m.network} {
		objects = append(objects, t.ground, t.value, t.name)
	}
	m.panel.show(objects...)
	m.panel.init(m, m.place)
	return m
}

func newMeter(name string, size float32) *meter {
	return &meter{
		ground: rounded(colors.surface, radius),
		value:  text(noNumber, size, colors.text, true),
		name:   text(name, sizeSmall, colors.muted, false),
	}
}

func (m *meters) place(s fyne.Size) {
	if s.Height > metersTall {
		half, low := (s.Width-gap)/2, (s.Height-gap)/2
		m.fps.place(area{0, 0, half, s.Height})
		m.latency.place(area{half + gap, 0, half, low})
		m.network.place(area{half + gap, low + gap, half, low})
		return
	}
	small := (s.Width - 2*gap) * 0.29
	m.fps.place(area{0, 0, s.Width - 2*small - 2*gap, s.Height})
	m.latency.place(area{s.Width - 2*small - gap, 0, small, s.Height})
	m.network.place(area{s.Width - small, 0, small, s.Height})
}

func (t *meter) place(a area) {
	put(t.ground, a.x, a.y, a.w, a.h)
	v, n := t.value.MinSize(), t.name.MinSize()
	// The big face has air above and below its digits; let the name use it.
	tuck := v.Height * 0.14
	y := a.y + (a.h-v.Height-n.Height+2*tuck)/2 - tuck
	put(t.value, a.x+meterPad, y, v.Width, v.Height)
	put(t.name, a.x+meterPad, y+v.Height-tuck, n.Width, n.Height)
}

func (m *meters) show(s *Status) {
	setText(m.fps.value, rateText(s.FPS))
	setText(m.latency.value, millis(s.Latency))
	setText(m.network.value, millis(s.Invoke))
}

// rateText has two figures: 4.7, 31.
func rateText(v float64) string {
	switch {
	case v <= 0:
		return noNumber
	case v < 9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// millis has two figures or three: 4.7 ms, 31 ms, 310 ms, 1.2 s.
func millis(d time.Duration) string {
	if d <= 0 {
		return noNumber
	}
	if d >= time.Second {
		return rateText(d.Seconds()) + " s"
	}
	return rateText(float64(d)/float64(time.Millisecond)) + " ms"
}
