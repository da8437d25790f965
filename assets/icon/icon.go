// Package icon holds the pictures the project draws for itself: the
// application's icon, an illustration for each kind of demo and the glyphs on
// buttons. In: a name. Out: SVG or PNG bytes. It imports nothing of this
// project; ui may import it.
package icon

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed icon.png icon.svg cards/*.svg glyphs/*.svg
var files embed.FS

// App returns the application's icon, a 512x512 PNG made from icon.svg.
func App() []byte { return mustRead("icon.png") }

// AppSVG returns the application's icon as it was drawn.
func AppSVG() []byte { return mustRead("icon.svg") }

// Glyph returns the SVG of a symbol, 48x48; those of advised buttons are dark.
// It panics on a name that has no file in glyphs.
func Glyph(name string) []byte { return mustRead("glyphs/" + name + ".svg") }

// kinds leads from how a word of a demo's identifier begins to an
// illustration. The first match wins: the narrower stands before the wider.
var kinds = []struct{ word, card string }{
	{"spoof", "spoof"}, {"liveness", "spoof"},
	{"emotion", "emotion"}, {"expression", "emotion"},
	{"age", "age"}, {"gender", "age"},
	{"recogn", "recognize"}, {"people", "recognize"}, {"identif", "recognize"},
	{"lung", "lung"}, {"xray", "lung"},
	{"belt", "belt"}, {"conveyor", "belt"},
	{"vehicle", "vehicle"}, {"traffic", "vehicle"}, {"car", "vehicle"},
	{"segment", "segment"}, {"scene", "segment"},
	{"classif", "classify"}, {"imagenet", "classify"},
	{"face", "face"}, {"landmark", "face"},
	{"detect", "detect"}, {"object", "detect"},
}

// Card returns the illustration that suits a demo's identifier, as a name for
// caching and the SVG, 160x160. A file cards/ID.svg comes before any guess
// from the words in the identifier; the last resort is a plain eye.
func Card(id string) (name string, svg []byte) {
	name = "cards/" + id + ".svg"
	if b, err := fs.ReadFile(files, name); err == nil {
		return name, b
	}
	name = "cards/vision.svg"
	words := strings.FieldsFunc(strings.ToLower(id), func(r rune) bool { return r < 'a' || r > 'z' })
	for _, k := range kinds {
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, k.word) }) {
			name = "cards/" + k.card + ".svg"
			break
		}
	}
	return name, mustRead(name)
}

// mustRead reads a file that the build put into the binary.
func mustRead(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("icon: " + err.Error())
	}
	return b
}
