package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Waiting shows that something is about to come.
type Waiting struct {
	Panel
	words *Paragraph
	dots  [3]*canvas.Circle
	step  int
}

// NewWaiting makes one without words.
func NewWaiting() *Waiting {
	w := &Waiting{words: NewParagraph("", SizeBody+3, Colors.Text, false, 2)}
	w.words.Center = true
	objects := []fyne.CanvasObject{w.words.Box}
	for i := range w.dots {
		w.dots[i] = canvas.NewCircle(Colors.Raised)
		objects = append(objects, w.dots[i])
	}
	w.Panel.SetObjects(objects...)
	w.Panel.Init(w, w.place)
	return w
}

// Say tells what is waited for.
func (w *Waiting) Say(words string) { w.words.Text = words; w.Panel.Relayout() }

func (w *Waiting) place(s fyne.Size) {
	const dot, space = 22, 20
	x := (s.Width - 3*dot - 2*space) / 2
	for i, d := range w.dots {
		Put(d, x+float32(i)*(dot+space), s.Height/2-dot-Gap, dot, dot)
	}
	w.words.Place(Margin, s.Height/2+Gap, s.Width-2*Margin)
}

// Tick lights one dot after the other, three a second.
func (w *Waiting) Tick(now time.Time) {
	step := int(now.UnixMilli()/300) % len(w.dots)
	if !w.Visible() || step == w.step {
		return
	}
	w.step = step
	for i, d := range w.dots {
		c := Colors.Outline
		if i == step {
			c = Colors.Accent
		}
		d.FillColor = c
		d.Refresh()
	}
}
