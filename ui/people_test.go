package ui

import (
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"reterminal-vision/camera/frame"
	"reterminal-vision/ui/kit"
)

// group is somebody with a portrait and two more.
func group() People {
	face := image.NewRGBA(image.Rect(0, 0, 112, 112))
	for i := range face.Pix {
		face.Pix[i] = uint8(90 + i/112%120)
	}
	since := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	return People{All: []Person{
		{ID: "a", Name: "Ada Lovelace", Shots: 5, Since: since, Portrait: face, Known: true},
		{ID: "b", Name: "Bartholomew Featherstonehaugh-Cholmondeley", Shots: 1, Since: since, Known: true},
		{ID: "c", Name: "Çelik Öztürk", Shots: 5, Since: since, Portrait: face},
	}}
}

// TestIntroduce walks through all screens about people, both ways up.
func TestIntroduce(t *testing.T) {
	for _, o := range []struct {
		name string
		size fyne.Size
	}{{"portrait", portrait}, {"landscape", landscape}} {
		t.Run(o.name, func(t *testing.T) { introduce(t, o.name, o.size) })
	}
}

func introduce(t *testing.T, way string, size fyne.Size) {
	u, d := newTestUI(t, size, false)
	did := func(want string) {
		t.Helper()
		if len(d.done) == 0 || d.done[len(d.done)-1] != want {
			t.Fatalf("asked for %v, want %q at the end", d.done, want)
		}
	}
	u.ShowDemo("objects")
	if u.live.people.Visible() {
		t.Error("a demo without people offers them")
	}
	u.ShowHome()
	u.ShowDemo("recognition")
	f := new(frame.Pool).Get(frame.Grey, 640, 480)
	u.Live.Frame(f)
	look(t, u, way+"-recognition")

	u.live.people.Tapped(nil)
	did("people")
	u.People.Show(People{})
	look(t, u, way+"-people-nobody")
	u.People.Show(People{Wrong: "The list of people cannot be read: the disk is full. Free some space."})
	look(t, u, way+"-people-wrong")
	u.People.Show(group())
	look(t, u, way+"-people")

	u.People.list.add.Tapped(nil)
	name := u.People.name
	look(t, u, way+"-name-empty")
	name.ok.Tapped(nil)
	if name.wrong.Text == "" || u.stack.Top() != name {
		t.Error("a person without a name goes through")
	}
	for _, r := range "zoë ü" {
		switch r {
		case 'ë', 'ü':
			name.keyboard.Press(kit.KeyPage)
			name.keyboard.Press(r)
			name.keyboard.Press(kit.KeyPage)
			name.keyboard.Press(kit.KeyPage)
		case ' ':
			name.keyboard.Press(kit.KeySpace)
		default:
			name.keyboard.Press(r)
		}
	}
	name.keyboard.Press('x')
	name.keyboard.Press(kit.KeyErase)
	if got := string(name.name); got != "Zoë Ü" {
		t.Errorf("typed %q", got)
	}
	look(t, u, way+"-name")
	name.ok.Tapped(nil)
	did("enrol  Zoë Ü")
	if u.stack.Top() != u.live || !u.live.enrol.Visible() || u.live.meters.Visible() {
		t.Error("no enrolment over the live view")
	}
	face := group().All[0].Portrait
	e := Enrolment{Name: "Zoë Ü", Advice: "The face is too small: come closer."}
	u.People.Enrolment(e)
	look(t, u, way+"-enrol-advice")
	e.Advice, e.Good, e.Portraits = "Turn your head a little to one side.", true, []image.Image{face, face, face}
	u.People.Enrolment(e)
	u.Live.Status(builtinStatus())
	look(t, u, way+"-enrol")
	if u.live.notice.Visible() {
		t.Error("a notice lies over the enrolment")
	}
	e.Failed = "No clear picture within a minute. Try again in better light."
	u.People.Enrolment(e)
	look(t, u, way+"-enrol-failed")
	u.live.enrol.retry.Tapped(nil)
	did("enrol  Zoë Ü")
	e.Failed, e.Done, e.Portraits = "", true, []image.Image{face, face, face, face, face}
	u.People.Enrolment(e)
	look(t, u, way+"-enrol-done")
	u.live.enrol.finish.Tapped(nil)
	if u.live.enrol.Visible() || !u.live.meters.Visible() || !u.live.notice.Visible() {
		t.Error("the live view is not as before")
	}

	u.live.people.Tapped(nil)
	u.People.list.rows[1].Tapped(nil)
	look(t, u, way+"-person")
	person := u.People.person
	person.normal[2].Tapped(nil)
	look(t, u, way+"-person-delete")
	person.Back()
	if person.asking || u.stack.Top() != person {
		t.Error("back does not take the question away")
	}
	person.normal[1].Tapped(nil)
	for range 60 {
		name.erase()
	}
	for _, r := range "Bart" {
		name.typeRune(r)
	}
	name.accept()
	did("rename b Bart")
	renamed := group()
	renamed.All[1].Name = "Bart"
	u.People.Show(renamed)
	if got := person.header.Title.Text; got != "Bart" {
		t.Errorf("after a change of name the screen says %q", got)
	}
	person.normal[0].Tapped(nil)
	did("enrol b Bart")
	u.live.Back()
	did("stop enrol")

	u.live.people.Tapped(nil)
	u.People.list.rows[0].Tapped(nil)
	person.normal[2].Tapped(nil)
	person.sure[0].Tapped(nil)
	did("forget a")
	if u.stack.Top() != u.People.list {
		t.Error("somebody forgotten is still shown")
	}
	u.stack.Push(person)
	u.People.Show(People{})
	if u.stack.Top() != u.People.list {
		t.Error("somebody who is gone is still shown")
	}
	u.Live.Problem(Problem{Title: "Camera disconnected", Retry: func() {}, Label: "Start over"})
	if u.stack.Top() != u.live || u.live.trouble.retry.Label.Text != "Start over" {
		t.Error("a problem stays beneath")
	}
}
