package overlay

import (
	"fmt"
	"image"
	"image/color"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// Meters shows how fast the demo is: one number to be seen from afar, with the
// course of the times beneath, and a table beside it.
type Meters struct {
	kit.Panel
	ground, table *canvas.Rectangle
	fps, name     *canvas.Text
	course        *course
	names, values [3]*canvas.Text // latency, network, processor
}

const (
	NoNumber     = "–"
	MetersTall   = 156
	MetersNarrow = 184 // in a narrow column
	meterPad     = 20
)

// NewMeters makes meters without figures.
func NewMeters() *Meters {
	m := &Meters{
		ground: kit.Rounded(kit.Colors.Surface, kit.Radius), table: kit.Rounded(kit.Colors.Surface, kit.Radius),
		fps: kit.Text(NoNumber, kit.SizeDisplay, kit.Colors.Accent, true), name: kit.Text(phrases.Now.Fps, kit.SizeSmall, kit.Colors.Muted, false),
		course: newCourse(),
	}
	objects := []fyne.CanvasObject{m.ground, m.table, m.course.raster, m.fps, m.name}
	for i, name := range [...]string{phrases.Now.Latency, phrases.Now.Network, phrases.Now.Processor} {
		m.names[i], m.values[i] = kit.Text(name, kit.SizeSmall, kit.Colors.Muted, false), kit.Text(NoNumber, kit.SizeBody+3, kit.Colors.Text, true)
		m.values[i].Alignment = fyne.TextAlignTrailing
		objects = append(objects, m.names[i], m.values[i])
	}
	m.Panel.SetObjects(objects...)
	m.Panel.Init(m, m.place)
	return m
}

func (m *Meters) place(s fyne.Size) {
	half := (s.Width - kit.Gap) / 2
	kit.Put(m.ground, 0, 0, half, s.Height)
	v, n := m.fps.MinSize(), m.name.MinSize()
	// The big face has air above and below its digits; let the name use it.
	tuck := v.Height * 0.14
	y := (s.Height-v.Height-n.Height+2*tuck)/2 - tuck
	kit.Put(m.fps, meterPad, y, v.Width, v.Height)
	kit.Put(m.name, meterPad, y+v.Height-tuck, n.Width, n.Height)
	const widest = 150 // of three digits
	kit.Put(m.course.raster, meterPad+widest+kit.Gap, meterPad, max(0, half-widest-kit.Gap-2*meterPad), s.Height-2*meterPad)
	kit.Put(m.table, half+kit.Gap, 0, half, s.Height)
	step := (s.Height - 2*meterPad + 8) / float32(len(m.names))
	for i := range m.names {
		h, v := m.names[i].MinSize(), m.values[i].MinSize()
		middle := meterPad - 4 + step*(float32(i)+.5)
		kit.Put(m.names[i], half+kit.Gap+meterPad, middle-h.Height/2, h.Width, h.Height)
		kit.Put(m.values[i], half+kit.Gap+meterPad, middle-v.Height/2, half-2*meterPad, v.Height)
	}
}

// Figures are what the meters show.
type Figures struct {
	FPS             float64       // results a second
	Latency, Invoke time.Duration // from capture to result; inside the network
	Celsius         float64       // of the processor; 0 when unknown
	Throttled       bool          // the processor is slowed down
}

// Clear forgets the course of the times.
func (m *Meters) Clear() { m.course.clear() }

// Update takes up new figures.
func (m *Meters) Update(s Figures) {
	kit.SetText(m.fps, RateText(s.FPS))
	kit.SetText(m.values[0], millis(s.Latency))
	kit.SetText(m.values[1], millis(s.Invoke))
	processor, ink := NoNumber, kit.Colors.Text
	if s.Celsius > 0 {
		processor = fmt.Sprintf("%.0f °C", s.Celsius)
	}
	if s.Throttled {
		processor, ink = processor+" "+phrases.Now.Throttled, kit.Colors.Warning
	}
	if v := m.values[2]; v.Color != ink {
		v.Color = ink
		v.Refresh()
	}
	kit.SetText(m.values[2], processor)
	m.course.add(s.Invoke, s.Latency)
}

// course draws the times of the last figures: inside the network, and over it
// what the rest took up to the result.
type course struct {
	raster *canvas.Raster
	image  *image.RGBA
	times  [courseLong][2]time.Duration // a ring: network, latency
	next   int
}

// courseLong is how many times are kept, four a second.
const courseLong = 60

func newCourse() *course {
	c := &course{image: image.NewRGBA(image.Rect(0, 0, courseLong, 64))}
	c.raster = canvas.NewRaster(func(int, int) image.Image { return c.image })
	c.raster.ScaleMode = canvas.ImageScaleFastest
	return c
}

func (c *course) add(network, latency time.Duration) {
	if latency <= 0 {
		return
	}
	c.times[c.next%courseLong] = [2]time.Duration{network, latency}
	c.next++
	c.draw()
	c.raster.Refresh()
}

func (c *course) clear() { c.times, c.next = [courseLong][2]time.Duration{}, 0; c.draw() }

// draw paints a column each, the newest at the right.
func (c *course) draw() {
	most := time.Millisecond
	for _, t := range c.times {
		most = max(most, t[1])
	}
	tall := c.image.Rect.Dy()
	network, rest := rgba(kit.Colors.Accent), rgba(kit.Colors.Outline)
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

// RateText has two figures: 4.7, 31.
func RateText(v float64) string {
	switch {
	case v <= 0:
		return NoNumber
	case v < 9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// millis has two figures or three: 4.7 ms, 31 ms, 310 ms, 1.2 s.
func millis(d time.Duration) string {
	if d <= 0 {
		return NoNumber
	}
	if d >= time.Second {
		return RateText(d.Seconds()) + " s"
	}
	return RateText(float64(d)/float64(time.Millisecond)) + " ms"
}
