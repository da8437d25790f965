package ui

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"reterminal-vision/assets/icon"
	"reterminal-vision/camera"
)

// card is a demo in the gallery. One that is not ready says why and does
// nothing when tapped.
type card struct {
	panel
	about   Card
	choose  func(id string)
	ground  *canvas.Rectangle
	picture *canvas.Image
	title   *paragraph
	summary *paragraph
	model   *paragraph
	next    *canvas.Image
	warning *canvas.Image
	reason  *paragraph

	preview [][]byte // JPEG pictures; empty for the illustration
	at      int      // the one shown
}

// previewRate is how many pictures of a preview are shown a second.
const previewRate = 6

const (
	cardPicture = 168
	cardPad     = 20
	cardNext    = 44
)

func newCard(about Card, choose func(id string)) *card {
	name, picture := icon.Card(about.ID, about.Task)
	c := &card{
		about: about, choose: choose,
		ground:  rounded(colors.surface, 28),
		picture: svg(name, picture),
		title:   newParagraph(about.Title, sizeHeading, colors.text, true, 2),
		summary: newParagraph(about.Summary, sizeBody, colors.muted, false, 3),
		model:   newParagraph(about.Model, sizeSmall-2, colors.muted, false, 1),
		next:    glyph("next"),
		warning: glyph("warning"),
		reason:  newParagraph(about.Reason, sizeSmall, colors.warning, false, 5),
	}
	c.title.shrinks = true
	if about.Ready {
		c.panel.show(c.ground, c.picture, c.title.box, c.summary.box, c.model.box, c.next)
	} else {
		c.picture.Translucency = 0.55
		if about.Reason == "" {
			c.reason.text = say.NotReady
		}
		c.panel.show(c.ground, c.picture, c.title.box, c.summary.box, c.warning, c.reason.box)
	}
	if about.FPS > 0 {
		c.model.text = fmt.Sprintf(say.FpsHere, rateText(about.FPS)) + " · " + about.Model
	}
	if about.Ready && len(about.Preview) > 0 {
		c.preview, c.at = camera.SplitJPEGs(about.Preview), -1
		c.picture.CornerRadius = radius
		c.play(0)
	}
	c.panel.init(c, c.place)
	return c
}

// tick shows the preview's picture for a time. Cards count from different
// pictures, so that not all are drawn anew at once.
func (c *card) tick(now time.Time) {
	if n := len(c.preview); n > 0 {
		c.play(int(now.UnixMilli()*previewRate/1000) % n)
	}
}

func (c *card) play(i int) {
	if i == c.at || len(c.preview) == 0 {
		return
	}
	c.at = i
	if img, err := jpeg.Decode(bytes.NewReader(c.preview[i])); err == nil {
		c.picture.Resource, c.picture.Image = nil, img
		c.picture.Refresh()
	}
}

// height is what the card needs at a width.
func (c *card) height(width float32) float32 { return c.lay(width) }

func (c *card) place(s fyne.Size) {
	need := c.lay(s.Width)
	put(c.ground, 0, 0, s.Width, s.Height)
	put(c.next, s.Width-cardPad-cardNext, (max(s.Height, need)-cardNext)/2, cardNext, cardNext)
}

// lay places what depends on the width alone and returns the height needed.
func (c *card) lay(width float32) float32 {
	x := float32(cardPad + cardPicture + cardPad + 4)
	w := width - x - cardPad
	if c.about.Ready {
		w -= cardNext
	}
	h := c.title.reflow(w) + c.summary.reflow(w)
	if c.about.Ready {
		h += 6 + c.model.reflow(w)
	}
	inner := max(h, cardPicture)
	put(c.picture, cardPad, cardPad, cardPicture, cardPicture)
	y := cardPad + (inner-h)/2
	y += c.title.place(x, y, w)
	y += c.summary.place(x, y, w)
	if c.about.Ready {
		c.model.place(x, y+6, w)
		return inner + 2*cardPad
	}
	const sign = 40
	put(c.warning, cardPad+8, cardPad+inner+16, sign, sign)
	reason := max(sign, c.reason.place(cardPad+8+sign+gap, cardPad+inner+16, width-2*cardPad-8-sign-gap))
	return inner + reason + 3*cardPad
}

// Tapped implements fyne.Tappable.
func (c *card) Tapped(*fyne.PointEvent) {
	c.release()
	if c.about.Ready {
		c.choose(c.about.ID)
	}
}

// MouseDown implements desktop.Mouseable.
func (c *card) MouseDown(*desktop.MouseEvent) {
	if c.about.Ready {
		fill(c.ground, colors.pressed)
	}
}

// MouseUp implements desktop.Mouseable.
func (c *card) MouseUp(*desktop.MouseEvent) { c.release() }

func (c *card) release() { fill(c.ground, colors.surface) }
