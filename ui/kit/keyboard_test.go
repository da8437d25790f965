package kit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// touch puts a finger on the key of a code and takes it off.
func touch(t *testing.T, k *Keyboard, code rune) {
	t.Helper()
	for _, key := range k.keys {
		if key.code == code {
			e := &desktop.MouseEvent{}
			e.Position = fyne.NewPos(key.at.X+1, key.at.Bottom()-1) // its corner belongs to it
			k.MouseDown(e)
			k.MouseUp(e)
			return
		}
	}
	t.Fatalf("page %d has no key %q", k.page, code)
}

// Every key is within the keyboard, none overlaps another, and each page
// offers what its name says.
func TestKeyboard(t *testing.T) {
	var got []rune
	k := NewKeyboard(func(r rune) { got = append(got, r) }, func() { got = got[:max(0, len(got)-1)] })
	for _, width := range []float32{720, 1280} {
		k.Resize(fyne.NewSize(width, KeyboardTall))
		for page := range keyPages {
			for i, a := range k.keys {
				if a.at.X < 0 || a.at.Right() > width+.5 || a.at.Bottom() > KeyboardTall || a.at.W < 60 {
					t.Errorf("page %d: key %q at %v", page, a.code, a.at)
				}
				for _, b := range k.keys[i+1:] {
					if a.at.overlap(b.at) > 1 {
						t.Errorf("page %d: keys %q and %q overlap", page, a.code, b.code)
					}
				}
			}
			if want := keyPages[(page+1)%len(keyPages)].name; !slices.ContainsFunc(k.keys, func(n *key) bool { return n.label.Text == want }) {
				t.Errorf("page %d: no key %q", page, want)
			}
			touch(t, k, KeyPage)
		}
	}
	k.Reset()
	for _, r := range "straße" {
		if r == 'ß' {
			touch(t, k, KeyPage)
		}
		touch(t, k, r)
		if r == 'ß' {
			k.page = 0
			k.relay()
		}
	}
	if string(got) != "Straße" {
		t.Errorf("typed %q", string(got))
	}
	touch(t, k, keyShift)
	touch(t, k, 'x')
	if !strings.HasSuffix(string(got), "X") {
		t.Errorf("typed %q after shift", string(got))
	}
	erase := k.keys[slices.IndexFunc(k.keys, func(n *key) bool { return n.code == KeyErase })]
	e := &desktop.MouseEvent{}
	e.Position = fyne.NewPos(erase.at.X+5, erase.at.Y+5)
	k.MouseDown(e)
	for at := time.Now(); len(got) > 0; at = at.Add(eraseFirst) {
		k.Tick(at)
	}
	k.MouseUp(e)
	k.Tick(time.Now().Add(time.Hour))
}
