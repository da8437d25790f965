package kit

import (
	"fmt"
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
)

func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		axis axis
		want string
	}{
		{axis{from: .5, to: 60, log: true}, "[0.5 1 2 5 10 20 50]"},
		{axis{from: .3, to: 4000, log: true}, "[1 10 100 1000]"},
		{axis{from: .26, to: .98}, "[0.4 0.6 0.8]"},
		{axis{from: 3.1, to: 7.2}, "[4 6]"},
	} {
		got := []string{}
		for _, v := range tc.axis.ticks() {
			got = append(got, number(math.Round(v*1e6)/1e6))
		}
		if fmt.Sprint(got) != tc.want {
			t.Errorf("%v: %v, want %s", tc.axis, got, tc.want)
		}
	}
}

var sampleKeys = []Key{{"FP32", 0}, {"FP16", 1}, {"8-Bit-Gewichte", 2}, {"INT8", 3}, {"ausgedünnt", 4}}

// sampleScatter has points that lie close, and one that lies alone.
func sampleScatter() *Scatter {
	s := &Scatter{X: "ms per frame", Y: "vehicles, AP50", Keys: sampleKeys}
	for i, p := range [][3]float64{{1, .32, .36}, {1.04, .30, .32}, {1.06, .27, 1}, {1.02, .36, .33}, {4.2, .6, 4.2}, {90, .95, 3.4}} {
		s.Points = append(s.Points, Point{Label: "YOLO v2, MobileNet v1 x0.25, 224, dynamic range", Detail: "1 ms · 0.4 MB", X: p[0], Y: p[1], Size: p[2], Series: i % 4})
	}
	return s
}

func sampleBars() *Bars {
	b := &Bars{Keys: sampleKeys}
	for i := range 3 {
		g := BarGroup{Title: "A network with a very long name, MobileNet v1 x0.25, 224 pixels, 8 bit"}
		for k := range 4 {
			v := float64(1 + 400*k*(i+1))
			g.Bars = append(g.Bars, Bar{Label: "8-Bit-Gewichte · XNNPACK · 4", Value: v, Low: .8 * v, High: 1.3 * v, Text: fmt.Sprintf("%.0f FPS", v), Series: k, Stated: k == 3})
		}
		b.Groups = append(b.Groups, g)
	}
	return b
}

// Everything of a chart lies on its ground, in narrow and wide windows and in
// both themes; numbers of points do not lie on each other.
func TestChartsFit(t *testing.T) {
	test.NewApp()
	defer SetTheme("dark")
	for _, theme := range Themes {
		SetTheme(theme)
		for _, width := range []float32{432, 672, 1200} {
			for name, c := range map[string]*chart{"bars": newBars(sampleBars()), "scatter": newScatter(sampleScatter()), "nothing": newBars(&Bars{}), "empty": newScatter(&Scatter{})} {
				tall := c.height(width)
				c.Resize(fyne.NewSize(width, tall))
				var numbers []Area
				for _, o := range c.Objects {
					p, s := o.Position(), o.Size()
					a := Area{p.X, p.Y, s.Width, s.Height}
					if a.X < -.5 || a.Y < -.5 || a.Right() > width+.5 || a.Bottom() > tall+.5 {
						t.Errorf("%s, %s, %v wide: %T %v lies outside of %v", theme, name, width, o, a, tall)
					}
					if text, ok := o.(*canvas.Text); ok && len(text.Text) == 1 && text.TextSize == sizeTick && text.TextStyle.Bold {
						numbers = append(numbers, a)
					}
				}
				if name == "scatter" && len(numbers) != 6 {
					t.Errorf("%d points are numbered", len(numbers))
				}
				for i, a := range numbers {
					for _, b := range numbers[:i] {
						if a.overlap(b) > .3*a.W*a.H {
							t.Errorf("%v wide: a number at %v lies on one at %v", width, a, b)
						}
					}
				}
			}
		}
	}
}

// The colours of charts stand out from their ground.
func TestSeriesColors(t *testing.T) {
	defer SetTheme("dark")
	for _, theme := range Themes {
		SetTheme(theme)
		for i, c := range SeriesColors() {
			if got := Contrast(c, Colors.Surface); got < 3 {
				t.Errorf("%s: colour %d has a contrast of %.1f", theme, i, got)
			}
		}
	}
}

// A page is painted whole for people who were not there.
func TestPaintPage(t *testing.T) {
	test.NewApp()
	img := PaintPage(Page{Title: "Benchmark", Groups: []Group{
		{Title: "Frames per second", Text: "Of each the quickest.", Bars: sampleBars(), Rows: []Row{{Kind: RowFact, Label: "A fact"}}},
		{Scatter: sampleScatter()},
	}}, 720)
	if s := img.Bounds().Size(); s.X != 720 || s.Y < 1500 {
		t.Errorf("%v", s)
	}
	seen := map[color.Color]bool{}
	for y := 0; y < img.Bounds().Dy(); y += 3 {
		for x := 0; x < 720; x += 3 {
			seen[color.NRGBAModel.Convert(img.At(x, y))] = true
		}
	}
	for i, c := range SeriesColors()[:3] {
		if !seen[color.NRGBAModel.Convert(c)] {
			t.Errorf("colour %d is not in the picture", i)
		}
	}
}
