package ui

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
	background, surface, raised, pressed color.Color
	text, muted                          color.Color // on background, surface and raised
	accent, onAccent                     color.Color
	warning, onWarning                   color.Color
	danger                               color.Color
	alarm, onAlarm                       color.Color
	outline                              color.Color
	ink                                  color.Color // dark text on a light ground
	picture                              color.Color // behind a picture that does not fill its place
	halo                                 color.Color // around what is drawn over a picture
}

// dark is the palette of a device in a workshop or a hall. Text keeps a
// contrast of 4.5 and more to all it stands on, as a test checks.
var dark = palette{
	background: rgb(0x0D1117), surface: rgb(0x171D26), raised: rgb(0x242D39), pressed: rgb(0x35414F),
	text: rgb(0xF3F6FA), muted: rgb(0xA7B3C2),
	accent: rgb(0x4FD1A5), onAccent: rgb(0x0D1117),
	warning: rgb(0xFFC857), onWarning: rgb(0x0D1117),
	danger: rgb(0xFF7A66),
	alarm:  rgb(0xC8141E), onAlarm: rgb(0xFFFFFF),
	outline: rgb(0x3A4655),
	ink:     rgb(0x0D1117),
	picture: rgb(0x000000),
	halo:    color.NRGBA{A: 0x90},
}

// light is the palette of a bright hall, with the same contrasts.
var light = palette{
	background: rgb(0xF2F4F7), surface: rgb(0xFFFFFF), raised: rgb(0xE3E8EE), pressed: rgb(0xCBD4DE),
	text: rgb(0x12181F), muted: rgb(0x4A5664),
	accent: rgb(0x0B6E50), onAccent: rgb(0xFFFFFF),
	warning: rgb(0x7A4E00), onWarning: rgb(0xFFFFFF),
	danger: rgb(0xB3261E),
	alarm:  rgb(0xC8141E), onAlarm: rgb(0xFFFFFF),
	outline: rgb(0xB9C3CE),
	ink:     rgb(0x0D1117),
	picture: rgb(0x000000),
	halo:    color.NRGBA{A: 0x90},
}

// colors is the palette in use. UI goroutine.
var colors = dark

// Themes are the palettes that can be chosen, by name.
var Themes = []string{"dark", "light"}

// paint takes up the palette of a theme; an unknown one is dark.
func paint(theme string) {
	colors = dark
	if theme == "light" {
		colors = light
	}
}

// glyph is a symbol in the colours in use.
func glyph(name string) *canvas.Image {
	file, content := glyphFile(name)
	return svg(file, content)
}

// glyphFile is a symbol's file, drawn for the dark palette, with its colours
// replaced by those in use. Fyne keeps drawings by name, so the name differs.
func glyphFile(name string) (file string, content []byte) {
	content = icon.Glyph(name)
	if colors == dark {
		return name + ".svg", content
	}
	replace := strings.NewReplacer(
		hex(dark.text), hex(colors.text), hex(dark.ink), hex(colors.onAccent), hex(dark.accent), hex(colors.accent),
		hex(dark.muted), hex(colors.muted), hex(dark.danger), hex(colors.danger), hex(dark.warning), hex(colors.warning),
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
	sizeDisplay = 92 // the one number to be seen from afar
	sizeTitle   = 54
	sizeHeading = 38
	sizeBody    = 29
	sizeSmall   = 26
	sizePlate   = 28 // on the picture

	finger    = 104 // height of a button
	gap       = 16
	margin    = 24
	radius    = 20
	headerBar = finger + 2*12
)

// appTheme gives Fyne's own widgets our colours and sizes.
type appTheme struct {
	fyne.Theme
	language string
}

func newTheme(language string) fyne.Theme { return appTheme{theme.DefaultTheme(), language} }

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
		return colors.background
	case theme.ColorNameForeground:
		return colors.text
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return colors.muted
	case theme.ColorNamePrimary, theme.ColorNameFocus, theme.ColorNameHyperlink, theme.ColorNameSuccess:
		return colors.accent
	case theme.ColorNameForegroundOnPrimary, theme.ColorNameForegroundOnSuccess:
		return colors.onAccent
	case theme.ColorNameButton, theme.ColorNameInputBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground:
		return colors.raised
	case theme.ColorNameHover, theme.ColorNamePressed, theme.ColorNameSelection:
		return colors.pressed
	case theme.ColorNameHeaderBackground, theme.ColorNameDisabledButton:
		return colors.surface
	case theme.ColorNameSeparator, theme.ColorNameInputBorder, theme.ColorNameScrollBar:
		return colors.outline
	case theme.ColorNameWarning:
		return colors.warning
	case theme.ColorNameForegroundOnWarning, theme.ColorNameForegroundOnError:
		return colors.onWarning
	case theme.ColorNameError:
		return colors.danger
	}
	variant := theme.VariantDark
	if colors == light {
		variant = theme.VariantLight
	}
	return t.Theme.Color(n, variant)
}

// Size implements fyne.Theme.
func (t appTheme) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case theme.SizeNameText:
		return sizeBody
	case theme.SizeNameCaptionText:
		return sizeSmall
	case theme.SizeNameSubHeadingText:
		return sizeHeading
	case theme.SizeNameHeadingText:
		return sizeTitle
	case theme.SizeNamePadding:
		return gap / 2
	case theme.SizeNameInnerPadding:
		return gap
	case theme.SizeNameInlineIcon:
		return 44
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return radius
	case theme.SizeNameScrollBar, theme.SizeNameScrollBarSmall:
		return 8
	}
	return t.Theme.Size(n)
}
