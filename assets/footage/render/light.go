package main

import (
	"math"
	"runtime"
	"sync"
)

// A hazy morning: the sun stands behind the camera's right shoulder.
var (
	sunDir    = vec{.42, -.62, .70}.unit()
	sunLight  = vec{5.6, 5.1, 4.3}
	zenith    = vec{.22, .42, .85}
	horizon   = vec{.72, .82, .95}
	openSky   = skyIrradiance()
	roadLight = openSky.add(sunLight.scale(sunDir.Z)).scale(1 / math.Pi)
)

// clearSky is the radiance of the sky without clouds.
func clearSky(d vec) vec {
	c := horizon.mix(zenith, math.Pow(clamp(d.Z, 0, 1), .45))
	glow := math.Pow(math.Max(d.dot(sunDir), 0), 8)
	return c.add(vec{1, .9, .7}.scale(glow * .5))
}

// skyRadiance adds fair-weather clouds.
func skyRadiance(d vec) vec {
	c := clearSky(d)
	if d.Z < .02 {
		return c
	}
	u, v := d.X/(d.Z+.12), d.Y/(d.Z+.12)
	cover := ramp(.50, .70, fractal(u*1.3+4, v*1.3, 5))
	body := grey(1.45).mix(grey(.95), fractal(u*2.2, v*2.2+9, 4))
	return c.mix(body, cover*.8*ramp(.02, .15, d.Z))
}

func skyIrradiance() vec {
	r := rng(7)
	var sum vec
	const n = 512
	for i := range n {
		sum = sum.add(clearSky(cosineRay(vec{0, 0, 1}, i, n, &r)))
	}
	return sum.scale(math.Pi / n)
}

// cosineRay is the i-th of n stratified directions about normal, weighted by the cosine.
func cosineRay(normal vec, i, n int, r *rng) vec {
	a := 2 * math.Pi * (float64(i)*.6180339887 + r.float()*.2)
	u := (float64(i) + r.float()) / float64(n)
	t, b := basis(normal)
	s := math.Sqrt(u)
	return t.scale(s * math.Cos(a)).add(b.scale(s * math.Sin(a))).add(normal.scale(math.Sqrt(1 - u)))
}

// softSun is a direction towards a random point of the haze-widened sun.
func softSun(sun vec, r *rng) vec {
	return sun.add(vec{r.normal(), r.normal(), r.normal()}.scale(.025)).unit()
}

// parallel calls work for 0..n-1 on all processors.
func parallel(n int, work func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
	wg.Wait()
}

// bake computes the light at each vertex of a model and the shade it throws on the road; turned as the vehicle will drive.
func (m *model) bake(turned bool) {
	sun := sunDir.turned(turned)
	const rays = 96
	const chunk = 512
	parallel((len(m.verts)+chunk-1)/chunk, func(c int) {
		r := rng(c*7919 + 1)
		for i := c * chunk; i < min((c+1)*chunk, len(m.verts)); i++ {
			v := &m.verts[i]
			p := v.pos.add(v.normal.scale(m.solid.cell * .9))
			var sum vec
			for k := range rays {
				sum = sum.add(m.gathered(p, cosineRay(v.normal, k, rays, &r), turned))
			}
			v.sky = sum.scale(math.Pi / rays)
			v.sun = m.sunSeen(p, sun, 12, &r)
		}
	})
	m.bakeShade(sun, turned)
}

// gathered is the light that arrives at p from dir: sky, road, or a dim return from the vehicle itself.
func (m *model) gathered(p, dir vec, turned bool) vec {
	if m.solid.blocked(p, dir, 4) {
		return grey(.05)
	}
	if dir.Z >= 0 {
		return clearSky(dir.turned(turned))
	}
	g := p.add(dir.scale(p.Z / -dir.Z))
	under := ramp(-.2, .25, math.Max(math.Abs(g.X)-m.size.X/2, math.Abs(g.Y)-m.size.Y/2))
	return roadLight.scale(.13 * lerp(.12, 1, under))
}

func (m *model) sunSeen(p, sun vec, n int, r *rng) float64 {
	seen := 0
	for range n {
		if !m.solid.blocked(p, softSun(sun, r), 6) {
			seen++
		}
	}
	return float64(seen) / float64(n)
}

// shade is the share of daylight left on the road around a vehicle.
type shade struct {
	x0, y0, cell float64
	w, h         int
	left         []float32
}

func (m *model) bakeShade(sun vec, turned bool) {
	const margin, cell, rays = 3.2, .06, 64
	s := shade{x0: -m.size.X/2 - margin, y0: -m.size.Y/2 - margin, cell: cell}
	s.w, s.h = int((m.size.X+2*margin)/cell), int((m.size.Y+2*margin)/cell)
	s.left = make([]float32, s.w*s.h)
	direct, open := sunLight.scale(sunDir.Z).luminance(), openSky.luminance()
	parallel(s.h, func(j int) {
		r := rng(j*104729 + 3)
		for i := range s.w {
			p := vec{s.x0 + float64(i)*cell, s.y0 + float64(j)*cell, .01}
			sky := 0.0
			for k := range rays {
				if d := cosineRay(vec{0, 0, 1}, k, rays, &r); !m.solid.blocked(p, d, 4) {
					sky += clearSky(d.turned(turned)).luminance()
				}
			}
			lit := sky*math.Pi/rays + direct*m.sunSeen(p, sun, 16, &r)
			s.left[j*s.w+i] = float32(math.Min(lit/(direct+open), 1))
		}
	})
	m.shade = s
}

// at is the share of daylight at a point of the road in the vehicle's frame; 1 beyond the map, reached smoothly.
func (s *shade) at(x, y float64) float64 {
	u, v := (x-s.x0)/s.cell, (y-s.y0)/s.cell
	if u < 0 || v < 0 || u >= float64(s.w-1) || v >= float64(s.h-1) {
		return 1
	}
	i, j := int(u), int(v)
	fu, fv := u-float64(i), v-float64(j)
	k := j*s.w + i
	a := lerp(float64(s.left[k]), float64(s.left[k+1]), fu)
	b := lerp(float64(s.left[k+s.w]), float64(s.left[k+s.w+1]), fu)
	border := math.Min(math.Min(u, float64(s.w-1)-u), math.Min(v, float64(s.h-1)-v))
	return lerp(1, lerp(a, b, fv), ramp(0, 12, border))
}
