// Package camera turns anything that yields pictures (a V4L2 device, a video
// file, a folder of stills, footage shipped in the binary) into a stream of
// pooled, reference-counted raw frames.
//
// In: a source specification (see Open). Out: *frame.Frame values in the pixel
// layout the device or decoder produced, with strides, sequence number and
// capture time. It decodes compressed pictures but never scales or converts
// them on their way: that is done once, at the consumer's size, by the
// consumer, by package frame where it is a screen.
//
// It imports camera/frame and camera/fault; app and the screens may import it.
package camera

import (
	"context"
	"errors"

	"reterminal-vision/camera/frame"
)

// Kind tells the sources apart for the screen and the log.
type Kind uint8

// Kinds of source.
const (
	KindV4L2 Kind = iota
	KindVideo
	KindStills
	KindBuiltin
	KindCSI
)

func (k Kind) String() string {
	return [...]string{"camera", "video", "pictures", "built-in footage", "camera"}[k]
}

// Info describes an open source.
type Info struct {
	Name   string // what a person would call it: "HD Webcam C525", "cars.mp4", "Built-in: traffic"
	Spec   string // the specification that opens it again
	Kind   Kind
	Width  int
	Height int
	FPS    float64 // nominal; 0 when unknown
}

// Live reports whether frames come in real time from a device: such a source
// is never paced, and a consumer that is late loses frames.
func (i Info) Live() bool { return i.Kind == KindV4L2 || i.Kind == KindCSI }

// Source yields frames. Read is called from one goroutine; Close may be
// called from any, once, and unblocks a Read in progress.
type Source interface {
	Info() Info
	// Read blocks until the next frame, which the caller must Release.
	// It returns io.EOF at the end of a source that does not loop,
	// ctx.Err() when ctx ends, and otherwise an error that names the source
	// and the remedy; errors.Is(err, ErrGone) tells that it vanished.
	Read(ctx context.Context) (*frame.Frame, error)
	Close() error
}

// Counts is what became of a camera's pictures since it was opened.
type Counts struct {
	Taken   uint64 // whole pictures
	Damaged uint64 // skipped: truncated, empty, or marked so by the driver
	Lost    uint64 // dropped by the driver before they could be taken
}

// Turner is a Source whose pictures may be turned otherwise while it is open, as
// those of Open may.
type Turner interface {
	// SetTurn takes effect with the next Read. It is called between two of them.
	SetTurn(frame.Turn) error
}

// Counter is a Source that counts; cameras do.
type Counter interface{ Counts() Counts }

// Marks of errors, for who tells them to a person or counts them.
var (
	// ErrGone: the source was there and no longer is, as an unplugged camera or a deleted file.
	ErrGone = errors.New("source is gone")
	// ErrBusy: another program uses the camera.
	ErrBusy = errors.New("device or resource busy")
	// ErrStalled: a camera is there and gives no pictures.
	ErrStalled = errors.New("no picture")
	// ErrChanged: the pictures of a camera change their size; opened again, it gives the new ones.
	ErrChanged = errors.New("its pictures change their size")
)

// Options say how a source is read.
type Options struct {
	// Width, Height and FPS are wishes to a camera; 0 leaves the choice to it.
	Width, Height int
	FPS           float64
	// PixelFormat is the V4L2 code that a camera must give: YUYV, MJPG ...; "" leaves the choice.
	PixelFormat string
	// Controls are set on a camera when it is opened, by name; what it does not
	// take is logged and left.
	Controls map[string]int32
	// Turn sets the pictures upright.
	Turn frame.Turn
	// Paced delivers recorded frames at their own timestamps; without it they
	// come as fast as they are read.
	Paced bool
	// Loop starts a recorded source over at its end.
	Loop bool
	// Builtin holds the clips that "builtin:NAME" opens.
	Builtin map[string]Clip
}

// Clip is footage in the program: Data gives JPEG pictures one after the other.
type Clip struct {
	Title string
	FPS   float64
	Data  func() []byte // called once at each opening
}
