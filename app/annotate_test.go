package app

import (
	"image"
	"image/color"
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/ui/overlay"
)

func TestAnnotate(t *testing.T) {
	box := inference.Box{X0: 40, Y0: 100, X1: 140, Y1: 180}
	fill, _ := overlay.ClassColors(1)
	ink := color.RGBAModel.Convert(fill).(color.RGBA)
	half := color.RGBA{mean(0, ink.R), mean(0, ink.G), mean(0, ink.B), 255}
	for _, c := range []struct {
		name    string
		result  inference.Result
		at      image.Point
		want    color.RGBA
		outside image.Point // left alone
	}{
		{"side of a box", inference.Result{Objects: []inference.Object{{Box: box, Class: 1, Label: "car"}}},
			image.Pt(139, 150), ink, image.Pt(90, 150)},
		{"plate of an attribute", inference.Result{Objects: []inference.Object{{Box: box, Class: 1, Label: "face",
			Attributes: []inference.Attribute{{Name: "age", Value: "34 years"}}}}},
			image.Pt(42, 118), ink, image.Pt(30, 118)},
		{"mask", inference.Result{Mask: &inference.Mask{Width: 2, Height: 1, Class: []uint8{0, 1}, Area: inference.Box{X1: 200, Y1: 200}}},
			image.Pt(150, 50), half, image.Pt(50, 50)},
		{"class", inference.Result{Classes: []inference.Class{{Index: 1, Label: "rip", Score: .9}}},
			image.Pt(1, 1), ink, image.Pt(1, 100)},
		{"class that is not there", inference.Result{Classes: []inference.Class{{Index: 1, Label: "rip", Score: .001}}},
			image.Pt(1, 1), color.RGBA{A: 255}, image.Pt(1, 100)},
	} {
		img := image.NewRGBA(image.Rect(0, 0, 200, 200))
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
		if err := annotate(img, &c.result); err != nil {
			t.Fatal(err)
		}
		if got := img.RGBAAt(c.at.X, c.at.Y); got != c.want {
			t.Errorf("%s: %v at %v, want %v", c.name, got, c.at, c.want)
		}
		if got := img.RGBAAt(c.outside.X, c.outside.Y); got != (color.RGBA{A: 255}) {
			t.Errorf("%s: %v at %v, which is outside", c.name, got, c.outside)
		}
	}
}
