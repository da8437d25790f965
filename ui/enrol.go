package ui

import (
	"fmt"
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
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
	panel
	ground  *canvas.Rectangle
	heading *canvas.Text
	advice  *paragraph
	tiles   [EnrolShots]*portraitTile
	retry   *button
	finish  *button
	cancel  *button
}

func newEnrolPanel(retry, finish, cancel func()) *enrolPanel {
	e := &enrolPanel{
		ground:  rounded(colors.surface, radius),
		heading: text("", sizeSmall, colors.muted, true),
		advice:  newParagraph("", sizeHeading, colors.text, true, 4),
		retry:   newButton("retry", say.Retry, true, retry),
		finish:  newButton("done", say.Done, true, finish),
		cancel:  newButton("quit", say.Cancel, false, cancel),
	}
	objects := []fyne.CanvasObject{e.ground, e.heading, e.advice.box}
	for i := range e.tiles {
		e.tiles[i] = newPortraitTile()
		objects = append(objects, e.tiles[i])
	}
	e.panel.show(append(objects, e.retry, e.finish, e.cancel)...)
	e.panel.init(e, e.place)
	e.Hide()
	return e
}

// show tells how it goes.
func (e *enrolPanel) show(n Enrolment) {
	setText(e.heading, fmt.Sprintf(say.Enrolling, n.Name))
	e.advice.text, e.advice.color = n.Advice, colors.warning
	switch {
	case n.Done:
		e.advice.text, e.advice.color = fmt.Sprintf(say.Enrolled, n.Name), colors.accent
	case n.Failed != "":
		e.advice.text = n.Failed
	case n.Good:
		e.advice.color = colors.text
	}
	e.advice.wrapped = "" // the colour may be another
	for i, t := range e.tiles {
		var portrait image.Image
		if i < len(n.Portraits) {
			portrait = n.Portraits[i]
		}
		t.show(portrait)
	}
	setVisible(e.retry, n.Failed != "")
	setVisible(e.finish, n.Done)
	setVisible(e.cancel, !n.Done)
	e.panel.relayout()
}

func (e *enrolPanel) place(s fyne.Size) {
	const pad = 28
	foot := s.Height - buttonTall
	placeRow(area{0, foot, s.Width, buttonTall}, e.retry, e.finish, e.cancel)
	card := max(0, foot-gap-8)
	put(e.ground, 0, 0, s.Width, card)
	heading := e.heading.MinSize()
	put(e.heading, pad, pad, heading.Width, heading.Height)
	e.advice.place(pad, pad+heading.Height+8, s.Width-2*pad)
	side := min((s.Width-2*pad-gap*(EnrolShots-1))/EnrolShots, 130)
	for i, t := range e.tiles {
		put(t, pad+float32(i)*(side+gap), card-pad-side, side, side)
	}
}
