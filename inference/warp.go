package inference

/*
#include <stdlib.h>
#include "warp.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"reterminal-vision/camera/frame"
)

// Warper samples frames through an affine map into one NHWC RGB input tensor
// in a single pass over the frame's own planes: bilinear, BT.601 colour
// conversion, normalization, quantization. Nothing is averaged: a frame much
// finer than the input is sampled as OpenCV's warpAffine with INTER_LINEAR
// does. It serves one goroutine. Close frees its native memory.
type Warper struct {
	Width, Height int
	size          int
	warp          *C.rtv_warp
}

// NewWarper prepares for the input t of shape [1, height, width, 3].
func NewWarper(t *Tensor, norm Normalization) (*Warper, error) {
	w, h, err := pictureSize(t)
	if err != nil {
		return nil, err
	}
	warp := (*C.rtv_warp)(C.calloc(1, C.sizeof_rtv_warp))
	if warp == nil {
		return nil, errors.New("inference: out of memory for preprocessing")
	}
	warp.height, warp.dst_stride = C.int32_t(h), C.size_t(3*w*t.DType.Size())
	if err := openOutput(&warp.out, t, norm); err != nil {
		closeOutput(&warp.out)
		C.free(unsafe.Pointer(warp))
		return nil, err
	}
	return &Warper{Width: w, Height: h, size: 3 * w * h * t.DType.Size(), warp: warp}, nil
}

// Close frees the native memory; it may be called more than once.
func (w *Warper) Close() {
	if w.warp == nil {
		return
	}
	closeOutput(&w.warp.out)
	C.free(unsafe.Pointer(w.warp))
	w.warp = nil
}

// Size is the bytes of the tensor that Run fills.
func (w *Warper) Size() int { return w.size }

// Run fills dst, the tensor's bytes. m is a 2x3 matrix, row by row, from input
// pixels to frame pixels, both counted from the centre of pixel 0: input pixel
// (x, y) shows the frame at (m0*x + m1*y + m2, m3*x + m4*y + m5), mirrored at
// the frame's edges.
func (w *Warper) Run(f *frame.Frame, m [6]float32, dst []byte) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if len(dst) != w.size {
		return fmt.Errorf("inference: input buffer of %d bytes, expected %d", len(dst), w.size)
	}
	s, ok := samplings[f.Format]
	if !ok {
		return fmt.Errorf("inference: no way to read %v frames", f.Format)
	}
	if !w.reaches(m) {
		return fmt.Errorf("inference: the map %v leads nowhere near a frame", m)
	}
	warp := w.warp
	warp.out.colour, warp.channels = s.colour, C.int32_t(len(s.channels))
	setColour(&warp.out, f.Range)
	for i, c := range s.channels {
		setGrid(&warp.grid[i], c, f, m)
	}
	var planes [3]*C.uint8_t
	for i := range planes {
		planes[i] = (*C.uint8_t)(unsafe.SliceData(f.Planes[i]))
	}
	C.rtv_warp_frame(warp, planes[0], planes[1], planes[2], unsafe.Pointer(&dst[0]))
	runtime.KeepAlive(f)
	return nil
}

// reaches reports whether the input's corners map to finite places that are
// not absurdly far from any frame.
func (w *Warper) reaches(m [6]float32) bool {
	const far = 16 * frame.MaxSide
	for row := 0; row < 6; row += 3 {
		for corner := range 4 {
			x, y := float32((corner&1)*w.Width), float32((corner>>1)*w.Height)
			// Comparisons with NaN are false, so such maps fail here too.
			if v := m[row]*x + m[row+1]*y + m[row+2]; !(v > -far && v < far) {
				return false
			}
		}
	}
	return true
}

// setGrid describes one sample channel of the frame, whose subsampled chroma
// lies in the middle of the pixels that share it.
func setGrid(g *C.rtv_grid, c sampling, f *frame.Frame, m [6]float32) {
	g.plane, g.stride = C.int32_t(c.plane), C.int32_t(f.Stride[c.plane])
	g.offset, g.step = C.int32_t(c.offset), C.int32_t(c.step)
	g.width, g.height = C.int32_t((f.Width+1<<c.shiftX-1)>>c.shiftX), C.int32_t((f.Height+1<<c.shiftY-1)>>c.shiftY)
	for row, shift := range [2]int{c.shiftX, c.shiftY} {
		sub := float64(int(1) << shift)
		g.at[3*row], g.at[3*row+1] = C.double(float64(m[3*row])/sub), C.double(float64(m[3*row+1])/sub)
		g.at[3*row+2] = C.double((float64(m[3*row+2])+.5)/sub - .5)
	}
}
