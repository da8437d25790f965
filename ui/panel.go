package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// panel is a widget that places its objects by hand; screens and our own
// widgets are made of it. It asks for no room, so that a window can take any
// size.
type panel struct {
	widget.BaseWidget
	self    fyne.Widget // the widget that embeds the panel, which is what Fyne knows
	objects []fyne.CanvasObject
	layout  func(fyne.Size)
}

// init ties the panel to the widget that embeds it.
func (p *panel) init(self fyne.Widget, layout func(fyne.Size)) {
	p.self, p.layout = self, layout
	p.ExtendBaseWidget(self)
}

// show replaces the objects, the hindmost first.
func (p *panel) show(objects ...fyne.CanvasObject) { p.objects = objects }

// relayout places the objects anew and has the panel repainted.
func (p *panel) relayout() {
	if !p.Size().IsZero() {
		p.layout(p.Size())
	}
	p.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *panel) CreateRenderer() fyne.WidgetRenderer { return panelRenderer{p} }

type panelRenderer struct{ p *panel }

func (r panelRenderer) Layout(s fyne.Size)           { r.p.layout(s) }
func (r panelRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r panelRenderer) Objects() []fyne.CanvasObject { return r.p.objects }
func (r panelRenderer) Destroy()                     {}

// Refresh repaints what changes by itself; the objects are refreshed where
// they are changed.
func (r panelRenderer) Refresh() { canvas.Refresh(r.p.self) }

// rect is a filled rectangle.
func rect(fill color.Color) *canvas.Rectangle { return canvas.NewRectangle(fill) }

// rounded is a filled rectangle with round corners.
func rounded(fill color.Color, radius float32) *canvas.Rectangle {
	r := canvas.NewRectangle(fill)
	r.CornerRadius = radius
	return r
}

// text is one line.
func text(s string, size float32, c color.Color, bold bool) *canvas.Text {
	t := canvas.NewText(s, c)
	t.TextSize = size
	t.TextStyle.Bold = bold
	return t
}

// svg is a drawing that keeps its proportions.
func svg(name string, content []byte) *canvas.Image {
	img := canvas.NewImageFromResource(fyne.NewStaticResource(name, content))
	img.FillMode = canvas.ImageFillContain
	return img
}

// put moves and resizes an object.
func put(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// setText changes a line when it differs.
func setText(t *canvas.Text, s string) {
	if t.Text != s {
		t.Text = s
		t.Refresh()
	}
}

// setVisible shows or hides an object when it is not so already.
func setVisible(o fyne.CanvasObject, v bool) {
	switch {
	case v == o.Visible():
	case v:
		o.Show()
	default:
		o.Hide()
	}
}

// fill gives a rectangle another colour.
func fill(r *canvas.Rectangle, c color.Color) {
	if r.FillColor != c {
		r.FillColor = c
		r.Refresh()
	}
}
