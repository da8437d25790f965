package ui

import (
	"fmt"
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// EnrolShots is how many shots an enrolment takes, as the words of consent say.
const EnrolShots = 5

// Enrolment is how the enrolment of a person goes.
type Enrolment struct {
	Name      string
	Advice    string        // what to do now
	Good      bool          // nothing is wrong with the face in view
	Portraits []image.Image // of the shots taken, EnrolShots at the end
	Done      bool          // the person is enrolled
	Failed    string        // why it ended without; "" else
}

// enrolPanel stands in the place of the figures while a person is enrolled.
type enrolPanel struct {
	kit.Panel
	ground  *canvas.Rectangle
	heading *canvas.Text
	advice  *kit.Paragraph
	tiles   [EnrolShots]*portraitTile
	retry   *kit.Button
	finish  *kit.Button
	cancel  *kit.Button
}

func newEnrolPanel(retry, finish, cancel func()) *enrolPanel {
	e := &enrolPanel{
		ground:  kit.Rounded(kit.Colors.Surface, kit.Radius),
		heading: kit.Text("", kit.SizeSmall, kit.Colors.Muted, true),
		advice:  kit.NewParagraph("", kit.SizeHeading, kit.Colors.Text, true, 4),
		retry:   kit.NewButton("retry", phrases.Now.Retry, true, retry),
		finish:  kit.NewButton("done", phrases.Now.Done, true, finish),
		cancel:  kit.NewButton("quit", phrases.Now.Cancel, false, cancel),
	}
	objects := []fyne.CanvasObject{e.ground, e.heading, e.advice.Box}
	for i := range e.tiles {
		e.tiles[i] = newPortraitTile()
		objects = append(objects, e.tiles[i])
	}
	e.Panel.SetObjects(append(objects, e.retry, e.finish, e.cancel)...)
	e.Panel.Init(e, e.place)
	e.Hide()
	return e
}

// show tells how it goes.
func (e *enrolPanel) show(n Enrolment) {
	kit.SetText(e.heading, fmt.Sprintf(phrases.Now.Enrolling, n.Name))
	advice, ink := n.Advice, kit.Colors.Warning
	switch {
	case n.Done:
		advice, ink = fmt.Sprintf(phrases.Now.Enrolled, n.Name), kit.Colors.Accent
	case n.Failed != "":
		advice = n.Failed
	case n.Good:
		ink = kit.Colors.Text
	}
	e.advice.Text = advice
	e.advice.SetColor(ink)
	for i, t := range e.tiles {
		var portrait image.Image
		if i < len(n.Portraits) {
			portrait = n.Portraits[i]
		}
		t.show(portrait)
	}
	kit.SetVisible(e.retry, n.Failed != "")
	kit.SetVisible(e.finish, n.Done)
	kit.SetVisible(e.cancel, !n.Done)
	e.Panel.Relayout()
}

func (e *enrolPanel) place(s fyne.Size) {
	const pad = 28
	foot := s.Height - kit.ButtonTall
	kit.PlaceRow(kit.NewArea(0, foot, s.Width, kit.ButtonTall), e.retry, e.finish, e.cancel)
	card := max(0, foot-kit.Gap-8)
	kit.Put(e.ground, 0, 0, s.Width, card)
	heading := e.heading.MinSize()
	kit.Put(e.heading, pad, pad, heading.Width, heading.Height)
	e.advice.Place(pad, pad+heading.Height+8, s.Width-2*pad)
	side := min((s.Width-2*pad-kit.Gap*(EnrolShots-1))/EnrolShots, 130)
	for i, t := range e.tiles {
		kit.Put(t, pad+float32(i)*(side+kit.Gap), card-pad-side, side, side)
	}
}
