package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/blackjack/webcam/ioctl"
	"golang.org/x/sys/unix"

	"reterminal-vision/app/config"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// onlooker is a sink that remembers when pictures came and what was said.
type onlooker struct {
	mu       sync.Mutex
	pictures int
	last     time.Time
	gap      time.Duration // the longest between pictures
	said     []string
	results  int
	live     int // states of a camera rather than of footage
	counts   camera.Counts
}

func (o *onlooker) Frame(*frame.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if o.pictures > 0 {
		o.gap = max(o.gap, now.Sub(o.last))
	}
	o.pictures, o.last = o.pictures+1, now
}

func (o *onlooker) Result(*inference.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.results++
}

func (o *onlooker) Status(s pipeline.Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts = s.Counts
	if s.Source.Live() {
		o.live++
	}
}

func (o *onlooker) Failed(err error) { o.Lost(err) }

func (o *onlooker) Lost(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if text := err.Error(); len(o.said) == 0 || o.said[len(o.said)-1] != text {
		o.said = append(o.said, text)
	}
}

// await waits until something is so; it fails the test after half a minute.
func (o *onlooker) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		o.mu.Lock()
		done := so()
		o.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s: not within half a minute; %d pictures, said %q", what, o.pictures, o.said)
		}
	}
}

// recovery is the goal from a camera's return to its first picture. A machine
// that is emulated gets four times as long.
const recovery = 2 * time.Second

// watch runs a demo on a camera until the test ends.
func watch(t *testing.T, source string) *onlooker {
	t.Helper()
	models := filepath.Join("..", "models", "trained")
	cfg := config.Config{Demo: "belt", Source: source, ModelsDir: models, Delegate: inference.XNNPACK, Threads: 1, Width: 320, Height: 180}
	task, err := roster.OpenDemo(t.Context(), cfg, cfg.Demo)
	if err != nil {
		t.Fatal(err)
	}
	o := &onlooker{}
	s := pipeline.New(cfg, task, o)
	s.Retry = pipeline.RetryAny
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		task.Close()
	})
	return o
}

// fault is what can happen to a camera, and what makes it good again.
type fault struct {
	name        string
	strike      func() error
	mend        func() error
	says        string // part of what is told
	takesEffect time.Duration
}

// try strikes a running demo with a fault and measures how it comes back.
func (f fault) try(t *testing.T, o *onlooker, limit time.Duration) {
	o.await(t, "first results", func() bool { return o.pictures >= 5 && o.results > 0 })
	o.mu.Lock()
	o.said, o.gap = nil, 0
	o.mu.Unlock()
	struck := time.Now()
	if err := f.strike(); err != nil {
		t.Fatal(err)
	}
	noticed := time.Duration(0) // never, where nothing is said
	if f.says != "" {
		o.await(t, "being told", func() bool { return len(o.said) > 0 && strings.Contains(strings.Join(o.said, "\n"), f.says) })
		noticed = time.Since(struck)
	}
	time.Sleep(f.takesEffect)
	mended := time.Now()
	if f.mend != nil {
		if err := f.mend(); err != nil {
			t.Fatal(err)
		}
	} else if f.says != "" {
		mended = struck.Add(noticed)
	}
	o.mu.Lock()
	n, r := o.pictures, o.results
	o.mu.Unlock()
	o.await(t, "a picture after it", func() bool { return o.pictures > n })
	took := time.Since(mended)
	o.await(t, "results after it", func() bool { return o.results > r+2 })
	o.mu.Lock()
	defer o.mu.Unlock()
	t.Logf("TABLE %s | %v | %v | %v | %+v | %s", f.name, noticed.Round(time.Millisecond), took.Round(time.Millisecond),
		o.gap.Round(time.Millisecond), o.counts, strings.Join(o.said, " / "))
	if f.says != "" && took > limit {
		t.Errorf("back after %v, more than %v", took, limit)
	}
}

func command(name string, args ...string) func() error {
	return func() error {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
		}
		return nil
	}
}

func write(file, text string) func() error {
	return func() error { return os.WriteFile(file, []byte(text), 0) }
}

// unplug and plugIn take the kernel's virtual cameras away and bring them back.
var (
	unplug = write("/sys/bus/platform/drivers/vivid/unbind", "vivid.0")
	plugIn = write("/sys/bus/platform/drivers/vivid/bind", "vivid.0")
)

// takeBuffers takes a camera's buffers as a program that streams would, in the
// moment in which nobody has them, and gives the descriptor that holds them.
func takeBuffers(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	request := [5]uint32{2, 1, 1} // v4l2_requestbuffers: count, video capture, mmap
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), ioctl.IoRW('V', 8, unsafe.Sizeof(request)), uintptr(unsafe.Pointer(&request)))
		if errno == 0 {
			return fd, nil
		}
		err = errno
	}
	return -1, errors.Join(fmt.Errorf("the other program never got the camera: %w", err), unix.Close(fd))
}

