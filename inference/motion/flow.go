package motion

import (
	"math"
	"slices"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Flow tells where boxes went from one frame to the next: points on a grid
// inside each are followed from coarse to fine (Lucas and Kanade, "An iterative
// image registration technique", 1981; Bouguet's pyramid, 2000), and their
// median movement and common growth move the box (after Kalal et al.,
// "Forward-backward error", 2010). It serves one goroutine and allocates
// nothing once it has seen its largest frame. Close lets the last frame go.
type Flow struct {
	from, to pyramid
	first    *frame.Frame // that from will be made of, when it is needed

	moved  [gridSide * gridSide]point
	sorted []float32
}

// Shift is a movement: growth about the box's centre and a way in pixels.
type Shift struct{ X, Y, Scale float32 }

const (
	levels    = 3
	gridSide  = 5  // points across a box and down
	inner     = .7 // of a box, where what is not background lies
	reach     = 3  // of a window about a point
	side      = 2*reach + 1
	wanted    = 320 // pixels across, to which frames are reduced
	rounds    = 8   // of refinement, at most
	near      = .03 // pixels, at which refinement ends
	poor      = 14  // mean difference in grey levels of what is not the same point
	fewest    = 4   // points that tell a movement
	mostScale = .1  // growth from one frame to the next
)

// point is one point followed.
type point struct {
	x, y, dx, dy float32
	good         bool
}

// Begin takes f as the frame that boxes are followed from.
func (w *Flow) Begin(f *frame.Frame) {
	w.Close()
	w.first = f.Retain()
}

// Next takes f as the frame that boxes are followed to, in place of the last
// one, which becomes the one they are followed from. It is false where there is
// none to follow from, or one of another size.
func (w *Flow) Next(f *frame.Frame) bool {
	if w.first != nil {
		w.to.of(w.first)
		w.Close()
	}
	w.from, w.to = w.to, w.from
	w.to.of(f)
	return w.from.width == w.to.width && w.from.height == w.to.height && w.to.width > 0
}

// Close lets go of the frame to begin with.
func (w *Flow) Close() {
	if w.first != nil {
		w.first.Release()
		w.first = nil
	}
}

// Follow tells where the box went, which is expected to have moved by guess. It
// is false when too few points are found again.
func (w *Flow) Follow(b inference.Box, guess Shift) (Shift, bool) {
	k := 1 / float32(w.from.reduced)
	b = b.Clip(float32(w.from.width), float32(w.from.height))
	width, height := b.Width()*k, b.Height()*k
	if !(width >= 4 && height >= 4) {
		return guess, false
	}
	n := gridSide
	if min(width, height) < 3*gridSide {
		n = 3
	}
	cx, cy := (b.X0+b.X1)/2*k, (b.Y0+b.Y1)/2*k
	points := w.moved[:0]
	for i := range n * n {
		p := point{
			x: cx + inner*width*((float32(i%n)+.5)/float32(n)-.5), y: cy + inner*height*((float32(i/n)+.5)/float32(n)-.5),
			dx: guess.X * k, dy: guess.Y * k,
		}
		w.track(&p)
		if p.good {
			points = append(points, p)
		}
	}
	points = w.agreeing(points, max(width, height))
	if len(points) < fewest {
		return guess, false
	}
	return movement(points, cx, cy, float32(w.from.reduced)), true
}

// agreeing keeps the points that move about as most do.
func (w *Flow) agreeing(points []point, size float32) []point {
	mx := w.median(points, func(p point) float32 { return p.dx })
	my := w.median(points, func(p point) float32 { return p.dy })
	most := 1 + .1*size
	kept := points[:0]
	for _, p := range points {
		if max(p.dx-mx, mx-p.dx, p.dy-my, my-p.dy) <= most {
			kept = append(kept, p)
		}
	}
	return kept
}

func (w *Flow) median(points []point, of func(point) float32) float32 {
	w.sorted = w.sorted[:0]
	for _, p := range points {
		w.sorted = append(w.sorted, of(p))
	}
	if len(points) == 0 {
		return 0
	}
	slices.Sort(w.sorted)
	return w.sorted[len(w.sorted)/2]
}

// movement is the growth and shift that fits the points best in least squares,
// about the centre of the box.
func movement(points []point, cx, cy, k float32) Shift {
	var px, py, qx, qy float32
	n := float32(len(points))
	for _, p := range points {
		px, py, qx, qy = px+p.x/n, py+p.y/n, qx+(p.x+p.dx)/n, qy+(p.y+p.dy)/n
	}
	var along, spread float32
	for _, p := range points {
		x, y := p.x-px, p.y-py
		along += x*(p.x+p.dx-qx) + y*(p.y+p.dy-qy)
		spread += x*x + y*y
	}
	scale := float32(1)
	if spread > 1 && len(points) > fewest {
		scale = min(max(along/spread, 1-mostScale), 1+mostScale)
	}
	return Shift{X: k * (qx + scale*(cx-px) - cx), Y: k * (qy + scale*(cy-py) - cy), Scale: scale}
}

// Move moves a box.
func (s Shift) Move(b inference.Box) inference.Box {
	cx, cy := (b.X0+b.X1)/2+s.X, (b.Y0+b.Y1)/2+s.Y
	w, h := b.Width()*s.Scale/2, b.Height()*s.Scale/2
	return inference.Box{X0: cx - w, Y0: cy - h, X1: cx + w, Y1: cy + h}
}

// Point moves a point of a box.
func (s Shift) Point(b inference.Box, p inference.Point) inference.Point {
	cx, cy := (b.X0+b.X1)/2, (b.Y0+b.Y1)/2
	return inference.Point{X: cx + s.X + s.Scale*(p.X-cx), Y: cy + s.Y + s.Scale*(p.Y-cy)}
}

// track follows one point from the coarsest level to the finest.
func (w *Flow) track(p *point) {
	scale := float32(int(1) << (levels - 1))
	dx, dy := p.dx/scale, p.dy/scale
	for l := levels - 1; l >= 0; l-- {
		from, to := &w.from.level[l], &w.to.level[l]
		scale := float32(int(1) << l)
		x, y := (p.x+.5)/scale-.5, (p.y+.5)/scale-.5
		if rx, ry, ok := refine(from, to, x, y, dx, dy); ok {
			dx, dy = rx, ry
		} else if l == 0 {
			return
		}
		if l > 0 {
			dx, dy = 2*dx, 2*dy
		}
	}
	p.dx, p.dy, p.good = dx, dy, true
}

// refine improves a movement at one level; it is false when the point shows
// nothing to hold on to, or is not found again.
func refine(from, to *grey, x, y, dx, dy float32) (float32, float32, bool) {
	var patch [(side + 2) * (side + 2)]float32
	if !from.sample(patch[:], x, y, reach+1) {
		return dx, dy, false
	}
	var template, gx, gy [side * side]float32
	var xx, xy, yy float32
	for r := range side {
		for c := range side {
			i, at := r*side+c, (r+1)*(side+2)+c+1
			template[i] = patch[at]
			gx[i], gy[i] = (patch[at+1]-patch[at-1])/2, (patch[at+side+2]-patch[at-side-2])/2
			xx, xy, yy = xx+gx[i]*gx[i], xy+gx[i]*gy[i], yy+gy[i]*gy[i]
		}
	}
	det := xx*yy - xy*xy
	// The smaller eigenvalue: a window without texture in some direction slides along it.
	if least := (xx + yy - float32(math.Sqrt(float64((xx-yy)*(xx-yy)+4*xy*xy)))) / 2; !(least > side*side) || !(det > 0) {
		return dx, dy, false
	}
	var now [side * side]float32
	var differs float32
	for range rounds {
		if !to.sample(now[:], x+dx, y+dy, reach) {
			return dx, dy, false
		}
		var mean float32 // the light may have changed
		for i := range now {
			now[i] -= template[i]
			mean += now[i] / (side * side)
		}
		var bx, by float32
		differs = 0
		for i, e := range now {
			e -= mean
			bx, by = bx+gx[i]*e, by+gy[i]*e
			differs += max(e, -e)
		}
		sx, sy := (yy*bx-xy*by)/det, (xx*by-xy*bx)/det
		dx, dy = dx-sx, dy-sy
		if sx*sx+sy*sy < near*near {
			break
		}
	}
	return dx, dy, differs <= poor*side*side
}

// pyramid is a frame's brightness, reduced, then halved level by level.
type pyramid struct {
	width, height int // of the frame
	reduced       int // pixels of it across one of the finest level
	level         [levels]grey
}

// of makes the pyramid of a frame; its width is 0 where that has no brightness.
func (p *pyramid) of(f *frame.Frame) {
	p.width, p.height = 0, 0
	l, ok := lumaOf(f)
	if !ok {
		return
	}
	p.width, p.height = f.Width, f.Height
	p.reduced = max(1, (f.Width+wanted/2)/wanted)
	p.level[0].reduce(l, p.reduced)
	for i := 1; i < levels; i++ {
		above := &p.level[i-1]
		p.level[i].reduce(luma{above.pix, above.width, above.height, above.width, 1}, 2)
	}
}

// grey is a small picture.
type grey struct {
	width, height int
	pix           []uint8
}

// reduce makes g the brightness l with k x k of its pixels averaged to one; of
// large ones the pixels at two places of each row and column.
func (g *grey) reduce(l luma, k int) {
	g.width, g.height = l.width/k, l.height/k
	g.pix = slices.Grow(g.pix[:0], g.width*g.height)[:g.width*g.height]
	other := k / 2
	for y := range g.height {
		to := g.pix[y*g.width:][:g.width]
		a, b := l.data[y*k*l.stride:], l.data[(y*k+other)*l.stride:]
		near, step, next := 0, k*l.step, other*l.step
		for x := range to {
			to[x] = uint8((uint(a[near]) + uint(a[near+next]) + uint(b[near]) + uint(b[near+next]) + 2) / 4)
			near += step
		}
	}
}

// sample reads a square of 2*r+1 pixels about (x, y), in between pixels
// linearly. It is false where that leaves the picture.
func (g *grey) sample(dst []float32, x, y float32, r int) bool {
	// Written so that NaN is outside, too.
	if !(x >= float32(r) && y >= float32(r) && x < float32(g.width-r-1) && y < float32(g.height-r-1)) {
		return false
	}
	left, top := int(x), int(y)
	fx, fy := x-float32(left), y-float32(top)
	w00, w01, w10, w11 := (1-fx)*(1-fy), fx*(1-fy), (1-fx)*fy, fx*fy
	n := 2*r + 1
	for row := range n {
		a := g.pix[(top-r+row)*g.width+left-r:][:n+1]
		b := g.pix[(top-r+row+1)*g.width+left-r:][:n+1]
		to := dst[row*n:][:n]
		a0, b0 := float32(a[0]), float32(b[0])
		for c := range to {
			a1, b1 := float32(a[c+1]), float32(b[c+1])
			to[c] = w00*a0 + w01*a1 + w10*b0 + w11*b1
			a0, b0 = a1, b1
		}
	}
	return true
}
