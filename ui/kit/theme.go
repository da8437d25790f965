package kit

import (
	"fmt"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"reterminal-vision/assets/font"
	"reterminal-vision/assets/icon"
)

// palette is every colour of the interface but those of classes.
type palette struct {
	Background, Surface, Raised, Pressed color.Color
	Text, Muted                          color.Color // on background, surface and raised
	Accent, OnAccent                     color.Color
	Warning, onWarning                   color.Color
	danger                               color.Color
	Alarm, OnAlarm                       color.Color
	Outline                              color.Color
	Ink                                  color.Color // dark text on a light ground
	Picture                              color.Color // behind a picture that does not fill its place
	Halo                                 color.Color // around what is drawn over a picture
}

// Dark is the palette of a device in a workshop or a hall. Text keeps a
// contrast of 4.5 and more to all it stands on, as a test checks.
var Dark = palette{
	Background: rgb(0x0D1117), Surface: rgb(0x171D26), Raised: rgb(0x242D39), Pressed: rgb(0x35414F),
	Text: rgb(0xF3F6FA), Muted: rgb(0xA7B3C2),
	Accent: rgb(0x4FD1A5), OnAccent: rgb(0x0D1117),
	Warning: rgb(0xFFC857), onWarning: rgb(0x0D1117),
	danger: rgb(0xFF7A66),
	Alarm:  rgb(0xC8141E), OnAlarm: rgb(0xFFFFFF),
	Outline: rgb(0x3A4655),
	Ink:     rgb(0x0D1117),
	Picture: rgb(0x000000),
	Halo:    color.NRGBA{A: 0x90},
}

// light is the palette of a bright hall, with the same contrasts.
var light = palette{
	Background: rgb(0xF2F4F7), Surface: rgb(0xFFFFFF), Raised: rgb(0xE3E8EE), Pressed: rgb(0xCBD4DE),
	Text: rgb(0x12181F), Muted: rgb(0x4A5664),
	Accent: rgb(0x0B6E50), OnAccent: rgb(0xFFFFFF),
	Warning: rgb(0x7A4E00), onWarning: rgb(0xFFFFFF),
	danger: rgb(0xB3261E),
	Alarm:  rgb(0xC8141E), OnAlarm: rgb(0xFFFFFF),
	Outline: rgb(0xB9C3CE),
	Ink:     rgb(0x0D1117),
	Picture: rgb(0x000000),
	Halo:    color.NRGBA{A: 0x90},
}

// Colors is the palette in use. UI goroutine.
var Colors = Dark

// Themes are the palettes that can be chosen, by name.
var Themes = []string{"dark", "light"}

// SetTheme takes up the palette of a theme; an unknown one is dark.
func SetTheme(theme string) {
	Colors = Dark
	if theme == "light" {
		Colors = light
	}
}

// Glyph is a symbol in the colours in use.
func Glyph(name string) *canvas.Image {
	file, content := glyphFile(name)
	return SVG(file, content)
}

// glyphFile is a symbol's file, drawn for the dark palette, with its colours
// replaced by those in use. Fyne keeps drawings by name, so the name differs.
func glyphFile(name string) (file string, content []byte) {
	content = icon.Glyph(name)
	if Colors == Dark {
		return name + ".svg", content
	}
	replace := strings.NewReplacer(
		hex(Dark.Text), hex(Colors.Text), hex(Dark.Ink), hex(Colors.OnAccent), hex(Dark.Accent), hex(Colors.Accent),
		hex(Dark.Muted), hex(Colors.Muted), hex(Dark.danger), hex(Colors.danger), hex(Dark.Warning), hex(Colors.Warning),
	)
	return name + "-light.svg", []byte(replace.Replace(string(content)))
}

// hex is how drawings name a colour.
func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
}

func rgb(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF}
}

// Sizes in screen pixels of a 5 inch 720x1280 panel, 290 to the inch: a finger
// needs 9 mm, about 100; a line to be read at arm's length about 28.
const (
	SizeDisplay = 92 // the one number to be seen from afar
	SizeTitle   = 54
	SizeHeading = 38
	SizeBody    = 29
	SizeSmall   = 26
	SizePlate   = 28 // on the picture

	Finger    = 104 // height of a button
	Gap       = 16
	Margin    = 24
	Radius    = 20
	HeaderBar = Finger + 2*12
)

// appTheme gives Fyne's own widgets our colours and sizes.
type appTheme struct {
	fyne.Theme
	language string
}

// NewTheme is the theme of Fyne's own widgets, with a language's font.
func NewTheme(language string) fyne.Theme { return appTheme{theme.DefaultTheme(), language} }

// Font implements fyne.Theme. What the language's font lacks is taken from
// Fyne's.
func (t appTheme) Font(style fyne.TextStyle) fyne.Resource {
	if r := fontOf(t.language, style.Bold); r != nil && !style.Symbol {
		return r
	}
	return t.Theme.Font(style)
}

// fontOf is the font for a language, nil where Fyne's does.
func fontOf(language string, bold bool) fyne.Resource {
	content := font.Of(language, bold)
	if content == nil {
		return nil
	}
	name := fmt.Sprintf("%s-%v.otf", language, bold)
	if fonts[name] == nil {
		fonts[name] = fyne.NewStaticResource(name, content)
	}
	return fonts[name]
}

// fonts are those in use, one value each, for Fyne keeps what it has parsed of
// one by it. UI goroutine.
var fonts = map[string]fyne.Resource{}

// Color implements fyne.Theme.
func (t appTheme) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch n {
	case theme.ColorNameBackground:
		return Colors.Background
	case theme.ColorNameForeground:
		return Colors.Text
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return Colors.Muted
	case theme.ColorNamePrimary, theme.ColorNameFocus, theme.ColorNameHyperlink, theme.ColorNameSuccess:
		return Colors.Accent
	case theme.ColorNameForegroundOnPrimary, theme.ColorNameForegroundOnSuccess:
		return Colors.OnAccent
	case theme.ColorNameButton, theme.ColorNameInputBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground:
		return Colors.Raised
	case theme.ColorNameHover, theme.ColorNamePressed, theme.ColorNameSelection:
		return Colors.Pressed
	case theme.ColorNameHeaderBackground, theme.ColorNameDisabledButton:
		return Colors.Surface
	case theme.ColorNameSeparator, theme.ColorNameInputBorder, theme.ColorNameScrollBar:
		return Colors.Outline
	case theme.ColorNameWarning:
		return Colors.Warning
	case theme.ColorNameForegroundOnWarning, theme.ColorNameForegroundOnError:
		return Colors.onWarning
	case theme.ColorNameError:
		return Colors.danger
	}
	variant := theme.VariantDark
	if Colors == light {
		variant = theme.VariantLight
	}
	return t.Theme.Color(n, variant)
}

// Size implements fyne.Theme.
func (t appTheme) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case theme.SizeNameText:
		return SizeBody
	case theme.SizeNameCaptionText:
		return SizeSmall
	case theme.SizeNameSubHeadingText:
		return SizeHeading
	case theme.SizeNameHeadingText:
		return SizeTitle
	case theme.SizeNamePadding:
		return Gap / 2
	case theme.SizeNameInnerPadding:
		return Gap
	case theme.SizeNameInlineIcon:
		return 44
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return Radius
	case theme.SizeNameScrollBar, theme.SizeNameScrollBarSmall:
		return 8
	}
	return t.Theme.Size(n)
}
