package main

import "math"

// vertex is a point of a surface with the light that was baked for it.
type vertex struct {
	pos, normal vec
	sky         vec     // irradiance from the sky, the road and the vehicle itself
	sun         float64 // the share of the sun's disc that is seen
}

// mesh is a triangulated surface; part tells which painter colours each triangle.
type mesh struct {
	verts []vertex
	tris  [][3]int32
	part  []uint8
}

// lattice samples a shape on a regular grid.
type lattice struct {
	lo         vec
	cell       float64
	nx, ny, nz int
	d          []float32
}

func sample(s shape, lo, hi vec, cell float64) *lattice {
	n := func(a, b float64) int { return int(math.Ceil((b-a)/cell)) + 3 }
	l := &lattice{lo: lo.sub(grey(cell)), cell: cell, nx: n(lo.X, hi.X), ny: n(lo.Y, hi.Y), nz: n(lo.Z, hi.Z)}
	l.d = make([]float32, l.nx*l.ny*l.nz)
	parallel(l.nz, func(k int) {
		for j := range l.ny {
			for i := range l.nx {
				l.d[l.index(i, j, k)] = float32(s(l.point(i, j, k)))
			}
		}
	})
	return l
}

func (l *lattice) index(i, j, k int) int { return (k*l.ny+j)*l.nx + i }
func (l *lattice) point(i, j, k int) vec {
	return l.lo.add(vec{float64(i), float64(j), float64(k)}.scale(l.cell))
}

// at is the trilinear distance at p; outside the grid it adds the distance to the grid.
func (l *lattice) at(p vec) float64 {
	q := p.sub(l.lo).scale(1 / l.cell)
	c := vec{clamp(q.X, 0, float64(l.nx)-1.01), clamp(q.Y, 0, float64(l.ny)-1.01), clamp(q.Z, 0, float64(l.nz)-1.01)}
	i, j, k := int(c.X), int(c.Y), int(c.Z)
	u, v, w := c.X-float64(i), c.Y-float64(j), c.Z-float64(k)
	o, row, layer := l.index(i, j, k), l.nx, l.nx*l.ny
	edge := func(o int) float64 { return lerp(float64(l.d[o]), float64(l.d[o+1]), u) }
	d := lerp(lerp(edge(o), edge(o+row), v), lerp(edge(o+layer), edge(o+layer+row), v), w)
	return d + q.sub(c).length()*l.cell
}

// blocked follows a ray from p up to reach metres and tells whether it meets the shape.
func (l *lattice) blocked(p, dir vec, reach float64) bool {
	for t := 0.0; t < reach; {
		d := l.at(p.add(dir.scale(t)))
		if d < l.cell*.2 {
			return true
		}
		t += math.Max(d*.9, l.cell*.3)
	}
	return false
}

// surface extracts the zero level of a shape as quads split in two (naive surface nets).
func (m *mesh) surface(s shape, lo, hi vec, cell float64, part uint8) {
	l := sample(s, lo, hi, cell)
	at := make([]int32, len(l.d))
	for k := range l.nz - 1 {
		for j := range l.ny - 1 {
			for i := range l.nx - 1 {
				at[l.index(i, j, k)] = -1
				if p, ok := l.crossing(i, j, k); ok {
					at[l.index(i, j, k)] = int32(len(m.verts))
					m.verts = append(m.verts, settle(s, p, cell))
				}
			}
		}
	}
	axes := [3][3]int{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for k := 1; k < l.nz-1; k++ {
		for j := 1; j < l.ny-1; j++ {
			for i := 1; i < l.nx-1; i++ {
				for a, e := range axes {
					in, out := l.d[l.index(i, j, k)] < 0, l.d[l.index(i+e[0], j+e[1], k+e[2])] < 0
					if in != out {
						b, c := axes[(a+1)%3], axes[(a+2)%3]
						cellAt := func(u, v int) int32 {
							return at[l.index(i-u*b[0]-v*c[0], j-u*b[1]-v*c[1], k-u*b[2]-v*c[2])]
						}
						m.quad(cellAt(0, 0), cellAt(1, 0), cellAt(1, 1), cellAt(0, 1), part)
					}
				}
			}
		}
	}
}

func (m *mesh) quad(a, b, c, d int32, part uint8) {
	m.tris = append(m.tris, [3]int32{a, b, c}, [3]int32{a, c, d})
	m.part = append(m.part, part, part)
}

// crossing is the mean of the points where the cell's edges cross the surface.
func (l *lattice) crossing(i, j, k int) (vec, bool) {
	var sum vec
	n := 0
	edge := func(i0, j0, k0, i1, j1, k1 int) {
		a, b := float64(l.d[l.index(i0, j0, k0)]), float64(l.d[l.index(i1, j1, k1)])
		if (a < 0) != (b < 0) {
			sum = sum.add(l.point(i0, j0, k0).mix(l.point(i1, j1, k1), a/(a-b)))
			n++
		}
	}
	for u := range 2 {
		for v := range 2 {
			edge(i, j+u, k+v, i+1, j+u, k+v)
			edge(i+u, j, k+v, i+u, j+1, k+v)
			edge(i+u, j+v, k, i+u, j+v, k+1)
		}
	}
	if n == 0 {
		return vec{}, false
	}
	return sum.scale(1 / float64(n)), true
}

// settle moves a vertex onto the exact surface and takes its normal there.
func settle(s shape, p vec, cell float64) vertex {
	for range 2 {
		n := s.gradient(p)
		p = p.sub(n.scale(clamp(s(p), -cell, cell)))
	}
	return vertex{pos: p, normal: s.gradient(p)}
}
