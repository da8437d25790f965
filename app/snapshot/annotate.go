package snapshot

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	fonts "reterminal-vision/assets/font"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/inference/drawing"
)

// alarmInk is that of the frame and banner of an alarm.
var alarmInk = drawing.Ink{Fill: color.RGBA{R: 0xC6, G: 0x28, B: 0x28, A: 255}, Text: color.White}

// maskAlpha is the weight of a class's colour in the picture, of 256.
const maskAlpha = 128

// Annotate draws what was found into a saved picture, as inference/drawing
// describes it, with the classes of a classification in a corner.
func Annotate(img *image.RGBA, r *inference.Result) error {
	p := pen{img: img, size: max(float64(img.Rect.Dy())/28, 11)}
	if err := p.open(); err != nil {
		return err
	}
	defer p.close()
	var d drawing.Drawing
	d.Update(r)
	if d.Mask != nil {
		drawing.Tint(img, d.Mask, maskAlpha, nil)
	}
	p.shapes(&d)
	if d.Guesses {
		at := image.Point{}
		for _, f := range d.Findings {
			at.Y += p.write(at, f.Words+f.Tail(), f.Ink)
		}
	}
	if d.Alarm != (drawing.Alarm{}) {
		p.alarm(d.Alarm.String())
	}
	return nil
}

// pen writes and draws in one size.
type pen struct {
	img   *image.RGBA
	faces []font.Face // of Latin, Japanese and Chinese characters
	size  float64
}

// open makes the faces. Those for the language in use come first, since
// Japanese and Chinese write some characters differently.
func (p *pen) open() error {
	tags := []string{"ja", "zh"}
	if lang.Current() == "zh" {
		tags = []string{"zh", "ja"}
	}
	for _, file := range [][]byte{gomedium.TTF, fonts.Of(tags[0], true), fonts.Of(tags[1], true)} {
		f, err := opentype.Parse(file)
		if err != nil {
			return err
		}
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: p.size, DPI: 72})
		if err != nil {
			return err
		}
		p.faces = append(p.faces, face)
	}
	return nil
}

func (p *pen) close() {
	for _, f := range p.faces {
		f.Close()
	}
}

// faceFor is the first face that has every character of a text, else the last.
func (p *pen) faceFor(text string) font.Face {
	for _, f := range p.faces {
		whole := true
		for _, r := range text {
			_, ok := f.GlyphAdvance(r)
			whole = whole && ok
		}
		if whole {
			return f
		}
	}
	return p.faces[len(p.faces)-1]
}

// frame draws the sides of a rectangle.
func (p *pen) frame(box image.Rectangle, c color.Color, width int) {
	ink := image.NewUniform(c)
	for _, side := range []image.Rectangle{
		{box.Min, image.Pt(box.Max.X, box.Min.Y+width)}, {image.Pt(box.Min.X, box.Max.Y-width), box.Max},
		{box.Min, image.Pt(box.Min.X+width, box.Max.Y)}, {image.Pt(box.Max.X-width, box.Min.Y), box.Max},
	} {
		draw.Draw(p.img, side, ink, image.Point{}, draw.Src)
	}
}

// shapes draws boxes, keypoints with the lines between them, and over all labels.
func (p *pen) shapes(d *drawing.Drawing) {
	width := max(p.img.Rect.Dy()/200, 2)
	for i := range d.Marks {
		p.frame(corners(d.Marks[i].Box), d.Marks[i].Ink.Fill, width)
	}
	for _, e := range d.Edges {
		dx, dy := e.To.X-e.From.X, e.To.Y-e.From.Y
		steps := max(dx, -dx, dy, -dy, 1)
		for i := float32(0); i <= steps; i++ {
			p.dot(e.From.X+dx*i/steps, e.From.Y+dy*i/steps, e.Ink.Fill, width/2)
		}
	}
	for _, k := range d.Points {
		p.dot(k.X, k.Y, k.Ink.Fill, width)
	}
	for i := range d.Marks {
		at := corners(d.Marks[i].Box).Min
		for _, t := range d.Marks[i].Lines() {
			at.Y += p.write(at, t.Words+t.Tail(), d.Marks[i].Ink)
		}
	}
}

func corners(b inference.Box) image.Rectangle {
	return image.Rect(int(b.X0), int(b.Y0), int(b.X1), int(b.Y1))
}

// dot draws a square that reaches so far from its middle.
func (p *pen) dot(x, y float32, c color.Color, reach int) {
	at := image.Rect(-reach, -reach, reach, reach).Add(image.Pt(int(x), int(y)))
	draw.Draw(p.img, at, image.NewUniform(c), image.Point{}, draw.Src)
}

// write writes text on a ground, within the picture, and returns the height it
// took.
func (p *pen) write(at image.Point, text string, ink drawing.Ink) int {
	face, height := p.faceFor(text), int(p.size*1.3)
	width := font.MeasureString(face, text).Ceil() + 8
	at.X = max(min(at.X, p.img.Rect.Max.X-width), p.img.Rect.Min.X)
	plate := image.Rect(0, 0, width, height).Add(at)
	draw.Draw(p.img, plate, image.NewUniform(ink.Fill), image.Point{}, draw.Src)
	dot := fixed.P(plate.Min.X+4, plate.Min.Y+int(p.size))
	(&font.Drawer{Dst: p.img, Src: image.NewUniform(ink.Text), Face: face, Dot: dot}).DrawString(text)
	return height
}

// alarm draws a red frame around the picture, with what it is about at its foot.
func (p *pen) alarm(text string) {
	p.frame(p.img.Rect, alarmInk.Fill, max(p.img.Rect.Dy()/80, 3))
	foot := image.Rect(p.img.Rect.Min.X, p.img.Rect.Max.Y-int(p.size*1.6), p.img.Rect.Max.X, p.img.Rect.Max.Y)
	draw.Draw(p.img, foot, image.NewUniform(alarmInk.Fill), image.Point{}, draw.Src)
	p.write(foot.Min.Add(image.Pt(int(p.size/2), int(p.size*.15))), text, alarmInk)
}
