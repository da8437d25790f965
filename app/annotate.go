package app

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"reterminal-vision/inference"
	"reterminal-vision/ui/overlay"
)

// annotate draws what was found into a saved picture.
func annotate(img *image.RGBA, r *inference.Result) error {
	f, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		return err
	}
	p := pen{img: img, size: max(float64(img.Rect.Dy())/28, 11)}
	if p.face, err = opentype.NewFace(f, &opentype.FaceOptions{Size: p.size, DPI: 72}); err != nil {
		return err
	}
	defer p.face.Close()
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
		at.Y += p.plate(at, c.Index, fmt.Sprintf("%s %.0f %%", c.Label, 100*c.Score))
	}
	return nil
}

// pen writes and draws in one size.
type pen struct {
	img  *image.RGBA
	face font.Face
	size float64
}

// object draws a box, its label and what else is known of it.
func (p *pen) object(o *inference.Object) {
	fill, _ := overlay.ClassColors(o.Class)
	ink, width := image.NewUniform(fill), max(p.img.Rect.Dy()/200, 2)
	box := image.Rect(int(o.Box.X0), int(o.Box.Y0), int(o.Box.X1), int(o.Box.Y1))
	for _, edge := range []image.Rectangle{
		{box.Min, image.Pt(box.Max.X, box.Min.Y+width)}, {image.Pt(box.Min.X, box.Max.Y-width), box.Max},
		{box.Min, image.Pt(box.Min.X+width, box.Max.Y)}, {image.Pt(box.Max.X-width, box.Min.Y), box.Max},
	} {
		draw.Draw(p.img, edge, ink, image.Point{}, draw.Src)
	}
	at := box.Min
	at.Y += p.plate(at, o.Class, fmt.Sprintf("%s %.0f %%", o.Label, 100*o.Score))
	for _, a := range o.Attributes {
		text := a.Value
		if a.Score > 0 {
			text += fmt.Sprintf(" %.0f %%", 100*a.Score)
		}
		at.Y += p.plate(at, o.Class, text)
	}
}

// plate writes text on its class's colour and returns the height it took.
func (p *pen) plate(at image.Point, class int, text string) int {
	fill, ink := overlay.ClassColors(class)
	height := int(p.size * 1.3)
	plate := image.Rect(0, 0, font.MeasureString(p.face, text).Ceil()+8, height).Add(at)
	draw.Draw(p.img, plate, image.NewUniform(fill), image.Point{}, draw.Src)
	dot := fixed.P(plate.Min.X+4, plate.Min.Y+int(p.size))
	(&font.Drawer{Dst: p.img, Src: image.NewUniform(ink), Face: p.face, Dot: dot}).DrawString(text)
	return height
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
