package overlay

import (
	"fyne.io/fyne/v2"

	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// view leads from frame pixels to the screen.
type view struct {
	on     kit.Area // where the picture is
	sx, sy float32
}

func newView(frameW, frameH int, on kit.Area) view {
	return view{on: on, sx: on.W / float32(frameW), sy: on.H / float32(frameH)}
}

// box is a detection on the screen, cut at the picture's edges.
func (v view) box(b inference.Box) kit.Area {
	return kit.NewArea(v.on.X+b.X0*v.sx, v.on.Y+b.Y0*v.sy, b.Width()*v.sx, b.Height()*v.sy).Clip(v.on)
}

// point is a position on the screen.
func (v view) point(p inference.Point) fyne.Position {
	return fyne.NewPos(v.on.X+p.X*v.sx, v.on.Y+p.Y*v.sy)
}
