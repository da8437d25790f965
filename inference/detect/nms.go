package detect

import (
	"cmp"
	"slices"

	"reterminal-vision/inference"
)

// maxCandidates bounds what enters non-maximum suppression, whose cost grows
// with the square of it; only the best scores pass.
const maxCandidates = 256

// suppress is greedy non-maximum suppression per class: sorted by score, each
// object removes the later ones of its class that it overlaps by iou or more.
// It works in place and returns the survivors, best first.
func suppress(objects []inference.Object, iou float32) []inference.Object {
	objects = strongest(objects)
	kept := 0
	for i := range objects {
		if overlapped(objects[:kept], &objects[i], iou) {
			continue
		}
		// Swapped, not copied, so that no two objects share their attributes' memory.
		objects[kept], objects[i] = objects[i], objects[kept]
		kept++
	}
	return objects[:kept]
}

// strongest sorts objects, best first, and returns the maxCandidates best.
func strongest(objects []inference.Object) []inference.Object {
	slices.SortStableFunc(objects, func(a, b inference.Object) int { return cmp.Compare(b.Score, a.Score) })
	return objects[:min(len(objects), maxCandidates)]
}

func overlapped(kept []inference.Object, o *inference.Object, iou float32) bool {
	for i := range kept {
		if kept[i].Class == o.Class && inference.IoU(kept[i].Box, o.Box) >= iou {
			return true
		}
	}
	return false
}
