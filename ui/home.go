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
	name    string
	icon    *canvas.Image
	title   *canvas.Text
	tagline *canvas.Text
	adjust  *button // nil for none
	cards   []*card
	list    *fyne.Container
	scroll  *viewport
}

// newHome makes the gallery; settings opens the settings, nil leaves their
// button out.
func newHome(title string, cards []Card, choose func(id string), settings func()) *homeScreen {
	h := &homeScreen{
		name:    title,
		icon:    canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", icon.App())),
		title:   text(title, sizeTitle, colors.text, true),
		tagline: text(say.Tagline, sizeBody, colors.muted, false),
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
	if settings != nil {
		h.adjust = newButton("settings", "", false, settings)
		h.panel.show(append(h.panel.objects, h.adjust)...)
	}
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
	room := s.Width - x - margin
	if h.adjust != nil {
		put(h.adjust, s.Width-margin-iconSize, top, iconSize, iconSize)
		room -= iconSize + gap
	}
	fitText(h.title, h.name, room, sizeTitle, sizeHeading+6)
	fitText(h.tagline, say.Tagline, room, sizeBody, sizeSmall)
	t, l := h.title.MinSize(), h.tagline.MinSize()
	y := top + (iconSize-t.Height-l.Height)/2
	put(h.title, x, y, t.Width, t.Height)
	put(h.tagline, x, y+t.Height, l.Width, l.Height)
	list := float32(top + iconSize + 28)
	put(h.scroll, 0, list, s.Width, max(0, s.Height-list))
}

// fitText shows the words in the larger size where they fit, else, shortened
// if need be, in the smaller one.
func fitText(t *canvas.Text, words string, room, large, small float32) {
	t.TextSize = large
	if measurer(large, t.TextStyle.Bold)(words) > room {
		t.TextSize = small
	}
	t.Text = shorten(words, room, measurer(t.TextSize, t.TextStyle.Bold))
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

func (h *homeScreen) tick(now time.Time) {
	h.scroll.tick(now)
	for i, c := range h.cards {
		y := c.Position().Y - h.scroll.offset
		if y+c.Size().Height > 0 && y < h.scroll.Size().Height {
			c.tick(now.Add(time.Duration(i) * 25 * time.Millisecond))
		}
	}
}
