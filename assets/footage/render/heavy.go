package main

import "math"

const (
	busLength, busWidth, busTop     = 9.2, 2.44, 2.95
	truckLength, truckWidth, cabTop = 7.6, 2.36, 2.75
)

// archCut takes wheel arches of radius r out of the sides of a body.
func archCut(d float64, p vec, axles []float64, wheel, r, half float64) float64 {
	for _, a := range axles {
		arch := math.Max(math.Hypot(p.X-a, p.Z-wheel)-r, half-.45-math.Abs(p.Y))
		d = smoothMax(d, -arch, .02)
	}
	return d
}

// cityBus is a single-deck bus in two colours.
func cityBus(upper, lower vec) *model {
	axles := []float64{2.75, -2.1}
	line := newOutline([]pt{{4.3, .3}, {4.58, .32}, {4.62, .7}, {4.60, 1.2}, {4.52, 2.2}, {4.40, 2.8}, {4.2, 2.97}, {3, 3.0}, {-4, 3.0}, {-4.5, 2.9}, {-4.58, 2.2}, {-4.6, 1}, {-4.58, .36}, {-4.3, .32}, {0, .28}}, 3)
	shell := func(p vec) float64 {
		across := p.Y / (busWidth / 2)
		w := busWidth/2 - .05*ramp(1.2, 3, p.Z)
		d := smoothMax(line.at(p.X*(1+.03*across*across), p.Z+.05*across*across), math.Abs(p.Y)-w, .16)
		return archCut(d, p, axles, .46, .54, busWidth/2)
	}
	b := heavy{axles: axles, wheel: .46, paint: surface{albedo: upper, f0: .05, gloss: .9}, skirt: surface{albedo: lower, f0: .05, gloss: .9}}
	lo, hi := vec{-busLength/2 - .1, -busWidth/2 - .05, .2}, vec{busLength/2 + .1, busWidth/2 + .05, 3.05}
	parts := []part{{shell, lo, hi, .04, b.busColour}}
	parts = append(parts, wheels(axles, busWidth/2-.19, .46, .15, true)...)
	at := vec{busLength/2 + .06, busWidth/2 + .12, 2.1}
	mirrors := mirrored(blend(.03, block(at, vec{.05, .09, .2}, .04), capsule(at.add(vec{0, 0, .2}), vec{busLength/2 - .25, busWidth/2 - .1, 2.6}, .02, .02)))
	parts = append(parts, part{mirrors, vec{4.1, -1.55, 1.8}, vec{4.85, 1.55, 2.75}, .03, plain(grey(.015), .05, .6)})
	return build("bus", vec{busLength, busWidth, busTop}, parts)
}

// heavy paints buses and lorries.
type heavy struct {
	axles        []float64
	wheel        float64
	paint, skirt surface
}

func (b heavy) arch(p vec, half float64) bool {
	for _, a := range b.axles {
		if math.Hypot(p.X-a, p.Z-b.wheel) < b.wheel+.075 && math.Abs(p.Y) < half-.04 {
			return true
		}
	}
	return false
}

func (b heavy) busColour(p, n, view vec, _ float64) surface {
	y := math.Abs(p.Y)
	if b.arch(p, busWidth/2) || n.Z < -.6 {
		return seam
	}
	switch {
	case n.X > .7:
		return b.busFront(p, y, view)
	case n.X < -.7:
		return b.busBack(p, y, view)
	case math.Abs(n.Y) > .7:
		return b.busSide(p, view)
	case n.Z > .7:
		return surface{albedo: grey(.6), f0: .04, gloss: .3}
	}
	return b.band(p.Z)
}

func (b heavy) band(z float64) surface {
	if z < 1.08 {
		return b.skirt
	}
	return b.paint
}

