package snapshot

import (
	"fmt"
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
	"reterminal-vision/inference/recognize"
	"reterminal-vision/ui/overlay"
)

// alarmColor is that of the frame and banner of an alarm.
var alarmColor = color.RGBA{R: 0xC6, G: 0x28, B: 0x28, A: 255}

// Annotate draws what was found into a saved picture: boxes, keypoints, masks,
// classes and the alarm, in the language in use.
func Annotate(img *image.RGBA, r *inference.Result) error {
	p := pen{img: img, size: max(float64(img.Rect.Dy())/28, 11)}
	if err := p.open(); err != nil {
		return err
	}
	defer p.close()
	if r.Mask != nil && r.Mask.Width > 0 {
		tint(img, r.Mask)
	}
	for i := range r.Objects {
		p.object(&r.Objects[i])
	}
	at := image.Point{}
	for _, c := range r.Classes {
		if c.Score < .005 { // it would read 0 %
			continue
		}
		at.Y += p.plate(at, c.Index, scored(lang.Name(c.Label), c.Score))
	}
	if r.Alarm != "" {
		p.alarm(lang.Name(r.Alarm))
	}
	return nil
}

// scored is a label with its score.
func scored(label string, score float32) string { return fmt.Sprintf("%s %.0f %%", label, 100*score) }

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

// object draws a box, its keypoints, its label and what else is known of it.
func (p *pen) object(o *inference.Object) {
	fill, _ := overlay.ClassColors(o.Class)
	width := max(p.img.Rect.Dy()/200, 2)
	box := image.Rect(int(o.Box.X0), int(o.Box.Y0), int(o.Box.X1), int(o.Box.Y1))
	p.frame(box, fill, width)
	for _, k := range o.Keypoints {
		if k.Score >= o.Skeleton.Least {
			dot := image.Rect(-width, -width, width, width).Add(image.Pt(int(k.X), int(k.Y)))
			draw.Draw(p.img, dot, image.NewUniform(fill), image.Point{}, draw.Src)
		}
	}
	at := box.Min
	at.Y += p.plate(at, o.Class, scored(lang.Name(o.Label), o.Score))
	for _, a := range o.Attributes {
		text := a.Value
		if a.Name != recognize.Attribute || !recognize.IsName(text) {
			text = lang.Name(text)
		}
		if a.Score > 0 {
			text = scored(text, a.Score)
		}
		at.Y += p.plate(at, o.Class, text)
	}
}

// plate writes text on its class's colour and returns the height it took.
func (p *pen) plate(at image.Point, class int, text string) int {
	fill, ink := overlay.ClassColors(class)
	return p.write(at, text, fill, ink)
}

// write writes text on a ground, within the picture, and returns the height it
// took.
func (p *pen) write(at image.Point, text string, ground, ink color.Color) int {
	face, height := p.faceFor(text), int(p.size*1.3)
	width := font.MeasureString(face, text).Ceil() + 8
	at.X = max(min(at.X, p.img.Rect.Max.X-width), p.img.Rect.Min.X)
	plate := image.Rect(0, 0, width, height).Add(at)
	draw.Draw(p.img, plate, image.NewUniform(ground), image.Point{}, draw.Src)
	dot := fixed.P(plate.Min.X+4, plate.Min.Y+int(p.size))
	(&font.Drawer{Dst: p.img, Src: image.NewUniform(ink), Face: face, Dot: dot}).DrawString(text)
	return height
}

// alarm draws a red frame around the picture, with what it is about at its foot.
func (p *pen) alarm(text string) {
	p.frame(p.img.Rect, alarmColor, max(p.img.Rect.Dy()/80, 3))
	foot := image.Rect(p.img.Rect.Min.X, p.img.Rect.Max.Y-int(p.size*1.6), p.img.Rect.Max.X, p.img.Rect.Max.Y)
	draw.Draw(p.img, foot, image.NewUniform(alarmColor), image.Point{}, draw.Src)
	p.write(foot.Min.Add(image.Pt(int(p.size/2), int(p.size*.15))), text, alarmColor, color.White)
}

// tint colours the parts of the picture by class; the background stays.
func tint(img *image.RGBA, m *inference.Mask) {
	for y := range img.Rect.Dy() {
		cy := int((float32(y) + .5 - m.Area.Y0) / m.Area.Height() * float32(m.Height))
		for x := range img.Rect.Dx() {
			cx := int((float32(x) + .5 - m.Area.X0) / m.Area.Width() * float32(m.Width))
			if cx < 0 || cy < 0 || cx >= m.Width || cy >= m.Height {
				continue
			}
			class := m.Class[cy*m.Width+cx]
			if class == 0 {
				continue
			}
			fill, _ := overlay.ClassColors(int(class))
			c := color.RGBAModel.Convert(fill).(color.RGBA)
			px := img.Pix[img.PixOffset(x, y):]
			px[0], px[1], px[2] = mean(px[0], c.R), mean(px[1], c.G), mean(px[2], c.B)
		}
	}
}

func mean(a, b uint8) uint8 { return uint8((int(a) + int(b)) / 2) }
