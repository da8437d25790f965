package camera

import (
	"errors"
	"unsafe"

	"github.com/blackjack/webcam"
	"github.com/blackjack/webcam/ioctl"
	"golang.org/x/sys/unix"

	"reterminal-vision/camera/fault"
)

// Converters from HDMI take what is connected to them: the size of the pictures
// follows a signal that comes, goes and changes while they are taken.

// Kernel numbers of videodev2.h.
const (
	eventSourceChange  = 5
	sourceChangeWindow = 1 // the change is one of resolution
)

var (
	vidiocDQEvent        = ioctl.IoR('V', 89, unsafe.Sizeof(v4l2Event{}))
	vidiocSubscribeEvent = ioctl.IoW('V', 90, unsafe.Sizeof(v4l2EventSubscription{}))
	vidiocSDVTimings     = ioctl.IoRW('V', 87, unsafe.Sizeof(dvTimings{}))
	vidiocQueryDVTimings = ioctl.IoR('V', 99, unsafe.Sizeof(dvTimings{}))
)

type v4l2EventSubscription struct {
	kind, id, flags uint32
	_               [5]uint32
}

// v4l2Event is struct v4l2_event of a 64-bit kernel; of the union only the
// changes of a source are read.
type v4l2Event struct {
	kind              uint32
	_                 uint32
	changes           uint32
	_                 [60]byte
	pending, sequence uint32
	_                 unix.Timespec
	id                uint32
	_                 [8]uint32
	_                 uint32
}

// dvTimings is struct v4l2_dv_timings, which goes from one call to the other unread.
type dvTimings [132]byte

// errNoSignal is the state of an input with nothing on it.
var errNoSignal = errors.New("there is no signal at its input")

// followSignal sets a converter to the signal at its input. Cameras, which
// know nothing of such signals, are left alone.
func followSignal(path string) error {
	return withDevice(path, func(fd int) error {
		var timings dvTimings
		switch err := deviceIoctl(fd, vidiocQueryDVTimings, unsafe.Pointer(&timings)); err {
		case nil:
			_ = deviceIoctl(fd, vidiocSDVTimings, unsafe.Pointer(&timings)) // refused when they are set already and in use
			return nil
		case unix.ENOLINK, unix.ENOLCK, unix.ERANGE:
			return fault.Errorf("%w (%w)", errNoSignal, err)
		}
		return nil
	})
}

// watchSource asks the driver to tell when the source's pictures change. Few do.
func (s *bufferStream) watchSource() {
	subscription := v4l2EventSubscription{kind: eventSourceChange}
	_ = deviceIoctl(s.fd, vidiocSubscribeEvent, unsafe.Pointer(&subscription))
}

// WaitForFrame implements captureDevice; it returns ErrChanged when the
// pictures that follow are of another size.
func (s *bufferStream) WaitForFrame(seconds uint32) error {
	s.poll[0] = unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN | unix.POLLPRI}
	switch n, err := unix.Poll(s.poll[:], int(seconds)*1000); {
	case err != nil:
		return err
	case n == 0:
		return new(webcam.Timeout)
	case s.poll[0].Revents&unix.POLLPRI != 0 && s.sourceChanged():
		return ErrChanged
	}
	return nil
}

// sourceChanged takes one event off the queue.
func (s *bufferStream) sourceChanged() bool {
	var event v4l2Event
	err := deviceIoctl(s.fd, vidiocDQEvent, unsafe.Pointer(&event))
	return err == nil && event.kind == eventSourceChange && event.changes&sourceChangeWindow != 0
}