func (b heavy) busFront(p vec, y float64, view vec) surface {
	switch {
	case boxed(y, p.Z, 0, 2.66, .82, .13):
		return sign(p.Y, p.Z)
	case y < 1.1 && within(p.Z, 1.12, 2.46):
		if y > 1.05 || p.Z < 1.16 || p.Z > 2.42 || y < .012 {
			return trim
		}
		return saloon(p, view, busLength/2, busWidth/2)
	case boxed(y, p.Z, .92, .72, .17, .09):
		return lamp(y-.92, p.Z-.72, .17)
	case p.Z < .42:
		return plastic
	case boxed(y, p.Z, 0, .86, .6, .05):
		return seam
	}
	if s, ok := plate(p.Y, p.Z, .55); ok {
		return s
	}
	return b.band(p.Z)
}

// lamp is a headlamp of half width w, seen from the front.
func lamp(u, v, w float64) surface {
	for _, c := range []float64{-w * .45, w * .45} {
		if r := math.Hypot(u-c, v) / (w * .45); r < .5 {
			return surface{albedo: grey(.6), f0: .3, gloss: .8, emit: vec{1.4, 1.35, 1.2}}
		} else if r < .9 {
			return surface{albedo: grey(.3), f0: .5, gloss: .7}
		}
	}
	return surface{albedo: grey(.12), f0: .2, gloss: .9}
}

// sign is the destination board: amber dots that spell nothing.
func sign(y, z float64) surface {
	u, v := math.Floor(y/.035), math.Floor(z/.035)
	word := math.Floor(u / 5)
	lit := hash(int(u), int(v)) < .55 && hash(int(word), 2) > .25 && math.Mod(u+500, 5) != 0 && boxed(y, z, 0, 2.66, .7, .09)
	s := surface{albedo: grey(.01), f0: .05, gloss: 1}
	if du, dv := y/.035-u-.5, z/.035-v-.5; lit && du*du+dv*dv < .2 {
		s.emit = vec{1.8, .8, .08}
	}
	return s
}

func (b heavy) busBack(p vec, y float64, view vec) surface {
	switch {
	case boxed(y, p.Z, 0, 2.05, .85, .42):
		return saloon(p, view, busLength/2, busWidth/2)
	case boxed(y, p.Z, 1.03, 1.15, .1, .32):
		return tailLamp((p.Z - .83) / .64)
	case boxed(y, p.Z, 0, 1.05, .7, .3):
		if math.Mod(p.Z, .08) < .03 {
			return seam
		}
	case p.Z < .45:
		return plastic
	}
	if s, ok := plate(p.Y, p.Z, .6); ok {
		return s
	}
	return b.band(p.Z)
}

func tailLamp(h float64) surface {
	switch {
	case h < .25:
		return surface{albedo: grey(.5), f0: .1, gloss: .9}
	case h < .5:
		return surface{albedo: vec{.6, .22, .03}, f0: .08, gloss: .9}
	}
	return surface{albedo: vec{.42, .012, .012}, f0: .08, gloss: .9, emit: vec{.22, .006, .004}}
}

func (b heavy) busSide(p, view vec) surface {
	// Doors are on the right: the kerb side.
	if door := p.Y < 0 && (within(p.X, 3.35, 4.35) || within(p.X, -.1, 1.25)) && within(p.Z, .42, 2.5); door {
		for _, x := range []float64{3.35, 3.85, 4.35, -.1, .575, 1.25} {
			if math.Abs(p.X-x) < .04 {
				return trim
			}
		}
		if p.Z < .5 || p.Z > 2.44 {
			return trim
		}
		return saloon(p, view, busLength/2, busWidth/2)
	}
	if within(p.Z, 1.18, 2.42) && within(p.X, -4.3, 4.45) {
		u := math.Mod(p.X+4.3+1.42, 1.42)
		if u < .05 || u > 1.37 || p.Z < 1.22 || p.Z > 2.38 || math.Abs(p.Z-2.05) < .012 {
			return trim
		}
		return saloon(p, view, busLength/2, busWidth/2)
	}
	if math.Abs(p.Z-1.08) < .02 {
		return surface{albedo: grey(.7), f0: .04, gloss: .8}
	}
	if p.Z < .40 {
		return plastic
	}
	if u := math.Mod(p.X+20, 1.2); u < .012 && p.Z < 1.06 {
		return seam
	}
	return b.band(p.Z)
}

