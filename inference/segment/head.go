package segment

/*
#include "argmax.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"reterminal-vision/inference"
)

// head is a network's last tensor: scores or classes, cell by cell.
type head struct {
	tensor        *inference.Tensor
	width, height int // cells of the map
	elements      int
	classes       int
	// read fills dst with the classes of the tensor's cells from first on.
	read func(h *head, first int, dst []uint8) error

	channels  int
	threshold float32   // of a head with one channel or two
	enlarged  *enlarged // nil when the tensor has the map's size
}

// newHead tells from shape and type what kind of head the tensor is.
func newHead(t *inference.Tensor, classes int, threshold float32) (*head, error) {
	h := &head{tensor: t, classes: classes, channels: 1, threshold: threshold, elements: t.Elements()}
	switch {
	case len(t.Shape) == 4:
		h.channels = t.Shape[3]
	case len(t.Shape) != 3:
		return nil, fmt.Errorf("tensor %s: expected shape [1 height width] or [1 height width channels]", t)
	}
	h.height, h.width = t.Shape[1], t.Shape[2]
	if t.Shape[0] != 1 || h.width < 1 || h.height < 1 {
		return nil, fmt.Errorf("tensor %s: expected one map of at least one cell", t)
	}
	if err := h.choose(); err != nil {
		return nil, err
	}
	if to := t.Resize; to != nil {
		h.enlarged = newEnlarged(*h, to)
		h.width, h.height = to.Width, to.Height
	}
	return h, nil
}

// choose finds the way to read the head, and checks that its classes are as
// many as there are labels.
func (h *head) choose() error {
	t, wanted := h.tensor, h.channels
	switch {
	case t.DType == inference.Int64 && h.channels == 1:
		h.read, wanted = readMap[int64], h.classes
	case t.DType == inference.Int32 && h.channels == 1:
		h.read, wanted = readMap[int32], h.classes
	case t.DType != inference.Float32 && t.DType != inference.UInt8 && t.DType != inference.Int8:
		return fmt.Errorf("tensor %s: expected scores in float32, uint8 or int8, or a class map in int64 or int32", t)
	case t.DType != inference.Float32 && !(t.Scale > 0):
		return fmt.Errorf("tensor %s has no quantization", t)
	case h.channels == 1:
		h.read, wanted = readSigmoid, 2
	case h.channels == 2 && h.threshold != 0.5 && t.Resize == nil:
		h.read = readPair
	case t.DType == inference.Float32:
		h.read = readFloat
	default:
		h.read = readByte
	}
	if h.classes != wanted {
		return fmt.Errorf("tensor %s tells %d classes apart, there are %d labels", t, wanted, h.classes)
	}
	return nil
}

// check reports a tensor that changed its size while the network ran.
func (h *head) check() error {
	if n := len(h.tensor.Bytes()); n != h.elements*h.tensor.DType.Size() {
		return fmt.Errorf("tensor %s is %d bytes after running, expected %d elements", h.tensor, n, h.elements)
	}
	return nil
}

// cells fills dst with the classes of the cells in columns x0 to x1 of rows y0 to y1.
func (h *head) cells(x0, y0, x1, y1 int, dst []uint8) error {
	if h.enlarged != nil {
		return h.enlarged.read(x0, y0, x1, y1, dst)
	}
	// Whole rows lie one after the other.
	rows, run := y1-y0, x1-x0
	if run == h.width {
		rows, run = 1, run*rows
	}
	for y := range rows {
		if err := h.read(h, (y0+y)*h.width+x0, dst[y*run:(y+1)*run]); err != nil {
			return err
		}
	}
	return nil
}

// readMap copies classes; what is no class, such as VOC's 255, is background.
func readMap[T int32 | int64](h *head, first int, dst []uint8) error {
	v, err := inference.View[T](h.tensor)
	if err != nil {
		return err
	}
	narrow(v[first:first+len(dst)], h.classes, dst)
	return nil
}

func narrow[T int32 | int64](src []T, classes int, dst []uint8) {
	for i, v := range src {
		c := uint8(v)
		if uint64(v) >= uint64(classes) {
			c = 0
		}
		dst[i] = c
	}
}

// readSigmoid makes class 1 of a probability of threshold and more.
func readSigmoid(h *head, first int, dst []uint8) error {
	t, end := h.tensor, first+len(dst)
	if t.DType == inference.Float32 {
		v, err := inference.View[float32](t)
		if err != nil {
			return err
		}
		for i, p := range v[first:end] {
			dst[i] = above(p, h.threshold)
		}
		return nil
	}
	flip := signFlip(t.DType)
	zero := int(t.ZeroPoint)
	for i, b := range t.Bytes()[first:end] {
		q := int(b)
		if flip != 0 {
			q = int(int8(b))
		}
		dst[i] = above(t.Scale*float32(q-zero), h.threshold)
	}
	return nil
}

func above(p, threshold float32) uint8 {
	if p >= threshold {
		return 1
	}
	return 0
}

// readPair makes class 1 of what has at least threshold of the sum of both
// probabilities.
func readPair(h *head, first int, dst []uint8) error {
	t, end := h.tensor, 2*(first+len(dst))
	if t.DType == inference.Float32 {
		v, err := inference.View[float32](t)
		if err != nil {
			return err
		}
		for i, v := 0, v[2*first:end]; i < len(dst); i++ {
			dst[i] = larger(v[2*i], v[2*i+1], h.threshold)
		}
		return nil
	}
	flip := signFlip(t.DType)
	zero := float32(int(uint8(t.ZeroPoint) ^ flip))
	v := t.Bytes()[2*first : end]
	for i := range dst {
		p0, p1 := float32(v[2*i]^flip)-zero, float32(v[2*i+1]^flip)-zero
		dst[i] = larger(p0, p1, h.threshold)
	}
	return nil
}

// larger is 1 where p1 is something and has that part of the sum.
func larger(p0, p1, part float32) uint8 {
	if p1 > 0 {
		return above(p1, part*(p0+p1))
	}
	return 0
}

func readFloat(h *head, first int, dst []uint8) error {
	v, err := inference.View[float32](h.tensor)
	if err != nil {
		return err
	}
	argmaxFloat(v[first*h.channels:], h.channels, dst)
	return nil
}

// readByte compares the stored numbers: the real ones grow with them.
func readByte(h *head, first int, dst []uint8) error {
	argmaxByte(h.tensor.Bytes()[first*h.channels:], signFlip(h.tensor.DType), h.channels, dst)
	return nil
}

// signFlip makes bytes of the type compare like uint8 when added bit by bit.
func signFlip(d inference.DType) uint8 {
	if d == inference.Int8 {
		return 0x80
	}
	return 0
}

// argmaxFloat finds the strongest of classes scores for each cell of dst.
func argmaxFloat(scores []float32, classes int, dst []uint8) {
	if len(dst) == 0 {
		return
	}
	_ = scores[len(dst)*classes-1]
	C.rtv_argmax_float((*C.float)(unsafe.SliceData(scores)), C.int32_t(len(dst)), C.int32_t(classes), (*C.uint8_t)(unsafe.SliceData(dst)))
}

func argmaxByte(scores []uint8, flip uint8, classes int, dst []uint8) {
	if len(dst) == 0 {
		return
	}
	_ = scores[len(dst)*classes-1]
	C.rtv_argmax_byte((*C.uint8_t)(unsafe.SliceData(scores)), C.uint8_t(flip), C.int32_t(len(dst)), C.int32_t(classes), (*C.uint8_t)(unsafe.SliceData(dst)))
}
