package font

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/font/sfnt"

	"reterminal-vision/assets/demos"
)

// A font has every character of its language's translations.
func TestFontsHaveAllCharacters(t *testing.T) {
	for _, tag := range []string{"ja", "zh"} {
		text, err := os.ReadFile(filepath.Join("..", "lang", tag+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		words["names"] = "日本語 中文"
		maps.Copy(words, demos.Translations(tag))
		for _, bold := range []bool{false, true} {
			f, err := sfnt.Parse(Of(tag, bold))
			if err != nil {
				t.Fatal(err)
			}
			missing := map[rune]bool{}
			for _, s := range words {
				for _, r := range s {
					if i, err := f.GlyphIndex(nil, r); err != nil || i == 0 {
						missing[r] = true
					}
				}
			}
			for r := range missing {
				t.Errorf("%s, bold %v: lacks %q; run make fonts", tag, bold, r)
			}
		}
	}
	if Of("de", true) != nil || Of("en", false) != nil {
		t.Error("a font where Fyne's does")
	}
}
