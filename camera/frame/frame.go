// Package frame has pictures as cameras and decoders give them: reference-counted
// frames of a pool, and what turns, scales, decodes and shows them.
//
// In: planes of bytes with their format, JPEG data. Out: *Frame, and RGBA for
// screens. It imports camera/fault; camera and all that works on pictures may
// import it.
package frame

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Format is the layout of a frame's planes in memory.
type Format uint8

// Layouts of raw frames. Chroma planes of odd-sized frames round up.
const (
	FormatNone Format = iota
	RGB24             // one plane, R G B bytes
	BGR24             // one plane, B G R bytes
	Grey              // one plane, Y bytes
	YUYV              // one plane, 4:2:2 packed Y0 U Y1 V
	UYVY              // one plane, 4:2:2 packed U Y0 V Y1
	NV12              // Y plane, then one interleaved U V plane at half width and height
	I420              // Y, U, V planes, chroma at half width and height
	I422              // Y, U, V planes, chroma at half width
	I444              // Y, U, V planes at full size
)

var formatNames = [...]string{"none", "RGB24", "BGR24", "GREY", "YUYV", "UYVY", "NV12", "I420", "I422", "I444"}

func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return fmt.Sprintf("format(%d)", uint8(f))
}

// PlaneSize gives the bytes in a row and the number of rows of plane p of a
// w x h frame; 0, 0 when the format has no such plane.
func (f Format) PlaneSize(p, w, h int) (rowBytes, rows int) {
	hw, hh := (w+1)/2, (h+1)/2
	switch f {
	case RGB24, BGR24:
		if p == 0 {
			return 3 * w, h
		}
	case Grey:
		if p == 0 {
			return w, h
		}
	case YUYV, UYVY:
		if p == 0 {
			return 4 * hw, h
		}
	case NV12:
		switch p {
		case 0:
			return w, h
		case 1:
			return 2 * hw, hh
		}
	case I420:
		switch p {
		case 0:
			return w, h
		case 1, 2:
			return hw, hh
		}
	case I422:
		switch p {
		case 0:
			return w, h
		case 1, 2:
			return hw, h
		}
	case I444:
		if p < 3 {
			return w, h
		}
	}
	return 0, 0
}

// Range says how luma and chroma use the byte.
type Range uint8

// RangeLimited is BT.601 studio range (Y 16..235); RangeFull is JPEG range (Y 0..255).
const (
	RangeLimited Range = iota
	RangeFull
)

// Frame is one picture. Its planes must not be written by consumers; they
// stay valid until the last holder calls Release.
type Frame struct {
	Width, Height int
	Format        Format
	Range         Range // meaningful for YUV formats only
	Planes        [3][]byte
	Stride        [3]int // bytes from one row to the next

	Sequence  uint64        // counts up by one a frame, from 0 at open; gaps are frames the device lost
	Timestamp time.Duration // position on the source's own clock
	Captured  time.Time     // when it was complete in memory, with monotonic clock

	refs    atomic.Int32
	owner   Owner // nil for a frame that nobody takes back
	buf     []byte
	picture unsafe.Pointer // of a decoder that owns the planes
}

// Owner takes frames back that nobody holds.
type Owner interface{ Put(*Frame) }

// NewOwned makes a frame for a picture whose planes a decoder owns, to be filled
// in and held.
func NewOwned(owner Owner, picture unsafe.Pointer) *Frame {
	return &Frame{owner: owner, picture: picture}
}

// Picture is the decoder's picture of a frame that NewOwned made.
func (f *Frame) Picture() unsafe.Pointer { return f.picture }

// Hold gives a frame that its owner hands out its first holder.
func (f *Frame) Hold() { f.refs.Store(1) }

// Retain adds a holder.
func (f *Frame) Retain() *Frame {
	f.refs.Add(1)
	return f
}

// Release drops a holder; the last one returns the frame to its pool.
func (f *Frame) Release() {
	switch n := f.refs.Add(-1); {
	case n == 0:
		if f.owner != nil {
			f.owner.Put(f)
		}
	case n < 0:
		panic("frame released more often than retained")
	}
}

// Validate reports a frame whose planes are too small for its size, which a
// native converter would read past.
func (f *Frame) Validate() error {
	if f.Width <= 0 || f.Height <= 0 || f.Width > MaxSide || f.Height > MaxSide {
		return fmt.Errorf("frame of %dx%d is outside 1..%d", f.Width, f.Height, MaxSide)
	}
	known := false
	for p := range f.Planes {
		row, rows := f.Format.PlaneSize(p, f.Width, f.Height)
		if rows == 0 {
			continue
		}
		known = true
		if need := f.Stride[p]*(rows-1) + row; f.Stride[p] < row || len(f.Planes[p]) < need {
			return fmt.Errorf("%v frame of %dx%d: plane %d has %d bytes at stride %d, needs %d",
				f.Format, f.Width, f.Height, p, len(f.Planes[p]), f.Stride[p], need)
		}
	}
	if !known {
		return fmt.Errorf("frame has no pixel format")
	}
	return nil
}

// MaxSide bounds a frame's width and height.
const MaxSide = 16384

// Pool hands out frames of one source and takes them back, so that a stream
// allocates only until every consumer holds as many frames as it ever will.
type Pool struct {
	mu   sync.Mutex
	free []*Frame
	made int
}

// Get returns a frame with one holder, its planes laid out tightly for the
// format and size, contents undefined.
func (p *Pool) Get(format Format, w, h int) *Frame {
	p.mu.Lock()
	var f *Frame
	if n := len(p.free); n > 0 {
		f = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		f = &Frame{owner: p}
		p.made++
	}
	p.mu.Unlock()
	f.Hold()
	if f.Format != format || f.Width != w || f.Height != h {
		f.layout(format, w, h)
	}
	f.Range, f.Sequence, f.Timestamp, f.Captured = RangeLimited, 0, 0, time.Time{}
	return f
}

// Made reports how many frames the pool ever allocated.
func (p *Pool) Made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made
}

// Idle reports how many of them nobody holds.
func (p *Pool) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.free)
}

// Put implements Owner.
func (p *Pool) Put(f *Frame) {
	p.mu.Lock()
	p.free = append(p.free, f)
	p.mu.Unlock()
}

// layout points the planes into the frame's own buffer, grown when needed.
func (f *Frame) layout(format Format, w, h int) {
	total := 0
	var off [3]int
	for i := range f.Planes {
		row, rows := format.PlaneSize(i, w, h)
		off[i] = total
		total += (row*rows + 63) &^ 63
		f.Stride[i] = row
	}
	if cap(f.buf) < total {
		f.buf = make([]byte, total)
	}
	f.buf = f.buf[:total]
	for i := range f.Planes {
		row, rows := format.PlaneSize(i, w, h)
		f.Planes[i] = nil
		if rows > 0 {
			f.Planes[i] = f.buf[off[i] : off[i]+row*rows : off[i]+row*rows]
		}
	}
	f.Format, f.Width, f.Height = format, w, h
}