// saloon looks through a pane into rows of seats and passengers, and out of the other side.
func saloon(p, d vec, halfLength, halfWidth float64) surface {
	s := surface{albedo: grey(.02), f0: .07, gloss: 1}
	for _, y := range []float64{-.7, .7} {
		t := (y - p.Y) / d.Y
		if t <= 0 {
			continue
		}
		q := p.add(d.scale(t))
		row := math.Floor(q.X / .85)
		u := q.X - row*.85 - .4
		if math.Abs(q.X) > halfLength-.9 {
			continue
		}
		if hash(int(row)+40, int(y*10)) < .45 && (math.Hypot(u/.10, (q.Z-1.62)/.13) < 1 || math.Hypot(u/.2, (q.Z-1.25)/.27) < 1) {
			s.albedo = vec{.10, .08, .07}.scale(.4 + hash(int(row), 3))
			return s
		}
		if math.Abs(u+.2) < .07 && q.Z < 1.55 || q.Z < 1.05 {
			s.albedo = vec{.03, .04, .07}
			return s
		}
	}
	t := (math.Copysign(halfWidth, d.Y) - p.Y) / d.Y
	if q := p.add(d.scale(t)); math.Abs(q.X) < halfLength-.3 && within(q.Z, 1.25, 2.35) && math.Mod(q.X+14.2, 1.42) > .1 {
		s.through = .38
	}
	return s
}

// boxTruck is a two-axle lorry with a box body.
func boxTruck(cab, load vec) *model {
	axles := []float64{2.45, -1.9}
	line := newOutline([]pt{{3.5, .42}, {3.74, .45}, {3.80, .8}, {3.78, 1.3}, {3.66, 1.75}, {3.42, 2.55}, {3.25, 2.74}, {2.9, 2.8}, {2.0, 2.8}, {1.92, 2.6}, {1.9, 1.2}, {1.9, .9}, {1.95, .6}, {2.6, .5}}, 3)
	cabin := func(p vec) float64 {
		across := p.Y / 1.1
		d := smoothMax(line.at(p.X*(1+.035*across*across), p.Z+.04*across*across), math.Abs(p.Y)-1.1+.04*ramp(1.5, 2.8, p.Z), .14)
		return archCut(d, p, axles[:1], .45, .56, 1.1)
	}
	b := heavy{axles: axles, wheel: .45, paint: surface{albedo: cab, f0: .05, gloss: .9}, skirt: surface{albedo: load, f0: .04, gloss: .5}}
	chassis := union(block(vec{-.6, 0, .72}, vec{3.1, .45, .14}, .03), block(vec{.3, -.85, .66}, vec{.55, .28, .24}, .08), block(vec{.3, .85, .66}, vec{.5, .28, .2}, .03),
		block(vec{-3.72, 0, .55}, vec{.06, 1.1, .08}, .02), block(vec{-1.9, .93, .97}, vec{.62, .24, .02}, .02), block(vec{-1.9, -.93, .97}, vec{.62, .24, .02}, .02))
	parts := []part{
		{cabin, vec{1.8, -1.2, .35}, vec{3.9, 1.2, 2.9}, .03, b.cabColour},
		{block(vec{-1.06, 0, 2.16}, vec{2.74, 1.18, 1.14}, .035), vec{-3.85, -1.2, 1}, vec{1.72, 1.2, 3.32}, .045, b.boxColour},
		{chassis, vec{-3.82, -1.2, .4}, vec{2.6, 1.2, 1.02}, .04, chassisColour},
	}
	parts = append(parts, wheels(axles, 1.18-.17, .45, .15, true)...)
	at := vec{3.45, 1.28, 1.95}
	mirrors := mirrored(blend(.03, block(at, vec{.06, .09, .2}, .04), capsule(at, vec{3.3, 1.05, 2.1}, .02, .02)))
	parts = append(parts, part{mirrors, vec{3.2, -1.42, 1.7}, vec{3.56, 1.42, 2.2}, .03, plain(grey(.015), .05, .6)})
	return build("truck", vec{truckLength, truckWidth, 3.3}, parts)
}

