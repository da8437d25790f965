package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/assets/icon"
	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// homeScreen is the gallery: a title and a card for each demo.
type homeScreen struct {
	kit.Panel
	name    string
	icon    *canvas.Image
	title   *canvas.Text
	tagline *canvas.Text
	adjust  *kit.Button // nil for none
	cards   []*card
	list    *fyne.Container
	scroll  *kit.Viewport
}

// newHome makes the gallery; settings opens the settings, nil leaves their
// button out.
func newHome(title string, cards []Card, choose func(id string), settings func()) *homeScreen {
	h := &homeScreen{
		name:    title,
		icon:    canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", icon.App())),
		title:   kit.Text(title, kit.SizeTitle, kit.Colors.Text, true),
		tagline: kit.Text(phrases.Now.Tagline, kit.SizeBody, kit.Colors.Muted, false),
		list:    &fyne.Container{},
	}
	h.icon.FillMode = canvas.ImageFillContain
	for _, c := range cards {
		w := newCard(c, choose)
		h.cards = append(h.cards, w)
		h.list.Add(w)
	}
	h.scroll = kit.NewViewport(h.list, h.placeCards)
	h.Panel.SetObjects(h.icon, h.title, h.tagline, h.scroll)
	if settings != nil {
		h.adjust = kit.NewButton("settings", "", false, settings)
		h.Panel.SetObjects(append(h.Panel.Objects, h.adjust)...)
	}
	h.Panel.Init(h, h.place)
	return h
}

func (h *homeScreen) place(s fyne.Size) {
	const (
		iconSize = 104
		top      = 36
		x        = kit.Margin + iconSize + kit.Margin
	)
	kit.Put(h.icon, kit.Margin, top, iconSize, iconSize)
	room := s.Width - x - kit.Margin
	if h.adjust != nil {
		kit.Put(h.adjust, s.Width-kit.Margin-iconSize, top, iconSize, iconSize)
		room -= iconSize + kit.Gap
	}
	fitText(h.title, h.name, room, kit.SizeTitle, kit.SizeHeading+6)
	fitText(h.tagline, phrases.Now.Tagline, room, kit.SizeBody, kit.SizeSmall)
	t, l := h.title.MinSize(), h.tagline.MinSize()
	y := top + (iconSize-t.Height-l.Height)/2
	kit.Put(h.title, x, y, t.Width, t.Height)
	kit.Put(h.tagline, x, y+t.Height, l.Width, l.Height)
	list := float32(top + iconSize + 28)
	kit.Put(h.scroll, 0, list, s.Width, max(0, s.Height-list))
}

// fitText shows the words in the larger size where they fit, else, shortened
// if need be, in the smaller one.
func fitText(t *canvas.Text, words string, room, large, small float32) {
	t.TextSize = large
	if kit.Measurer(large, t.TextStyle.Bold)(words) > room {
		t.TextSize = small
	}
	t.Text = kit.Shorten(words, room, kit.Measurer(t.TextSize, t.TextStyle.Bold))
}

// placeCards lays the cards out in columns wide enough to read and returns
// the height they take.
func (h *homeScreen) placeCards(width float32) float32 {
	const widest = 760
	columns := max(1, int((width-kit.Margin)/(widest/1.35)))
	w := (width-kit.Margin)/float32(columns) - kit.Margin
	y := float32(4)
	for i := 0; i < len(h.cards); i += columns {
		row := h.cards[i:min(i+columns, len(h.cards))]
		tallest := float32(0)
		for _, c := range row {
			tallest = max(tallest, c.height(w))
		}
		for j, c := range row {
			kit.Put(c, kit.Margin+float32(j)*(w+kit.Margin), y, w, tallest)
		}
		y += tallest + kit.Gap + 4
	}
	return y + kit.Margin
}

// Back does nothing: the gallery is the first screen.
func (h *homeScreen) Back() {}

func (h *homeScreen) Tick(now time.Time) {
	h.scroll.Tick(now)
	for i, c := range h.cards {
		y := c.Position().Y - h.scroll.Offset
		if y+c.Size().Height > 0 && y < h.scroll.Size().Height {
			c.tick(now.Add(time.Duration(i) * 25 * time.Millisecond))
		}
	}
}
