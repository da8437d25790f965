//go:build cgo && !purego

package frame

/*
#cgo pkg-config: libturbojpeg
#cgo noescape camera_jpeg_header
#cgo nocallback camera_jpeg_header
#cgo noescape camera_jpeg_yuv
#cgo nocallback camera_jpeg_yuv
#cgo noescape camera_jpeg_rgb
#cgo nocallback camera_jpeg_rgb
#include <string.h>
#include <turbojpeg.h>

typedef struct { int width, height, subsampling, colorspace; } camera_jpeg_info;

// Stray bytes between segments are the one warning that costs no pixel; many
// webcams send them with every picture.
static int camera_jpeg_result(tjhandle h, int rc) {
	return rc != 0 && !(tjGetErrorCode(h) == TJERR_WARNING && strstr(tjGetErrorStr2(h), "extraneous bytes"));
}

static int camera_jpeg_header(tjhandle h, const unsigned char *data, unsigned long size, camera_jpeg_info *info) {
	return tjDecompressHeader3(h, data, size, &info->width, &info->height, &info->subsampling, &info->colorspace);
}

static int camera_jpeg_yuv(tjhandle h, const unsigned char *data, unsigned long size, int width, int height,
		unsigned char *y, unsigned char *u, unsigned char *v, int ys, int us, int vs) {
	unsigned char *planes[3] = {y, u, v};
	int strides[3] = {ys, us, vs};
	return camera_jpeg_result(h, tjDecompressToYUVPlanes(h, data, size, planes, width, strides, height, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS));
}

static int camera_jpeg_rgb(tjhandle h, const unsigned char *data, unsigned long size, int width, int height,
		unsigned char *rgb, int stride) {
	return camera_jpeg_result(h, tjDecompress2(h, data, size, rgb, width, stride, height, TJPF_RGB, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS));
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"reterminal-vision/camera/fault"
)

// Decoder turns JPEG pictures into frames with libjpeg-turbo, the accurate
// transform and smooth chroma upsampling. It serves one goroutine at a time.
type Decoder struct {
	handle C.tjhandle
	info   C.camera_jpeg_info
}

// NewDecoder returns a decoder, which the caller must Close.
func NewDecoder() (*Decoder, error) {
	h := C.tjInitDecompress()
	if h == nil {
		return nil, fault.Errorf("no memory for a JPEG decoder")
	}
	return &Decoder{handle: h}, nil
}

// Close frees the decoder.
func (d *Decoder) Close() {
	if d.handle != nil {
		C.tjDestroy(d.handle)
		d.handle = nil
	}
}

// DecodeYUV decodes data to the planes it was stored as: an I420, I422, I444
// or Grey frame of RangeFull from pool. Pictures stored otherwise come as
// RGB24. Damaged or truncated data is an error.
func (d *Decoder) DecodeYUV(data []byte, pool *Pool) (*Frame, error) {
	if err := d.header(data); err != nil {
		return nil, err
	}
	format := d.planarFormat()
	if format == FormatNone {
		return d.decodeRGB(data, pool)
	}
	w, h := int(d.info.width), int(d.info.height)
	// The library writes whole chroma cells: odd sizes get a spare column and row.
	f := pool.Get(format, w+w&1, h+h&1)
	f.Width, f.Height, f.Range = w, h, RangeFull
	rc := C.camera_jpeg_yuv(d.handle, bytePtr(data), C.ulong(len(data)), d.info.width, d.info.height,
		bytePtr(f.Planes[0]), bytePtr(f.Planes[1]), bytePtr(f.Planes[2]),
		C.int(f.Stride[0]), C.int(f.Stride[1]), C.int(f.Stride[2]))
	return d.finish(f, rc)
}

// DecodeRGB decodes data to an RGB24 frame from pool. Damaged or truncated
// data is an error.
func (d *Decoder) DecodeRGB(data []byte, pool *Pool) (*Frame, error) {
	if err := d.header(data); err != nil {
		return nil, err
	}
	return d.decodeRGB(data, pool)
}

func (d *Decoder) decodeRGB(data []byte, pool *Pool) (*Frame, error) {
	if d.info.colorspace == C.TJCS_CMYK || d.info.colorspace == C.TJCS_YCCK {
		return nil, ErrUnsupportedJPEG
	}
	f := pool.Get(RGB24, int(d.info.width), int(d.info.height))
	rc := C.camera_jpeg_rgb(d.handle, bytePtr(data), C.ulong(len(data)), d.info.width, d.info.height,
		bytePtr(f.Planes[0]), C.int(f.Stride[0]))
	return d.finish(f, rc)
}

func (d *Decoder) header(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: no data", ErrCorrupt)
	}
	if C.camera_jpeg_header(d.handle, bytePtr(data), C.ulong(len(data)), &d.info) != 0 {
		return d.failure()
	}
	return CheckSize(int(d.info.width), int(d.info.height))
}

func (d *Decoder) planarFormat() Format {
	if d.info.colorspace == C.TJCS_GRAY {
		return Grey
	}
	if d.info.colorspace == C.TJCS_YCbCr {
		switch d.info.subsampling {
		case C.TJSAMP_420:
			return I420
		case C.TJSAMP_422:
			return I422
		case C.TJSAMP_444:
			return I444
		}
	}
	return FormatNone
}

func (d *Decoder) finish(f *Frame, rc C.int) (*Frame, error) {
	if rc != 0 {
		f.Release()
		return nil, d.failure()
	}
	return f, nil
}

// failure tells what was wrong and starts over: a handle that met an error in
// a header is stuck in it and would refuse every later picture.
func (d *Decoder) failure() error {
	err := fmt.Errorf("%w: %s", ErrCorrupt, C.GoString(C.tjGetErrorStr2(d.handle)))
	C.tjDestroy(d.handle)
	d.handle = C.tjInitDecompress()
	return err
}

func bytePtr(b []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(unsafe.SliceData(b))) }
