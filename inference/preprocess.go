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
	"runtime"
	"unsafe"

	"reterminal-vision/camera/frame"
)

// Resize says how a picture of one shape fills an input of another.
type Resize uint8

// Stretch ignores the aspect ratio; Letterbox keeps it and pads
// all round with mid-grey.
const (
	Stretch Resize = iota
	Letterbox
)

// Normalization is what a network expects of RGB bytes: (x - Mean) / Std per
// channel. Quantized inputs apply the tensor's scale and zero point after it.
type Normalization struct{ Mean, Std [3]float32 }

// Uniform is the normalization with one mean and deviation for all channels.
func Uniform(mean, std float32) Normalization {
	return Normalization{Mean: [3]float32{mean, mean, mean}, Std: [3]float32{std, std, std}}
}

// Preprocessor turns frames, or parts of them, into one NHWC RGB input tensor
// in a single pass over the frame's own planes: bilinear resize with
// half-pixel centres, BT.601 colour conversion, normalization, quantization.
// It serves one goroutine. Close frees its native memory.
type Preprocessor struct {
	Width, Height int
	resize        Resize
	dtype         DType
	plan          *C.rtv_plan
	key           planKey
	mapping       Mapping
	pad           uint8
	padFloat      [3]float32
	padded        bool
	offX, offY    int
}

// planKey is all that the geometry tables depend on.
type planKey struct {
	format frame.Format
	rng    frame.Range
	w, h   int
	stride [3]int
	crop   Box
}

// NewPreprocessor prepares for the input t of shape [1, height, width, 3].
func NewPreprocessor(t *Tensor, norm Normalization, resize Resize) (*Preprocessor, error) {
	w, h, err := pictureSize(t)
	if err != nil {
		return nil, err
	}
	plan := (*C.rtv_plan)(C.calloc(1, C.sizeof_rtv_plan))
	if plan == nil {
		return nil, errors.New("inference: out of memory for preprocessing")
	}
	p := &Preprocessor{Width: w, Height: h, resize: resize, dtype: t.DType, plan: plan}
	for i := range plan.channel {
		for j := range plan.channel[i].row {
			plan.channel[i].row[j] = (*C.int16_t)(C.malloc(C.size_t(2 * (w + C.RTV_GROUP))))
		}
	}
	plan.dst_stride = C.size_t(3 * w * t.DType.Size())
	if err := openOutput(&plan.out, t, norm); err != nil {
		p.Close()
		return nil, err
	}
	p.setPadding()
	return p, nil
}

// Close frees the native tables; it may be called more than once.
func (p *Preprocessor) Close() {
	if p.plan == nil {
		return
	}
	closeOutput(&p.plan.out)
	for _, c := range p.plan.channel {
		C.free(unsafe.Pointer(c.row[0]))
		C.free(unsafe.Pointer(c.row[1]))
	}
	C.free(unsafe.Pointer(p.plan))
	p.plan = nil
}

// Size is the bytes of the tensor that Run fills.
func (p *Preprocessor) Size() int { return 3 * p.Width * p.Height * p.dtype.Size() }

// Run fills dst, the tensor's bytes, from the part crop of the frame; an
// empty crop means all of it. A crop may reach past the frame's edges: the
// picture is mirrored there. The mapping leads back to frame pixels.
func (p *Preprocessor) Run(f *frame.Frame, crop Box, dst []byte) (Mapping, error) {
	if err := f.Validate(); err != nil {
		return Mapping{}, err
	}
	if len(dst) != p.Size() {
		return Mapping{}, fmt.Errorf("inference: input buffer of %d bytes, expected %d", len(dst), p.Size())
	}
	if crop == (Box{}) {
		crop = Box{X1: float32(f.Width), Y1: float32(f.Height)}
	}
	if w, h := crop.Width(), crop.Height(); !(w >= 1 && h >= 1 && w <= 4*frame.MaxSide && h <= 4*frame.MaxSide) {
		return Mapping{}, fmt.Errorf("inference: cannot crop %v from a %dx%d frame", crop, f.Width, f.Height)
	}
	key := planKey{f.Format, f.Range, f.Width, f.Height, f.Stride, crop}
	if key != p.key {
		if err := p.replan(key); err != nil {
			return Mapping{}, err
		}
	}
	if p.padded {
		p.fillPadding(dst)
	}
	var planes [3]*C.uint8_t
	for i := range planes {
		planes[i] = (*C.uint8_t)(unsafe.SliceData(f.Planes[i]))
	}
	start := p.offY*3*p.Width*p.dtype.Size() + p.offX*3*p.dtype.Size()
	C.rtv_resample(p.plan, planes[0], planes[1], planes[2], unsafe.Pointer(&dst[start]))
	runtime.KeepAlive(f)
	return p.mapping, nil
}

