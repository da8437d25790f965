package ui

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"reterminal-vision/ui/kit"
	"reterminal-vision/ui/phrases"
)

// trouble tells what is wrong, what to do, and gives the ways on.
type trouble struct {
	kit.Panel
	ground, box           *canvas.Rectangle
	sign                  *canvas.Image
	title, detail, remedy *kit.Paragraph
	heading               *canvas.Text
	retry, home, quit     *kit.Button
	onRetry               func()
	fatal                 bool
}

func newTrouble(home, quit func()) *trouble {
	t := &trouble{
		ground:  kit.Rect(kit.Colors.Background),
		box:     kit.Rounded(kit.Colors.Surface, kit.Radius),
		sign:    kit.Glyph("problem"),
		title:   kit.NewParagraph("", kit.SizeHeading+4, kit.Colors.Text, true, 3),
		detail:  kit.NewParagraph("", kit.SizeBody+1, kit.Colors.Muted, false, 8),
		remedy:  kit.NewParagraph("", kit.SizeBody+1, kit.Colors.Text, false, 8),
		heading: kit.Text(phrases.Now.Remedy, kit.SizeSmall, kit.Colors.Accent, true),
	}
	t.title.Center, t.detail.Center, t.title.Shrinks = true, true, true
	t.retry = kit.NewButton("retry", phrases.Now.Retry, true, func() { t.onRetry() })
	t.home = kit.NewButton("home", phrases.Now.Home, false, home)
	t.quit = kit.NewButton("quit", phrases.Now.Quit, false, quit)
	t.Panel.SetObjects(t.ground, t.sign, t.title.Box, t.detail.Box, t.box, t.heading, t.remedy.Box, t.retry, t.home, t.quit)
	t.Panel.Init(t, t.place)
	return t
}

func (t *trouble) show(p Problem) {
	t.title.Text, t.detail.Text, t.remedy.Text = p.Title, p.Detail, p.Remedy
	t.onRetry, t.fatal = p.Retry, p.Fatal
	kit.SetText(t.retry.Label, cmp.Or(p.Label, phrases.Now.Retry))
	t.retry.Panel.Relayout()
	kit.SetVisible(t.retry, p.Retry != nil)
	kit.SetVisible(t.home, !p.Fatal)
	kit.SetVisible(t.quit, p.Fatal)
	for _, o := range []fyne.CanvasObject{t.box, t.heading, t.remedy.Box} {
		kit.SetVisible(o, p.Remedy != "")
	}
	t.Panel.Relayout()
}

const (
	troubleSign = 112
	troublePad  = 28
)

// place puts what is wrong over what to do, or beside it on a wide window,
// in the middle of the room between the header and the buttons.
func (t *trouble) place(s fyne.Size) {
	kit.Put(t.ground, 0, 0, s.Width, s.Height)
	buttons := s.Height - kit.ButtonTall - kit.Margin - 8
	kit.PlaceRow(kit.NewArea(kit.Margin, buttons, s.Width-2*kit.Margin, kit.ButtonTall), t.retry, t.home, t.quit)
	room := kit.NewArea(kit.Margin+8, kit.HeaderBar, s.Width-2*(kit.Margin+8), buttons-kit.HeaderBar)
	if s.Width > s.Height && t.remedy.Text != "" {
		half := (room.W - 2*kit.Margin) / 2
		t.placeWrong(room.X, room.Y+max(0, (room.H-t.wrongTall(half))/2), half)
		t.placeRemedy(room.X+half+2*kit.Margin, room.Y+max(0, (room.H-t.remedyTall(half))/2), half)
		return
	}
	w := min(room.W, 860)
	x := (s.Width - w) / 2
	wrong, remedy := t.wrongTall(w), t.remedyTall(w)
	y := room.Y + max(0, (room.H-wrong-36-remedy)/2)
	t.placeWrong(x, y, w)
	t.placeRemedy(x, y+wrong+36, w)
}

func (t *trouble) wrongTall(w float32) float32 {
	return troubleSign + 28 + t.title.Reflow(w) + 14 + t.detail.Reflow(w)
}

func (t *trouble) placeWrong(x, y, w float32) {
	kit.Put(t.sign, x+(w-troubleSign)/2, y, troubleSign, troubleSign)
	y += troubleSign + 28
	y += t.title.Place(x, y, w) + 14
	t.detail.Place(x, y, w)
}

func (t *trouble) remedyTall(w float32) float32 {
	if t.remedy.Text == "" {
		return 0
	}
	return t.remedy.Reflow(w-2*troublePad) + t.heading.MinSize().Height + 2*troublePad + 8
}

func (t *trouble) placeRemedy(x, y, w float32) {
	kit.Put(t.box, x, y, w, t.remedyTall(w))
	h := t.heading.MinSize()
	kit.Put(t.heading, x+troublePad, y+troublePad, h.Width, h.Height)
	t.remedy.Place(x+troublePad, y+troublePad+h.Height+8, w-2*troublePad)
}
