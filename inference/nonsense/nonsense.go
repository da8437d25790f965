// Package nonsense helps to try decoders on tensors that no sound network
// gives: NaN, infinities, the huge and the negative, whatever the bits stand
// for.
//
// In: bytes that a fuzzer chose. Out: tensors of them, and what is wrong with
// a result made of those. It imports inference; only tests may import it.
package nonsense

import (
	"encoding/binary"
	"fmt"
	"math"

	"reterminal-vision/inference"
)

// Tensor is one of the shape and type, filled with the bytes over and over;
// quantized ones have a scale of 1/16 round the middle.
func Tensor(name string, dtype inference.DType, raw []byte, shape ...int) *inference.Tensor {
	t := inference.Tensor{Name: name, Shape: shape, DType: dtype}
	switch dtype {
	case inference.UInt8:
		t.Scale, t.ZeroPoint = 1./16, 128
	case inference.Int8:
		t.Scale = 1. / 16
	}
	data := make([]byte, t.Elements()*dtype.Size())
	for at := 0; len(raw) > 0 && at < len(data); {
		at += copy(data[at:], raw)
	}
	return inference.Over(t, data)
}

// Floats are bytes of float32 numbers, to begin a search with.
func Floats(values ...float32) (raw []byte) {
	for _, v := range values {
		raw = binary.NativeEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

// Seeds are numbers that decoders have reason to fear.
func Seeds() [][]byte {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	return [][]byte{
		nil, Floats(0), Floats(nan), Floats(inf), Floats(-inf), Floats(math.MaxFloat32), Floats(-math.MaxFloat32),
		Floats(math.SmallestNonzeroFloat32), Floats(.5, .2, .9, .7), Floats(1e30, 3, nan, inf, -7), Floats(-inf, 88, 89, .99, 1),
	}
}

// Check tells what in a result nobody could draw or write down: boxes that are
// empty or outside the frame, scores outside 0..1, what is not a number.
func Check(r *inference.Result) error {
	for i := range r.Objects {
		o := &r.Objects[i]
		b, w, h := o.Box, float32(r.Width), float32(r.Height)
		if !(b.X0 >= 0 && b.Y0 >= 0 && b.X1 <= w && b.Y1 <= h && b.Area() > 0) {
			return fmt.Errorf("object %d: box %v in a frame of %dx%d", i, b, r.Width, r.Height)
		}
		if !share(o.Score) {
			return fmt.Errorf("object %d: score %g", i, o.Score)
		}
		if len(o.Keypoints) > 0 && len(o.Keypoints) != len(o.Skeleton.Names) {
			return fmt.Errorf("object %d: %d keypoints of %d", i, len(o.Keypoints), len(o.Skeleton.Names))
		}
		for _, p := range o.Keypoints {
			if !finite(p.X) || !finite(p.Y) || !share(p.Score) {
				return fmt.Errorf("object %d: keypoint %v", i, p)
			}
		}
		for _, a := range o.Attributes {
			if !share(a.Score) {
				return fmt.Errorf("object %d: %s %q with score %g", i, a.Name, a.Value, a.Score)
			}
		}
	}
	for _, c := range r.Classes {
		if !share(c.Score) {
			return fmt.Errorf("class %q: score %g", c.Label, c.Score)
		}
	}
	if m := r.Mask; m != nil {
		if len(m.Class) != m.Width*m.Height {
			return fmt.Errorf("mask of %dx%d with %d cells", m.Width, m.Height, len(m.Class))
		}
		for i, c := range m.Class {
			if int(c) >= len(m.Labels) {
				return fmt.Errorf("mask: cell %d has class %d of %d", i, c, len(m.Labels))
			}
		}
		for _, s := range m.Share {
			if !share(s) {
				return fmt.Errorf("mask: share %g", s)
			}
		}
	}
	return nil
}

func share(p float32) bool  { return p >= 0 && p <= 1 }
func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