// sampling says where a format keeps one sample channel: in which plane, at
// which byte, how far apart, and subsampled by which powers of two.
type sampling struct{ plane, offset, step, shiftX, shiftY int }

// samplings describes each pixel format to the resampler.
var samplings = map[frame.Format]struct {
	colour   C.int32_t
	channels []sampling
}{
	frame.RGB24: {C.RTV_RGB, []sampling{{0, 0, 3, 0, 0}, {0, 1, 3, 0, 0}, {0, 2, 3, 0, 0}}},
	frame.BGR24: {C.RTV_BGR, []sampling{{0, 0, 3, 0, 0}, {0, 1, 3, 0, 0}, {0, 2, 3, 0, 0}}},
	frame.Grey:  {C.RTV_GREY, []sampling{{0, 0, 1, 0, 0}}},
	frame.YUYV:  {C.RTV_YUV, []sampling{{0, 0, 2, 0, 0}, {0, 1, 4, 1, 0}, {0, 3, 4, 1, 0}}},
	frame.UYVY:  {C.RTV_YUV, []sampling{{0, 1, 2, 0, 0}, {0, 0, 4, 1, 0}, {0, 2, 4, 1, 0}}},
	frame.NV12:  {C.RTV_YUV, []sampling{{0, 0, 1, 0, 0}, {1, 0, 2, 1, 1}, {1, 1, 2, 1, 1}}},
	frame.I420:  {C.RTV_YUV, []sampling{{0, 0, 1, 0, 0}, {1, 0, 1, 1, 1}, {2, 0, 1, 1, 1}}},
	frame.I422:  {C.RTV_YUV, []sampling{{0, 0, 1, 0, 0}, {1, 0, 1, 1, 0}, {2, 0, 1, 1, 0}}},
	frame.I444:  {C.RTV_YUV, []sampling{{0, 0, 1, 0, 0}, {1, 0, 1, 0, 0}, {2, 0, 1, 0, 0}}},
}

// replan computes the geometry tables for frames and crops like key.
func (p *Preprocessor) replan(key planKey) error {
	s, ok := samplings[key.format]
	if !ok {
		return fmt.Errorf("inference: no way to read %v frames", key.format)
	}
	p.key = planKey{}
	w, h := p.picture(key.crop)
	plan := p.plan
	plan.out.width, plan.height = C.int32_t(w), C.int32_t(h)
	plan.out.colour, plan.channels = s.colour, C.int32_t(len(s.channels))
	setColour(&plan.out, key.rng)
	for i, c := range s.channels {
		channel := &plan.channel[i]
		channel.plane, channel.stride = C.int32_t(c.plane), C.int32_t(key.stride[c.plane])
		cw, ch := (key.w+1<<c.shiftX-1)>>c.shiftX, (key.h+1<<c.shiftY-1)>>c.shiftY
		axis{key.crop.X0, key.crop.X1, w, cw, c.shiftX, false}.each(func(i, a, b int, wa, wb C.int16_t) {
			channel.x0[i], channel.x1[i] = C.int32_t(a*c.step+c.offset), C.int32_t(b*c.step+c.offset)
			channel.a0[i], channel.a1[i] = wa, wb
		})
		row, _ := key.format.PlaneSize(c.plane, key.w, key.h)
		C.rtv_group_columns(channel, C.int32_t(w), C.int32_t(row))
		axis{key.crop.Y0, key.crop.Y1, h, ch, c.shiftY, true}.each(func(i, a, b int, wa, wb C.int16_t) {
			channel.y0[i], channel.y1[i] = C.int32_t(a), C.int32_t(b)
			channel.b0[i], channel.b1[i] = wa, wb
		})
	}
	p.mapping = Mapping{
		ScaleX: key.crop.Width() * float32(p.Width) / float32(w), OffsetX: key.crop.X0 - float32(p.offX)*key.crop.Width()/float32(w),
		ScaleY: key.crop.Height() * float32(p.Height) / float32(h), OffsetY: key.crop.Y0 - float32(p.offY)*key.crop.Height()/float32(h),
	}
	p.key = key
	return nil
}

