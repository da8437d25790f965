package main

import "math"

// surface is what a painter says about a point: how it scatters, mirrors, shines and lets through light.
type surface struct {
	albedo  vec
	f0      float64 // reflectance at normal incidence
	gloss   float64 // 0 blurred, 1 mirror
	emit    vec
	through float64 // share of the light from behind that is seen through two panes
}

// painter colours a point p of a part; view points away from the camera, spin is the metres driven.
type painter func(p, n, view vec, spin float64) surface

// model is a vehicle in its own frame: x forward, y left, z up, origin on the road under its middle.
type model struct {
	mesh
	class    string
	size     vec // length, width, height
	painters []painter
	solid    *lattice
	shade    shade
}

// part is one body of a vehicle with its own painter.
type part struct {
	shape  shape
	lo, hi vec
	cell   float64
	paint  painter
}

func build(class string, size vec, parts []part) *model {
	m := &model{class: class, size: size}
	var all []shape
	for i, p := range parts {
		m.surface(p.shape, p.lo, p.hi, p.cell, uint8(i))
		m.painters = append(m.painters, p.paint)
		all = append(all, bounded(p))
	}
	half := vec{size.X/2 + .15, size.Y/2 + .3, 0}
	m.solid = sample(union(all...), vec{-half.X, -half.Y, 0}, vec{half.X, half.Y, size.Z + .1}, math.Max(.035, size.X/160))
	return m
}

// bounded answers far queries by the distance to the part's box, which is cheaper than its shape.
func bounded(p part) shape {
	box := block(p.lo.mix(p.hi, .5), p.hi.sub(p.lo).scale(.5), 0)
	return func(q vec) float64 {
		if d := box(q); d > .25 {
			return d
		}
		return p.shape(q)
	}
}

func plain(albedo vec, f0, gloss float64) painter {
	s := surface{albedo: albedo, f0: f0, gloss: gloss}
	return func(_, _, _ vec, _ float64) surface { return s }
}

var (
	rubber  = surface{albedo: grey(.022), f0: .03, gloss: .1}
	trim    = surface{albedo: grey(.012), f0: .05, gloss: .6}
	chrome  = surface{albedo: grey(.10), f0: .62, gloss: .7}
	plastic = surface{albedo: grey(.035), f0: .04, gloss: .2}
	seam    = surface{albedo: grey(.004), f0: .01, gloss: 0}
)

func plate(y, z, cz float64) (surface, bool) {
	if !boxed(y, z, 0, cz, .26, .058) {
		return surface{}, false
	}
	if !boxed(y, z, 0, cz, .25, .048) {
		return trim, true
	}
	// Seven dark glyph-like marks; no real number is shown.
	u := (y + .21) / .06
	if i := math.Floor(u); i >= 0 && i < 7 && i != 2 && math.Abs(z-cz) < .032 {
		if f := u - i; f > .18 && f < .82 && noise(i*9+f*5, (z-cz)*90+i) > .42 {
			return surface{albedo: grey(.03), f0: .03}, true
		}
	}
	return surface{albedo: vec{.78, .78, .74}, f0: .04, gloss: .3}, true
}

// wheel is a tyre with a five-spoke rim, its axle at (x, side*y).
func wheel(x, y, radius, half float64, steel bool) part {
	c := vec{x, y, radius}
	dish := drum(vec{x, y + math.Copysign(half, y), radius}, radius*.63, half*.28, .01)
	tyre := drum(c, radius, half, .045)
	s := func(p vec) float64 { return smoothMax(tyre(p), -dish(p), .012) }
	r := vec{radius + .03, half + .03, radius + .03}
	paint := func(p, n, _ vec, spin float64) surface {
		dx, dz := p.X-x, p.Z-radius
		d := math.Hypot(dx, dz) / radius
		if d > .69 || (p.Y-y)*y < 0 {
			return rubber
		}
		angle := math.Atan2(dz, dx) + spin/radius
		metal := surface{albedo: grey(.34), f0: .35, gloss: .3}
		switch {
		case d > .61 || d < .13:
			return metal
		case steel:
			if hole := math.Cos(angle*8) > .55 && within(d, .38, .54); hole {
				return seam
			}
			return surface{albedo: grey(.42), f0: .06, gloss: .3}
		case math.Abs(math.Sin(angle*2.5))*d < .15+.05*d:
			return metal
		case d < .5:
			return surface{albedo: grey(.09), f0: .2, gloss: .1}
		}
		return seam
	}
	return part{s, c.sub(r), c.add(r), .024, paint}
}

func wheels(axles []float64, track, radius, half float64, steel bool) []part {
	var out []part
	for _, x := range axles {
		out = append(out, wheel(x, track, radius, half, steel), wheel(x, -track, radius, half, steel))
	}
	return out
}
