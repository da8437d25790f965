package motion

import (
	"math"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// patchSide is how many samples a patch has across and down.
const patchSide = 16

// Patch is what a box in a frame looks like, coarsely. The zero value
// resembles nothing.
type Patch struct {
	known  bool
	sample [patchSide * patchSide]uint8
}

// Take samples the part of f inside b that lies in the frame. It allocates
// nothing.
func (p *Patch) Take(f *frame.Frame, b inference.Box) {
	p.known = false
	l, ok := lumaOf(f)
	b = b.Clip(float32(l.width), float32(l.height))
	if !ok || !(b.Area() > 0) {
		return
	}
	p.known = true
	var at [patchSide]int
	for i := range at {
		x := b.X0 + (float32(i)+.5)*b.Width()/patchSide
		at[i] = min(int(x), l.width-1) * l.step
	}
	for y := range patchSide {
		row := min(int(b.Y0+(float32(y)+.5)*b.Height()/patchSide), l.height-1)
		line := l.data[row*l.stride:]
		for x, o := range at {
			p.sample[y*patchSide+x] = line[o]
		}
	}
}

// Differs is how little two patches resemble each other: 0 for the same but
// for brightness and contrast, 1 for ones that have nothing in common, up to 2.
func (p *Patch) Differs(q *Patch) float32 {
	if !p.known || !q.known {
		return 2
	}
	var a, b, aa, bb, ab float64
	for i := range p.sample {
		x, y := float64(p.sample[i]), float64(q.sample[i])
		a, b, aa, bb, ab = a+x, b+y, aa+x*x, bb+y*y, ab+x*y
	}
	const n = patchSide * patchSide
	// A grey level of noise keeps flat patches from looking like each other's opposite.
	va, vb := aa/n-a/n*a/n+1, bb/n-b/n*b/n+1
	return float32(1 - (ab/n-a/n*b/n+1)/math.Sqrt(va*vb))
}

// How much a face differs from the last look at it when it looks the same, and
// when it looks otherwise; boxes of detectors are never twice the same.
const (
	alike  = .08
	unlike = .3
)

// Due reports whether a second network should look again at what is in a box,
// age frames after it did, where it usually does every so many: after a third
// of them when it looks otherwise than then, and only after three times as many
// while it looks the same.
func Due(age, usual int, f *frame.Frame, box inference.Box, then *Patch) bool {
	soonest, latest := max(usual/3, 1), 3*usual
	if age < soonest || age >= latest {
		return age >= latest
	}
	var now Patch
	now.Take(f, box)
	switch d := now.Differs(then); {
	case d <= alike:
		return false
	case d >= unlike:
		return true
	}
	return age >= usual
}
