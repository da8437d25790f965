package main

import "math"

// leaf is one lit triangle pair of the foliage, or a facet of a trunk.
type leaf struct {
	corners [4]vec
	light   vec
}

// tree stands at (x, y) on the ground.
type tree struct{ x, y, height, spread float64 }

func streetTrees() []tree {
	var out []tree
	r := rng(99)
	for i := range 11 {
		out = append(out, tree{4 - float64(i)*9 + r.float()*1.5, 9.3, 6.2 + 1.6*r.float(), 2 + .5*r.float()})
	}
	for i := range 16 {
		out = append(out, tree{8 - float64(i)*6.5 + r.float()*4, 12.5 + 4.5*r.float(), 4 + 4.5*r.float(), 1.8 + r.float()})
	}
	return out
}

// leaves grows the foliage as shells of leaf clusters round a few boughs, and the trunk.
func (t tree) leaves(seed int) []leaf {
	r := rng(seed*2654435761 + 11)
	out := t.trunk()
	top := vec{t.x, t.y, t.height - t.spread*.9}
	tint := vec{.07, .13, .03}.mix(vec{.13, .17, .04}, r.float())
	type bough struct {
		at     vec
		radius float64
	}
	var boughs []bough
	for range 16 {
		d := vec{r.normal(), r.normal(), r.normal() * .8}.unit()
		boughs = append(boughs, bough{top.add(d.scale(t.spread * (.25 + .5*r.float()))), t.spread * (.35 + .25*r.float())})
	}
	for range 9000 {
		b := boughs[int(r.float()*16)]
		d := vec{r.normal(), r.normal(), r.normal()}.unit()
		p := b.at.add(d.scale(b.radius * math.Cbrt(r.float())))
		sun, sky := 1.0, 1.0
		for _, o := range boughs {
			// Each bough dims the light by the depth of the point below its surface.
			inside := o.radius - p.sub(o.at).length()
			q := p.add(sunDir.scale(o.radius))
			sun *= math.Exp(-1.8 * math.Max(o.radius-q.sub(o.at).length(), 0) / o.radius)
			sky *= math.Exp(-.9 * math.Max(inside, 0) / o.radius)
		}
		n := d.add(vec{r.normal(), r.normal(), r.normal()}.scale(.5)).unit()
		facing := .35 + .65*math.Abs(n.dot(sunDir))
		albedo := tint.scale(.7 + .6*r.float())
		light := albedo.mul(openSky.scale(sky * (.6 + .4*d.Z)).add(sunLight.scale(sun * facing))).scale(1.1 / math.Pi)
		u, v := basis(n)
		s := .05 + .07*r.float()
		u, v = u.scale(s), v.scale(s*.7)
		out = append(out, leaf{[4]vec{p.sub(u), p.add(v), p.add(u), p.sub(v)}, light})
	}
	return out
}

func (t tree) trunk() []leaf {
	var out []leaf
	const sides = 10
	for i := range sides {
		at := func(k int, z float64) vec {
			a := 2 * math.Pi * float64(k) / sides
			w := .16 - .01*z + .08*math.Exp(-z*4)
			return vec{t.x + w*math.Cos(a), t.y + w*math.Sin(a), z}
		}
		for z := 0.0; z < t.height-t.spread; z += .3 {
			q := [4]vec{at(i, z), at(i+1, z), at(i+1, z+.3), at(i, z+.3)}
			n := q[0].sub(vec{t.x, t.y, z}).unit()
			bark := vec{.16, .13, .10}.scale(.6 + .6*noise(float64(i)*2.3, z*3))
			out = append(out, leaf{q, lit(bark, n, .7)})
		}
	}
	return out
}
