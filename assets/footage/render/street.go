package main

import "math"

// The street, across: near pavement below 0, two lanes to roadWidth, far pavement, a hedge, gardens and a row of houses.
const (
	roadWidth   = 7.2
	hedgeAt     = 10.6
	housesAt    = 19.0
	groveAt     = 48.0
	oppositeAt  = -24.0
	farPavement = 10.0
)

// hit is what a ray meets: its radiance, the distance, and whether it is the road or a pavement, which take shade.
type hit struct {
	light  vec
	t      float64
	ground bool
	point  vec
}

// trace follows a ray through the street without trees and traffic.
func trace(o, d vec) hit {
	best := hit{light: skyRadiance(d), t: math.Inf(1)}
	if d.Z < 0 {
		t := -o.Z / d.Z
		p := o.add(d.scale(t))
		best = hit{groundLight(p, d), t, p.Y < hedgeAt, p}
	}
	consider := func(t float64, light func(p vec) (vec, bool)) {
		if t <= 0 || t >= best.t {
			return
		}
		p := o.add(d.scale(t))
		if c, ok := light(p); ok {
			best = hit{light: c, t: t}
		}
	}
	if d.Y > 0 {
		consider((hedgeAt-o.Y)/d.Y, hedge)
		consider((housesAt-o.Y)/d.Y, houseFront)
		consider((groveAt-o.Y)/d.Y, grove)
	}
	if d.Y < 0 {
		consider((oppositeAt-o.Y)/d.Y, houseFront)
	}
	if !math.IsInf(best.t, 1) {
		best.light = hazed(best.light, best.t)
	}
	return best
}

func hazed(c vec, t float64) vec { return c.mix(horizon.scale(.9), 1-math.Exp(-t/900)) }

// lit is the radiance of a matt surface with normal n in the open; direct is the share of the sun.
func lit(albedo, n vec, direct float64) vec {
	sky := openSky.scale(.5 + .5*n.Z)
	bounce := roadLight.scale(.13 * math.Pi * (.5 - .5*n.Z))
	return albedo.mul(sky.add(bounce).add(sunLight.scale(math.Max(n.dot(sunDir), 0) * direct))).scale(1 / math.Pi)
}

func groundLight(p, d vec) vec {
	albedo, direct := groundAlbedo(p), 1.0
	if p.Y > hedgeAt-2.2 {
		direct = lerp(1, ramp(.35, .6, fractal(p.X*.8, p.Y*.8, 3)), ramp(hedgeAt-2.2, hedgeAt-.3, p.Y))
	}
	c := lit(albedo, vec{0, 0, 1}, direct)
	// Worn asphalt mirrors the sky a little at grazing angles.
	fresnel := math.Pow(1+d.Z, 5) * .12
	return c.mix(horizon, fresnel)
}

func groundAlbedo(p vec) vec {
	grain := fractal(p.X*9, p.Y*9, 4)
	fine := noise(p.X*55, p.Y*55)
	switch {
	case p.Y > farPavement:
		return vec{.07, .12, .035}.scale(.6 + .8*fractal(p.X*4, p.Y*4, 4))
	case p.Y > roadWidth+.14 || p.Y < -.14:
		return pavementAlbedo(p).scale(.85 + .2*grain + .08*fine)
	case p.Y > roadWidth || p.Y < 0:
		c := grey(.36).scale(.8 + .3*grain)
		if f := math.Mod(math.Abs(p.X), .92); f < .02 {
			c = c.scale(.5)
		}
		return c
	}
	return asphaltAlbedo(p, grain, fine)
}

func pavementAlbedo(p vec) vec {
	u, v := p.X/.6, p.Y/.6
	row := math.Floor(v)
	u += math.Mod(row, 2) * .5
	fu, fv := u-math.Floor(u), v-row
	tone := .25 + .06*hash(int(math.Floor(u)), int(row))
	if math.Min(math.Min(fu, 1-fu), math.Min(fv, 1-fv)) < .022 {
		tone *= .55
	}
	return vec{1, .97, .92}.scale(tone)
}

func asphaltAlbedo(p vec, grain, fine float64) vec {
	tone := .085 + .035*grain + .03*(fine-.5)
	tone += .025 * (fractal(p.X*.25, p.Y*.7+40, 3) - .5)
	for _, lane := range []float64{1.8, 5.4} {
		track := math.Abs(math.Abs(p.Y-lane)-.75) / .35
		tone *= 1 - .10*math.Exp(-track*track) // polished by tyres
		oil := (p.Y - lane) / .3
		tone *= 1 - .16*math.Exp(-oil*oil)*fractal(p.X*.5, 3, 2)
	}
	if crack := math.Abs(fractal(p.X*.55+3, p.Y*.55, 4) - .5); crack < .003 && fractal(p.X*.2, p.Y*.2+70, 2) > .55 {
		tone *= .75
	}
	if within(p.X, -9.5, -6.2) && within(p.Y, 4.1, 5.3) {
		tone *= .72 // a patched trench
	}
	wear := ramp(.28, .5, fractal(p.X*6+7, p.Y*6, 4))
	dash := p.X - math.Floor(p.X/6)*6
	paint := math.Abs(p.Y-roadWidth/2) < .07 && dash < 3
	edge := math.Abs(p.Y-.35) < .05 || math.Abs(p.Y-roadWidth+.35) < .05
	if paint || edge {
		tone = lerp(tone, .58, wear)
	}
	if p.Y < .25 || p.Y > roadWidth-.25 {
		tone *= .8
	}
	return vec{1, 1, 1.03}.scale(tone)
}

