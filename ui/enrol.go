package ui

import (
	"fmt"
	"image"

	"fyne.io/fyne/v2"

	"fyne.io/fyne/v2/canvas"
)

// Enrolment is how the enrolment of a person goes.
type Enrolment struct {
	Name      string
	Advice    string        // what to do now
	Good      bool          // nothing is wrong with the face in view
	Portraits []image.Image // of the shots taken
	Want      int           // shots
	Done      bool          // the person is enrolled
	Failed    string        // why it ended without; "" else
}

// enrolPanel stands in the place of the figures while a person is enrolled.
type enrolPanel struct {
	panel
	ground  *canvas.Rectangle
	heading *canvas.Text
	advice  *paragraph
	tiles   []*portraitTile
	retry   *button
	finish  *button
	cancel  *button
	now     Enrolment
}

// mostTiles is how many shots can be shown.
const mostTiles = 10

func newEnrolPanel(retry, finish, cancel func()) *enrolPanel {
	e := &enrolPanel{
		ground:  rounded(colors.surface, radius),
		heading: text("", sizeSmall, colors.muted, true),
		advice:  newParagraph("", sizeHeading, colors.text, true, 4),
		retry:   newButton("retry", say.retry, true, retry),
		finish:  newButton("done", say.done, true, finish),
		cancel:  newButton("quit", say.cancel, false, cancel),
	}
	objects := []fyne.CanvasObject{e.ground, e.heading, e.advice.box}
	for range mostTiles {
		t := newPortraitTile()
		e.tiles = append(e.tiles, t)
		objects = append(objects, t)
	}
	e.panel.show(append(objects, e.retry, e.finish, e.cancel)...)
	e.panel.init(e, e.place)
	e.Hide()
	return e
}

// show tells how it goes.
func (e *enrolPanel) show(n Enrolment) {
	e.now = n
	setText(e.heading, fmt.Sprintf(say.enrolling, n.Name))
	e.advice.text, e.advice.color = n.Advice, colors.warning
	switch {
	case n.Done:
		e.advice.text, e.advice.color = fmt.Sprintf(say.enrolled, n.Name), colors.accent
	case n.Failed != "":
		e.advice.text = n.Failed
	case n.Good:
		e.advice.color = colors.text
	}
	e.advice.wrapped = "" // the colour may be another
	for i, t := range e.tiles {
		setVisible(t, i < n.Want)
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
	var shown []*button
	for _, b := range []*button{e.retry, e.finish, e.cancel} {
		if b.Visible() {
			shown = append(shown, b)
		}
	}
	foot := s.Height - addTall
	w := (s.Width - gap*float32(len(shown)-1)) / float32(max(1, len(shown)))
	for i, b := range shown {
		put(b, float32(i)*(w+gap), foot, w, addTall)
	}
	card := max(0, foot-gap-8)
	put(e.ground, 0, 0, s.Width, card)
	heading := e.heading.MinSize()
	put(e.heading, pad, pad, heading.Width, heading.Height)
	e.advice.place(pad, pad+heading.Height+8, s.Width-2*pad)
	count := max(1, min(e.now.Want, mostTiles))
	side := min((s.Width-2*pad-gap*float32(count-1))/float32(count), 130)
	for i, t := range e.tiles {
		put(t, pad+float32(i)*(side+gap), card-pad-side, side, side)
	}
}
