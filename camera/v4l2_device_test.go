package camera

import (
	"errors"
	"image"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"

	"reterminal-vision/camera/frame"
)

// cameraPath is the camera to test with: RTV_V4L2_DEVICE=/dev/video0.
func cameraPath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("RTV_V4L2_DEVICE")
	if path == "" {
		t.Skip("set RTV_V4L2_DEVICE to a camera, or run v4l2_vm_test.sh")
	}
	return path
}

// control sets a control of the kernel's virtual camera, which injects faults.
func control(t *testing.T, path, setting string) {
	t.Helper()
	if !strings.Contains(deviceName(t, path), "vivid") {
		t.Skip("faults can be injected only into the vivid driver")
	}
	if out, err := exec.Command("v4l2-ctl", "-d", path, "-c", setting).CombinedOutput(); err != nil {
		t.Fatalf("v4l2-ctl %s: %v\n%s", setting, err, out)
	}
}

func deviceName(t *testing.T, path string) string {
	t.Helper()
	devices := Devices()
	for _, d := range devices {
		if d.Path == path {
			return d.Name
		}
	}
	t.Fatalf("%s is not among %v", path, devices)
	return ""
}

func TestRealCamera(t *testing.T) {
	path := cameraPath(t)
	if name := deviceName(t, path); name == "" {
		t.Error("the camera has no name")
	}
	for _, opt := range []Options{{}, {Width: 320, Height: 180}, {Width: 1280, Height: 720, FPS: 10}} {
		noLeaks(t)
		src := open(t, path, opt)
		info := src.Info()
		t.Logf("%+v", info)
		if opt.Width > 0 && (info.Width != opt.Width || info.Height != opt.Height) {
			t.Errorf("asked for %dx%d", opt.Width, opt.Height)
		}
		var last *frame.Frame
		for i := range 30 {
			f, err := read(t, src)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Validate(); err != nil || f.Width != info.Width || f.Height != info.Height {
				t.Fatalf("frame %d is %dx%d: %v", i, f.Width, f.Height, err)
			}
			if last != nil {
				if f.Sequence <= last.Sequence || f.Timestamp <= last.Timestamp {
					t.Errorf("sequence %d then %d", last.Sequence, f.Sequence)
				}
				last.Release()
			}
			last = f
		}
		t.Logf("%v, frame %d after %v", last.Format, last.Sequence, last.Timestamp)
		checkPicture(t, last)
		last.Release()
		start := time.Now()
		src.Close()
		t.Logf("closed in %v", time.Since(start))
	}
}

// checkPicture fails for a picture of one colour.
func checkPicture(t *testing.T, f *frame.Frame) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	if err := frame.ToRGBA(img, f); err != nil {
		t.Fatal(err)
	}
	seen := map[[3]byte]bool{}
	for i := 0; i < len(img.Pix); i += 4 {
		seen[[3]byte(img.Pix[i:i+3])] = true
	}
	if len(seen) < 8 {
		t.Errorf("the picture has %d colours", len(seen))
	}
}

func TestRealCameraIsBusy(t *testing.T) {
	path := cameraPath(t)
	src := open(t, path, Options{})
	defer src.Close()
	if second, err := Open(t.Context(), path, Options{}); err == nil {
		second.Close()
		t.Error("opened twice")
	} else if !strings.Contains(err.Error(), "another program uses it") {
		t.Error(err)
	}
	if _, err := read(t, src); err != nil {
		t.Errorf("the first one is disturbed: %v", err)
	}
}

func TestRealCameraDisconnect(t *testing.T) {
	path := cameraPath(t)
	noLeaks(t)
	src := open(t, path, Options{})
	if err := drain(t, src, 3); err != nil {
		t.Fatal(err)
	}
	control(t, path, "disconnect=1")
	if err := drain(t, src, 1000); !errors.Is(err, ErrGone) {
		t.Errorf("disconnected: %v", err)
	}
	src.Close()
	again := open(t, path, Options{})
	defer again.Close()
	if err := drain(t, again, 3); err != nil {
		t.Errorf("after plugging in again: %v", err)
	}
}

func TestRealCameraStartFails(t *testing.T) {
	path := cameraPath(t)
	noLeaks(t)
	control(t, path, "inject_vidioc_streamon_error=1")
	if src, err := Open(t.Context(), path, Options{}); err == nil {
		src.Close()
		t.Error("opened although the device could not start")
	}
	src := open(t, path, Options{})
	defer src.Close()
	if err := drain(t, src, 3); err != nil {
		t.Errorf("after a failed start: %v", err)
	}
}

func TestRealCameraFatalError(t *testing.T) {
	path := cameraPath(t)
	noLeaks(t)
	src := open(t, path, Options{})
	defer src.Close()
	control(t, path, "inject_fatal_streaming_error=1")
	if err := drain(t, src, 1000); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("a fatal streaming error gives %v", err)
	}
}

// TestDeviceKeptFromChildren has the descriptor that the webcam package opened
// end where another program begins.
func TestDeviceKeptFromChildren(t *testing.T) {
	fd, err := unix.Open(os.DevNull, unix.O_RDWR, 0) // as it opens one
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	cam := &webcam.Webcam{}
	field := reflect.ValueOf(cam).Elem().FieldByName("fd")
	*(*uintptr)(field.Addr().UnsafePointer()) = uintptr(fd)
	keepFromChildren(cam)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
}