func hedge(p vec) (vec, bool) {
	if gap := p.X - math.Floor(p.X/13)*13; gap < 1.6 {
		return vec{}, false
	}
	top := 1.05 + .14*fractal(p.X*2.5, 7, 3)
	if p.Z > top {
		return vec{}, false
	}
	leaf := fractal(p.X*9, p.Z*9, 4)
	depth := ramp(.3, .65, leaf) * (.45 + .55*p.Z/top)
	return lit(vec{.05, .105, .03}.mix(vec{.1, .17, .05}, noise(p.X*30, p.Z*30)), vec{0, -.8, .6}, 1).scale(.25 + 1.1*depth), true
}

// grove closes the gaps between the houses.
func grove(p vec) (vec, bool) {
	top := 7 + 5*fractal(p.X*.18, 3, 4)
	if p.Z > top {
		return vec{}, false
	}
	leaf := fractal(p.X*1.1, p.Z*1.1, 4)
	return lit(vec{.07, .12, .04}, vec{0, -.7, .7}, 1).scale(.35 + 1.0*ramp(.3, .7, leaf)*(.4+.6*p.Z/top)), true
}

// house is the plot that x falls on.
type house struct {
	index       int
	left, right float64
	height      float64
	wall        vec
}

func houseAt(x float64) house {
	i := int(math.Floor(x / 12))
	h := house{index: i, left: float64(i)*12 + .5 + hash(i, 1), right: float64(i+1)*12 - .3 - hash(i, 2), height: 6.2 + 2.9*math.Floor(hash(i, 3)*2)}
	walls := []vec{{.42, .22, .15}, {.62, .56, .46}, {.50, .30, .2}, {.66, .63, .58}, {.45, .40, .33}}
	h.wall = walls[int(hash(i, 4)*5)]
	return h
}

func houseFront(p vec) (vec, bool) {
	h := houseAt(p.X)
	if p.X < h.left || p.X > h.right {
		return vec{}, false
	}
	out := vec{0, -1, 0}
	if p.Y < 0 {
		out.Y = 1
	}
	if p.Z > h.height {
		return roof(p, h, out)
	}
	bay := (h.right - h.left) / 4
	u := (p.X - h.left) / bay
	fu, fv := (u-math.Floor(u)-.5)*bay, math.Mod(p.Z-.2, 2.9)-1.65
	if int(u) == h.index&3 && p.Z < 2.3 {
		fv = 0
		if math.Abs(fu) < .5 {
			return lit(vec{.1, .12 + .1*hash(h.index, 8), .18}, out, .8), true
		}
	}
	if math.Abs(fu) < .62 && math.Abs(fv) < .75 {
		return window(fu, fv, int(u)+9*h.index+int(p.Z/2.9)*31, out), true
	}
	albedo := h.wall.scale(.82 + .3*fractal(p.X*1.5, p.Z*1.5, 4))
	if h.wall.Z < .25 { // bricks
		if math.Mod(p.Z, .15) < .025 {
			albedo = albedo.scale(1.25)
		}
		albedo = albedo.scale(.85 + .3*hash(int(p.X/.3+math.Floor(p.Z/.15)*.5), int(p.Z/.15)))
	}
	if math.Abs(fu) < .75 && within(fv, -.86, -.75) || p.Z > h.height-.3 {
		albedo = grey(.6)
	}
	return lit(albedo, out, .85), true
}

func window(u, v float64, id int, out vec) vec {
	if math.Abs(u) > .55 || math.Abs(v) > .68 || math.Abs(u) < .03 || math.Abs(v-.2) < .03 {
		return lit(grey(.68), out, .8)
	}
	pane := vec{.10, .13, .17}.scale(.6 + hash(id, 5)).add(horizon.scale(.10 + .12*(v+.7)))
	if hash(id, 6) < .5 && math.Abs(u) > .36 {
		pane = grey(.38) // curtains
	}
	return pane
}

// roof is a slope of tiles seen from the street.
func roof(p vec, h house, out vec) (vec, bool) {
	rise := p.Z - h.height
	if rise > 2.4 || p.X < h.left+rise*.8 || p.X > h.right-rise*.8 {
		return vec{}, false
	}
	tile := .8 + .25*hash(int(p.X/.3), int(rise/.22)) - .25*ramp(.85, 1, rise/.22-math.Floor(rise/.22))
	return lit(vec{.17, .12, .10}.mix(vec{.11, .12, .14}, hash(h.index, 9)).scale(tile), out.add(vec{0, 0, 1}).unit(), 1), true
}
