package camera

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/camera/testpicture"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"
)

// fakeStep is what the fake device does with one request for a frame.
type fakeStep struct {
	data    []byte
	wait    error  // from WaitForFrame
	get     error  // from take
	drop    uint32 // pictures lost before this one
	damaged bool   // as the driver says
}

// fakeDevice plays its steps, then repeats the last one.
type fakeDevice struct {
	steps   []fakeStep
	release error         // from ReleaseFrame
	slowly  time.Duration // each wait takes
	stall   time.Duration // the frame loop's patience

	mu       sync.Mutex
	at       int
	sequence uint32
	held     map[uint32]bool
	closed   int
	misuse   []string
}

func (d *fakeDevice) step() fakeStep { return d.steps[min(d.at, len(d.steps)-1)] }

func (d *fakeDevice) WaitForFrame(uint32) error {
	time.Sleep(d.slowly)
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.step().wait
	if err != nil {
		d.at++
	}
	return err
}

func (d *fakeDevice) take() (filled, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.step()
	d.at++
	if s.get != nil {
		return filled{}, s.get
	}
	index := uint32(d.at % 4)
	if d.held == nil {
		d.held = map[uint32]bool{}
	}
	if d.closed > 0 {
		d.misuse = append(d.misuse, "frame taken after close")
	}
	d.held[index] = true
	d.sequence += 1 + s.drop
	return filled{data: s.data, index: index, sequence: d.sequence, taken: time.Now(), damaged: s.damaged}, nil
}

func (d *fakeDevice) ReleaseFrame(index uint32) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.held[index] {
		d.misuse = append(d.misuse, fmt.Sprintf("buffer %d given back twice", index))
	}
	delete(d.held, index)
	return d.release
}

func (d *fakeDevice) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed++
	return nil
}

// check reports wrong use of the device once its source is closed.
func (d *fakeDevice) check(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed != 1 || len(d.held) != 0 || len(d.misuse) != 0 {
		t.Errorf("device closed %d times, buffers held %v, misuse %v", d.closed, d.held, d.misuse)
	}
}

func fakeSource(t *testing.T, d *fakeDevice, mode captureMode, present bool) Source {
	t.Helper()
	decoder, err := frame.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return newV4L2Source(Info{Name: "fake", Kind: KindV4L2}, &capture{
		device: d, name: "/dev/videoX", mode: mode, decoder: decoder,
		present: func() bool { return present }, stall: cmp.Or(d.stall, 100*time.Millisecond),
	})
}

func yuyvMode(w, h, stride int) captureMode {
	return captureMode{pixelFormat: pixelFormat{fourCC("YUYV"), frame.YUYV}, width: w, height: h, stride: stride}
}

var jpegMode = captureMode{pixelFormat: jpegFormats[0], width: 64, height: 48}

func TestCaptureHonoursStride(t *testing.T) {
	for _, pf := range rawFormats {
		t.Run(fourCCName(pf.code), func(t *testing.T) {
			noLeaks(t)
			const w, h, pad = 6, 4, 4
			row, _ := pf.format.PlaneSize(0, w, h)
			mode := captureMode{pixelFormat: pf, width: w, height: h, stride: row + pad, rng: frame.RangeFull}
			var data []byte
			for p := range 3 {
				stride, rows := mode.plane(p)
				row, _ := pf.format.PlaneSize(p, w, h)
				for y := range rows {
					line := slices.Repeat([]byte{0xEE}, stride)
					for x := range row {
						line[x] = byte(64*p + 10*y + x)
					}
					data = append(data, line...)
				}
			}
			d := &fakeDevice{steps: []fakeStep{{data: data[:mode.bytes()]}}, slowly: time.Millisecond}
			src := fakeSource(t, d, mode, true)
			f, err := read(t, src)
			if err != nil {
				t.Fatal(err)
			}
			for p := range 3 {
				row, rows := pf.format.PlaneSize(p, w, h)
				for y := range rows {
					for x := range row {
						if got := f.Planes[p][y*f.Stride[p]+x]; got != byte(64*p+10*y+x) {
							t.Fatalf("plane %d row %d byte %d is %#x", p, y, x, got)
						}
					}
				}
			}
			if f.Range != frame.RangeFull || f.Captured.IsZero() {
				t.Errorf("range %d, captured %v", f.Range, f.Captured)
			}
			f.Release()
			src.Close()
			d.check(t)
		})
	}
}

