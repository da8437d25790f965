package camera

import (
	"reflect"
	"time"
	"unsafe"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"

	"reterminal-vision/camera/fault"
)

// filled is a buffer that the driver has put a picture in.
type filled struct {
	data     []byte
	index    uint32
	sequence uint32    // the driver's count of pictures, of those it dropped, too
	taken    time.Time // when the picture was, by the driver's clock
	damaged  bool      // the driver says that the picture is not whole
}

// bufferStream is a streaming webcam that tells, beyond what the webcam package
// does, what the driver says of each buffer.
type bufferStream struct {
	*webcam.Webcam
	fd      int
	buffers [][]byte
	poll    [1]unix.PollFd // kept, so that waiting allocates nothing
}

// newBufferStream reads what the webcam package keeps to itself.
func newBufferStream(cam *webcam.Webcam) (*bufferStream, error) {
	inside := reflect.ValueOf(cam).Elem()
	fd, mapped := inside.FieldByName("fd"), inside.FieldByName("buffers")
	if fd.Kind() != reflect.Uintptr || mapped.Kind() != reflect.Slice {
		return nil, fault.Errorf("the webcam package is not the version that was built for")
	}
	s := &bufferStream{Webcam: cam, fd: int(fd.Uint())}
	for i := range mapped.Len() {
		s.buffers = append(s.buffers, mapped.Index(i).Bytes())
	}
	return s, nil
}

// unmap lets go of what a failed start mapped. The webcam package does not,
// and the device would stay busy for as long as the program runs.
func (s *bufferStream) unmap() {
	for _, b := range s.buffers {
		if len(b) > 0 {
			_ = unix.Munmap(b)
		}
	}
}

// Flags of v4l2Buffer.
const (
	bufFlagError             = 0x40
	bufFlagTimestampMask     = 0xE000
	bufFlagTimestampMonotone = 0x2000
)

// v4l2Buffer is struct v4l2_buffer of videodev2.h.
type v4l2Buffer struct {
	index, kind, bytesUsed, flags, field uint32
	timestamp                            unix.Timeval
	timecode                             [16]byte
	sequence, memory                     uint32
	offset                               uintptr
	length, reserved, request            uint32
}

// take dequeues the next buffer, which stays the caller's until ReleaseFrame.
func (s *bufferStream) take() (filled, error) {
	buffer := v4l2Buffer{kind: bufTypeVideoCapture, memory: webcam.V4L2_MEMORY_MMAP}
	if err := deviceIoctl(s.fd, webcam.VIDIOC_DQBUF, unsafe.Pointer(&buffer)); err != nil {
		return filled{}, err
	}
	if int(buffer.index) >= len(s.buffers) {
		return filled{}, fault.Errorf("the driver gives buffer %d of %d: %w", buffer.index, len(s.buffers), unix.EINVAL)
	}
	data := s.buffers[buffer.index]
	return filled{
		data: data[:min(int(buffer.bytesUsed), len(data))], index: buffer.index, sequence: buffer.sequence,
		taken: taken(buffer, time.Now()), damaged: buffer.flags&bufFlagError != 0,
	}, nil
}

// taken is when the picture in the buffer was, given the time now; now itself
// where the driver uses another clock or says nothing plausible.
func taken(b v4l2Buffer, now time.Time) time.Time {
	var clock unix.Timespec
	if b.flags&bufFlagTimestampMask != bufFlagTimestampMonotone || unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock) != nil {
		return now
	}
	age := time.Duration(clock.Nano() - b.timestamp.Nano())
	if age < 0 || age > time.Second {
		return now
	}
	return now.Add(-age)
}
