//go:build cgo && !purego

package frame

/*
#include <libyuv.h>
#include <stddef.h>

// A mirrored turn is a turn of the picture upside down: negative heights turn
// libyuv's sources over, and the angle makes up for it.
static void camera_turn_plane(const uint8_t *src, int stride, uint8_t *dst, int dst_stride, int w, int h,
		int degrees, int mirror) {
	if (!mirror) {
		RotatePlane(src, stride, dst, dst_stride, w, h, (enum RotationMode)degrees);
		return;
	}
	// Upside down and half a circle make left to right; a picture on its side is mirrored by the first alone.
	RotatePlane(src, stride, dst, dst_stride, w, -h, (enum RotationMode)(degrees % 180 ? degrees : (degrees + 180) % 360));
}

// camera_mean_rows makes one row of each two; libyuv's own stretches the rows of odd heights.
static void camera_mean_rows(const uint8_t *src, int stride, uint8_t *dst, int w, int h) {
	for (int y = 0; y < h; y += 2, dst += w) {
		const uint8_t *a = src + (ptrdiff_t)y * stride, *b = y + 1 < h ? a + stride : a;
		for (int x = 0; x < w; x++) dst[x] = (uint8_t)((a[x] + b[x] + 1) / 2);
	}
}

// camera_halve takes packed or planar 4:2:2 to I420; the strides are tight.
static int camera_halve(int format, const uint8_t *a, const uint8_t *b, const uint8_t *c, int as, int bs, int cs,
		uint8_t *y, uint8_t *u, uint8_t *v, int w, int h) {
	int half = (w + 1) / 2;
	switch (format) {
	case 0: return YUY2ToI420(a, as, y, w, u, half, v, half, w, h);
	case 1: return UYVYToI420(a, as, y, w, u, half, v, half, w, h);
	case 2: return NV12ToI420(a, as, b, bs, y, w, u, half, v, half, w, h);
	default: CopyPlane(a, as, y, w, w, h); camera_mean_rows(b, bs, u, half, h); camera_mean_rows(c, cs, v, half, h); return 0;
	}
}
*/
import "C"

import "sync"

// upright are I420 frames on the way to being turned.
var upright sync.Pool

func turnPlanes(dst, src *Frame, t Turn) {
	switch src.Format {
	case RGB24, BGR24:
		turnReference(dst, src, t)
		return
	case YUYV, UYVY, NV12, I422:
		half, _ := upright.Get().(*Frame)
		if half == nil {
			half = &Frame{}
		}
		defer upright.Put(half)
		if half.Width != src.Width || half.Height != src.Height {
			half.layout(I420, src.Width, src.Height)
		}
		kind := map[Format]C.int{YUYV: 0, UYVY: 1, NV12: 2, I422: 3}[src.Format]
		C.camera_halve(kind, yuvPtr(src.Planes[0]), yuvPtr(src.Planes[1]), yuvPtr(src.Planes[2]),
			C.int(src.Stride[0]), C.int(src.Stride[1]), C.int(src.Stride[2]),
			yuvPtr(half.Planes[0]), yuvPtr(half.Planes[1]), yuvPtr(half.Planes[2]), C.int(src.Width), C.int(src.Height))
		src = half
	}
	mirror := C.int(0)
	if t.Mirror {
		mirror = 1
	}
	for p := range src.Planes {
		w, h := src.Format.PlaneSize(p, src.Width, src.Height)
		if h > 0 {
			C.camera_turn_plane(yuvPtr(src.Planes[p]), C.int(src.Stride[p]), yuvPtr(dst.Planes[p]), C.int(dst.Stride[p]),
				C.int(w), C.int(h), C.int(t.Degrees), mirror)
		}
	}
}
