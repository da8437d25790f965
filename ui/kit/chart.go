package kit

import (
	"image/color"
	"math"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Key is what a colour of a chart stands for.
type Key struct {
	Name   string
	Series int // of SeriesColors
}

// Bars compares values by the lengths of bars.
type Bars struct {
	Keys   []Key // of the colours; none leaves the legend out
	Groups []BarGroup
}

// BarGroup is bars beneath one heading.
type BarGroup struct {
	Title string // "" for none
	Bars  []Bar
}

// Bar is one value with its spread.
type Bar struct {
	Label     string
	Value     float64
	Low, High float64 // both 0 for no spread
	Text      string  // the value in words
	Series    int     // colour
	Stated    bool    // it was not measured here, and is drawn as an outline
}

// Scatter shows values against each other, with a third one as the surface of
// points. Times have a logarithmic axis, for half the time is as good a gain
// everywhere.
type Scatter struct {
	X, Y   string // what the axes stand for
	Keys   []Key
	Points []Point
	Down   bool // of Y less is better, so that it grows downwards
}

// Point is one thing in a Scatter. Points are numbered, and named beneath.
type Point struct {
	Label, Detail string
	X, Y, Size    float64 // X is more than 0
	Series        int
}

// SeriesColors are the colours of charts in the theme in use, which people who
// do not tell red from green can tell apart. UI goroutine.
func SeriesColors() []color.Color {
	if Colors == light {
		return []color.Color{rgb(0x0072B2), rgb(0xA85200), rgb(0x8E3B73), rgb(0x0B6E50), rgb(0x6B5A00), rgb(0x4A5664)}
	}
	return []color.Color{rgb(0x56B4E9), rgb(0xF0A030), rgb(0xE48BC0), rgb(0x4FD1A5), rgb(0xF0E442), rgb(0xA7B3C2)}
}

func seriesColor(n int) color.Color {
	all := SeriesColors()
	return all[n%len(all)]
}

// chart is a panel that knows how tall it is.
type chart struct {
	Panel
	tall func(width float32) float32
	draw func(Area)
}

const (
	chartPad = 24
	sizeTick = 24
	barTall  = 46
	plotTall = 440
)

func newChart(tall func(width float32) float32, draw func(Area)) *chart {
	c := &chart{tall: tall, draw: draw}
	c.Panel.Init(c, c.place)
	return c
}

func (c *chart) height(width float32) float32 { return c.tall(width-2*chartPad) + 2*chartPad }

func (c *chart) place(s fyne.Size) {
	if s.Width <= 2*chartPad {
		return
	}
	ground := Rounded(Colors.Surface, Radius)
	Put(ground, 0, 0, s.Width, s.Height)
	c.Objects = []fyne.CanvasObject{ground}
	c.draw(Area{chartPad, chartPad, s.Width - 2*chartPad, s.Height - 2*chartPad})
	canvas.Refresh(c.self)
}

// add places an object that is drawn.
func (c *chart) add(o fyne.CanvasObject, x, y, w, h float32) {
	Put(o, x, y, w, h)
	c.Objects = append(c.Objects, o)
}

// write writes a line, cut to a width, at a place that anchors it: 0 is its left
// end, 1 its right one, .5 its middle. It returns its height.
func (c *chart) write(s string, size float32, ink color.Color, bold bool, x, y, width, anchor float32) float32 {
	t := Text(Shorten(s, width, Measurer(size, bold)), size, ink, bold)
	m := t.MinSize()
	c.add(t, x-anchor*m.Width, y, m.Width, m.Height)
	return m.Height
}

func (c *chart) line(ink color.Color, wide, x0, y0, x1, y1 float32) {
	l := canvas.NewLine(ink)
	l.StrokeWidth = wide
	l.Position1, l.Position2 = fyne.NewPos(x0, y0), fyne.NewPos(x1, y1)
	c.Objects = append(c.Objects, l)
}

// lineTall is the height of a line of text.
func lineTall(size float32) float32 { return fyne.MeasureText("0", size, fyne.TextStyle{}).Height }

// legend places the keys, each with its colour, in lines of a width; draw is
// called with the place of each. It returns the height.
func legend(keys []Key, width float32, draw func(key Key, x, y float32)) float32 {
	if len(keys) == 0 {
		return 0
	}
	const swatch = 24
	x, y, tall, measure := float32(0), float32(0), lineTall(sizeTick)+Gap/2, Measurer(sizeTick, false)
	for _, k := range keys {
		w := swatch + Gap/2 + measure(k.Name) + 1.5*Gap
		if x > 0 && x+w > width+1.5*Gap {
			x, y = 0, y+tall
		}
		if draw != nil {
			draw(k, x, y)
		}
		x += w
	}
	return y + tall + Gap/2
}

// legend draws the keys and returns their height.
func (c *chart) legend(keys []Key, a Area) float32 {
	return legend(keys, a.W, func(key Key, x, y float32) {
		tall := lineTall(sizeTick)
		c.add(Rounded(seriesColor(key.Series), 6), a.X+x, a.Y+y+(tall-24)/2, 24, 24)
		c.write(key.Name, sizeTick, Colors.Muted, false, a.X+x+24+Gap/2, a.Y+y, a.W, 0)
	})
}

func newBars(b *Bars) *chart {
	var c *chart
	tall := func(width float32) float32 {
		h := legend(b.Keys, width, nil)
		for i, g := range b.Groups {
			if i > 0 {
				h += Gap
			}
			if g.Title != "" {
				h += lineTall(SizeSmall) + Gap/2
			}
			h += barTall * float32(len(g.Bars))
		}
		return h
	}
	c = newChart(tall, func(a Area) { c.drawBars(b, a) })
	return c
}

// drawBars draws every bar on a line, its label before it and its value after.
func (c *chart) drawBars(b *Bars, a Area) {
	most, label, value := 0., float32(0), float32(0)
	for _, g := range b.Groups {
		for _, bar := range g.Bars {
			most = max(most, bar.Value)
			label = max(label, Measurer(sizeTick, false)(bar.Label))
			value = max(value, Measurer(sizeTick, true)(bar.Text))
		}
	}
	label = min(label, .46*a.W)
	left, room := a.X+label+Gap, a.W-label-value-2*Gap
	y := a.Y + c.legend(b.Keys, a)
	at := func(v float64) float32 { return left + room*float32(min(1, max(0, v/max(most, 1e-9)))) }
	for i, g := range b.Groups {
		if i > 0 {
			y += Gap
		}
		if g.Title != "" {
			y += c.write(g.Title, SizeSmall, Colors.Text, true, a.X, y, a.W, 0) + Gap/2
		}
		for _, bar := range g.Bars {
			middle := y + barTall/2
			c.write(bar.Label, sizeTick, Colors.Muted, false, a.X, middle-lineTall(sizeTick)/2, label, 0)
			const thick = 26
			shape := Rounded(seriesColor(bar.Series), 6)
			if bar.Stated {
				shape.FillColor, shape.StrokeColor, shape.StrokeWidth = color.Transparent, Colors.Muted, 3
			}
			c.add(shape, left, middle-thick/2, max(4, at(bar.Value)-left), thick)
			if bar.High > bar.Low {
				c.whisker(at(bar.Low), at(bar.High), middle)
			}
			c.write(bar.Text, sizeTick, Colors.Text, true, a.Right(), middle-lineTall(sizeTick)/2, a.W, 1)
			y += barTall
		}
	}
}

// whisker draws a spread, where it is wide enough to be seen.
func (c *chart) whisker(x0, x1, middle float32) {
	if x1-x0 < 6 {
		return
	}
	const arm = 8
	for _, wide := range []struct {
		ink  color.Color
		line float32
	}{{Colors.Surface, 7}, {Colors.Text, 3}} {
		c.line(wide.ink, wide.line, x0, middle, x1, middle)
		c.line(wide.ink, wide.line, x0, middle-arm, x0, middle+arm)
		c.line(wide.ink, wide.line, x1, middle-arm, x1, middle+arm)
	}
}

func newScatter(s *Scatter) *chart {
	var c *chart
	tall := func(width float32) float32 {
		return legend(s.Keys, width, nil) + lineTall(sizeTick) + plotTall + 2*lineTall(sizeTick) + Gap + s.listTall()
	}
	c = newChart(tall, func(a Area) { c.drawScatter(s, a) })
	return c
}

// listTall is the height of the names beneath.
func (s *Scatter) listTall() float32 {
	return float32(len(s.Points)) * (lineTall(SizeSmall) + lineTall(sizeTick) + Gap/2)
}

// axis leads from values to pixels.
type axis struct {
	from, to  float64
	start, at float32 // pixels of from and to
	log       bool
}

func (x axis) pixel(v float64) float32 {
	part := (v - x.from) / (x.to - x.from)
	if x.log {
		part = math.Log(max(v, x.from)/x.from) / math.Log(x.to/x.from)
	}
	return x.start + float32(part)*(x.at-x.start)
}

// ticks are round values within the axis: of a logarithmic one 1, 2 and 5 of
// each power of ten, or the powers alone where those are too many.
func (x axis) ticks() (all []float64) {
	if x.log {
		for _, steps := range [][]float64{{1, 2, 5}, {1}} {
			all = all[:0]
			for p := math.Floor(math.Log10(x.from)); p <= math.Log10(x.to); p++ {
				for _, s := range steps {
					if v := s * math.Pow(10, p); v >= x.from && v <= x.to {
						all = append(all, v)
					}
				}
			}
			if len(all) <= 7 {
				break
			}
		}
		return all
	}
	step := roundStep((x.to - x.from) / 4)
	first := math.Ceil(x.from / step)
	for n := range 5 {
		if v := (first + float64(n)) * step; v <= x.to+step/1e6 {
			all = append(all, v)
		}
	}
	return all
}

// roundStep is 1, 2, 2.5 or 5 times a power of ten, no less than v.
func roundStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, s := range []float64{1, 2, 2.5, 5} {
		if s*p >= v {
			return s * p
		}
	}
	return 10 * p
}

