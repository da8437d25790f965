package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Toast is a line that comes, is read and goes.
type Toast struct {
	Panel
	ground *canvas.Rectangle
	words  *Paragraph
	until  time.Time
}

const toastTime = 4 * time.Second

// NewToast makes a hidden toast.
func NewToast() *Toast {
	t := &Toast{ground: Rounded(Colors.Text, Radius), words: NewParagraph("", SizeBody, Colors.Background, true, 3)}
	t.words.Center = true
	t.Panel.SetObjects(t.ground, t.words.Box)
	t.Panel.Init(t, func(s fyne.Size) {
		h := t.words.Reflow(s.Width - 4*Margin)
		Put(t.ground, Margin, s.Height-h-5*Margin, s.Width-2*Margin, h+2*Margin)
		t.words.Place(2*Margin, s.Height-h-4*Margin, s.Width-4*Margin)
	})
	t.Hide()
	return t
}

// Say shows the words from now on for toastTime.
func (t *Toast) Say(words string, now time.Time) {
	t.words.Text, t.until = words, now.Add(toastTime)
	t.Panel.Relayout()
	t.Show()
}

// Tick takes the words away when their time is over.
func (t *Toast) Tick(now time.Time) {
	if t.Visible() && now.After(t.until) {
		t.Hide()
	}
}
