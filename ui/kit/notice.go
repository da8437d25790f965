package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Notice is a line that must not be missed.
type Notice struct {
	Panel
	ground *canvas.Rectangle
	sign   *canvas.Image
	words  *Paragraph
}

const noticePad, noticeSign = 16, 40

// NewNotice makes a hidden notice.
func NewNotice() *Notice {
	n := &Notice{
		ground: Rounded(Colors.Surface, Radius),
		sign:   Glyph("warning"),
		words:  NewParagraph("", SizeBody, Colors.Warning, true, 3),
	}
	n.ground.StrokeColor, n.ground.StrokeWidth = Colors.Warning, 3
	n.Panel.SetObjects(n.ground, n.sign, n.words.Box)
	n.Panel.Init(n, n.place)
	n.Hide()
	return n
}

// Say shows the words, none hides the notice; it tells whether that needs
// another layout.
func (n *Notice) Say(words string) bool {
	if n.words.Text == words {
		return false
	}
	n.words.Text = words
	SetVisible(n, words != "")
	if !n.Size().IsZero() {
		n.place(n.Size())
	}
	return true
}

// Empty reports whether there is nothing to say.
func (n *Notice) Empty() bool { return n.words.Text == "" }

// Height is what the notice needs at a width.
func (n *Notice) Height(w float32) float32 {
	return max(noticeSign, n.words.Reflow(w-3*noticePad-noticeSign)) + 2*noticePad
}

func (n *Notice) place(s fyne.Size) {
	Put(n.ground, 0, 0, s.Width, s.Height)
	Put(n.sign, noticePad, (s.Height-noticeSign)/2, noticeSign, noticeSign)
	w := s.Width - 3*noticePad - noticeSign
	h := n.words.Reflow(w)
	n.words.Place(2*noticePad+noticeSign, (s.Height-h)/2, w)
}
