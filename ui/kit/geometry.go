package kit

// Area is a rectangle on the screen, in canvas units.
type Area struct{ X, Y, W, H float32 }

// NewArea is the area of a place and a size.
func NewArea(x, y, w, h float32) Area { return Area{x, y, w, h} }

// Right and Bottom are the edges away from the origin.
func (a Area) Right() float32  { return a.X + a.W }
func (a Area) Bottom() float32 { return a.Y + a.H }

// overlap is the surface that two rectangles share.
func (a Area) overlap(b Area) float32 {
	w := min(a.Right(), b.Right()) - max(a.X, b.X)
	h := min(a.Bottom(), b.Bottom()) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// within moves a into b, and shrinks it where it is larger.
func (a Area) within(b Area) Area {
	a.W, a.H = min(a.W, b.W), min(a.H, b.H)
	a.X = min(max(a.X, b.X), b.Right()-a.W)
	a.Y = min(max(a.Y, b.Y), b.Bottom()-a.H)
	return a
}

// Clip is the part of a inside b; it may be empty.
func (a Area) Clip(b Area) Area {
	x, y := max(a.X, b.X), max(a.Y, b.Y)
	return Area{x, y, max(0, min(a.Right(), b.Right())-x), max(0, min(a.Bottom(), b.Bottom())-y)}
}

// Fit is the largest w:h rectangle in the middle of room.
func Fit(w, h int, room Area) Area {
	if w <= 0 || h <= 0 || room.W <= 0 || room.H <= 0 {
		return Area{room.X, room.Y, 0, 0}
	}
	scale := min(room.W/float32(w), room.H/float32(h))
	fw, fh := float32(w)*scale, float32(h)*scale
	return Area{room.X + (room.W-fw)/2, room.Y + (room.H-fh)/2, fw, fh}
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

// PlacePlate finds the best room for a w x h label plate of a box: on top of
// it, in it when the box is large, under it, beside it; in the picture always,
// and over no plate in taken when that can be had.
func PlacePlate(box Area, w, h float32, picture Area, taken []Area) Area {
	left, right := box.X, box.Right()-w
	over, under, top, bottom := box.Y-h, box.Bottom(), box.Y, box.Bottom()-h
	candidates := [...]struct{ x, y, cost float32 }{
		{left, over, 0}, {right, over, 1}, {left, top, 0}, {right, top, 1},
		{left, under, costUnder}, {right, under, costUnder + 1}, {left, bottom, costUnder}, {right, bottom, costUnder + 1},
		{box.Right(), top, costBeside}, {box.X - w, top, costBeside},
		{left, over - h, costApart}, {left, under + h, costApart},
	}
	best, least := Area{}, float32(-1)
	for _, c := range candidates {
		at := Area{c.x, c.y, w, h}.within(picture)
		cost := c.cost + abs(at.X-c.x) + abs(at.Y-c.y)
		if size := box.W * box.H; size > 0 {
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
