package segment

/*
#include "grow.h"
*/
import "C"

import (
	"math"
	"unsafe"

	"reterminal-vision/inference"
	"reterminal-vision/inference/tflite"
)

// place is where a row or column of the map lies in the grid.
type place = C.rtv_place

// enlarged finds the classes of a map from scores of a smaller one, which the
// network has left to be resized.
type enlarged struct {
	grid          head // the scores as they are
	columns, rows []place
	top           []uint8 // the strongest class of each cell of the grid
}

func newEnlarged(grid head, to *tflite.Bilinear) *enlarged {
	return &enlarged{
		grid:    grid,
		columns: places(grid.width, to.Width, to),
		rows:    places(grid.height, to.Height, to),
		top:     make([]uint8, grid.width*grid.height),
	}
}

// places tells where the n cells along a side lie among those of a grid, as
// XNNPACK and TensorFlow Lite's resize_bilinear.h have it.
func places(grid, n int, b *tflite.Bilinear) []place {
	scale := float32(grid) / float32(n)
	if b.AlignCorners && n > 1 {
		scale = float32(grid-1) / float32(n-1)
	}
	list := make([]place, n)
	for i := range list {
		at := float32(i) * scale
		if b.HalfPixelCenters {
			at = (float32(i)+.5)*scale - .5
		}
		at = min(max(at, 0), float32(grid-1))
		lo := int(at)
		part := at - float32(lo)
		list[i] = place{
			lo: C.int32_t(lo), hi: C.int32_t(min(lo+1, grid-1)),
			part: C.float(part), part2048: C.int32_t(math.RoundToEven(float64(part) * 2048)),
		}
	}
	return list
}

// read fills dst with the classes of columns x0 to x1 of rows y0 to y1.
func (e *enlarged) read(x0, y0, x1, y1 int, dst []uint8) error {
	if x0 >= x1 || y0 >= y1 {
		return nil
	}
	if err := e.grid.read(&e.grid, 0, e.top); err != nil {
		return err
	}
	scores := unsafe.Pointer(unsafe.SliceData(e.grid.tensor.Bytes()))
	grow(scores, e.grid.tensor.DType, e.top, e.grid.width, e.grid.channels, e.columns[x0:x1], e.rows[y0:y1], dst)
	return nil
}

func grow(scores unsafe.Pointer, dtype inference.DType, top []uint8, width, classes int, columns, rows []place, dst []uint8) {
	_ = dst[len(columns)*len(rows)-1]
	tops, out := (*C.uint8_t)(unsafe.SliceData(top)), (*C.uint8_t)(unsafe.SliceData(dst))
	w, n := C.int32_t(width), C.int32_t(classes)
	c, r := unsafe.SliceData(columns), unsafe.SliceData(rows)
	if dtype == inference.Float32 {
		C.rtv_grow_float((*C.float)(scores), tops, w, n, c, C.int32_t(len(columns)), r, C.int32_t(len(rows)), out)
		return
	}
	C.rtv_grow_byte((*C.uint8_t)(scores), C.uint8_t(signFlip(dtype)), tops, w, n, c, C.int32_t(len(columns)), r, C.int32_t(len(rows)), out)
}
