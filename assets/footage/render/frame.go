package main

import "math"

// actor is a vehicle on its way: towards +x in the near lane, towards -x (turned) in the far one.
type actor struct {
	*model
	x, y   float64
	speed  float64
	turned bool
}

// place is where an actor stands at a moment.
type place struct {
	*actor
	x    float64
	spin float64
}

func (a *place) toWorld(p vec) vec { return p.turned(a.turned).add(vec{a.x, a.y, 0}) }
func (a *place) toLocal(p vec) vec { return p.sub(vec{a.x, a.y, 0}).turned(a.turned) }

// box is the extent of the visible part of a vehicle in pixels.
type box struct {
	Class string `json:"class"`
	X0    int    `json:"x0"`
	Y0    int    `json:"y0"`
	X1    int    `json:"x1"`
	Y1    int    `json:"y1"`
}

const instants = 9 // moments of the exposure, each with its own sampling point in the pixel

// stage draws frames; it owns its buffers, one is needed for each goroutine.
type stage struct {
	cam     camera
	back    *backdrop
	w, h    int
	inv     []float64
	tri     []int32
	who     []int16 // the actor seen
	own     []int16 // the last actor, plus one, that covers the sample, seen or hidden
	uv      [][2]float32
	light   []vec
	covered []float64
	corners []corner
}

func newStage(cam camera, b *backdrop) *stage {
	n := b.w * b.h
	s := &stage{cam: cam, back: b, w: b.w, h: b.h, light: make([]vec, n), covered: make([]float64, n)}
	s.inv, s.tri, s.who, s.own, s.uv = make([]float64, n), make([]int32, n), make([]int16, n), make([]int16, n), make([][2]float32, n)
	return s
}

// render draws the traffic at several moments of one exposure and returns linear light and the boxes of the middle moment.
func (s *stage) render(at func(instant float64) []place) ([]vec, []box) {
	clear(s.light)
	clear(s.covered)
	var boxes []box
	var middle []place
	for k := range instants {
		actors := at((float64(k) + .5) / instants)
		view := s.cam
		// Each moment sees its own of nine places in the pixel, in an order that mixes space and time.
		place := k * 5 % instants
		view.cx += float64(place%3-1) / 3
		view.cy += float64(place/3-1) / 3
		own := s.rasterise(&view, actors)
		s.shadeSamples(&view, actors)
		if k == instants/2 {
			boxes, middle = s.boxes(actors, own), actors
		}
	}
	s.compose(middle)
	return s.light, boxes
}

// rasterise fills the sample buffers and counts each actor's own samples in the picture, hidden or not.
func (s *stage) rasterise(view *camera, actors []place) []int {
	clear(s.inv)
	clear(s.own)
	own := make([]int, len(actors))
	for ai := range actors {
		a := &actors[ai]
		eye := a.toLocal(view.pos)
		s.corners = s.corners[:0]
		for i := range a.verts {
			s.corners = append(s.corners, view.corner(a.toWorld(a.verts[i].pos)))
		}
		for ti, t := range a.tris {
			if a.facesAway(t, eye) {
				continue
			}
			fill(s.corners[t[0]], s.corners[t[1]], s.corners[t[2]], s.w, s.h, func(i int, u, v, inv float64) {
				if s.own[i] != int16(ai+1) {
					s.own[i] = int16(ai + 1)
					own[ai]++
				}
				if inv > s.inv[i] {
					s.inv[i], s.tri[i], s.who[i], s.uv[i] = inv, int32(ti), int16(ai), [2]float32{float32(u), float32(v)}
				}
			})
		}
	}
	return own
}

// facesAway tells whether none of a triangle's corners turns to the eye.
func (m *model) facesAway(t [3]int32, eye vec) bool {
	away := func(v *vertex) bool { return v.normal.dot(eye.sub(v.pos)) < 0 }
	return away(&m.verts[t[0]]) && away(&m.verts[t[1]]) && away(&m.verts[t[2]])
}

