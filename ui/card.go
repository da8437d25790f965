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
	"reterminal-vision/camera/frame"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/overlay"
	"reterminal-vision/ui/phrases"
)

// card is a demo in the gallery. One that is not ready says why and does
// nothing when tapped.
type card struct {
	kit.Panel
	about   Card
	choose  func(id string)
	ground  *canvas.Rectangle
	picture *canvas.Image
	title   *kit.Paragraph
	summary *kit.Paragraph
	model   *kit.Paragraph
	next    *canvas.Image
	warning *canvas.Image
	reason  *kit.Paragraph

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
		ground:  kit.Rounded(kit.Colors.Surface, 28),
		picture: kit.SVG(name, picture),
		title:   kit.NewParagraph(about.Title, kit.SizeHeading, kit.Colors.Text, true, 2),
		summary: kit.NewParagraph(about.Summary, kit.SizeBody, kit.Colors.Muted, false, 3),
		model:   kit.NewParagraph(about.Model, kit.SizeSmall-2, kit.Colors.Muted, false, 1),
		next:    kit.Glyph("next"),
		warning: kit.Glyph("warning"),
		reason:  kit.NewParagraph(about.Reason, kit.SizeSmall, kit.Colors.Warning, false, 5),
	}
	c.title.Shrinks = true
	if about.Ready {
		c.Panel.SetObjects(c.ground, c.picture, c.title.Box, c.summary.Box, c.model.Box, c.next)
	} else {
		c.picture.Translucency = 0.55
		if about.Reason == "" {
			c.reason.Text = phrases.Now.NotReady
		}
		c.Panel.SetObjects(c.ground, c.picture, c.title.Box, c.summary.Box, c.warning, c.reason.Box)
	}
	if about.FPS > 0 {
		c.model.Text = fmt.Sprintf(phrases.Now.FpsHere, overlay.RateText(about.FPS)) + " · " + about.Model
	}
	if about.Ready && len(about.Preview) > 0 {
		c.preview, c.at = frame.SplitJPEGs(about.Preview), -1
		c.picture.CornerRadius = kit.Radius
		c.play(0)
	}
	c.Panel.Init(c, c.place)
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
	kit.Put(c.ground, 0, 0, s.Width, s.Height)
	kit.Put(c.next, s.Width-cardPad-cardNext, (max(s.Height, need)-cardNext)/2, cardNext, cardNext)
}

// lay places what depends on the width alone and returns the height needed.
func (c *card) lay(width float32) float32 {
	x := float32(cardPad + cardPicture + cardPad + 4)
	w := width - x - cardPad
	if c.about.Ready {
		w -= cardNext
	}
	h := c.title.Reflow(w) + c.summary.Reflow(w)
	if c.about.Ready {
		h += 6 + c.model.Reflow(w)
	}
	inner := max(h, cardPicture)
	kit.Put(c.picture, cardPad, cardPad, cardPicture, cardPicture)
	y := cardPad + (inner-h)/2
	y += c.title.Place(x, y, w)
	y += c.summary.Place(x, y, w)
	if c.about.Ready {
		c.model.Place(x, y+6, w)
		return inner + 2*cardPad
	}
	const sign = 40
	kit.Put(c.warning, cardPad+8, cardPad+inner+16, sign, sign)
	reason := max(sign, c.reason.Place(cardPad+8+sign+kit.Gap, cardPad+inner+16, width-2*cardPad-8-sign-kit.Gap))
	return inner + reason + 3*cardPad
}

// Tapped implements fyne.Tappable.
func (c *card) Tapped(*fyne.PointEvent) {
	c.Release()
	if c.about.Ready {
		c.choose(c.about.ID)
	}
}

// MouseDown implements desktop.Mouseable.
func (c *card) MouseDown(*desktop.MouseEvent) {
	if c.about.Ready {
		kit.Fill(c.ground, kit.Colors.Pressed)
	}
}

// MouseUp implements desktop.Mouseable.
func (c *card) MouseUp(*desktop.MouseEvent) { c.Release() }

func (c *card) Release() { kit.Fill(c.ground, kit.Colors.Surface) }
