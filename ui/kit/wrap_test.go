package kit

import (
	"reflect"
	"testing"
)

// Lines end between the characters of languages without spaces, but for those
// that begin or end none.
func TestPieces(t *testing.T) {
	for s, want := range map[string][]string{
		"a longer line":    {"a", "longer", "line"},
		"画面にタッチ。":          {"画", "面", "に", "タッ", "チ。"},
		"「設定」の 4〜8桁":       {"「設", "定」", "の", "4", "〜", "8", "桁"},
		"SSD・YOLOv8・領域分割に": {"SSD・", "YOLOv8・", "領", "域", "分", "割", "に"},
	} {
		var got []string
		for _, p := range pieces(s) {
			got = append(got, p.text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
