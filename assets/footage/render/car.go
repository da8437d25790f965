package main

import "math"

// carShape describes a passenger car or a van by its side profiles and a few measures, all in metres.
type carShape struct {
	body, cabin           []pt
	length, width, top    float64
	roof                  float64 // half width of the roof
	belt                  float64 // height of the window sill
	axles                 []float64
	wheel                 float64
	pillars, seams        []float64
	glassFrom, glassTo    float64    // side windows, along x
	screenTop             float64    // upper edge of the windscreen
	lamp, tail            [4]float64 // |y| from, |y| to, z from, z to
	grille, intake        [3]float64 // half width, z from, z to
	plateFront, plateRear float64
	rearGlass             bool
	cladding              float64 // unpainted plastic up to this height
}

// car is a shape with its outlines tabulated and its paint; its methods give the distance field and the colours.
type car struct {
	carShape
	bodyLine, cabinLine *outline
	paint               surface
}

func newCar(s carShape, colour vec, metal float64) *model {
	c := &car{carShape: s, bodyLine: newOutline(s.body, 3), cabinLine: newOutline(s.cabin, 3)}
	c.paint = surface{albedo: colour, f0: .05 + metal, gloss: .92}
	lo, hi := vec{-s.length/2 - .05, -s.width/2 - .06, .1}, vec{s.length/2 + .05, s.width/2 + .06, s.top + .06}
	parts := []part{{c.shape, lo, hi, .026, c.colour}}
	parts = append(parts, wheels(s.axles, s.width/2-.125, s.wheel, .105, false)...)
	mirrorAt := vec{c.mirrorX(), s.width/2 + .07, s.belt + .05}
	mirror := mirrored(blend(.04, block(mirrorAt, vec{.06, .1, .065}, .045), capsule(mirrorAt, mirrorAt.sub(vec{-.06, .15, .06}), .02, .025)))
	r := vec{.2, s.width/2 + .25, .2}
	parts = append(parts, part{mirror, vec{mirrorAt.X, 0, mirrorAt.Z}.sub(r), vec{mirrorAt.X, 0, mirrorAt.Z}.add(r), .02, c.mirrorColour(mirrorAt.X)})
	return build("car", vec{s.length, s.width, s.top}, parts)
}

func (c *car) mirrorX() float64 { return c.glassTo - .12 }

func (c *car) mirrorColour(x float64) painter {
	return func(p, n, _ vec, _ float64) surface {
		if n.X < -.7 && p.X < x {
			return surface{albedo: grey(.02), f0: .8, gloss: 1}
		}
		if p.Z < c.belt {
			return trim
		}
		return c.paint
	}
}

// halfWidth is the half width of the lower body.
func (c *car) halfWidth(x, z float64) float64 {
	w := c.width/2 - .10*math.Pow(math.Abs(x)/(c.length/2), 5)
	w -= .05 * math.Pow(clamp((.55-z)/.35, 0, 1), 2)
	w -= .06 * math.Pow(clamp((z-.62)/.4, 0, 1), 2)
	for _, a := range c.axles {
		d := math.Hypot(x-a, z-c.wheel) - (c.wheel + .07)
		w += .022 * math.Exp(-d*d*90)
	}
	crease := (z - (c.belt - .16 - .02*x)) / .03
	return w + .010*math.Exp(-crease*crease) - .012*ramp(.42, .5, z)*ramp(.72, .5, z)
}

func (c *car) cabinHalf(z float64) float64 {
	t := (z - c.belt) / (c.top - c.belt)
	return lerp(c.width/2-.075, c.roof, clamp(t, -.2, 1.1)) + .02*t*(1-t)
}

func (c *car) shape(p vec) float64 {
	y := math.Abs(p.Y)
	across := p.Y / (c.width / 2)
	bow := p.X * (1 + .055*across*across*math.Abs(p.X)/(c.length/2))
	w := c.halfWidth(p.X, p.Z)
	lower := smoothMax(c.bodyLine.at(bow, p.Z+.025*across*across), y-w, .11)
	bow = p.X + math.Copysign(.10*across*across, p.X)*ramp(.3, .9, math.Abs(p.X))
	upper := smoothMax(c.cabinLine.at(bow, p.Z+.03*across*across), (y-c.cabinHalf(p.Z))*.95, .10)
	d := smoothMin(lower, upper, .035)
	for _, a := range c.axles {
		arch := math.Max(math.Hypot(p.X-a, p.Z-c.wheel)-c.wheel-.06, c.width/2-.34-y)
		d = smoothMax(d, -arch, .014)
	}
	return d
}

