// Package font holds the fonts of the languages whose characters Fyne's own
// font lacks.
//
// In: a language. Out: an OpenType file. How they were made, and their
// licence, is said in README.md. It imports nothing of this project; ui may
// import it.
package font

import _ "embed"

//go:embed ja-regular.otf
var jaRegular []byte

//go:embed ja-bold.otf
var jaBold []byte

//go:embed zh-regular.otf
var zhRegular []byte

//go:embed zh-bold.otf
var zhBold []byte

// Of returns the font for a language, bold or not; nil where Fyne's has all of
// its characters.
func Of(tag string, bold bool) []byte {
	switch {
	case tag == "ja" && bold:
		return jaBold
	case tag == "ja":
		return jaRegular
	case tag == "zh" && bold:
		return zhBold
	case tag == "zh":
		return zhRegular
	}
	return nil
}