func TestCaptureSkipsDamaged(t *testing.T) {
	picture := testpicture.JPEG(t, 64, 48)
	raw := make([]byte, 8*4*2)
	tests := []struct {
		name  string
		mode  captureMode
		steps []fakeStep
	}{
		{"jpeg", jpegMode, []fakeStep{{data: nil}, {data: picture[:len(picture)/2]}, {data: []byte("noise")}, {data: picture}}},
		{"yuyv", yuyvMode(8, 4, 16), []fakeStep{{data: nil}, {data: raw[:10]}, {get: unix.EIO}, {get: unix.EAGAIN}, {wait: new(webcam.Timeout)}, {data: raw}}},
		{"marked by the driver", yuyvMode(8, 4, 16), []fakeStep{{data: raw, damaged: true}, {data: raw, damaged: true}, {data: nil}, {data: raw}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t)
			d := &fakeDevice{steps: tt.steps, slowly: time.Millisecond}
			src := fakeSource(t, d, tt.mode, true)
			f, err := read(t, src)
			if err != nil {
				t.Fatal(err)
			}
			if f.Sequence == 0 {
				t.Error("skipped buffers leave no gap in the sequence")
			}
			next, err := read(t, src)
			if err != nil {
				t.Fatal(err)
			}
			if next.Sequence <= f.Sequence || next.Timestamp <= f.Timestamp {
				t.Errorf("sequence %d then %d, time %v then %v", f.Sequence, next.Sequence, f.Timestamp, next.Timestamp)
			}
			f.Release()
			next.Release()
			if n := src.(Counter).Counts(); n.Damaged != 3 || n.Taken < 2 {
				t.Errorf("counted %+v, want 3 damaged", n)
			}
			src.Close()
			d.check(t)
		})
	}
}

func TestCaptureCountsWhatTheDriverDrops(t *testing.T) {
	noLeaks(t)
	raw := make([]byte, 8*4*2)
	d := &fakeDevice{steps: []fakeStep{{data: raw}, {data: raw, drop: 3}, {data: raw}}, slowly: 20 * time.Millisecond}
	src := fakeSource(t, d, yuyvMode(8, 4, 16), true)
	for _, want := range []uint64{0, 4, 5} {
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Sequence != want {
			t.Errorf("sequence %d, want %d", f.Sequence, want)
		}
		f.Release()
	}
	if n := src.(Counter).Counts(); n.Lost != 3 || n.Damaged != 0 {
		t.Errorf("counted %+v, want 3 lost", n)
	}
	src.Close()
	d.check(t)
}

func TestTakenByTheDriversClock(t *testing.T) {
	now := time.Now()
	var clock unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock); err != nil {
		t.Fatal(err)
	}
	before := unix.NsecToTimeval(clock.Nano() - (30 * time.Millisecond).Nanoseconds())
	for _, c := range []struct {
		name  string
		flags uint32
		at    unix.Timeval
		age   time.Duration
	}{
		{"monotonic", bufFlagTimestampMonotone, before, 30 * time.Millisecond},
		{"unknown clock", 0, before, 0},
		{"not set", bufFlagTimestampMonotone, unix.Timeval{}, 0},
		{"in the future", bufFlagTimestampMonotone, unix.NsecToTimeval(clock.Nano() + 1e9), 0},
	} {
		age := now.Sub(taken(v4l2Buffer{flags: c.flags, timestamp: c.at}, now))
		if off := age - c.age; off < -time.Microsecond || off > time.Since(now) {
			t.Errorf("%s: %v ago, want %v", c.name, age, c.age)
		}
	}
}

func TestCaptureFailures(t *testing.T) {
	raw := make([]byte, 8*4*2)
	tests := []struct {
		name    string
		step    fakeStep
		release error
		absent  bool
		gone    bool
		want    string
	}{
		{"unplugged while waiting", fakeStep{wait: unix.ENODEV}, nil, false, true, "plug it in"},
		{"unplugged while reading", fakeStep{get: unix.ENODEV}, nil, false, true, "plug it in"},
		{"unplugged while giving back", fakeStep{data: raw}, unix.ENODEV, false, true, "plug it in"},
		{"node gone, silent", fakeStep{wait: new(webcam.Timeout)}, nil, true, true, "plug it in"},
		{"node gone, errors", fakeStep{get: unix.EIO}, nil, true, true, "plug it in"},
		{"refuses", fakeStep{get: unix.EINVAL}, nil, false, false, "taking a picture: invalid argument"},
		{"silent", fakeStep{wait: new(webcam.Timeout)}, nil, false, false, "no picture for"},
		{"ready without data", fakeStep{get: unix.EAGAIN}, nil, false, false, "no picture for"},
		{"only damaged", fakeStep{data: raw[:3]}, nil, false, false, "no picture for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t)
			d := &fakeDevice{steps: []fakeStep{tt.step}, release: tt.release, slowly: time.Millisecond}
			src := fakeSource(t, d, yuyvMode(8, 4, 16), !tt.absent)
			for range 2 { // the error stays
				_, err := read(t, src)
				if err == nil || errors.Is(err, ErrGone) != tt.gone || !strings.Contains(err.Error(), tt.want) ||
					!strings.Contains(err.Error(), "/dev/videoX") {
					t.Errorf("error %v", err)
				}
			}
			src.Close()
			d.check(t)
		})
	}
}

func TestCaptureNewestWins(t *testing.T) {
	noLeaks(t)
	d := &fakeDevice{steps: []fakeStep{{data: testpicture.JPEG(t, 64, 48)}}, slowly: time.Millisecond}
	src := fakeSource(t, d, jpegMode, true)
	time.Sleep(100 * time.Millisecond)
	f, err := read(t, src)
	if err != nil {
		t.Fatal(err)
	}
	if f.Sequence < 5 {
		t.Errorf("a late reader got frame %d", f.Sequence)
	}
	if made := src.(*v4l2Source).capture.pool.Made(); made > 3 {
		t.Errorf("%d frames allocated", made)
	}
	f.Release()
	src.Close()
	d.check(t)
}