func (c *car) colour(p, n, view vec, _ float64) surface {
	if p.Z > c.belt-.01 {
		if s, ok := c.glazing(p, n, view); ok {
			return s
		}
	}
	for _, a := range c.axles {
		if r := math.Hypot(p.X-a, p.Z-c.wheel); r < c.wheel+.055 && math.Abs(p.Y) < c.width/2-.03 {
			return seam
		} else if c.cladding > 0 && r < c.wheel+.12 {
			return plastic
		}
	}
	if n.Z < -.6 {
		return seam
	}
	if p.Z < c.belt+.02 {
		if s, ok := c.front(p, n); ok {
			return s
		}
		if s, ok := c.rear(p, n); ok {
			return s
		}
		if s, ok := c.side(p, n); ok {
			return s
		}
	}
	return c.paint
}

// glazing is the windscreen, the rear and side windows and their dark frames.
func (c *car) glazing(p, n, view vec) (surface, bool) {
	y := math.Abs(p.Y)
	if math.Abs(n.Y) > .6 {
		depth := math.Min(-c.cabinLine.at(p.X, p.Z)-.075, p.Z-c.belt-.02)
		depth = math.Min(depth, math.Min(p.X-c.glassFrom, c.glassTo-p.X))
		if depth < -.022 {
			return surface{}, false
		}
		if depth < 0 {
			return trim, true
		}
		for _, x := range c.pillars {
			if math.Abs(p.X-x-.04*(c.belt-p.Z)) < .035 {
				return trim, true
			}
		}
		return c.glass(p, view), true
	}
	front := n.X > .22 && p.X > c.glassFrom
	back := n.X < -.22 && c.rearGlass && p.X < c.pillars[0]
	if !front && !back || math.Abs(n.X) > .97 {
		return surface{}, false
	}
	edge := math.Min(math.Min(c.cabinHalf(p.Z)-y-.085, c.screenTop-p.Z), p.Z-c.belt-.035)
	if edge < -.03 {
		return surface{}, false
	}
	if edge < 0 {
		return trim, true
	}
	return c.glass(p, view), true
}

func (c *car) glass(p, view vec) surface {
	col, through := c.interior(p, view)
	return surface{albedo: col, f0: .07, gloss: 1, through: through}
}

// interior follows a ray into the cabin: seats, a driver, and out of the opposite window.
func (c *car) interior(p, d vec) (vec, float64) {
	exit := math.Inf(1)
	half := c.cabinHalf((c.belt + c.top) / 2)
	xf, xr := c.glassTo-.1, c.glassFrom+.1
	side := false
	if d.Y != 0 {
		exit, side = (math.Copysign(half, d.Y)-p.Y)/d.Y, true
	}
	end := math.Inf(1)
	if d.X > 0 {
		end = (math.Max(xf, p.X+.3) - p.X) / d.X
	} else if d.X < 0 {
		end = (math.Min(xr, p.X-.3) - p.X) / d.X
	}
	if end < exit {
		exit, side = end, false
	}
	for _, row := range []float64{xf - .95, xf - 1.75} {
		if col, hit := c.seats(p, d, row, exit); hit {
			return col, 0
		}
	}
	q := p.add(d.scale(exit))
	if q.Z < c.belt+.05 || q.Z > c.top-.09 {
		return grey(.018), 0
	}
	if side && (q.X < c.glassFrom+.1 || q.X > c.glassTo-.15 || c.cabinLine.at(q.X, q.Z) > -.08) {
		return grey(.02), 0
	}
	if side {
		for _, x := range c.pillars {
			if math.Abs(q.X-x) < .06 {
				return grey(.015), 0
			}
		}
	} else if d.X < 0 && !c.rearGlass {
		return grey(.02), 0
	}
	return grey(.01), .42
}

// seats tests the seat backs of one row, and the driver in the front left one, before the exit point.
func (c *car) seats(p, d vec, row, exit float64) (vec, bool) {
	for _, y := range []float64{.36, -.36} {
		if t := (row - p.X) / d.X; t > 0 && t < exit {
			q := p.add(d.scale(t))
			u, v := math.Abs(q.Y-y), q.Z-c.belt
			if u < .23 && v < .12 || u < .12 && v < .33 && v > .15 {
				return grey(.035), true
			}
		}
		if t := (y - p.Y) / d.Y; t > 0 && t < exit {
			q := p.add(d.scale(t))
			u, v := q.X-row, q.Z-c.belt
			if math.Abs(u+.25*v) < .09 && v < .16 || boxed(u, v, -.09, .25, .05, .09) {
				return grey(.035), true
			}
			if y > 0 && row > c.glassTo-1.4 {
				if math.Hypot((u-.10)/.10, (v-.27)/.125) < 1 {
					return vec{.16, .09, .06}, true
				}
				if math.Hypot((u-.08)/.16, (v+.12)/.25) < 1 {
					return vec{.06, .07, .11}, true
				}
			}
		}
	}
	return vec{}, false
}

