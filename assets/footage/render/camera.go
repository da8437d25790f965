package main

import "math"

// camera is a pinhole on the near pavement, looking obliquely across the road.
type camera struct {
	pos, right, up, forward vec
	focal, cx, cy           float64 // in samples of the picture being drawn
}

// newCamera turns yaw radians to the left of straight across and pitch up; fov is the horizontal angle over width samples.
func newCamera(pos vec, yaw, pitch, fov float64, width, height int) camera {
	f := vec{-math.Sin(yaw) * math.Cos(pitch), math.Cos(yaw) * math.Cos(pitch), math.Sin(pitch)}
	r := f.cross(vec{0, 0, 1}).unit()
	w, h := float64(width), float64(height)
	return camera{pos, r, r.cross(f), f, w / 2 / math.Tan(fov/2), w / 2, h / 2}
}

// project gives sample coordinates and depth along the axis.
func (c *camera) project(p vec) (x, y, depth float64) {
	q := p.sub(c.pos)
	depth = q.dot(c.forward)
	k := c.focal / math.Max(depth, 1e-6)
	return c.cx + q.dot(c.right)*k, c.cy - q.dot(c.up)*k, depth
}

func (c *camera) ray(x, y float64) vec {
	return c.forward.add(c.right.scale((x - c.cx) / c.focal)).add(c.up.scale((c.cy - y) / c.focal)).unit()
}

// corner is a projected vertex.
type corner struct{ x, y, inv float64 }

const nearPlane = .4

// fill calls hit for each sample of a triangle with perspective-correct weights of its 2nd and 3rd corners and 1/depth.
func fill(a, b, c corner, w, h int, hit func(i int, u, v, inv float64)) {
	area := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	if area == 0 || a.inv <= 0 || b.inv <= 0 || c.inv <= 0 {
		return
	}
	x0, x1 := int(math.Max(math.Ceil(math.Min(a.x, math.Min(b.x, c.x))-.5), 0)), int(math.Min(math.Floor(math.Max(a.x, math.Max(b.x, c.x))-.5), float64(w-1)))
	y0, y1 := int(math.Max(math.Ceil(math.Min(a.y, math.Min(b.y, c.y))-.5), 0)), int(math.Min(math.Floor(math.Max(a.y, math.Max(b.y, c.y))-.5), float64(h-1)))
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			px, py := float64(x)+.5, float64(y)+.5
			v := ((b.x-a.x)*(py-a.y) - (b.y-a.y)*(px-a.x)) / area
			u := ((px-a.x)*(c.y-a.y) - (py-a.y)*(c.x-a.x)) / area
			if u < 0 || v < 0 || u+v > 1 {
				continue
			}
			inv := a.inv*(1-u-v) + b.inv*u + c.inv*v
			hit(y*w+x, u*b.inv/inv, v*c.inv/inv, inv)
		}
	}
}

func (c *camera) corner(p vec) corner {
	x, y, d := c.project(p)
	if d < nearPlane {
		return corner{}
	}
	return corner{x, y, 1 / d}
}
