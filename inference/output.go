package inference

/*
#include <stdlib.h>
#include "resample.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"reterminal-vision/camera/frame"
)

// pictureSize is the width and height of a picture input [1, height, width, 3].
func pictureSize(t *Tensor) (w, h int, err error) {
	if len(t.Shape) != 4 || t.Shape[0] != 1 || t.Shape[3] != 3 {
		return 0, 0, fmt.Errorf("inference: input %s: expected shape [1 height width 3]", t)
	}
	h, w = t.Shape[1], t.Shape[2]
	if w < 1 || h < 1 || w > C.RTV_MAX_SIDE || h > C.RTV_MAX_SIDE {
		return 0, 0, fmt.Errorf("inference: input %s: sides must be 1..%d", t, C.RTV_MAX_SIDE)
	}
	return w, h, nil
}

// openOutput chooses how rows of RGB bytes become elements of the picture
// input t and reserves the rows; closeOutput frees them, after an error too.
func openOutput(o *C.rtv_output, t *Tensor, norm Normalization) error {
	w := t.Shape[2]
	o.width = C.int32_t(w)
	o.sampled, o.rgb = (*C.uint8_t)(C.malloc(C.size_t(3*w))), (*C.uint8_t)(C.malloc(C.size_t(3*w)))
	if o.sampled == nil || o.rgb == nil {
		return errors.New("inference: out of memory for preprocessing")
	}
	for _, s := range norm.Std {
		if s == 0 {
			return fmt.Errorf("inference: input %s: normalization with a deviation of zero", t)
		}
	}
	switch t.DType {
	case Float32:
		o.kind = C.RTV_FLOAT
		for c := range 3 {
			o.gain[c], o.bias[c] = C.float(1/norm.Std[c]), C.float(-norm.Mean[c]/norm.Std[c])
		}
	case UInt8, Int8:
		if norm.Mean[0] != norm.Mean[1] || norm.Mean[0] != norm.Mean[2] || norm.Std[0] != norm.Std[1] || norm.Std[0] != norm.Std[2] {
			return fmt.Errorf("inference: input %s: a quantized input needs one mean and deviation for all channels", t)
		}
		if t.Scale <= 0 {
			return fmt.Errorf("inference: input %s has no quantization", t)
		}
		setTable(o, t, norm.Mean[0], norm.Std[0])
	default:
		return fmt.Errorf("inference: input %s: only float32, uint8 and int8 pictures are supported", t)
	}
	return nil
}

func closeOutput(o *C.rtv_output) {
	C.free(unsafe.Pointer(o.sampled))
	C.free(unsafe.Pointer(o.rgb))
}

// setTable fills the byte-to-quantized table and notes when it is trivial.
func setTable(o *C.rtv_output, t *Tensor, mean, std float32) {
	lo, hi := 0.0, 255.0
	if t.DType == Int8 {
		lo, hi = -128, 127
	}
	same, flipped := true, true
	for i := range 256 {
		real := (float64(i) - float64(mean)) / float64(std)
		q := math.Round(real/float64(t.Scale)) + float64(t.ZeroPoint)
		b := uint8(int(min(max(q, lo), hi)))
		o.table[i] = C.uint8_t(b)
		same = same && b == uint8(i)
		flipped = flipped && b == uint8(i)^0x80
	}
	switch {
	case same:
		o.kind = C.RTV_BYTES
	case flipped:
		o.kind = C.RTV_FLIP_SIGN
	default:
		o.kind = C.RTV_TABLE
	}
}

// setColour sets the BT.601 coefficients for the frame's range.
func setColour(o *C.rtv_output, r frame.Range) {
	const one = 1 << 14
	luma, chroma, zero := 255.0/219, 255.0/224, 16
	if r == frame.RangeFull {
		luma, chroma, zero = 1, 1, 0
	}
	fixed := func(v float64) C.int32_t { return C.int32_t(math.Round(v * one)) }
	o.y_zero, o.y_gain = C.int32_t(zero), fixed(luma)
	o.r_v, o.b_u = fixed(1.402*chroma), fixed(1.772*chroma)
	o.g_u, o.g_v = fixed(-0.344136*chroma), fixed(-0.714136*chroma)
}