func (c *car) front(p, n vec) (surface, bool) {
	y := math.Abs(p.Y)
	if p.X < c.length/2-.55 || n.Z > .93 {
		return surface{}, false
	}
	l := c.lamp
	rise := .05 * (y - l[0]) / (l[1] - l[0])
	if y > l[0] && p.Z > l[2]+rise && p.Z < l[3]+rise && p.X > c.length/2-.42 {
		return c.headlamp(y, p.Z-rise), true
	}
	if n.X < .3 {
		return surface{}, false
	}
	if s, ok := plate(p.Y, p.Z, c.plateFront); ok {
		return s, true
	}
	g := c.grille
	if boxed(y, p.Z, 0, (g[1]+g[2])/2, g[0]+.02, (g[2]-g[1])/2+.015) {
		if !boxed(y, p.Z, 0, (g[1]+g[2])/2, g[0], (g[2]-g[1])/2) || math.Hypot(y, p.Z-(g[1]+g[2])/2) < .055 {
			return chrome, true
		}
		if math.Mod(p.Z, .045) < .014 {
			return surface{albedo: grey(.08), f0: .2, gloss: .5}, true
		}
		return seam, true
	}
	i := c.intake
	if boxed(y, p.Z, 0, (i[1]+i[2])/2, i[0]-(p.Z-i[1])*.5, (i[2]-i[1])/2) {
		return seam, true
	}
	if math.Hypot(y-i[0]-.05, p.Z-(i[1]+i[2])/2) < .05 {
		return surface{albedo: grey(.5), f0: .3, gloss: .6}, true
	}
	return surface{}, p.Z < .24
}

func (c *car) headlamp(y, z float64) surface {
	l := c.lamp
	mid, h := (l[2]+l[3])/2, (l[3]-l[2])/2
	if math.Abs(z-mid) > h*.86 || y < l[0]+.015 {
		return trim
	}
	if z < mid-h*.5 {
		return surface{albedo: grey(.6), f0: .1, gloss: .8, emit: grey(1.5)}
	}
	for _, cy := range []float64{l[0] + h*1.3, l[0] + h*3.2} {
		if r := math.Hypot(y-cy, z-mid-h*.15) / h; r < .8 {
			if r < .35 {
				return surface{albedo: grey(.7), f0: .3, gloss: .8, emit: vec{1.4, 1.35, 1.2}}
			}
			return surface{albedo: grey(.25), f0: .5, gloss: .7}
		}
	}
	if y > l[1]-.1 {
		return surface{albedo: vec{.55, .25, .03}, f0: .1, gloss: .9}
	}
	return surface{albedo: grey(.14), f0: .25, gloss: .9}
}

func (c *car) rear(p, n vec) (surface, bool) {
	y := math.Abs(p.Y)
	if p.X > -c.length/2+.5 || n.Z > .9 {
		return surface{}, false
	}
	l := c.tail
	if y > l[0] && within(p.Z, l[2], l[3]) && p.X < -c.length/2+.32 {
		switch h := (p.Z - l[2]) / (l[3] - l[2]); {
		case h < .06 || h > .94 || y < l[0]+.012:
			return trim, true
		case h < .36 && y < (l[0]+l[1])/2:
			return surface{albedo: grey(.5), f0: .1, gloss: .9}, true
		case h < .36:
			return surface{albedo: vec{.6, .22, .03}, f0: .08, gloss: .9}, true
		}
		return surface{albedo: vec{.42, .012, .012}, f0: .08, gloss: .9, emit: vec{.22, .006, .004}}, true
	}
	if n.X > -.3 {
		return surface{}, false
	}
	if s, ok := plate(p.Y, p.Z, c.plateRear); ok {
		return s, true
	}
	if boxed(y, p.Z, 0, c.plateRear+.085, .3, .014) {
		return chrome, true
	}
	if math.Hypot(y, p.Z-c.plateRear-.19) < .04 {
		return chrome, true
	}
	if math.Abs(p.Z-.56) < .006 || (y < .68 && math.Abs(y-.66) < .005 && p.Z > .56) {
		return seam, true
	}
	if p.Z < .37 {
		return plastic, true
	}
	return surface{}, false
}

// side draws sills, door seams and handles.
func (c *car) side(p, n vec) (surface, bool) {
	if p.Z < math.Max(.25, c.cladding) {
		return plastic, true
	}
	if math.Abs(n.Y) < .55 {
		return surface{}, false
	}
	first, last := c.seams[0], c.seams[len(c.seams)-1]
	for i, x := range c.seams {
		curve := x
		if i == 0 {
			curve += .1 * math.Pow(clamp((.75-p.Z)/.4, 0, 1), 2)
		}
		if math.Abs(p.X-curve) < .006 && p.Z > .32 {
			return seam, true
		}
		if i < len(c.seams)-1 && boxed(p.X, p.Z, x+.14, c.belt-.13, .09, .014) {
			return chrome, true
		}
	}
	if math.Abs(p.Z-.32) < .005 && within(p.X, first, last) {
		return seam, true
	}
	return surface{}, false
}