// TestCameraFaults strikes a demo that runs on the kernel's virtual camera.
func TestCameraFaults(t *testing.T) {
	path := os.Getenv("RTV_V4L2_DEVICE")
	if path == "" {
		t.Skip("set RTV_V4L2_DEVICE to the vivid driver's camera, or run camera/v4l2_vm_test.sh")
	}
	set := func(control string) func() error { return command("v4l2-ctl", "-d", path, "-c", control) }
	var other int
	faults := []fault{
		{name: "unplugged for 3 s", strike: unplug, says: "plug", takesEffect: 3 * time.Second, mend: plugIn},
		{name: "disconnected", strike: set("disconnect=1"), says: "plug it in again"},
		{name: "fatal streaming error", strike: set("inject_fatal_streaming_error=1"), says: "no picture for"},
		{name: "no pictures", strike: set("percentage_of_dropped_buffers=100"), says: "no picture for", mend: set("percentage_of_dropped_buffers=0")},
		{name: "half the pictures dropped", strike: set("percentage_of_dropped_buffers=50"), takesEffect: 2 * time.Second, mend: set("percentage_of_dropped_buffers=0")},
		{name: "a picture marked damaged", strike: set("inject_v4l2_buf_flag_error=1"), takesEffect: time.Second},
		{name: "failed QBUF", strike: set("inject_vidioc_qbuf_error=1")},
		{name: "failed start after a disconnect", strike: func() error {
			return errors.Join(set("inject_vidioc_streamon_error=1")(), set("disconnect=1")())
		}, says: "camera"},
		{name: "failed buffers after a disconnect", strike: func() error {
			return errors.Join(set("inject_vidioc_reqbufs_error=1")(), set("disconnect=1")())
		}, says: "camera"},
		{name: "taken by another program for 3 s", strike: func() error {
			if err := errors.Join(set("inject_fatal_streaming_error=1")()); err != nil {
				return err
			}
			var err error
			other, err = takeBuffers(path)
			return err
		}, says: "another program uses it", takesEffect: 3 * time.Second, mend: func() error { return unix.Close(other) }},
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { f.try(t, watch(t, path), 4*recovery) })
	}
}

// TestCameraTakesOver plugs a camera in while footage stands in for it, and
// lets go of one that another program used.
func TestCameraTakesOver(t *testing.T) {
	path := os.Getenv("RTV_V4L2_DEVICE")
	if path == "" {
		t.Skip("set RTV_V4L2_DEVICE to the vivid driver's camera, or run camera/v4l2_vm_test.sh")
	}
	if err := unplug(); err != nil {
		t.Fatal(err)
	}
	o := watch(t, "auto")
	for _, f := range []fault{
		{name: "plugged in while footage stands in", strike: func() error { return nil }, mend: plugIn},
		{name: "unplugged, footage stands in", strike: unplug, takesEffect: 2 * time.Second, mend: plugIn},
	} {
		t.Run(f.name, func(t *testing.T) {
			o.mu.Lock()
			o.live = 0
			o.mu.Unlock()
			f.try(t, o, 4*recovery)
			mended := time.Now()
			o.await(t, "the camera's pictures", func() bool { return o.live > 0 })
			t.Logf("TABLE %s | camera's pictures after %v", f.name, time.Since(mended).Round(time.Millisecond))
		})
	}
}

// TestCameraChangesSignal switches what is connected to a converter from HDMI.
func TestCameraChangesSignal(t *testing.T) {
	path := os.Getenv("RTV_V4L2_HDMI")
	if path == "" {
		t.Skip("set RTV_V4L2_HDMI to the vivid driver's HDMI input, or run camera/v4l2_vm_test.sh")
	}
	set := func(control string) func() error { return command("v4l2-ctl", "-d", path, "-c", control) }
	o := watch(t, path)
	o.await(t, "first results", func() bool { return o.results > 0 })
	for _, f := range []fault{
		{name: "another signal", strike: func() error {
			return errors.Join(set("dv_timings=3")(), set("dv_timings_signal_mode=4")())
		}, takesEffect: 3 * time.Second},
		{name: "no signal for 3 s", strike: set("dv_timings_signal_mode=1"), says: "no signal", takesEffect: 3 * time.Second, mend: set("dv_timings_signal_mode=4")},
	} {
		t.Run(f.name, func(t *testing.T) { f.try(t, o, 4*recovery) })
	}
}

// TestCSIComesBack ends the program that a ribbon camera is read through.
func TestCSIComesBack(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut")
	script := "#!/bin/sh\n[ -e " + cut + " ] && { echo 'ERROR: *** no cameras available ***' >&2; exit 255; }\n" +
		"echo $$ >" + filepath.Join(dir, "pid") + "\nexec ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc=size=320x180:rate=30 -pix_fmt yuv420p -f rawvideo pipe:1\n"
	if err := os.WriteFile(filepath.Join(dir, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	kill := func() error { return command("sh", "-c", "kill $(cat "+filepath.Join(dir, "pid")+")")() }
	fault{
		name: "ribbon camera gone", strike: func() error { return errors.Join(os.WriteFile(cut, nil, 0o644), kill()) },
		says: "no cameras available", mend: func() error { return os.Remove(cut) },
	}.try(t, watch(t, "csi:0"), recovery)
}