func (s *stage) shadeSamples(view *camera, actors []place) {
	const share = 1. / instants
	for i := range s.inv {
		if s.inv[i] == 0 {
			continue
		}
		c := s.colour(&actors[s.who[i]], s.tri[i], s.uv[i], view.pos)
		// A sensor clips highlights before the eye averages them.
		c = vec{math.Min(c.X, 6), math.Min(c.Y, 6), math.Min(c.Z, 6)}
		s.light[i] = s.light[i].add(c.scale(share))
		s.covered[i] += share
	}
}

func (s *stage) colour(a *place, tri int32, uv [2]float32, eye vec) vec {
	t := a.tris[tri]
	u, v := float64(uv[0]), float64(uv[1])
	w := 1 - u - v
	p0, p1, p2 := &a.verts[t[0]], &a.verts[t[1]], &a.verts[t[2]]
	blend := func(a, b, c vec) vec { return a.scale(w).add(b.scale(u)).add(c.scale(v)) }
	p, n := blend(p0.pos, p1.pos, p2.pos), blend(p0.normal, p1.normal, p2.normal).unit()
	sky, sun := blend(p0.sky, p1.sky, p2.sky), p0.sun*w+p1.sun*u+p2.sun*v
	world := a.toWorld(p)
	d := world.sub(eye).unit()
	m := a.painters[a.part[tri]](p, n, d.turned(a.turned), a.spin)
	return hazed(s.scatter(m, world, n.turned(a.turned), d, sky, sun), world.sub(eye).length())
}

// scatter adds diffuse light, the clear coat's reflection, the sun's highlight and what shines through.
func (s *stage) scatter(m surface, p, n, d, sky vec, sun float64) vec {
	facing := math.Max(-n.dot(d), 0)
	fresnel := m.f0 + (1-m.f0)*math.Pow(1-facing, 5)*lerp(.25, 1, m.gloss)
	diffuse := m.albedo.mul(sky.add(sunLight.scale(math.Max(n.dot(sunDir), 0) * sun))).scale(1 / math.Pi)
	r := d.reflect(n)
	open := clamp(sky.luminance()/openSky.luminance()*1.8, .05, 1)
	mirror := s.back.env.from(p, r, m.gloss).scale(open)
	power := math.Exp2(5 + 6*m.gloss)
	mirror = mirror.add(sunLight.scale(math.Pow(math.Max(r.dot(sunDir), 0), power) * sun * power / 90))
	out := diffuse.scale(1 - fresnel).add(mirror.scale(fresnel)).add(m.emit)
	if m.through > 0 {
		out = out.add(s.back.env.from(p, d, 1).scale(m.through * (1 - fresnel)))
	}
	return out
}

// compose lays the traffic over the backdrop, darkened on the road where vehicles shade it.
func (s *stage) compose(actors []place) {
	for i := range s.light {
		rest := 1 - s.covered[i]
		if rest < 1e-9 {
			continue
		}
		c := s.back.light[i]
		if s.back.onRoad[i] {
			for ai := range actors {
				q := actors[ai].toLocal(s.back.road[i])
				c = c.scale(actors[ai].shade.at(q.X, q.Y))
			}
		}
		s.light[i] = s.light[i].add(c.scale(rest))
	}
}

// boxes lists the vehicles that show at least a quarter of what lies in the picture.
func (s *stage) boxes(actors []place, own []int) []box {
	type extent struct{ x0, y0, x1, y1, n int }
	e := make([]extent, len(actors))
	for i := range e {
		e[i] = extent{s.w, s.h, 0, 0, 0}
	}
	for y := range s.h {
		for x := range s.w {
			if i := y*s.w + x; s.inv[i] > 0 {
				b := &e[s.who[i]]
				b.x0, b.y0, b.x1, b.y1, b.n = min(b.x0, x), min(b.y0, y), max(b.x1, x+1), max(b.y1, y+1), b.n+1
			}
		}
	}
	var out []box
	for i, b := range e {
		if b.n > 0 && b.n*4 >= own[i] && b.x1-b.x0 >= 14 && b.y1-b.y0 >= 14 {
			out = append(out, box{actors[i].class, b.x0, b.y0, b.x1, b.y1})
		}
	}
	return out
}
