package main

import "math"

// limbs joins points by capsules of one radius.
func limbs(r float64, pts ...vec) shape {
	var s []shape
	for i := 1; i < len(pts); i++ {
		s = append(s, capsule(pts[i-1], pts[i], r, r))
	}
	return union(s...)
}

// person is a rider: hip, shoulder, hand and the two feet.
func person(hip, shoulder, hand vec, feet [2]vec) (torso, legs, head shape) {
	const hipHalf, shoulderHalf = .12, .19
	side := func(p vec, y float64) vec { return vec{p.X, y, p.Z} }
	arms := func(y float64) shape {
		elbow := shoulder.mix(hand, .5).add(vec{-.04, 0, -.08})
		return union(capsule(side(shoulder, y*shoulderHalf), side(elbow, y*.27), .055, .045), capsule(side(elbow, y*.27), side(hand, y*.25), .045, .04))
	}
	torso = blend(.06, capsule(side(hip, .06), side(shoulder, .10), .13, .13), capsule(side(hip, -.06), side(shoulder, -.10), .13, .13), arms(1), arms(-1))
	var l []shape
	for i, f := range feet {
		y := []float64{hipHalf, -hipHalf}[i]
		knee := vec{hip.X + .36, y * 1.2, (hip.Z+f.Z)/2 + .16}
		l = append(l, capsule(side(hip, y), knee, .09, .065), capsule(knee, f, .06, .045), capsule(f, f.add(vec{.16, 0, -.03}), .045, .04))
	}
	legs = blend(.03, l...)
	head = ellipsoid(shoulder.add(vec{.10, 0, .27}), vec{.14, .115, .15})
	return torso, legs, head
}

func around(s shape, lo, hi vec, cell float64, p painter) part { return part{s, lo, hi, cell, p} }

// motorcycle is a light road machine with its rider.
func motorcycle(colour, jacket vec) *model {
	front, back := vec{.70, 0, .30}, vec{-.66, 0, .30}
	tyres := union(ring(front, .245, .062), ring(back, .24, .075))
	hubs := union(drum(front, .17, .02, .01), drum(back, .17, .03, .01), limbs(.03, vec{.70, .09, .3}, vec{.42, .09, .88}), limbs(.03, vec{.70, -.09, .3}, vec{.42, -.09, .88}),
		limbs(.02, vec{.40, .36, 1.0}, vec{.42, 0, .95}, vec{.40, -.36, 1.0}), limbs(.05, vec{.05, -.17, .32}, vec{-.75, -.2, .42}), limbs(.04, vec{-.66, .12, .3}, vec{-.1, .12, .42}))
	engine := blend(.05, block(vec{.08, 0, .45}, vec{.24, .16, .17}, .06), capsule(vec{-.3, 0, .55}, vec{.35, 0, .7}, .07, .06))
	fairing := union(blend(.06, ellipsoid(vec{.18, 0, .82}, vec{.30, .15, .14}), ellipsoid(vec{.52, 0, .86}, vec{.15, .17, .2})), capsule(vec{-.45, 0, .82}, vec{-.85, 0, .93}, .09, .05), capsule(vec{.55, 0, .60}, vec{.85, 0, .58}, .06, .05))
	seat := capsule(vec{-.05, 0, .80}, vec{-.5, 0, .84}, .1, .09)
	torso, legs, head := person(vec{-.22, 0, .92}, vec{.10, 0, 1.38}, vec{.38, 0, 1.02}, [2]vec{{-.05, .2, .38}, {-.05, -.2, .38}})
	lo, hi := vec{-1.1, -.45, 0}, vec{1.1, .45, 1.9}
	const c = .022
	return build("motorcycle", vec{2.1, .7, 1.8}, []part{
		around(tyres, lo, vec{1.1, .45, .7}, c, plain(grey(.02), .03, .1)),
		around(hubs, lo, vec{1.1, .45, 1.1}, c, plain(grey(.12), .4, .4)),
		around(engine, lo, vec{1.1, .45, 1.1}, c, plain(grey(.06), .25, .3)),
		around(fairing, lo, vec{1.1, .45, 1.2}, c, fairingColour(colour)),
		around(seat, lo, vec{1.1, .45, 1.2}, c, plain(grey(.015), .04, .3)),
		around(torso, lo, hi, c, plain(jacket, .03, .1)),
		around(legs, lo, hi, c, plain(vec{.03, .035, .06}, .03, .1)),
		around(head, lo, hi, c, helmet(vec{.55, .55, .55}, vec{.20, 0, 1.65})),
	})
}