// axes are those that show all points, with some room about them.
func (s *Scatter) axes(plot Area) (x, y axis) {
	x, y = axis{log: true, start: plot.X, at: plot.Right()}, axis{start: plot.Bottom(), at: plot.Y}
	if s.Down {
		y.start, y.at = y.at, y.start
	}
	x.from, x.to, y.to = 1, 10, 1 // of no points
	const least = 1e-6            // a logarithmic axis has no zero
	for i, p := range s.Points {
		if i == 0 {
			x.from, x.to, y.from, y.to = max(p.X, least), max(p.X, least), p.Y, p.Y
		}
		x.from, x.to = max(min(x.from, p.X), least), max(x.to, p.X)
		y.from, y.to = min(y.from, p.Y), max(y.to, p.Y)
	}
	x.from, x.to = x.from/1.6, x.to*1.6
	room := max(.18*(y.to-y.from), .02*math.Abs(y.to), 1e-6)
	y.from, y.to = y.from-room, y.to+room
	return x, y
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func (c *chart) drawScatter(s *Scatter, a Area) {
	tick := lineTall(sizeTick)
	y := a.Y + c.legend(s.Keys, a)
	y += c.write(s.Y, sizeTick, Colors.Muted, false, a.X, y, a.W, 0)
	plot := Area{a.X, y, a.W, plotTall}
	_, ys := s.axes(plot)
	wide := float32(0)
	for _, v := range ys.ticks() {
		wide = max(wide, Measurer(sizeTick, false)(number(v)))
	}
	plot = Area{a.X + wide + Gap/2, y, a.W - wide - Gap/2, plotTall}
	xs, ys := s.axes(plot)
	for _, v := range ys.ticks() {
		c.line(Colors.Raised, 2, plot.X, ys.pixel(v), plot.Right(), ys.pixel(v))
		c.write(number(v), sizeTick, Colors.Muted, false, plot.X-Gap/2, ys.pixel(v)-tick/2, a.W, 1)
	}
	for _, v := range xs.ticks() {
		c.line(Colors.Raised, 2, xs.pixel(v), plot.Y, xs.pixel(v), plot.Bottom())
		c.write(number(v), sizeTick, Colors.Muted, false, xs.pixel(v), plot.Bottom(), a.W, .5)
	}
	c.line(Colors.Outline, 3, plot.X, plot.Bottom(), plot.Right(), plot.Bottom())
	c.line(Colors.Outline, 3, plot.X, plot.Y, plot.X, plot.Bottom())
	c.write(s.X, sizeTick, Colors.Muted, false, plot.X+plot.W/2, plot.Bottom()+tick, a.W, .5)
	c.drawPoints(s, plot, xs, ys)
	y = plot.Bottom() + 2*tick + Gap
	for i, p := range s.Points {
		c.write(strconv.Itoa(i+1), SizeSmall, seriesColor(p.Series), true, a.X, y, a.W, 0)
		h := c.write(p.Label, SizeSmall, Colors.Text, false, a.X+44, y, a.W-44, 0)
		h += c.write(p.Detail, sizeTick, Colors.Muted, false, a.X+44, y+h, a.W-44, 0)
		y += h + Gap/2
	}
}

// drawPoints draws the points, the largest first, and puts the number of each
// where it hides least.
func (c *chart) drawPoints(s *Scatter, plot Area, xs, ys axis) {
	most := 0.
	for _, p := range s.Points {
		most = max(most, p.Size)
	}
	boxes := make([]Area, len(s.Points))
	for i, p := range s.Points {
		const least, largest = 9, 40
		r := max(least, largest*float32(math.Sqrt(p.Size/max(most, 1e-9))))
		boxes[i] = Area{xs.pixel(p.X) - r, ys.pixel(p.Y) - r, 2 * r, 2 * r}
	}
	for _, i := range largestFirst(boxes) {
		ink := color.NRGBAModel.Convert(seriesColor(s.Points[i].Series)).(color.NRGBA)
		dot := canvas.NewCircle(color.NRGBA{ink.R, ink.G, ink.B, 0x99})
		dot.StrokeColor, dot.StrokeWidth = ink, 3
		c.add(dot, boxes[i].X, boxes[i].Y, boxes[i].W, boxes[i].H)
	}
	var taken []Area
	for i := range s.Points {
		t := Text(strconv.Itoa(i+1), sizeTick, Colors.Text, true)
		m := t.MinSize()
		at := PlacePlate(boxes[i], m.Width+8, m.Height, plot, append(taken, boxes...))
		taken = append(taken, at)
		c.add(t, at.X+4, at.Y, m.Width, m.Height)
	}
}

// largestFirst is the order in which areas hide least of each other.
func largestFirst(all []Area) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
		for k := i; k > 0 && all[order[k]].W > all[order[k-1]].W; k-- {
			order[k], order[k-1] = order[k-1], order[k]
		}
	}
	return order
}
