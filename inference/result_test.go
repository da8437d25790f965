package inference

import "testing"

// Objects own their keypoints and attributes: a copy shares none with its
// source, and neither copying nor filling a recycled result allocates.
func TestObjectsOwnTheirMemory(t *testing.T) {
	skeleton := &Skeleton{Names: []string{"a", "b", "c"}}
	fill := func(r *Result, objects int) {
		r.Reset()
		for i := range objects {
			o := r.AddObject()
			o.Skeleton = skeleton
			for k := range skeleton.Names {
				o.Keypoints = append(o.Keypoints, Keypoint{Point: Point{X: float32(i), Y: float32(k)}, Score: .5})
			}
			o.Attributes = append(o.Attributes, Attribute{Name: "age"})
		}
	}
	var source, held Result
	fill(&source, 3)
	held.CopyFrom(&source)
	source.Objects[0], source.Objects[2] = source.Objects[2], source.Objects[0]
	fill(&source, 3)
	source.Objects[1].Keypoints[0].X, source.Objects[1].Attributes[0].Name = 9, "other"
	for i, o := range held.Objects {
		if len(o.Keypoints) != 3 || o.Skeleton != skeleton || o.Keypoints[0].X != float32(i) || o.Keypoints[2].Y != 2 || o.Attributes[0].Name != "age" {
			t.Errorf("object %d: %+v", i, o)
		}
	}
	if o := (&source).AddObject(); len(o.Keypoints) > 0 || o.Skeleton != nil || len(o.Attributes) > 0 {
		t.Errorf("a new object has %+v", o)
	}
	n := 0
	if allocs := testing.AllocsPerRun(20, func() {
		n = (n + 1) % 3
		fill(&source, n)
		held.CopyFrom(&source)
	}); allocs > 0 {
		t.Errorf("%.1f allocations", allocs)
	}
}
