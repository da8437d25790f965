package ui

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/camera"
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

// touch puts a finger on the key of a code and takes it off.
func touch(t *testing.T, k *keyboard, code rune) {
	t.Helper()
	for _, key := range k.keys {
		if key.code == code {
			e := &desktop.MouseEvent{}
			e.Position = fyne.NewPos(key.at.x+1, key.at.bottom()-1) // its corner belongs to it
			k.MouseDown(e)
			k.MouseUp(e)
			return
		}
	}
	t.Fatalf("page %d has no key %q", k.page, code)
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
	f := new(camera.Pool).Get(camera.Grey, 640, 480)
	u.Frame(f)
	look(t, u, way+"-recognition")

	u.live.people.Tapped(nil)
	did("people")
	u.People(People{})
	look(t, u, way+"-people-nobody")
	u.People(People{Wrong: "The list of people cannot be read: the disk is full. Free some space."})
	look(t, u, way+"-people-wrong")
	u.People(group())
	look(t, u, way+"-people")

	u.people.list.add.Tapped(nil)
	name := u.people.name
	look(t, u, way+"-name-empty")
	name.ok.Tapped(nil)
	if name.wrong.text == "" || u.stack.top() != name {
		t.Error("a person without a name goes through")
	}
	for _, r := range "zoë ü" {
		switch r {
		case 'ë', 'ü':
			touch(t, name.keyboard, keyPage)
			touch(t, name.keyboard, r)
			touch(t, name.keyboard, keyPage)
			touch(t, name.keyboard, keyPage)
		case ' ':
			touch(t, name.keyboard, keySpace)
		default:
			touch(t, name.keyboard, r)
		}
	}
	touch(t, name.keyboard, 'x')
	touch(t, name.keyboard, keyErase)
	if got := string(name.name); got != "Zoë Ü" {
		t.Errorf("typed %q", got)
	}
	look(t, u, way+"-name")
	name.ok.Tapped(nil)
	did("enrol  Zoë Ü")
	if u.stack.top() != u.live || !u.live.enrol.Visible() || u.live.meters.Visible() {
		t.Error("no enrolment over the live view")
	}
	face := group().All[0].Portrait
	e := Enrolment{Name: "Zoë Ü", Advice: "The face is too small: come closer."}
	u.Enrolment(e)
	look(t, u, way+"-enrol-advice")
	e.Advice, e.Good, e.Portraits = "Turn your head a little to one side.", true, []image.Image{face, face, face}
	u.Enrolment(e)
	u.Status(builtinStatus())
	look(t, u, way+"-enrol")
	if u.live.notice.Visible() {
		t.Error("a notice lies over the enrolment")
	}
	e.Failed = "No clear picture within a minute. Try again in better light."
	u.Enrolment(e)
	look(t, u, way+"-enrol-failed")
	u.live.enrol.retry.Tapped(nil)
	did("enrol  Zoë Ü")
	e.Failed, e.Done, e.Portraits = "", true, []image.Image{face, face, face, face, face}
	u.Enrolment(e)
	look(t, u, way+"-enrol-done")
	u.live.enrol.finish.Tapped(nil)
	if u.live.enrol.Visible() || !u.live.meters.Visible() || !u.live.notice.Visible() {
		t.Error("the live view is not as before")
	}

	u.live.people.Tapped(nil)
	u.people.list.rows[1].Tapped(nil)
	look(t, u, way+"-person")
	person := u.people.person
	person.normal[2].Tapped(nil)
	look(t, u, way+"-person-delete")
	person.back()
	if person.asking || u.stack.top() != person {
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
	u.People(renamed)
	if got := person.header.title.text; got != "Bart" {
		t.Errorf("after a change of name the screen says %q", got)
	}
	person.normal[0].Tapped(nil)
	did("enrol b Bart")
	u.live.back()
	did("stop enrol")

	u.live.people.Tapped(nil)
	u.people.list.rows[0].Tapped(nil)
	person.normal[2].Tapped(nil)
	person.sure[0].Tapped(nil)
	did("forget a")
	if u.stack.top() != u.people.list {
		t.Error("somebody forgotten is still shown")
	}
	u.stack.push(person)
	u.People(People{})
	if u.stack.top() != u.people.list {
		t.Error("somebody who is gone is still shown")
	}
	u.Problem(Problem{Title: "The camera is gone", Retry: func() {}, Label: "Start over"})
	if u.stack.top() != u.live || u.live.trouble.retry.label.Text != "Start over" {
		t.Error("a problem stays beneath")
	}
}

// Every key is within the keyboard, none overlaps another, and each page
// offers what its name says.
func TestKeyboard(t *testing.T) {
	var got []rune
	k := newKeyboard(func(r rune) { got = append(got, r) }, func() { got = got[:max(0, len(got)-1)] })
	for _, width := range []float32{720, 1280} {
		k.Resize(fyne.NewSize(width, keyboardTall))
		for page := range keyPages {
			for i, a := range k.keys {
				if a.at.x < 0 || a.at.right() > width+.5 || a.at.bottom() > keyboardTall || a.at.w < 60 {
					t.Errorf("page %d: key %q at %v", page, a.code, a.at)
				}
				for _, b := range k.keys[i+1:] {
					if a.at.overlap(b.at) > 1 {
						t.Errorf("page %d: keys %q and %q overlap", page, a.code, b.code)
					}
				}
			}
			if want := keyPages[(page+1)%len(keyPages)].name; !slices.ContainsFunc(k.keys, func(n *key) bool { return n.label.Text == want }) {
				t.Errorf("page %d: no key %q", page, want)
			}
			touch(t, k, keyPage)
		}
	}
	k.reset()
	for _, r := range "straße" {
		if r == 'ß' {
			touch(t, k, keyPage)
		}
		touch(t, k, r)
		if r == 'ß' {
			k.page = 0
			k.relay()
		}
	}
	if string(got) != "Straße" {
		t.Errorf("typed %q", string(got))
	}
	touch(t, k, keyShift)
	touch(t, k, 'x')
	if !strings.HasSuffix(string(got), "X") {
		t.Errorf("typed %q after shift", string(got))
	}
	erase := k.keys[slices.IndexFunc(k.keys, func(n *key) bool { return n.code == keyErase })]
	e := &desktop.MouseEvent{}
	e.Position = fyne.NewPos(erase.at.x+5, erase.at.y+5)
	k.MouseDown(e)
	for at := time.Now(); len(got) > 0; at = at.Add(eraseFirst) {
		k.tick(at)
	}
	k.MouseUp(e)
	k.tick(time.Now().Add(time.Hour))
}
