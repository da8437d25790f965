package ui

import (
	"fmt"
	"image"
	"image/color"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// meters shows how fast the demo is: one number to be seen from afar, with the
// course of the times beneath, and a table beside it.
type meters struct {
	panel
	ground, table *canvas.Rectangle
	fps, name     *canvas.Text
	course        *course
	names, values [3]*canvas.Text // latency, network, processor
}

const (
	noNumber     = "–"
	metersTall   = 156
	metersNarrow = 184 // in a narrow column
	meterPad     = 20
)

func newMeters() *meters {
	m := &meters{
		ground: rounded(colors.surface, radius), table: rounded(colors.surface, radius),
		fps: text(noNumber, sizeDisplay, colors.accent, true), name: text(say.Fps, sizeSmall, colors.muted, false),
		course: newCourse(),
	}
	objects := []fyne.CanvasObject{m.ground, m.table, m.course.raster, m.fps, m.name}
	for i, name := range [...]string{say.Latency, say.Network, say.Processor} {
		m.names[i], m.values[i] = text(name, sizeSmall, colors.muted, false), text(noNumber, sizeBody+3, colors.text, true)
		m.values[i].Alignment = fyne.TextAlignTrailing
		objects = append(objects, m.names[i], m.values[i])
	}
	m.panel.show(objects...)
	m.panel.init(m, m.place)
	return m
}

func (m *meters) place(s fyne.Size) {
	half := (s.Width - gap) / 2
	put(m.ground, 0, 0, half, s.Height)
	v, n := m.fps.MinSize(), m.name.MinSize()
	// The big face has air above and below its digits; let the name use it.
	tuck := v.Height * 0.14
	y := (s.Height-v.Height-n.Height+2*tuck)/2 - tuck
	put(m.fps, meterPad, y, v.Width, v.Height)
	put(m.name, meterPad, y+v.Height-tuck, n.Width, n.Height)
	const widest = 150 // of three digits
	put(m.course.raster, meterPad+widest+gap, meterPad, max(0, half-widest-gap-2*meterPad), s.Height-2*meterPad)
	put(m.table, half+gap, 0, half, s.Height)
	step := (s.Height - 2*meterPad + 8) / float32(len(m.names))
	for i := range m.names {
		h, v := m.names[i].MinSize(), m.values[i].MinSize()
		middle := meterPad - 4 + step*(float32(i)+.5)
		put(m.names[i], half+gap+meterPad, middle-h.Height/2, h.Width, h.Height)
		put(m.values[i], half+gap+meterPad, middle-v.Height/2, half-2*meterPad, v.Height)
	}
}

func (m *meters) show(s *Status) {
	setText(m.fps, rateText(s.FPS))
	setText(m.values[0], millis(s.Latency))
	setText(m.values[1], millis(s.Invoke))
	processor, ink := noNumber, colors.text
	if s.Celsius > 0 {
		processor = fmt.Sprintf("%.0f °C", s.Celsius)
	}
	if s.Throttled {
		processor, ink = processor+" "+say.Throttled, colors.warning
	}
	if v := m.values[2]; v.Color != ink {
		v.Color = ink
		v.Refresh()
	}
	setText(m.values[2], processor)
	m.course.add(s)
}

// course draws the times of the last statuses: inside the network, and over it
// what the rest took up to the result.
type course struct {
	raster *canvas.Raster
	image  *image.RGBA
	times  [courseLong][2]time.Duration // a ring: network, latency
	next   int
}

// courseLong is how many statuses are kept, four a second.
const courseLong = 60

func newCourse() *course {
	c := &course{image: image.NewRGBA(image.Rect(0, 0, courseLong, 64))}
	c.raster = canvas.NewRaster(func(int, int) image.Image { return c.image })
	c.raster.ScaleMode = canvas.ImageScaleFastest
	return c
}

func (c *course) add(s *Status) {
	if s.Latency <= 0 {
		return
	}
	c.times[c.next%courseLong] = [2]time.Duration{s.Invoke, s.Latency}
	c.next++
	c.draw()
	c.raster.Refresh()
}

func (c *course) clear() { c.times, c.next = [courseLong][2]time.Duration{}, 0; c.draw() }

// draw paints a column a status, the newest at the right.
func (c *course) draw() {
	most := time.Millisecond
	for _, t := range c.times {
		most = max(most, t[1])
	}
	tall := c.image.Rect.Dy()
	network, rest := rgba(colors.accent), rgba(colors.outline)
	for x := range courseLong {
		t := c.times[(c.next+x)%courseLong]
		low, high := int(int64(tall)*int64(t[0])/int64(most)), int(int64(tall)*int64(t[1])/int64(most))
		for y := range tall {
			p := c.image.Pix[c.image.PixOffset(x, tall-1-y):]
			ink := color.RGBA{}
			switch {
			case y < low:
				ink = network
			case y < high:
				ink = rest
			}
			p[0], p[1], p[2], p[3] = ink.R, ink.G, ink.B, ink.A
		}
	}
}

func rgba(c color.Color) color.RGBA { return color.RGBAModel.Convert(c).(color.RGBA) }

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
