package main

import "math"

// shape is a signed distance field: negative inside, in metres; it may underestimate, never overestimate by much.
type shape func(p vec) float64

// pt is a point of a side profile: x forward, z up.
type pt struct{ X, Z float64 }

// smoothMin is the polynomial smooth minimum; k is the width of the blend in metres.
func smoothMin(a, b, k float64) float64 {
	h := math.Max(k-math.Abs(a-b), 0) / k
	return math.Min(a, b) - h*h*k/4
}

func smoothMax(a, b, k float64) float64 { return -smoothMin(-a, -b, k) }

// rounded cuts the corners of a closed outline (Chaikin's scheme).
func rounded(pts []pt, times int) []pt {
	for range times {
		var out []pt
		for i, a := range pts {
			b := pts[(i+1)%len(pts)]
			out = append(out, pt{lerp(a.X, b.X, .25), lerp(a.Z, b.Z, .25)}, pt{lerp(a.X, b.X, .75), lerp(a.Z, b.Z, .75)})
		}
		pts = out
	}
	return pts
}

// outlineDistance is the exact signed distance to a closed outline.
func outlineDistance(pts []pt, x, z float64) float64 {
	d, sign := math.Inf(1), 1.0
	for i, j := 0, len(pts)-1; i < len(pts); j, i = i, i+1 {
		a, b := pts[i], pts[j]
		ex, ez, wx, wz := b.X-a.X, b.Z-a.Z, x-a.X, z-a.Z
		t := clamp((wx*ex+wz*ez)/(ex*ex+ez*ez+1e-12), 0, 1)
		bx, bz := wx-ex*t, wz-ez*t
		d = math.Min(d, bx*bx+bz*bz)
		c1, c2, c3 := z >= a.Z, z < b.Z, ex*wz > ez*wx
		if (c1 && c2 && c3) || (!c1 && !c2 && !c3) {
			sign = -sign
		}
	}
	return sign * math.Sqrt(d)
}

// outline is a distance field over the side plane, tabulated every centimetre.
type outline struct {
	x0, z0, cell float64
	w, h         int
	d            []float64
}

func newOutline(pts []pt, smooth int) *outline {
	pts = rounded(pts, smooth)
	lo, hi := pts[0], pts[0]
	for _, p := range pts {
		lo = pt{math.Min(lo.X, p.X), math.Min(lo.Z, p.Z)}
		hi = pt{math.Max(hi.X, p.X), math.Max(hi.Z, p.Z)}
	}
	o := &outline{x0: lo.X - .5, z0: lo.Z - .5, cell: .01}
	o.w, o.h = int((hi.X-lo.X+1)/o.cell)+2, int((hi.Z-lo.Z+1)/o.cell)+2
	o.d = make([]float64, o.w*o.h)
	for j := range o.h {
		for i := range o.w {
			o.d[j*o.w+i] = outlineDistance(pts, o.x0+float64(i)*o.cell, o.z0+float64(j)*o.cell)
		}
	}
	return o
}

// at is the signed distance at a point of the side plane.
func (o *outline) at(x, z float64) float64 {
	u, v := (x-o.x0)/o.cell, (z-o.z0)/o.cell
	cu, cv := clamp(u, 0, float64(o.w)-1.001), clamp(v, 0, float64(o.h)-1.001)
	i, j := int(cu), int(cv)
	fu, fv := cu-float64(i), cv-float64(j)
	k := j*o.w + i
	d := lerp(lerp(o.d[k], o.d[k+1], fu), lerp(o.d[k+o.w], o.d[k+o.w+1], fu), fv)
	return d + math.Hypot(u-cu, v-cv)*o.cell
}

// capsule is a limb from a to b, its radius going from ra to rb.
func capsule(a, b vec, ra, rb float64) shape {
	ab := b.sub(a)
	return func(p vec) float64 {
		t := clamp(p.sub(a).dot(ab)/ab.dot(ab), 0, 1)
		return p.sub(a.add(ab.scale(t))).length() - lerp(ra, rb, t)
	}
}

// block is a box with rounded edges.
func block(centre, half vec, r float64) shape {
	return func(p vec) float64 {
		q := p.sub(centre)
		x, y, z := math.Abs(q.X)-half.X+r, math.Abs(q.Y)-half.Y+r, math.Abs(q.Z)-half.Z+r
		out := vec{math.Max(x, 0), math.Max(y, 0), math.Max(z, 0)}.length()
		return out + math.Min(math.Max(x, math.Max(y, z)), 0) - r
	}
}

func ellipsoid(centre, radii vec) shape {
	return func(p vec) float64 {
		q := p.sub(centre)
		k0 := vec{q.X / radii.X, q.Y / radii.Y, q.Z / radii.Z}.length()
		k1 := vec{q.X / radii.X / radii.X, q.Y / radii.Y / radii.Y, q.Z / radii.Z / radii.Z}.length()
		if k1 == 0 {
			return -math.Min(radii.X, math.Min(radii.Y, radii.Z))
		}
		return k0 * (k0 - 1) / k1
	}
}

// drum is a cylinder along y with rounded edges.
func drum(centre vec, radius, half, r float64) shape {
	return func(p vec) float64 {
		q := p.sub(centre)
		a, b := math.Hypot(q.X, q.Z)-radius+r, math.Abs(q.Y)-half+r
		return math.Min(math.Max(a, b), 0) + math.Hypot(math.Max(a, 0), math.Max(b, 0)) - r
	}
}

// ring is a torus about the y axis: the tyre of a two-wheeler.
func ring(centre vec, radius, thick float64) shape {
	return func(p vec) float64 {
		q := p.sub(centre)
		return math.Hypot(math.Hypot(q.X, q.Z)-radius, q.Y) - thick
	}
}

func union(shapes ...shape) shape {
	return func(p vec) float64 {
		d := math.Inf(1)
		for _, s := range shapes {
			d = math.Min(d, s(p))
		}
		return d
	}
}

// blend is a union with soft joints of width k.
func blend(k float64, shapes ...shape) shape {
	return func(p vec) float64 {
		d := shapes[0](p)
		for _, s := range shapes[1:] {
			d = smoothMin(d, s(p), k)
		}
		return d
	}
}

// mirrored repeats a shape on the other side of the plane y = 0.
func mirrored(s shape) shape {
	return func(p vec) float64 { p.Y = math.Abs(p.Y); return s(p) }
}

// gradient is the outward normal of a shape at p.
func (s shape) gradient(p vec) vec {
	const e = .004
	return vec{
		s(vec{p.X + e, p.Y, p.Z}) - s(vec{p.X - e, p.Y, p.Z}),
		s(vec{p.X, p.Y + e, p.Z}) - s(vec{p.X, p.Y - e, p.Z}),
		s(vec{p.X, p.Y, p.Z + e}) - s(vec{p.X, p.Y, p.Z - e}),
	}.unit()
}
