package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// wishes writes down what was chosen.
type wishes struct{ made []string }

func (w *wishes) ShowChoices()            { w.made = append(w.made, "show") }
func (w *wishes) Choose(id string)        { w.made = append(w.made, id) }
func (w *wishes) Step(id string, up bool) { w.made = append(w.made, fmt.Sprint(id, " ", up)) }

func someChoices() Choices {
	return Choices{Groups: []ChoiceGroup{
		{Title: "Camera", Choices: []Choice{
			{ID: "auto", Label: "Automatic", Detail: "the first that is connected"},
			{ID: "c525", Label: "HD Webcam C525", Detail: "/dev/video0", Chosen: true}}},
		{Title: "Pictures", Choices: []Choice{
			{ID: "vga", Label: "640 x 480", Detail: "YUYV, up to 30 a second", Chosen: true},
			{ID: "hd", Label: "1280 x 720", Detail: "MJPG, up to 30 a second"}}},
		{Title: "Light and focus", Steps: []Step{
			{ID: "brightness", Label: "Brightness", Value: "128", Less: true, More: true},
			{ID: "mains", Label: "Mains frequency", Value: "50 Hz", More: true}}},
	}}
}

// The screen about the camera opens from the gallery and from a demo, shows
// what is chosen, and tells what is tapped.
func TestCameraChoices(t *testing.T) {
	for _, o := range []struct {
		name string
		size fyne.Size
	}{{"portrait", portrait}, {"landscape", landscape}} {
		t.Run(o.name, func(t *testing.T) {
			w, d := &wishes{}, &deeds{}
			u := newUI(test.NewApp(), Options{Title: "reTerminal Vision", Cards: testCards, Handler: d, People: d, Camera: w, Size: o.size})
			u.win.Canvas().(interface{ SetScale(float32) }).SetScale(1)
			u.win.Resize(o.size)
			look(t, u, o.name+"-home-camera")
			u.home.camera.Tapped(nil)
			if u.stack.top() != u.camera {
				t.Fatal("the camera's screen is not shown")
			}
			u.Choices(someChoices())
			look(t, u, o.name+"-camera")
			u.camera.groups[1].choices[1].Tapped(nil)
			u.camera.groups[2].steps[0].less.Tapped(nil)
			u.camera.groups[2].steps[1].more.Tapped(nil)
			if want := []string{"show", "hd", "brightness false", "mains true"}; !slices.Equal(w.made, want) {
				t.Errorf("asked for %v, want %v", w.made, want)
			}
			if u.camera.groups[2].steps[1].less.Visible() {
				t.Error("less is offered where there is none")
			}
			u.Choices(Choices{Wrong: "The settings are not kept: free some space", Groups: someChoices().Groups})
			look(t, u, o.name+"-camera-wrong")
			u.camera.back()
			if u.stack.top() != u.home {
				t.Error("back does not lead to the gallery")
			}
			u.ShowDemo("object-detection")
			look(t, u, o.name+"-live-camera")
			s := okStatus()
			s.Lost, s.Damaged = 7, 2
			u.Status(s)
			look(t, u, o.name+"-live-losses")
			if line := u.live.footer[1].text; !strings.HasSuffix(line, "7 lost, 2 damaged") {
				t.Errorf("the screen says %q", line)
			}
			u.live.camera.Tapped(nil)
			if u.stack.top() != u.camera {
				t.Fatal("the camera's screen is not shown over a demo")
			}
			u.camera.back()
			if u.stack.top() != u.live {
				t.Error("back does not lead to the demo")
			}
		})
	}
}
