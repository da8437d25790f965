package kit

import (
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// Keyboard is drawn on the screen for a device that has no other. A key acts
// when it is touched, not when it is let go, and owns the gaps round it.
type Keyboard struct {
	Panel
	typed func(rune)
	erase func()

	ground  *canvas.Rectangle
	page    int  // of keyPages
	upper   bool // the next letter is a capital
	keys    []*key
	held    *key
	eraseAt time.Time // when a held erase key acts again
}

// key is one key where it lies now.
type key struct {
	code   rune
	ground *canvas.Rectangle
	label  *canvas.Text
	glyph  *canvas.Image
	at     Area
}

// Keys that are not letters, in the Unicode range for private use.
const (
	keyShift = '\uE000' + iota
	KeyErase
	KeyPage // the next of keyPages
	KeySpace
)

// keyPages are the letters in three rows each; the third stands between shift
// and erase.
var keyPages = [...]struct {
	name string // on the key that leads to it
	rows [3]string
}{
	{"abc", [3]string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}},
	{"äéñ", [3]string{"äöüßåæøœ", "áéíóúýñç", "àèêëîôš"}},
	{"123", [3]string{"1234567890", "-_.,'()&+", "/:;!?@#"}},
}

const (
	keyTall     = 100
	keyGap      = 8
	keyboardPad = 10
	eraseFirst  = 500 * time.Millisecond // until a held erase key repeats
	eraseEvery  = 80 * time.Millisecond
)

// KeyboardTall is the height of a keyboard.
const KeyboardTall = 4*keyTall + 2*keyboardPad

// NewKeyboard makes a keyboard, which calls typed and erase for its keys.
func NewKeyboard(typed func(rune), erase func()) *Keyboard {
	k := &Keyboard{typed: typed, erase: erase, ground: Rect(Colors.Surface)}
	k.Panel.Init(k, k.place)
	k.Reset()
	return k
}

// Reset shows the first page, with a capital first.
func (k *Keyboard) Reset() {
	k.page, k.upper = 0, true
	k.relay()
}

// relay makes the keys of the page.
func (k *Keyboard) relay() {
	k.keys, k.held = nil, nil
	objects := []fyne.CanvasObject{k.ground}
	for _, row := range k.rows() {
		for _, code := range row {
			t := &key{code: code, ground: Rounded(Colors.Raised, 12), label: Text("", SizeHeading, Colors.Text, false), glyph: &canvas.Image{FillMode: canvas.ImageFillContain}}
			t.label.Alignment = fyne.TextAlignCenter
			k.keys = append(k.keys, t)
			objects = append(objects, t.ground, t.label, t.glyph)
		}
	}
	k.label()
	k.Panel.SetObjects(objects...)
	k.Panel.Relayout()
}

// label writes on the keys what they would type now.
func (k *Keyboard) label() {
	for _, t := range k.keys {
		SetText(t.label, k.name(t.code))
		switch {
		case t.code == KeyErase:
			t.draw("erase")
		case t.code == keyShift && k.upper:
			t.draw("shifted")
		case t.code == keyShift:
			t.draw("shift")
		}
	}
}

// draw puts a glyph on a key.
func (t *key) draw(symbol string) {
	t.glyph.Resource = fyne.NewStaticResource(glyphFile(symbol))
	t.glyph.Refresh()
}

// rows are the codes of the page's keys.
func (k *Keyboard) rows() [4][]rune {
	r := keyPages[k.page].rows
	third := append([]rune{keyShift}, []rune(r[2])...)
	return [4][]rune{[]rune(r[0]), []rune(r[1]), append(third, KeyErase), {KeyPage, KeySpace, '-', '\''}}
}

// name is what stands on a key.
func (k *Keyboard) name(code rune) string {
	switch code {
	case KeySpace, keyShift, KeyErase:
		return ""
	case KeyPage:
		return keyPages[(k.page+1)%len(keyPages)].name
	}
	return string(k.cased(code))
}

// cased is a letter as it would be typed now.
func (k *Keyboard) cased(r rune) rune {
	if k.upper && r != 'ß' { // whose capital has no place in names
		return unicode.ToUpper(r)
	}
	return r
}

func (k *Keyboard) place(s fyne.Size) {
	Put(k.ground, 0, 0, s.Width, s.Height)
	unit := (s.Width - 2*keyboardPad) / 10
	i := 0
	for row, codes := range k.rows() {
		widths := keyWidths(codes, unit)
		total := float32(0)
		for _, w := range widths {
			total += w
		}
		x, y := (s.Width-total)/2, keyboardPad+float32(row)*keyTall
		for _, w := range widths {
			t := k.keys[i]
			t.at = Area{x, y, w, keyTall}
			Put(t.ground, x+keyGap/2, y+keyGap/2, w-keyGap, keyTall-keyGap)
			h := t.label.MinSize().Height
			Put(t.label, x, y+(keyTall-h)/2, w, h)
			const glyph = 48
			Put(t.glyph, x+(w-glyph)/2, y+(keyTall-glyph)/2, glyph, glyph)
			x, i = x+w, i+1
		}
	}
}

// keyWidths gives what the letters of a row leave to its other keys.
func keyWidths(codes []rune, unit float32) []float32 {
	widths, wide, left := make([]float32, len(codes)), 0, 10*unit
	for i, c := range codes {
		switch c {
		case keyShift, KeyErase:
			wide++
		case KeySpace:
			widths[i] = 5.5 * unit
		case KeyPage:
			widths[i] = 1.9 * unit
		default:
			widths[i] = unit
			if codes[0] == KeyPage {
				widths[i] = 1.3 * unit
			}
		}
		left -= widths[i]
	}
	for i, c := range codes {
		if c == keyShift || c == KeyErase {
			widths[i] = left / float32(wide)
		}
	}
	return widths
}

// MouseDown implements desktop.Mouseable.
func (k *Keyboard) MouseDown(e *desktop.MouseEvent) {
	for _, t := range k.keys {
		if p := e.Position; p.X >= t.at.X && p.X < t.at.Right() && p.Y >= t.at.Y && p.Y < t.at.Bottom() {
			k.hold(t)
			k.Press(t.code)
			return
		}
	}
}

// MouseUp implements desktop.Mouseable.
func (k *Keyboard) MouseUp(*desktop.MouseEvent) { k.hold(nil) }

// hold shows which key a finger is on.
func (k *Keyboard) hold(t *key) {
	if k.held != nil {
		Fill(k.held.ground, Colors.Raised)
	}
	if k.held = t; t != nil {
		Fill(t.ground, Colors.Pressed)
		k.eraseAt = time.Now().Add(eraseFirst)
	}
}

// Press does what a touch of the key with the code does.
func (k *Keyboard) Press(code rune) {
	switch code {
	case keyShift:
		k.capital(!k.upper)
	case KeyErase:
		k.erase()
	case KeyPage:
		k.page = (k.page + 1) % len(keyPages)
		k.relay()
	case KeySpace:
		k.typed(' ')
		k.capital(true)
	default:
		k.typed(k.cased(code))
		k.capital(false)
	}
}

// capital makes the next letter a capital, or not.
func (k *Keyboard) capital(upper bool) {
	if k.upper != upper {
		k.upper = upper
		k.label()
	}
}

// Tick repeats a held erase key.
func (k *Keyboard) Tick(now time.Time) {
	if k.held != nil && k.held.code == KeyErase && now.After(k.eraseAt) {
		k.eraseAt = now.Add(eraseEvery)
		k.erase()
	}
}