func fairingColour(c vec) painter {
	body := surface{albedo: c, f0: .06, gloss: .9}
	return func(p, n, _ vec, _ float64) surface {
		switch {
		case p.X > .55 && n.X > .4 && math.Hypot(p.Y, p.Z-.86) < .085:
			return surface{albedo: grey(.6), f0: .2, gloss: .9, emit: grey(2.2)}
		case p.X < -.8 && n.X < -.2:
			return surface{albedo: vec{.42, .012, .012}, f0: .08, gloss: .9, emit: vec{.25, 0, 0}}
		}
		return body
	}
}

// helmet has a dark visor towards the front.
func helmet(c, centre vec) painter {
	return func(p, n, _ vec, _ float64) surface {
		if q := p.sub(centre); q.X > .03 && math.Abs(q.Z-.005) < .05 {
			return surface{albedo: grey(.01), f0: .06, gloss: 1}
		}
		return surface{albedo: c, f0: .05, gloss: .9}
	}
}

// bicycle is a city bicycle with its rider.
func bicycle(frame, shirt vec) *model {
	front, back := vec{.53, 0, .345}, vec{-.53, 0, .345}
	tyres := union(ring(front, .325, .026), ring(back, .325, .026), ring(front, .02, .03), ring(back, .02, .03))
	crank, seatTop, headTube := vec{-.08, 0, .30}, vec{-.24, 0, .92}, vec{.36, 0, .82}
	tubes := union(limbs(.022, crank, seatTop), limbs(.022, crank, headTube.add(vec{0, 0, -.12})), limbs(.022, vec{-.21, 0, .76}, headTube), limbs(.018, back, crank), limbs(.018, back, vec{-.21, 0, .76}), limbs(.02, front, headTube.add(vec{0, 0, .16})))
	fittings := union(limbs(.02, vec{.28, .26, 1.0}, vec{.34, 0, .98}, vec{.28, -.26, 1.0}), capsule(vec{-.34, 0, .95}, vec{-.12, 0, .95}, .06, .03), drum(crank, .09, .02, .01))
	torso, legs, head := person(vec{-.22, 0, 1.0}, vec{.06, 0, 1.46}, vec{.28, 0, 1.03}, [2]vec{{-.06, .11, .16}, {-.10, -.11, .46}})
	lo, hi := vec{-.95, -.4, 0}, vec{.95, .4, 1.95}
	const c = .016
	return build("bicycle", vec{1.8, .6, 1.85}, []part{
		around(tyres, lo, vec{.95, .1, .75}, c, plain(grey(.02), .03, .1)),
		around(tubes, lo, vec{.95, .1, 1.1}, c, plain(frame, .05, .8)),
		around(fittings, lo, vec{.95, .4, 1.1}, c, plain(grey(.02), .05, .3)),
		around(torso, lo, hi, c, plain(shirt, .03, .1)),
		around(legs, lo, hi, c, plain(vec{.05, .06, .10}, .03, .1)),
		around(head, lo, hi, c, hair(vec{.16, 0, 1.73})),
	})
}

// hair covers a head but for the face.
func hair(centre vec) painter {
	return func(p, n, _ vec, _ float64) surface {
		if q := p.sub(centre); q.X > .0 && q.Z < .05 {
			return surface{albedo: vec{.42, .25, .17}, f0: .03}
		}
		return surface{albedo: vec{.05, .03, .02}, f0: .04, gloss: .2}
	}
}
