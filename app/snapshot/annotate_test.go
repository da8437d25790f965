package snapshot

import (
	"image"
	"image/color"
	"testing"

	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/inference/drawing"
	"reterminal-vision/inference/recognize"
)

func TestAnnotate(t *testing.T) {
	box := inference.Box{X0: 40, Y0: 100, X1: 140, Y1: 180}
	rgba := func(c color.Color) color.RGBA { return color.RGBAModel.Convert(c).(color.RGBA) }
	ink := rgba(drawing.InkOf(1).Fill)
	half := color.RGBA{ink.R / 2, ink.G / 2, ink.B / 2, 255}
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
		{"keypoint", inference.Result{Objects: []inference.Object{{Box: box, Class: 1, Label: "face", Skeleton: &inference.Skeleton{}, Keypoints: []inference.Keypoint{{Point: inference.Point{X: 90, Y: 150}}}}}},
			image.Pt(90, 150), ink, image.Pt(100, 150)},
		{"alarm", inference.Result{Alarm: "rip"}, image.Pt(100, 1), rgba(alarmInk.Fill), image.Pt(100, 100)},
		{"class that is not there", inference.Result{Classes: []inference.Class{{Index: 1, Label: "rip", Score: .001}}},
			image.Pt(1, 1), color.RGBA{A: 255}, image.Pt(1, 100)},
	} {
		img := image.NewRGBA(image.Rect(0, 0, 200, 200))
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
		c.result.Width, c.result.Height = 200, 200
		if err := Annotate(img, &c.result); err != nil {
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

// Labels are in the language in use, people's names as they were given, and no
// character is missing.
func TestWords(t *testing.T) {
	t.Cleanup(func() { _ = lang.Set("en") })
	box := inference.Box{X1: 10, Y1: 10}
	person := func(name string) inference.Object {
		return inference.Object{Box: box, Label: "face", Attributes: []inference.Attribute{{Name: recognize.Attribute, Value: name, Verbatim: true}}}
	}
	for _, tc := range []struct {
		tag, text string
	}{
		{"en", "Ada"}, {"en", "田中さくら"}, {"en", "王小明"}, {"de", "Çelik Öztürk"}, {"ja", "車"}, {"zh", "汽车"},
	} {
		if err := lang.Set(tc.tag); err != nil {
			t.Fatal(err)
		}
		p := pen{size: 20}
		if err := p.open(); err != nil {
			t.Fatal(err)
		}
		for _, r := range tc.text {
			if _, ok := p.faceFor(tc.text).GlyphAdvance(r); !ok {
				t.Errorf("%s: %q lacks %q", tc.tag, tc.text, r)
			}
		}
		p.close()
	}
	// A translated label is wider or narrower than the English one; a name is not.
	width := func(tag string, o inference.Object) (n int) {
		if err := lang.Set(tag); err != nil {
			t.Fatal(err)
		}
		img := image.NewRGBA(image.Rect(0, 0, 400, 200))
		if err := Annotate(img, &inference.Result{Width: 400, Height: 200, Objects: []inference.Object{o}}); err != nil {
			t.Fatal(err)
		}
		y := 5
		if len(o.Attributes) > 0 {
			y = 19
		}
		for x := range 400 {
			if img.RGBAAt(x, y).A != 0 {
				n = x
			}
		}
		return n
	}
	if width("en", inference.Object{Box: box, Label: "motorcycle"}) == width("de", inference.Object{Box: box, Label: "motorcycle"}) {
		t.Error("the label is not translated")
	}
	if width("en", person("Car")) != width("de", person("Car")) {
		t.Error("a name is translated")
	}
}
