//go:build cgo && !purego

package frame

/*
#cgo LDFLAGS: -lyuv
#cgo noescape camera_scale_rgba
#cgo nocallback camera_scale_rgba
#include <libyuv.h>

enum { RGB24_S = 1, BGR24_S, GREY_S, YUYV_S, UYVY_S, NV12_S, I420_S, I422_S, I444_S };

// Chroma is swapped and the constants are mirrored as in camera_to_rgba.
static void camera_scale_rgba(int format, int full, const uint8_t *a, const uint8_t *b, const uint8_t *c,
		int as, int bs, int cs, int sw, int sh, uint8_t *buf, uint8_t *dst, int ds, int w, int h) {
	const struct YuvConstants *yvu = full ? &kYvuJPEGConstants : &kYvuI601Constants;
	int half = (w + 1) / 2, shalf = (sw + 1) / 2, shalfTall = (sh + 1) / 2;
	uint8_t *y = buf, *u = y + w * h, *v = u + w * h, *rest = v + w * h;
	switch (format) {
	case RGB24_S: case BGR24_S:
		if (format == RGB24_S) RGB24ToARGB(a, as, buf, 4 * sw, sw, sh); else RAWToARGB(a, as, buf, 4 * sw, sw, sh);
		ARGBScale(buf, 4 * sw, sw, sh, dst, ds, w, h, kFilterBilinear);
		break;
	case GREY_S:
		ScalePlane(a, as, sw, sh, y, w, w, h, kFilterBilinear);
		I400ToARGBMatrix(y, w, dst, ds, yvu, w, h);
		break;
	case YUYV_S: case UYVY_S: {
		uint8_t *sy = rest, *su = sy + sw * sh, *sv = su + shalf * sh;
		if (format == YUYV_S) YUY2ToI422(a, as, sy, sw, su, shalf, sv, shalf, sw, sh);
		else UYVYToI422(a, as, sy, sw, su, shalf, sv, shalf, sw, sh);
		I422Scale(sy, sw, su, shalf, sv, shalf, sw, sh, y, w, u, half, v, half, w, h, kFilterBilinear);
		I422ToARGBMatrix(y, w, v, half, u, half, dst, ds, yvu, w, h);
		break;
	}
	case NV12_S: // NV12Scale is coarser
		SplitUVPlane(b, bs, rest, shalf, rest + shalf * shalfTall, shalf, shalf, shalfTall);
		b = rest, c = rest + shalf * shalfTall, bs = cs = shalf;
		// fall through
	case I420_S:
		I420Scale(a, as, b, bs, c, cs, sw, sh, y, w, u, half, v, half, w, h, kFilterBilinear);
		I420ToARGBMatrix(y, w, v, half, u, half, dst, ds, yvu, w, h);
		break;
	case I422_S:
		I422Scale(a, as, b, bs, c, cs, sw, sh, y, w, u, half, v, half, w, h, kFilterBilinear);
		I422ToARGBMatrix(y, w, v, half, u, half, dst, ds, yvu, w, h);
		break;
	case I444_S:
		I444Scale(a, as, b, bs, c, cs, sw, sh, y, w, u, w, v, w, w, h, kFilterBilinear);
		I444ToARGBMatrix(y, w, v, w, u, w, dst, ds, yvu, w, h);
		break;
	}
}
*/
import "C"

import "image"

func (s *Scaler) scaleRGBA(dst *image.RGBA, f *Frame, w, h int) {
	full := C.int(0)
	if f.Range == RangeFull {
		full = 1
	}
	// Three scaled planes of at most w+1 columns, and a whole source as planes or as RGBA.
	buf := s.room(3*(w+1)*(h+1) + 4*(f.Width+1)*f.Height)
	C.camera_scale_rgba(libyuvFormats[f.Format], full,
		yuvPtr(f.Planes[0]), yuvPtr(f.Planes[1]), yuvPtr(f.Planes[2]),
		C.int(f.Stride[0]), C.int(f.Stride[1]), C.int(f.Stride[2]), C.int(f.Width), C.int(f.Height),
		yuvPtr(buf), yuvPtr(dst.Pix), C.int(dst.Stride), C.int(w), C.int(h))
}
