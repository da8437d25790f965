package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/assets/icon"
)

// homeScreen is the gallery: a title and a card for each demo.
type homeScreen struct {
	panel
	icon    *canvas.Image
	title   *canvas.Text
	tagline *canvas.Text
	cards   []*card
	list    *fyne.Container
	scroll  *viewport
}

func newHome(title string, cards []Card, choose func(id string)) *homeScreen {
	h := &homeScreen{
		icon:    canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", icon.App())),
		title:   text(title, sizeTitle, colors.text, true),
		tagline: text(say.tagline, sizeBody, colors.muted, false),
		list:    &fyne.Container{},
	}
	h.icon.FillMode = canvas.ImageFillContain
	for _, c := range cards {
		w := newCard(c, choose)
		h.cards = append(h.cards, w)
		h.list.Add(w)
	}
	h.scroll = newViewport(h.list, h.placeCards)
	h.panel.show(h.icon, h.title, h.tagline, h.scroll)
	h.panel.init(h, h.place)
	return h
}

func (h *homeScreen) place(s fyne.Size) {
	const (
		iconSize = 104
		top      = 36
		x        = margin + iconSize + margin
	)
	put(h.icon, margin, top, iconSize, iconSize)
	h.title.Text = shorten(h.title.Text, s.Width-x-margin, measurer(sizeTitle, true))
	h.tagline.Text = shorten(say.tagline, s.Width-x-margin, measurer(sizeBody, false))
	t, l := h.title.MinSize(), h.tagline.MinSize()
	y := top + (iconSize-t.Height-l.Height)/2
	put(h.title, x, y, t.Width, t.Height)
	put(h.tagline, x, y+t.Height, l.Width, l.Height)
	list := float32(top + iconSize + 28)
	put(h.scroll, 0, list, s.Width, max(0, s.Height-list))
}

// placeCards lays the cards out in columns wide enough to read and returns
// the height they take.
func (h *homeScreen) placeCards(width float32) float32 {
	const widest = 760
	columns := max(1, int((width-margin)/(widest/1.35)))
	w := (width-margin)/float32(columns) - margin
	y := float32(4)
	for i := 0; i < len(h.cards); i += columns {
		row := h.cards[i:min(i+columns, len(h.cards))]
		tallest := float32(0)
		for _, c := range row {
			tallest = max(tallest, c.height(w))
		}
		for j, c := range row {
			put(c, margin+float32(j)*(w+margin), y, w, tallest)
		}
		y += tallest + gap + 4
	}
	return y + margin
}

// back does nothing: the gallery is the first screen.
func (h *homeScreen) back() {}

func (h *homeScreen) tick(now time.Time) { h.scroll.tick(now) }
