package camera

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/blackjack/webcam"
	"github.com/blackjack/webcam/ioctl"
	"golang.org/x/sys/unix"

	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
)

// usualRate is asked for, pictures a second, where nothing else is.
const usualRate = 30

// deviceBuffers is enough to ride out a late reader and no more latency.
const deviceBuffers = 4

// openV4L2 opens the camera at path and starts it.
func openV4L2(path string, opt Options) (Source, error) {
	growStack(0)
	cam, err := openWebcam(path)
	if err != nil {
		return nil, deviceError(path, err)
	}
	src, err := startCamera(cam, path, opt)
	if err != nil {
		cam.Close()
		return nil, deviceError(path, err)
	}
	return src, nil
}

// openWebcam opens a camera that programs which are started later do not hold
// open: the webcam package leaves that to them.
func openWebcam(path string) (*webcam.Webcam, error) {
	cam, err := webcam.Open(path)
	if err == nil {
		keepFromChildren(cam)
	}
	return cam, err
}

func keepFromChildren(cam *webcam.Webcam) {
	if fd := reflect.ValueOf(cam).Elem().FieldByName("fd"); fd.Kind() == reflect.Uintptr {
		unix.CloseOnExec(int(fd.Uint()))
	}
}

func startCamera(cam *webcam.Webcam, path string, opt Options) (Source, error) {
	if err := followSignal(path); err != nil {
		return nil, err
	}
	mode, err := setMode(cam, path, opt)
	if err != nil {
		return nil, err
	}
	if err := cam.SetBufferCount(deviceBuffers); err != nil {
		return nil, err
	}
	starting := cam.StartStreaming()
	device, err := newBufferStream(cam)
	if err != nil {
		return nil, err
	}
	if starting != nil {
		device.unmap()
		return nil, starting
	}
	device.watchSource()
	decoder, err := frame.NewDecoder()
	if err != nil {
		return nil, err
	}
	name, err := cam.GetName()
	if err != nil || name == "" {
		name = path
	}
	for _, control := range controlIDs { // automatic ones before what they hold
		if value, wanted := opt.Controls[control.name]; wanted {
			if err := SetControl(path, control.name, value); err != nil {
				slog.Warn("control not set", "error", err)
			}
		}
	}
	fps, _ := cam.GetFramerate() // 0 when the device does not tell
	info := Info{Name: shortName(name), Spec: path, Kind: KindV4L2, Width: mode.width, Height: mode.height, FPS: float64(fps)}
	present := func() bool { _, err := os.Stat(path); return err == nil }
	return newV4L2Source(info, &capture{
		device: device, name: path, mode: mode, present: present, stall: stallAfter, decoder: decoder,
	}), nil
}

// setMode agrees on format, size and rate with the device.
func setMode(cam *webcam.Webcam, path string, opt Options) (captureMode, error) {
	mode, err := chooseMode(cam.GetSupportedFormats(), cam.GetSupportedFrameSizes, opt.PixelFormat, opt.Width, opt.Height)
	if err != nil {
		return mode, err
	}
	code, _, _, err := cam.SetImageFormat(mode.code, uint32(mode.width), uint32(mode.height))
	if err != nil {
		return mode, fault.Errorf("setting %s %dx%d: %w", fourCCName(mode.code), mode.width, mode.height, err)
	}
	if code != mode.code {
		return mode, fault.Errorf("it gives %s where %s was asked", fourCCName(code), fourCCName(mode.code))
	}
	// The webcam package returns the size asked for; the driver may have set another.
	if pix, err := currentFormat(path); err == nil && pix.pixelFormat == uint32(code) {
		mode.adopt(pix)
	}
	rates := distinctRates(cam.GetSupportedFramerates(code, uint32(mode.width), uint32(mode.height)))
	if r := nearestRate(rates, cmp.Or(opt.FPS, usualRate)); r > 0 {
		_ = cam.SetFramerate(float32(r)) // a wish; a driver may still choose another
	}
	return mode, frame.CheckSize(mode.width, mode.height)
}

// adopt takes what the driver says over what was asked.
func (m *captureMode) adopt(pix v4l2PixFormat) {
	m.width, m.height = int(pix.width), int(pix.height)
	m.stride, _ = m.format.PlaneSize(0, m.width, m.height)
	m.stride = max(m.stride, int(pix.bytesPerLine))
	if pix.quantization == quantizationFull || pix.quantization == 0 && pix.colorspace == colorspaceJPEG || m.format == frame.Grey {
		m.rng = frame.RangeFull
	}
}

// deviceError says what can be done about a camera that does not open.
func deviceError(path string, err error) error {
	remedy := fault.Words("unplug it, plug it in again, or choose another source")
	switch text := err.Error(); {
	case errors.Is(err, unix.ENOENT):
		remedy = fault.Words("plug in a camera or choose another source")
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fault.Errorf("camera %s: %w: plug it in again or choose another source", path, ErrGone)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		remedy = fault.Words("run 'sudo usermod -aG video $USER' and log in again")
	case strings.Contains(text, unix.EBUSY.Error()): // the webcam package turns some errors into text
		return fault.Errorf("camera %s: %w: another program uses it, close that one", path, ErrBusy)
	case errors.Is(err, errNoSignal):
		remedy = fault.Words("switch on what is connected to it")
	case errors.Is(err, unix.ENOTTY), strings.Contains(text, "Not a video capture device"):
		remedy = fault.Words("it is no camera, choose another source")
	}
	return fault.Errorf("camera %s: %w: %s", path, err, remedy)
}

