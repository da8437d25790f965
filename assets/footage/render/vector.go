package main

import "math"

// vec is a point, a direction or a linear RGB colour; metres in space, x right along the road, y across it, z up.
type vec struct{ X, Y, Z float64 }

func (a vec) add(b vec) vec                   { return vec{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }
func (a vec) sub(b vec) vec                   { return vec{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }
func (a vec) mul(b vec) vec                   { return vec{a.X * b.X, a.Y * b.Y, a.Z * b.Z} }
func (a vec) scale(k float64) vec             { return vec{a.X * k, a.Y * k, a.Z * k} }
func (a vec) dot(b vec) float64               { return a.X*b.X + a.Y*b.Y + a.Z*b.Z }
func (a vec) cross(b vec) vec                 { return vec{a.Y*b.Z - a.Z*b.Y, a.Z*b.X - a.X*b.Z, a.X*b.Y - a.Y*b.X} }
func (a vec) length() float64                 { return math.Sqrt(a.dot(a)) }
func (a vec) mix(b vec, t float64) vec        { return a.scale(1 - t).add(b.scale(t)) }
func (a vec) reflect(n vec) vec               { return a.sub(n.scale(2 * a.dot(n))) }
func (a vec) luminance() float64              { return 0.2126*a.X + 0.7152*a.Y + 0.0722*a.Z }
func grey(v float64) vec                      { return vec{v, v, v} }
func clamp(x, lo, hi float64) float64         { return math.Min(math.Max(x, lo), hi) }
func lerp(a, b, t float64) float64            { return a + (b-a)*t }
func ramp(lo, hi, x float64) float64          { t := clamp((x-lo)/(hi-lo), 0, 1); return t * t * (3 - 2*t) }
func within(x, lo, hi float64) bool           { return x >= lo && x <= hi }
func boxed(x, z, cx, cz, hx, hz float64) bool { return math.Abs(x-cx) <= hx && math.Abs(z-cz) <= hz }

func (a vec) unit() vec {
	l := a.length()
	if l == 0 {
		return vec{0, 0, 1}
	}
	return a.scale(1 / l)
}

// turned rotates a direction half a turn about z, for vehicles heading towards -x.
func (a vec) turned(half bool) vec {
	if half {
		return vec{-a.X, -a.Y, a.Z}
	}
	return a
}

// basis returns two directions that complete n to an orthonormal frame.
func basis(n vec) (t, b vec) {
	up := vec{0, 0, 1}
	if math.Abs(n.Z) > 0.9 {
		up = vec{1, 0, 0}
	}
	t = up.cross(n).unit()
	return t, n.cross(t)
}

// rng is a small deterministic generator (xorshift64*), so that every run draws the same picture.
type rng uint64

func (r *rng) next() uint64 {
	x := uint64(*r)
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	*r = rng(x)
	return x * 2685821657736338717
}

// float is uniform in [0,1).
func (r *rng) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// normal is approximately a standard normal deviate.
func (r *rng) normal() float64 {
	return (r.float() + r.float() + r.float() + r.float() - 2) * math.Sqrt(3)
}

// hash maps a lattice point to [0,1).
func hash(x, y int) float64 {
	h := uint32(x)*374761393 + uint32(y)*668265263
	h = (h ^ (h >> 13)) * 1274126177
	h ^= h >> 16
	return float64(h) / (1 << 32)
}

// noise is smooth value noise in [0,1).
func noise(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	u, v := x-fx, y-fy
	u, v = u*u*(3-2*u), v*v*(3-2*v)
	return lerp(lerp(hash(ix, iy), hash(ix+1, iy), u), lerp(hash(ix, iy+1), hash(ix+1, iy+1), u), v)
}

// fractal sums octaves of noise, in [0,1).
func fractal(x, y float64, octaves int) float64 {
	sum, amp, total := 0.0, 0.5, 0.0
	for range octaves {
		sum += amp * noise(x, y)
		total += amp
		x, y, amp = x*2.03+17.1, y*2.03+5.3, amp*0.5
	}
	return sum / total
}