// picture is the size that the crop takes inside the input, and sets where.
func (p *Preprocessor) picture(crop Box) (w, h int) {
	w, h = p.Width, p.Height
	if p.resize == Letterbox {
		scale := min(float32(w)/crop.Width(), float32(h)/crop.Height())
		w = min(max(int(math.Round(float64(crop.Width()*scale))), 1), w)
		h = min(max(int(math.Round(float64(crop.Height()*scale))), 1), h)
	}
	p.offX, p.offY = (p.Width-w)/2, (p.Height-h)/2
	p.padded = w != p.Width || h != p.Height
	return w, h
}

// axis maps n output positions onto the span lo..hi (in luma pixels) of a
// channel with size samples, subsampled by 1<<shift.
type axis struct {
	lo, hi  float32
	n, size int
	shift   int
	rows    bool
}

// each gives, per output position, the two samples to blend and their weights
// in 1/2048, rounded in single precision as OpenCV does. Beyond the span's
// outermost samples columns take the outermost one whole, rows blend it with
// itself, which OpenCV rounds differently. Samples outside the picture are
// mirrored without repeating the edge.
func (a axis) each(yield func(i, first, second int, wa, wb C.int16_t)) {
	sub := float64(int(1) << a.shift)
	lo, hi := float64(a.lo)/sub, float64(a.hi)/sub-1
	scale := float64(a.hi-a.lo) / float64(a.n)
	weight := func(v float32) C.int16_t { return C.int16_t(math.RoundToEven(float64(v * 2048))) }
	inside := func(v float64) int { return mirror(int(max(min(v, math.Ceil(hi)), math.Floor(lo))), a.size) }
	for i := range a.n {
		x := float64(float32((float64(a.lo)+(float64(i)+0.5)*scale)/sub - 0.5))
		if !a.rows {
			x = max(min(x, hi), lo)
		}
		first := math.Floor(x)
		frac := float32(x - first)
		yield(i, inside(first), inside(first+1), weight(1-frac), weight(frac))
	}
}

// mirror reflects an index into 0..n-1.
func mirror(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i %= period
	if i < 0 {
		i += period
	}
	if i >= n {
		i = period - i
	}
	return i
}

// setPadding notes what mid-grey is as tensor elements.
func (p *Preprocessor) setPadding() {
	const grey = 128
	out := &p.plan.out
	p.pad = uint8(out.table[grey])
	for c := range 3 {
		p.padFloat[c] = grey*float32(out.gain[c]) + float32(out.bias[c])
	}
}

// fillPadding writes mid-grey everywhere; the picture then covers its part.
func (p *Preprocessor) fillPadding(dst []byte) {
	if p.dtype != Float32 {
		for i := range dst {
			dst[i] = p.pad
		}
		return
	}
	out := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(dst))), len(dst)/4)
	for i := 0; i+2 < len(out); i += 3 {
		out[i], out[i+1], out[i+2] = p.padFloat[0], p.padFloat[1], p.padFloat[2]
	}
}