// Device is a camera that can be opened.
type Device struct {
	Name   string // what the driver calls it
	Path   string // the specification that opens it
	Stable string // one that still does after replugging and a restart; Path where there is none
	Bus    string // where it is plugged in, as the driver says: usb-0000:01:00.0-1.3
	Modes  []Mode // empty for one that this user may not open
}

// notCameras are drivers of processing blocks that look like capture devices;
// a Raspberry Pi has a dozen such nodes.
var notCameras = []string{"bcm2835-codec", "bcm2835-isp", "pispbe", "rpivid", "rpi-hevc-dec"}

// Devices lists the cameras of this machine in the order of their numbers.
// Nodes that carry no pictures or none in a format that is read are left out;
// a node that this user may not open is listed, so that opening it says why.
// Cameras on ribbon connectors come last, as they were when last asked for: see
// Rescan.
func Devices() []Device {
	var devices []Device
	nodes := Nodes()
	for _, path := range nodes {
		if d, ok := describe(path); ok {
			devices = append(devices, d)
		}
	}
	return append(devices, csiDevices(nodes)...)
}

// Nodes lists the video devices of this machine, cameras or not, in the order
// of their numbers; it opens none.
func Nodes() []string {
	nodes, _ := filepath.Glob("/dev/video*") // fails for a bad pattern only
	slices.SortFunc(nodes, func(a, b string) int { return cmp.Compare(nodeNumber(a), nodeNumber(b)) })
	return nodes
}

func nodeNumber(path string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(path, "/dev/video"))
	if err != nil {
		return 1 << 30
	}
	return n
}

// describe returns the device at path if it is a camera.
func describe(path string) (d Device, ok bool) {
	d = Device{Name: path, Path: path, Stable: stablePath(path, stableFolders)}
	var capability v4l2Capability
	err := withDevice(path, func(fd int) error {
		return deviceIoctl(fd, webcam.VIDIOC_QUERYCAP, unsafe.Pointer(&capability))
	})
	if errors.Is(err, unix.EACCES) {
		return d, true
	}
	driver := webcam.CToGoString(capability.driver[:])
	if err != nil || capability.deviceCaps&webcam.V4L2_CAP_VIDEO_CAPTURE == 0 || slices.Contains(notCameras, driver) {
		return d, false
	}
	growStack(0)
	cam, err := openWebcam(path)
	if err != nil {
		return d, false
	}
	defer cam.Close()
	if _, err := chooseMode(cam.GetSupportedFormats(), cam.GetSupportedFrameSizes, "", 0, 0); err != nil {
		return d, false
	}
	d.Name, d.Bus = shortName(webcam.CToGoString(capability.card[:])), webcam.CToGoString(capability.busInfo[:])
	d.Modes = modes(cam)
	return d, true
}

// shortName undoes the UVC driver's "Name: Name".
func shortName(name string) string {
	if a, b, ok := strings.Cut(name, ": "); ok && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
		return a
	}
	return name
}

// Kernel structures and numbers of videodev2.h that the webcam package keeps
// to itself.
const (
	bufTypeVideoCapture = 1
	quantizationFull    = 1
	colorspaceJPEG      = 7
)

var vidiocGFmt = ioctl.IoRW('V', 4, unsafe.Sizeof(v4l2Format{}))

type v4l2Capability struct {
	driver                            [16]byte
	card, busInfo                     [32]byte
	version, capabilities, deviceCaps uint32
	_                                 [3]uint32
}

type v4l2PixFormat struct {
	width, height, pixelFormat, field, bytesPerLine, sizeImage uint32
	colorspace, priv, flags, ycbcr, quantization, transfer     uint32
}

// v4l2Format is aligned to a pointer after its first field.
type v4l2Format struct {
	kind uint32
	_    [unsafe.Sizeof(uintptr(0)) - 4]byte
	pix  v4l2PixFormat
	_    [200 - unsafe.Sizeof(v4l2PixFormat{})]byte
}

// currentFormat asks a device, which may be open elsewhere, for its format.
func currentFormat(path string) (v4l2PixFormat, error) {
	format := v4l2Format{kind: bufTypeVideoCapture}
	err := withDevice(path, func(fd int) error { return deviceIoctl(fd, vidiocGFmt, unsafe.Pointer(&format)) })
	return format.pix, err
}

// withDevice opens a device, which may be open elsewhere, for one use.
func withDevice(path string, use func(fd int) error) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return deviceError(path, err)
	}
	defer unix.Close(fd)
	return use(fd)
}

func deviceIoctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
