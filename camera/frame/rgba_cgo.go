//go:build cgo && !purego

package frame

/*
#cgo LDFLAGS: -lyuv
#cgo noescape camera_to_rgba
#cgo nocallback camera_to_rgba
#include <libyuv.h>

enum { RGB24_F = 1, BGR24_F, GREY_F, YUYV_F, UYVY_F, NV12_F, I420_F, I422_F, I444_F };

// libyuv names byte orders from the high byte: its ABGR is our R G B A. It has
// no packed 4:2:2 to ABGR, so such rows pass through planes that stay in cache.
static void camera_packed422(int uyvy, const struct YuvConstants *yvu, const uint8_t *src, int stride,
		uint8_t *dst, int dst_stride, int width, int height) {
	uint8_t y[16384], u[8192], v[8192];
	for (int row = 0; row < height; row++, src += stride, dst += dst_stride) {
		if (uyvy)
			UYVYToI422(src, stride, y, width, u, (width + 1) / 2, v, (width + 1) / 2, width, 1);
		else
			YUY2ToI422(src, stride, y, width, u, (width + 1) / 2, v, (width + 1) / 2, width, 1);
		I422ToARGBMatrix(y, width, v, (width + 1) / 2, u, (width + 1) / 2, dst, dst_stride, yvu, width, 1);
	}
}

// Swapped chroma planes with mirrored constants turn ...ToARGB into ...ToABGR.
static void camera_to_rgba(int format, int full, const uint8_t *a, const uint8_t *b, const uint8_t *c,
		int as, int bs, int cs, uint8_t *dst, int ds, int w, int h) {
	const struct YuvConstants *yvu = full ? &kYvuJPEGConstants : &kYvuI601Constants;
	switch (format) {
	case RGB24_F: RGB24ToARGB(a, as, dst, ds, w, h); break;
	case BGR24_F: RAWToARGB(a, as, dst, ds, w, h); break;
	case GREY_F:  I400ToARGBMatrix(a, as, dst, ds, yvu, w, h); break;
	case YUYV_F:  camera_packed422(0, yvu, a, as, dst, ds, w, h); break;
	case UYVY_F:  camera_packed422(1, yvu, a, as, dst, ds, w, h); break;
	case NV12_F:  NV21ToARGBMatrix(a, as, b, bs, dst, ds, yvu, w, h); break;
	case I420_F:  I420ToARGBMatrix(a, as, c, cs, b, bs, dst, ds, yvu, w, h); break;
	case I422_F:  I422ToARGBMatrix(a, as, c, cs, b, bs, dst, ds, yvu, w, h); break;
	case I444_F:  I444ToARGBMatrix(a, as, c, cs, b, bs, dst, ds, yvu, w, h); break;
	}
}
*/
import "C"

import (
	"image"
	"unsafe"
)

// libyuvFormats are the C side's numbers.
var libyuvFormats = [...]C.int{
	RGB24: C.RGB24_F, BGR24: C.BGR24_F, Grey: C.GREY_F, YUYV: C.YUYV_F, UYVY: C.UYVY_F,
	NV12: C.NV12_F, I420: C.I420_F, I422: C.I422_F, I444: C.I444_F,
}

func convertRGBA(dst *image.RGBA, f *Frame) {
	full := C.int(0)
	if f.Range == RangeFull {
		full = 1
	}
	C.camera_to_rgba(libyuvFormats[f.Format], full,
		yuvPtr(f.Planes[0]), yuvPtr(f.Planes[1]), yuvPtr(f.Planes[2]),
		C.int(f.Stride[0]), C.int(f.Stride[1]), C.int(f.Stride[2]),
		yuvPtr(dst.Pix), C.int(dst.Stride), C.int(f.Width), C.int(f.Height))
}

func yuvPtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }
