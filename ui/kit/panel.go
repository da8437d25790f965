// Package kit is the toolkit that the interface is made of: buttons, text,
// lists, pages, charts, a keyboard, and the stack of screens.
//
// In: words, colours and what to call when something is tapped. Out: Fyne
// widgets that place themselves, in screen pixels of a 5 inch panel. It knows
// no demo, picture or result. Everything runs on the UI goroutine. Package ui
// and ui/overlay import it, and app for the pages it fills; of ours it imports
// ui/phrases and assets.
package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Panel is a widget that places its objects by hand; screens and our own
// widgets are made of it. It asks for no room, so that a window can take any
// size.
type Panel struct {
	widget.BaseWidget
	self    fyne.Widget // the widget that embeds the panel, which is what Fyne knows
	Objects []fyne.CanvasObject
	layout  func(fyne.Size)
}

// Init ties the panel to the widget that embeds it.
func (p *Panel) Init(self fyne.Widget, layout func(fyne.Size)) {
	p.self, p.layout = self, layout
	p.ExtendBaseWidget(self)
}

// SetObjects replaces the objects, the hindmost first.
func (p *Panel) SetObjects(objects ...fyne.CanvasObject) { p.Objects = objects }

// Relayout places the objects anew and has the panel repainted.
func (p *Panel) Relayout() {
	if !p.Size().IsZero() {
		p.layout(p.Size())
	}
	p.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer { return panelRenderer{p} }

type panelRenderer struct{ p *Panel }

func (r panelRenderer) Layout(s fyne.Size)           { r.p.layout(s) }
func (r panelRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r panelRenderer) Objects() []fyne.CanvasObject { return r.p.Objects }
func (r panelRenderer) Destroy()                     {}

// Refresh repaints what changes by itself; the objects are refreshed where
// they are changed.
func (r panelRenderer) Refresh() { canvas.Refresh(r.p.self) }

// Rect is a filled rectangle.
func Rect(fill color.Color) *canvas.Rectangle { return canvas.NewRectangle(fill) }

// Rounded is a filled rectangle with round corners.
func Rounded(fill color.Color, radius float32) *canvas.Rectangle {
	r := canvas.NewRectangle(fill)
	r.CornerRadius = radius
	return r
}

// Text is one line.
func Text(s string, size float32, c color.Color, bold bool) *canvas.Text {
	t := canvas.NewText(s, c)
	t.TextSize = size
	t.TextStyle.Bold = bold
	return t
}

// SVG is a drawing that keeps its proportions.
func SVG(name string, content []byte) *canvas.Image {
	img := canvas.NewImageFromResource(fyne.NewStaticResource(name, content))
	img.FillMode = canvas.ImageFillContain
	return img
}

// Put moves and resizes an object.
func Put(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// SetText changes a line when it differs.
func SetText(t *canvas.Text, s string) {
	if t.Text != s {
		t.Text = s
		t.Refresh()
	}
}

// SetVisible shows or hides an object when it is not so already.
func SetVisible(o fyne.CanvasObject, v bool) {
	switch {
	case v == o.Visible():
	case v:
		o.Show()
	default:
		o.Hide()
	}
}

// Fill gives a rectangle another colour.
func Fill(r *canvas.Rectangle, c color.Color) {
	if r.FillColor != c {
		r.FillColor = c
		r.Refresh()
	}
}
