package camera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"

	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
)

const (
	waitSeconds   = 1 // how long Close may have to wait for a silent camera
	stallAfter    = 4 * time.Second
	retryInterval = 10 * time.Millisecond
)

// captureDevice is the part of a streaming V4L2 device that the frame loop
// uses; *bufferStream is one.
type captureDevice interface {
	// WaitForFrame returns *webcam.Timeout after so many seconds without one.
	WaitForFrame(seconds uint32) error
	// take returns a filled buffer, which stays the caller's until ReleaseFrame
	// gives its index back.
	take() (filled, error)
	ReleaseFrame(index uint32) error
	Close() error
}

// v4l2Source is the Source of a camera.
type v4l2Source struct {
	*feed
	info    Info
	capture *capture
}

// Info implements Source.
func (s *v4l2Source) Info() Info { return s.info }

// Counts implements Counter.
func (s *v4l2Source) Counts() Counts {
	c := s.capture
	return Counts{Taken: c.taken.Load(), Damaged: c.damaged.Load(), Lost: c.lost.Load()}
}

// capture takes the frames of one device until it fails.
type capture struct {
	device  captureDevice
	name    string
	mode    captureMode
	present func() bool // whether the device node is still there
	stall   time.Duration
	decoder *frame.Decoder
	pool    frame.Pool

	sequence uint64    // of the next picture
	last     uint32    // the driver's count of the last one
	start    time.Time // of the first frame
	good     time.Time // when the last whole picture came, or the start

	taken, damaged, lost atomic.Uint64
}

// newV4L2Source starts the frame loop; it closes device and decoder at its end.
func newV4L2Source(info Info, c *capture) Source {
	// One frame waits: a reader that is late gets the newest.
	return &v4l2Source{feed: startFeed(info.Name, 1, c.run), info: info, capture: c}
}

func (c *capture) run(ctx context.Context, out *feed) error {
	defer c.decoder.Close()
	defer c.device.Close()
	growStack(0)
	c.good = time.Now()
	for ctx.Err() == nil {
		f, err := c.next()
		switch {
		case err == nil:
			out.publish(f)
		case !c.passing(err):
			return c.failure(err)
		case time.Since(c.good) > c.stall:
			return fault.Errorf("camera %s: %w for %v: unplug it, plug it in again", c.name, ErrStalled, c.stall)
		}
	}
	return ctx.Err()
}

// next waits for one buffer and makes a frame of it.
func (c *capture) next() (*frame.Frame, error) {
	if err := c.device.WaitForFrame(waitSeconds); err != nil {
		return nil, err
	}
	b, err := c.device.take()
	if err != nil {
		return nil, err
	}
	c.count(b.sequence)
	f, err := c.frame(b)
	released := c.device.ReleaseFrame(b.index)
	sequence := c.sequence
	c.sequence++
	if err != nil {
		return nil, err
	}
	if released != nil {
		f.Release()
		return nil, released
	}
	if c.start.IsZero() {
		c.start = b.taken
	}
	c.good = time.Now()
	c.taken.Add(1)
	f.Sequence, f.Captured, f.Timestamp = sequence, b.taken, b.taken.Sub(c.start)
	return f, nil
}

// count leaves room in the sequence for pictures that the driver dropped. A
// driver that does not count has the same number, or nought, each time.
func (c *capture) count(sequence uint32) {
	if missed := sequence - c.last; c.sequence > 0 && missed > 1 && missed < 1<<16 {
		c.lost.Add(uint64(missed - 1))
		c.sequence += uint64(missed - 1)
	}
	c.last = sequence
}

// frame decodes or copies what the device left in a buffer.
func (c *capture) frame(b filled) (*frame.Frame, error) {
	data := b.data
	if b.damaged {
		return nil, fmt.Errorf("%w: the driver marks it so", frame.ErrCorrupt)
	}
	if c.mode.compressed() {
		f, err := c.decoder.DecodeYUV(data, &c.pool)
		if err != nil && !errors.Is(err, frame.ErrCorrupt) { // a size beyond reason
			err = fmt.Errorf("%w: %w", frame.ErrCorrupt, err)
		}
		return f, err
	}
	if need := c.mode.bytes(); len(data) < need {
		return nil, fmt.Errorf("%w: %d bytes of %d", frame.ErrCorrupt, len(data), need)
	}
	f := c.pool.Get(c.mode.format, c.mode.width, c.mode.height)
	f.Range = c.mode.rng
	for p := range f.Planes {
		stride, rows := c.mode.plane(p)
		if rows > 0 {
			f.CopyRows(p, data, stride)
			data = data[min(stride*rows, len(data)):]
		}
	}
	return f, nil
}

// passing tells errors after which the next buffer may be fine, and sees to
// it that they do not come at full speed.
func (c *capture) passing(err error) bool {
	var timeout *webcam.Timeout
	switch {
	case errors.Is(err, frame.ErrCorrupt):
		if c.damaged.Add(1) == 1 {
			slog.Warn("picture skipped", "camera", c.name, "error", err)
		}
	case errors.As(err, &timeout):
		return c.present()
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		time.Sleep(retryInterval)
	case errors.Is(err, unix.EIO): // the driver lost a buffer
		c.damaged.Add(1)
		time.Sleep(retryInterval)
		return c.present()
	default:
		return false
	}
	return true
}

func (c *capture) failure(err error) error {
	if !c.present() || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) {
		return fault.Errorf("camera %s: %w: plug it in again or choose another source", c.name, ErrGone)
	}
	if errors.Is(err, ErrChanged) {
		return fault.Errorf("camera %s: %w: it is opened again", c.name, err)
	}
	return fault.Errorf("camera %s: taking a picture: %w: unplug it, plug it in again", c.name, err)
}

// growStack makes room on the goroutine's stack. The webcam package hands the
// kernel addresses of its stack as plain integers, which would go stale if the
// stack grew, and so moved, in between.
//
//go:noinline
func growStack(i int) byte {
	var room [16 << 10]byte
	return room[i]
}
