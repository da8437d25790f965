// Package icon holds the pictures the project draws for itself: the
// application's icon, an illustration for each demo or kind of task and the
// glyphs on buttons. In: a name. Out: SVG or PNG bytes. It imports
// assets/demos; ui may import it.
package icon

import (
	"embed"
	"io/fs"

	"reterminal-vision/assets/demos"
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

// Card returns a demo's illustration, as a name for caching and the SVG,
// 160x160: its own, else that of its kind of task, else a plain eye.
func Card(demo, task string) (name string, svg []byte) {
	if svg := demos.Card(demo); svg != nil {
		return "demos/" + demo + ".svg", svg
	}
	name = "cards/" + task + ".svg"
	if b, err := fs.ReadFile(files, name); err == nil {
		return name, b
	}
	name = "cards/vision.svg"
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
