package motion

import "reterminal-vision/camera/frame"

// The fingerprint's grid, and how many samples each of its cells is the sum of.
const (
	cellsX, cellsY     = 32, 24
	cells              = cellsX * cellsY
	samplesX, samplesY = 4, 2
	samples            = samplesX * samplesY
)

// Fingerprint is the brightness of a frame on a coarse grid. The zero value is
// that of no frame and resembles none.
type Fingerprint struct {
	Width, Height int
	format        frame.Format
	cell          [cells]uint16 // sums of samples, 0..255 each
}

// Take makes the fingerprint of f: 6144 samples spread evenly, a few
// microseconds. It allocates nothing.
func (p *Fingerprint) Take(f *frame.Frame) {
	*p = Fingerprint{}
	l, ok := lumaOf(f)
	if !ok {
		return
	}
	p.Width, p.Height, p.format = f.Width, f.Height, f.Format
	const columns, rows = cellsX * samplesX, cellsY * samplesY
	var at [columns]int32
	for i := range at {
		at[i] = int32((2*i + 1) * l.width / (2 * columns) * l.step)
	}
	for y := range rows {
		row := l.data[(2*y+1)*l.height/(2*rows)*l.stride:]
		row = row[:(l.width-1)*l.step+1]
		to := p.cell[y/samplesY*cellsX:][:cellsX]
		for x := range to {
			a := at[x*samplesX:][:samplesX]
			to[x] += uint16(row[a[0]]) + uint16(row[a[1]]) + uint16(row[a[2]]) + uint16(row[a[3]])
		}
	}
}

// comparable reports whether both are of frames of the same kind.
func (p *Fingerprint) comparable(q *Fingerprint) bool {
	return p.Width > 0 && p.Width == q.Width && p.Height == q.Height && p.format == q.format
}

// Bounds of the noise that is believed, in the fingerprint's units: a steady
// picture has at least the least, and what exceeds the most is motion.
const leastNoise, mostNoise = .25 * samples, 4 * samples

// Noise is how much the cells of a fingerprint differ by chance from frame to
// frame, measured while the app runs. The zero value knows nothing yet, and
// takes the smallest changes for real.
type Noise struct {
	last   Fingerprint
	frames int     // compared with the one before
	level  float32 // standard deviation of a cell's difference
}

// believe is after how many frames noise that rises is believed.
const believe = 15

// Learn takes in the next frame's fingerprint. Most cells of most pictures
// show what stands still, so the median of the differences is noise; it is
// believed at once when it falls and only slowly when it rises, since then it
// may be that everything moves.
func (n *Noise) Learn(p *Fingerprint) {
	// The same frame once more, as some cameras give it, tells nothing.
	if n.last.comparable(p) && n.last.cell != p.cell {
		var count [256]uint16
		for i := range p.cell {
			count[min(difference(p.cell[i], n.last.cell[i]), 255)]++
		}
		median, seen := 0, uint16(0)
		for ; median < 255; median++ {
			if seen += count[median]; seen > cells/2 {
				break
			}
		}
		now := min(max(float32(median)/.6745, leastNoise), mostNoise)
		n.frames++
		switch {
		case n.frames == 1, now < n.level:
			n.level = now
		case n.frames > believe:
			n.level = min(now, n.level*1.02+.1)
		}
	}
	n.last = *p
}

// Same reports whether q shows nothing that p does not: no cell differs by what
// noise never does, few do by what it seldom does, and the whole hardly at all.
func (n *Noise) Same(p, q *Fingerprint) bool {
	if !p.comparable(q) {
		return false
	}
	level := max(n.level, leastNoise)
	never, seldom := int(6*level+2*samples), int(3*level+samples)
	odd, sum, sign := 0, 0, 0
	for i := range p.cell {
		d := difference(p.cell[i], q.cell[i])
		if d > never {
			return false
		}
		if d > seldom {
			odd++
		}
		sum += d
		sign += int(p.cell[i]) - int(q.cell[i])
	}
	// Noise averages out over the cells; light that changes does not.
	return odd <= cells/50 && float32(sum) <= cells*(1.2*level+samples/2) && max(sign, -sign) <= cells*samples/2
}

func difference(a, b uint16) int { return max(int(a)-int(b), int(b)-int(a)) }
