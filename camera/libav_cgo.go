//go:build cgo && !purego

package camera

/*
#cgo LDFLAGS: -ldl
#cgo noescape rtv_video_read
#cgo nocallback rtv_video_read
#cgo nocallback rtv_picture_clear
#include <stdlib.h>
#include "libav.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
	"unsafe"

	"reterminal-vision/camera/frame"
)

// libavPass plays a file once with FFmpeg's libraries, in this process: frames
// hold the decoder's own pictures, so nothing is copied.
type libavPass struct {
	video *C.rtv_video
	first *frame.Frame // decoded to see whether frames can hold the file's pictures
	pool  *pictures
}

// errNotDirect tells that a file has to go through the ffmpeg program.
var errNotDirect = errors.New("its pictures need converting")

// openLibav opens a file whose pictures frames can hold as they are; they are
// kept in pool. Any error means that the ffmpeg program should try.
func openLibav(path string, pool *pictures) (*libavPass, videoInfo, error) {
	name := C.CString(fileURL(path))
	defer C.free(unsafe.Pointer(name))
	var info C.rtv_video_info
	p := &libavPass{pool: pool}
	if rc := C.rtv_video_open(name, &p.video, &info); rc != 0 {
		return nil, videoInfo{}, fmt.Errorf("FFmpeg's libraries: error %d", int(rc))
	}
	v := videoInfo{frames: int(info.frames)}
	v.fps, v.steady = chooseRate(fraction(info.rate), fraction(info.average))
	err := errNotDirect
	if v.steady && info.turned == 0 {
		p.first, err = p.decode()
	}
	if err != nil {
		p.close()
		return nil, videoInfo{}, err
	}
	v.width, v.height, v.format, v.rng = p.first.Width, p.first.Height, p.first.Format, p.first.Range
	return p, v, nil
}

// read returns the next picture, io.EOF after the last.
func (p *libavPass) read(ctx context.Context) (f *frame.Frame, err error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if f, p.first = p.first, nil; f != nil {
		return f, nil
	}
	return p.decode()
}

func (p *libavPass) decode() (*frame.Frame, error) {
	f := p.pool.get()
	var out C.rtv_video_picture
	switch rc := C.rtv_video_read(p.video, f.Picture(), &out); {
	case rc == C.RTV_VIDEO_END:
		f.Release()
		return nil, io.EOF
	case rc != 0:
		f.Release()
		return nil, fmt.Errorf("decoding it: error %d", int(rc))
	}
	f.Width, f.Height, f.Format, f.Range = int(out.width), int(out.height), chromas[out.layout.chroma], frame.RangeLimited
	if out.layout.full_range != 0 {
		f.Range = frame.RangeFull
	}
	for i := range f.Planes {
		f.Planes[i], f.Stride[i] = nil, int(out.stride[i])
		row, rows := f.Format.PlaneSize(i, f.Width, f.Height)
		if n := f.Stride[i]*(rows-1) + row; rows > 0 && f.Stride[i] >= row {
			f.Planes[i] = unsafe.Slice((*byte)(out.plane[i]), n)
		}
	}
	if err := f.Validate(); err != nil {
		f.Release()
		return nil, errNotDirect
	}
	return f, nil
}

// chromas are the formats of three planes by their number in C.
var chromas = [...]frame.Format{C.RTV_OTHER: frame.FormatNone, C.RTV_420: frame.I420, C.RTV_422: frame.I422, C.RTV_444: frame.I444}

// close ends decoding; pictures that are still held stay valid.
func (p *libavPass) close() {
	if p.first != nil {
		p.first.Release()
	}
	C.rtv_video_close(p.video)
}

func fraction(f [2]C.int) float64 { return sensible(float64(f[0]), float64(f[1])) }

// pictures keeps frames that hold a decoder's pictures for use again.
type pictures struct {
	mu     sync.Mutex
	free   []*frame.Frame
	closed bool
}

// get returns a frame with one holder and room for a picture.
func (p *pictures) get() *frame.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	var f *frame.Frame
	if n := len(p.free); n > 0 {
		f, p.free = p.free[n-1], p.free[:n-1]
	} else {
		f = frame.NewOwned(p, C.rtv_picture_new())
	}
	f.Hold()
	f.Sequence, f.Timestamp, f.Captured = 0, 0, time.Time{}
	return f
}

func (p *pictures) Put(f *frame.Frame) {
	C.rtv_picture_clear(f.Picture())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		C.rtv_picture_free(f.Picture())
		return
	}
	p.free = append(p.free, f)
}

// close frees what nobody holds; the rest is freed when it comes back.
func (p *pictures) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, f := range p.free {
		C.rtv_picture_free(f.Picture())
	}
	p.free = nil
}
