package face

import (
	"cmp"
	"slices"

	"reterminal-vision/inference"
)

// maxCandidates bounds what enters non-maximum suppression, whose cost grows
// with the square of it; only the best scores pass.
const maxCandidates = 512

// suppress is greedy non-maximum suppression: best score first, each face
// removes the later ones that it overlaps by iou or more. With blend it takes
// the mean of them and itself, weighted by score, and keeps its own score
// (BlazeFace, Bazarevsky et al. 2019). It works in place and returns the
// survivors, best first.
func suppress(all []candidate, iou float32, blend bool) []candidate {
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	all = all[:min(len(all), maxCandidates)]
	for kept := 0; kept < len(all); kept++ {
		best, rest := all[kept], kept+1
		sum := best.times(best.score)
		for _, c := range all[kept+1:] {
			if inference.IoU(best.box, c.box) >= iou {
				if blend {
					sum = sum.plus(c.times(c.score))
				}
				continue
			}
			all[rest] = c
			rest++
		}
		if blend {
			all[kept] = sum.times(1 / sum.score)
			all[kept].score = best.score
		}
		all = all[:rest]
	}
	return all
}

// times is the candidate with box and points multiplied by w, and the score w.
func (c candidate) times(w float32) candidate {
	r := candidate{score: w, box: inference.Box{X0: c.box.X0 * w, Y0: c.box.Y0 * w, X1: c.box.X1 * w, Y1: c.box.Y1 * w}}
	for i, p := range c.points {
		r.points[i] = inference.Point{X: p.X * w, Y: p.Y * w}
	}
	return r
}

func (c candidate) plus(o candidate) candidate {
	r := candidate{score: c.score + o.score, box: inference.Box{
		X0: c.box.X0 + o.box.X0, Y0: c.box.Y0 + o.box.Y0, X1: c.box.X1 + o.box.X1, Y1: c.box.Y1 + o.box.Y1,
	}}
	for i, p := range c.points {
		r.points[i] = inference.Point{X: p.X + o.points[i].X, Y: p.Y + o.points[i].Y}
	}
	return r
}
