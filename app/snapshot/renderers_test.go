package snapshot

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"reterminal-vision/inference"
	"reterminal-vision/inference/drawing"
	"reterminal-vision/inference/face"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/overlay"
)

// body is a person of five keypoints: head, hands, hip, foot.
var body = &inference.Skeleton{
	Names: []string{"head", "left hand", "right hand", "hip", "foot"},
	Edges: [][2]int{{0, 1}, {0, 2}, {0, 3}, {3, 4}}, Least: .3,
}

// TestBothRenderers has the screen and saved pictures draw the same results: the
// same places are coloured in both, and the same are left alone. RTV_SHOTS names
// a folder for the pictures.
func TestBothRenderers(t *testing.T) {
	const width, height = 640, 480
	box := inference.Box{X0: 120, Y0: 60, X1: 520, Y1: 460}
	places := []inference.Point{{X: 320, Y: 140}, {X: 200, Y: 260}, {X: 440, Y: 220}, {X: 320, Y: 320}, {X: 260, Y: 430}}
	object := func(s *inference.Skeleton, scores ...float32) inference.Object {
		o := inference.Object{Box: box, Class: 1, Label: "x", Score: .9, Skeleton: s}
		for i, score := range scores {
			o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: places[i], Score: score})
		}
		return o
	}
	middle := func(a, b int) image.Point {
		return image.Pt(int(places[a].X+places[b].X)/2, int(places[a].Y+places[b].Y)/2)
	}
	away := object(body, 1, 1, 1, 1, 1)
	away.Keypoints[4].Y = height + 50
	head, side := image.Pt(314, 140), image.Pt(121, 300)
	for name, c := range map[string]struct {
		object         inference.Object
		colored, alone []image.Point
	}{
		"box":           {object(nil), []image.Point{side}, []image.Point{head, middle(0, 3)}},
		"face":          {object(face.Skeleton, 0, 0, 0, 0, 0), []image.Point{side}, []image.Point{middle(0, 1), middle(0, 2), middle(3, 4)}},
		"person":        {object(body, .9, .9, .9, .9, .9), []image.Point{side, middle(0, 1), middle(0, 2), middle(0, 3), middle(3, 4)}, []image.Point{middle(1, 3), middle(2, 4)}},
		"hand unseen":   {object(body, .9, .2, .9, .9, .9), []image.Point{middle(0, 2), middle(0, 3), middle(3, 4)}, []image.Point{middle(0, 1), image.Pt(200, 260)}},
		"foot cut off":  {away, []image.Point{middle(0, 1), middle(0, 3)}, []image.Point{image.Pt(315, 340), image.Pt(320, 400)}},
		"not this time": {object(body), []image.Point{side}, []image.Point{middle(0, 1), middle(0, 3)}},
	} {
		r := &inference.Result{Width: width, Height: height, Objects: []inference.Object{c.object}}
		saved := image.NewRGBA(image.Rect(0, 0, width, height))
		draw.Draw(saved, saved.Rect, image.Black, image.Point{}, draw.Src)
		if err := Annotate(saved, r); err != nil {
			t.Fatal(err)
		}
		for where, img := range map[string]image.Image{"saved": saved, "screen": onScreen(r)} {
			for want, places := range map[color.Color][]image.Point{drawing.InkOf(1).Fill: c.colored, color.RGBA{A: 255}: c.alone} {
				for _, at := range places {
					if got := color.NRGBAModel.Convert(img.At(at.X, at.Y)); got != color.NRGBAModel.Convert(want) {
						t.Errorf("%s, %s: %v at %v, want %v", name, where, got, at, want)
					}
				}
			}
			if dir := os.Getenv("RTV_SHOTS"); dir != "" {
				if err := SavePicture(filepath.Join(dir, name+"-"+where+".png"), img); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// onScreen is what the live view draws over a black picture of the frame's size.
// Another result was shown before, of which nothing is to be left.
func onScreen(r *inference.Result) image.Image {
	size := fyne.NewSize(float32(r.Width), float32(r.Height))
	w := test.NewApp().NewWindow("")
	marks, ground := overlay.NewMarks(), kit.Rect(color.Black)
	w.SetPadded(false)
	w.SetContent(&fyne.Container{Objects: []fyne.CanvasObject{ground, marks.Box}})
	w.Resize(size)
	ground.Resize(size)
	before := &inference.Result{Width: r.Width, Height: r.Height}
	for range 3 {
		o := before.AddObject()
		o.Box, o.Skeleton = inference.Box{X0: 10, Y0: 10, X1: 600, Y1: 470}, body
		for i := range body.Names {
			o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: inference.Point{X: 315, Y: float32(100 * i)}, Score: 1})
		}
	}
	var d drawing.Drawing
	for _, result := range []*inference.Result{before, r} {
		d.Update(result)
		marks.Show(&d, kit.NewArea(0, 0, size.Width, size.Height))
	}
	return w.Canvas().Capture()
}
