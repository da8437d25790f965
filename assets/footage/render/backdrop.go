package main

import "math"

// backdrop is the still part of the picture, drawn once.
type backdrop struct {
	w, h   int
	light  []vec
	road   []vec // the point of the ground behind each pixel
	onRoad []bool
	env    panorama
}

func newBackdrop(cam camera, w, h int) *backdrop {
	b := &backdrop{w: w, h: h, light: make([]vec, w*h), road: make([]vec, w*h), onRoad: make([]bool, w*h)}
	const over = 4
	big := cam
	big.focal, big.cx, big.cy = cam.focal*over, cam.cx*over, cam.cy*over
	W, H := w*over, h*over
	light, inv := make([]vec, W*H), make([]float64, W*H)
	parallel(H, func(y int) {
		for x := range W {
			d := big.ray(float64(x)+.5, float64(y)+.5)
			r := trace(big.pos, d)
			light[y*W+x], inv[y*W+x] = r.light, 1/(r.t*d.dot(big.forward))
		}
	})
	for i, t := range streetTrees() {
		for _, l := range t.leaves(i) {
			b.plant(&big, l, W, H, light, inv)
		}
	}
	parallel(h, func(y int) {
		for x := range w {
			var sum vec
			for v := range over {
				for u := range over {
					sum = sum.add(light[(y*over+v)*W+x*over+u])
				}
			}
			i := y*w + x
			b.light[i] = sum.scale(1. / over / over)
			r := trace(cam.pos, cam.ray(float64(x)+.5, float64(y)+.5))
			b.road[i], b.onRoad[i] = r.point, r.ground
		}
	})
	b.soften()
	b.env = newPanorama()
	return b
}

// soften is the lens: it is focused on the road, what lies before and behind it is a little blurred.
func (b *backdrop) soften() {
	out := make([]vec, len(b.light))
	const reach = 4
	parallel(b.h, func(y int) {
		for x := range b.w {
			i := y*b.w + x
			sigma := .5
			if p := b.road[i]; !b.onRoad[i] || p.Y < -.2 || p.Y > roadWidth+.2 {
				sigma = 1.4
			}
			var sum vec
			total := 0.0
			for v := -reach; v <= reach; v++ {
				for u := -reach; u <= reach; u++ {
					k := math.Exp(-float64(u*u+v*v) / (2 * sigma * sigma))
					sum = sum.add(b.light[min(max(y+v, 0), b.h-1)*b.w+min(max(x+u, 0), b.w-1)].scale(k))
					total += k
				}
			}
			out[i] = sum.scale(1 / total)
		}
	})
	b.light = out
}

func (b *backdrop) plant(cam *camera, l leaf, w, h int, light []vec, inv []float64) {
	var c [4]corner
	for i, p := range l.corners {
		c[i] = cam.corner(p)
	}
	colour := hazed(l.light, l.corners[0].sub(cam.pos).length())
	put := func(i int, _, _, z float64) {
		if z > inv[i] {
			inv[i], light[i] = z, colour
		}
	}
	fill(c[0], c[1], c[2], w, h, put)
	fill(c[0], c[2], c[3], w, h, put)
}

// panorama is the street all round the middle of the road, for reflections: sharp and blurred.
type panorama struct {
	w, h        int
	sharp, soft []vec
}

var panoramaFrom = vec{-7, 3, 1}

func newPanorama() panorama {
	e := panorama{w: 768, h: 384}
	e.sharp, e.soft = make([]vec, e.w*e.h), make([]vec, e.w*e.h)
	trees := streetTrees()
	for i := range 9 {
		trees = append(trees, tree{12 - float64(i)*9, -9, 7, 2.4})
	}
	parallel(e.h, func(y int) {
		for x := range e.w {
			d := e.direction(x, y)
			r := trace(panoramaFrom, d)
			for _, t := range trees {
				r = t.silhouette(panoramaFrom, d, r)
			}
			e.sharp[y*e.w+x] = r.light
		}
	})
	parallel(e.h, func(y int) {
		for x := range e.w {
			e.soft[y*e.w+x] = e.blurred(x, y)
		}
	})
	return e
}

func (e *panorama) direction(x, y int) vec {
	a, p := 2*math.Pi*(float64(x)+.5)/float64(e.w), math.Pi*(float64(y)+.5)/float64(e.h)
	return vec{math.Sin(p) * math.Cos(a), math.Sin(p) * math.Sin(a), math.Cos(p)}
}

func (e *panorama) blurred(x, y int) vec {
	var sum vec
	n := 0.0
	for v := -14; v <= 14; v += 2 {
		for u := -14; u <= 14; u += 2 {
			yy := min(max(y+v, 0), e.h-1)
			sum = sum.add(e.sharp[yy*e.w+(x+u+e.w)%e.w])
			n++
		}
	}
	return sum.scale(1 / n)
}

// silhouette is a rough crown, good enough for a reflection in curved paint.
func (t tree) silhouette(o, d vec, r hit) hit {
	c := vec{t.x, t.y, t.height - t.spread*.9}.sub(o)
	along := c.dot(d)
	if along < 0 || along > r.t {
		return r
	}
	off := d.scale(along).sub(c)
	edge := off.length() / (t.spread * (.75 + .5*fractal(off.X*2+t.x, off.Z*2, 3)))
	if edge < 1 {
		r.light, r.t = vec{.06, .09, .03}.scale(.5+1.6*ramp(-1, 1, off.Z/t.spread)), along
	}
	return r
}

// from is the light that arrives at p from direction d; nearby houses shift as p moves.
func (e *panorama) from(p, d vec, gloss float64) vec {
	d = p.sub(panoramaFrom).add(d.scale(22)).unit()
	a := math.Atan2(d.Y, d.X)
	if a < 0 {
		a += 2 * math.Pi
	}
	x := a/(2*math.Pi)*float64(e.w) - .5
	y := clamp(math.Acos(clamp(d.Z, -1, 1))/math.Pi*float64(e.h)-.5, 0, float64(e.h)-1.01)
	ix, iy := int(math.Floor(x)), int(y)
	fx, fy := x-float64(ix), y-float64(iy)
	k0, k1 := (ix+e.w)%e.w, (ix+1)%e.w
	get := func(m []vec) vec {
		top := m[iy*e.w+k0].mix(m[iy*e.w+k1], fx)
		return top.mix(m[(iy+1)*e.w+k0].mix(m[(iy+1)*e.w+k1], fx), fy)
	}
	switch {
	case gloss >= 1:
		return get(e.sharp)
	case gloss <= 0:
		return get(e.soft)
	}
	return get(e.soft).mix(get(e.sharp), gloss)
}
