package ui

import "reterminal-vision/inference"

// area is a rectangle on the screen, in canvas units.
type area struct{ x, y, w, h float32 }

func (a area) right() float32  { return a.x + a.w }
func (a area) bottom() float32 { return a.y + a.h }

// overlap is the surface that two rectangles share.
func (a area) overlap(b area) float32 {
	w := min(a.right(), b.right()) - max(a.x, b.x)
	h := min(a.bottom(), b.bottom()) - max(a.y, b.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// within moves a into b, and shrinks it where it is larger.
func (a area) within(b area) area {
	a.w, a.h = min(a.w, b.w), min(a.h, b.h)
	a.x = min(max(a.x, b.x), b.right()-a.w)
	a.y = min(max(a.y, b.y), b.bottom()-a.h)
	return a
}

// clip is the part of a inside b; it may be empty.
func (a area) clip(b area) area {
	x, y := max(a.x, b.x), max(a.y, b.y)
	return area{x, y, max(0, min(a.right(), b.right())-x), max(0, min(a.bottom(), b.bottom())-y)}
}

// fit is the largest w:h rectangle in the middle of room.
func fit(w, h int, room area) area {
	if w <= 0 || h <= 0 || room.w <= 0 || room.h <= 0 {
		return area{room.x, room.y, 0, 0}
	}
	scale := min(room.w/float32(w), room.h/float32(h))
	fw, fh := float32(w)*scale, float32(h)*scale
	return area{room.x + (room.w-fw)/2, room.y + (room.h-fh)/2, fw, fh}
}

// view leads from frame pixels to the screen.
type view struct {
	on     area // where the picture is
	sx, sy float32
}

func newView(frameW, frameH int, on area) view {
	if frameW <= 0 || frameH <= 0 {
		return view{on: on}
	}
	return view{on: on, sx: on.w / float32(frameW), sy: on.h / float32(frameH)}
}

// box is a detection on the screen, cut at the picture's edges.
func (v view) box(b inference.Box) area {
	return area{v.on.x + b.X0*v.sx, v.on.y + b.Y0*v.sy, b.Width() * v.sx, b.Height() * v.sy}.clip(v.on)
}

// point is a position on the screen.
func (v view) point(p inference.Point) (x, y float32) {
	return v.on.x + p.X*v.sx, v.on.y + p.Y*v.sy
}

// What a place for a label plate costs, in pixels that it might as well be
// moved: some places are liked less, hiding the thing itself least of all.
const (
	costUnder  = 4
	costBeside = 6
	costApart  = 12
	costHiding = 100 // for hiding the whole box
	costPlate  = 16  // for each pixel of another plate
)

// placePlate finds the best room for a w x h label plate of a box: on top of
// it, in it when the box is large, under it, beside it; in the picture always,
// and over no plate in taken when that can be had.
func placePlate(box area, w, h float32, picture area, taken []area) area {
	left, right := box.x, box.right()-w
	over, under, top, bottom := box.y-h, box.bottom(), box.y, box.bottom()-h
	candidates := [...]struct{ x, y, cost float32 }{
		{left, over, 0}, {right, over, 1}, {left, top, 0}, {right, top, 1},
		{left, under, costUnder}, {right, under, costUnder + 1}, {left, bottom, costUnder}, {right, bottom, costUnder + 1},
		{box.right(), top, costBeside}, {box.x - w, top, costBeside},
		{left, over - h, costApart}, {left, under + h, costApart},
	}
	best, least := area{}, float32(-1)
	for _, c := range candidates {
		at := area{c.x, c.y, w, h}.within(picture)
		cost := c.cost + abs(at.x-c.x) + abs(at.y-c.y)
		if size := box.w * box.h; size > 0 {
			cost += costHiding * at.overlap(box) / size
		}
		for _, t := range taken {
			cost += costPlate * at.overlap(t)
		}
		if least < 0 || cost < least {
			best, least = at, cost
		}
	}
	return best
}

func abs(v float32) float32 { return max(v, -v) }