func TestCaptureCloseUnblocksRead(t *testing.T) {
	noLeaks(t)
	d := &fakeDevice{steps: []fakeStep{{wait: new(webcam.Timeout)}}, slowly: 5 * time.Millisecond, stall: time.Hour}
	src := fakeSource(t, d, jpegMode, true)
	ended := make(chan error)
	go func() {
		_, err := src.Read(context.Background())
		ended <- err
	}()
	time.Sleep(10 * time.Millisecond)
	src.Close()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("read ended with %v", err)
	}
	d.check(t)
}

func TestChooseMode(t *testing.T) {
	discrete := func(sizes ...uint32) (list []webcam.FrameSize) {
		for i := 0; i < len(sizes); i += 2 {
			w, h := sizes[i], sizes[i+1]
			list = append(list, webcam.FrameSize{MinWidth: w, MaxWidth: w, MinHeight: h, MaxHeight: h})
		}
		return list
	}
	uvc := map[string][]webcam.FrameSize{
		"YUYV": discrete(640, 480, 320, 240, 1280, 720), "MJPG": discrete(640, 480, 1280, 720, 1920, 1080),
	}
	tests := []struct {
		name    string
		offered map[string][]webcam.FrameSize
		w, h    int
		want    string
	}{
		{"no wish", uvc, 0, 0, "YUYV 640x480"},
		{"small", uvc, 320, 240, "YUYV 320x240"},
		{"large", uvc, 1280, 720, "MJPG 1280x720"},
		{"too large", uvc, 4000, 3000, "MJPG 1920x1080"},
		{"in between", uvc, 660, 490, "MJPG 640x480"},
		{"no JPEG", map[string][]webcam.FrameSize{"YUYV": discrete(640, 480, 1280, 720)}, 1280, 720, "YUYV 1280x720"},
		{"JPEG only", map[string][]webcam.FrameSize{"JPEG": discrete(640, 480)}, 320, 240, "JPEG 640x480"},
		{"JPEG is nearer", map[string][]webcam.FrameSize{"YUYV": discrete(160, 120), "MJPG": discrete(640, 480)}, 640, 480, "MJPG 640x480"},
		{"stepwise", map[string][]webcam.FrameSize{"YUYV": {{MinWidth: 32, MaxWidth: 2592, StepWidth: 16, MinHeight: 32, MaxHeight: 1944, StepHeight: 2}}}, 650, 481, "YUYV 640x480"},
		{"continuous", map[string][]webcam.FrameSize{"YUYV": {{}}}, 320, 200, "YUYV 320x200"},
		{"unknown sizes", map[string][]webcam.FrameSize{"NV12": nil}, 0, 0, "NV12 640x480"},
		{"planar", map[string][]webcam.FrameSize{"YU12": nil, "GREY": nil}, 0, 0, "YU12 640x480"},
		{"Bayer only", map[string][]webcam.FrameSize{"pBAA": nil, "BA81": nil}, 0, 0, "only BA81, pBAA"},
		{"nothing", nil, 0, 0, "only none"},
	}
	for _, tt := range tests {
		offered, sizes := map[webcam.PixelFormat]string{}, map[webcam.PixelFormat][]webcam.FrameSize{}
		for name, list := range tt.offered {
			offered[fourCC(name)] = name
			sizes[fourCC(name)] = list
		}
		m, err := chooseMode(offered, func(p webcam.PixelFormat) []webcam.FrameSize { return sizes[p] }, "", tt.w, tt.h)
		got := fmt.Sprintf("%s %dx%d", fourCCName(m.code), m.width, m.height)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDeviceErrors(t *testing.T) {
	tests := []struct {
		err  error
		gone bool
		want string
	}{
		{unix.ENOENT, false, "plug in a camera"},
		{unix.ENODEV, true, "plug it in again"},
		{unix.EACCES, false, "usermod -aG video"},
		{unix.EBUSY, false, "another program uses it"},
		{errors.New("Failed to start streaming: device or resource busy"), false, "another program uses it"},
		{errors.New("Not a video capture device"), false, "it is no camera"},
		{unix.EINVAL, false, "unplug it"},
	}
	for _, tt := range tests {
		err := deviceError("/dev/videoX", tt.err)
		if errors.Is(err, ErrGone) != tt.gone || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v", tt.err, err)
		}
	}
}

func TestShortName(t *testing.T) {
	for in, want := range map[string]string{
		"HD Webcam C525: HD Webcam C525": "HD Webcam C525",
		"HD Webcam C525: HD Webcam C5":   "HD Webcam C525",
		"mmal service 16.1":              "mmal service 16.1",
		"USB Camera: Front":              "USB Camera: Front",
	} {
		if got := shortName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDevicesDoesNotFail(t *testing.T) {
	noLeaks(t)
	Devices()
}