func chassisColour(p, n, _ vec, _ float64) surface {
	if n.X < -.7 && p.X < -3.7 {
		if y := math.Abs(p.Y); y > .75 && y < 1.05 {
			return tailLamp((y - .7) / .3)
		}
		if s, ok := plate(p.Y, p.Z, .55); ok {
			return s
		}
	}
	return plastic
}

func (b heavy) boxColour(p, n, _ vec, _ float64) surface {
	s := b.skirt
	switch {
	case n.X < -.7:
		if math.Abs(p.Y) < .012 || math.Abs(math.Abs(p.Y)-.45) < .02 {
			return chrome
		}
	case math.Abs(n.Y) > .7:
		stripe := p.Z - 1.75 - .25*(p.X+1)
		if math.Abs(stripe) < .22 {
			s.albedo = b.paint.albedo
		} else if math.Abs(stripe+.42) < .08 {
			s.albedo = b.paint.albedo.mix(grey(.5), .4)
		}
	}
	if p.Z < 1.1 || p.Z > 3.22 || p.X > 1.60 || p.X < -3.72 {
		return surface{albedo: grey(.38), f0: .3, gloss: .3}
	}
	return s
}

func (b heavy) cabColour(p, n, view vec, _ float64) surface {
	y := math.Abs(p.Y)
	if b.arch(p, 1.1) || n.Z < -.6 {
		return seam
	}
	switch {
	case n.X > .5:
		return b.cabFront(p, y, view)
	case math.Abs(n.Y) > .6:
		sill, head := 1.62-.1*ramp(3, 3.4, p.X), 2.45
		slant := 3.58 - .3*(p.Z-1.6)
		e := math.Min(math.Min(p.Z-sill, head-p.Z), math.Min(p.X-2.35, slant-p.X))
		if e > .03 {
			return cabGlass(p, view)
		}
		if e > 0 || math.Abs(p.X-2.25) < .008 && p.Z > .9 || boxed(p.X, p.Z, 2.4, 1.4, .09, .018) || p.Z < .62 {
			return trim
		}
	}
	return b.paint
}

func (b heavy) cabFront(p vec, y float64, view vec) surface {
	switch {
	case y < 1.0 && within(p.Z, 1.58, 2.5):
		if y > .96 || p.Z < 1.62 || p.Z > 2.46 {
			return trim
		}
		return cabGlass(p, view)
	case boxed(y, p.Z, .82, .82, .2, .1):
		return lamp(y-.82, p.Z-.82, .2)
	case boxed(y, p.Z, 0, 1.22, .75, .22):
		if math.Mod(p.Z, .11) < .035 {
			return b.paint
		}
		return seam
	case p.Z < .62:
		return plastic
	}
	if s, ok := plate(p.Y, p.Z, .72); ok {
		return s
	}
	return b.paint
}

func cabGlass(p, d vec) surface {
	s := surface{albedo: grey(.02), f0: .07, gloss: 1}
	if t := (2.75 - p.X) / d.X; t > 0 {
		q := p.add(d.scale(t))
		if math.Hypot((q.Y-.5)/.11, (q.Z-2.08)/.14) < 1 {
			s.albedo = vec{.16, .09, .06}
		} else if math.Hypot((q.Y-.5)/.26, (q.Z-1.65)/.3) < 1 {
			s.albedo = vec{.12, .05, .02}
		}
		return s
	}
	t := (math.Copysign(1.05, d.Y) - p.Y) / d.Y
	if q := p.add(d.scale(t)); within(q.X, 2.4, 3.5) && within(q.Z, 1.65, 2.42) {
		s.through = .4
	}
	return s
}
