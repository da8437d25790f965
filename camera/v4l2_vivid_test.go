package camera

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"
	"time"
)

// TestVividFormats streams every format that is read from the kernel's virtual
// camera and tells what came; the luma of all is one and the same test picture.
func TestVividFormats(t *testing.T) {
	path := cameraPath(t)
	devices := Devices()
	i := slices.IndexFunc(devices, func(d Device) bool { return d.Path == path })
	if i < 0 {
		t.Fatalf("%s is not among %v", path, devices)
	}
	t.Logf("%s on %s, %d modes", devices[i].Name, devices[i].Bus, len(devices[i].Modes))
	seen := map[string]bool{}
	for _, m := range devices[i].Modes {
		if seen[m.Format] || m.Width > 640 {
			continue
		}
		seen[m.Format] = true
		t.Run(m.Format, func(t *testing.T) {
			noLeaks(t)
			src := open(t, path, Options{PixelFormat: m.Format, Width: m.Width, Height: m.Height, FPS: 30})
			defer src.Close()
			start, latency, n := time.Now(), time.Duration(0), 40
			for range n {
				f, err := read(t, src)
				if err != nil {
					t.Fatal(err)
				}
				latency += time.Since(f.Captured)
				if f.Sequence == 20 {
					checkPicture(t, f)
				}
				f.Release()
			}
			c := src.(Counter).Counts()
			t.Logf("%v: %d taken, %d lost by the driver, %d damaged, %.1f/s, latency %v",
				m, c.Taken, c.Lost, c.Damaged, float64(n)/time.Since(start).Seconds(), (latency / time.Duration(n)).Round(100*time.Microsecond))
		})
	}
	for _, pf := range rawFormats {
		if !seen[fourCCName(pf.code)] {
			t.Errorf("%s was not streamed", fourCCName(pf.code))
		}
	}
}

// TestVividChangesSize reopens the camera at another size right after it gave a picture.
func TestVividChangesSize(t *testing.T) {
	path := cameraPath(t)
	noLeaks(t)
	for _, size := range [][2]int{{640, 360}, {320, 180}, {1280, 720}, {640, 360}} {
		src := open(t, path, Options{Width: size[0], Height: size[1]})
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Width != size[0] || f.Height != size[1] {
			t.Errorf("%dx%d, want %v", f.Width, f.Height, size)
		}
		f.Release()
		src.Close()
	}
}

// TestVividFaults injects what the driver can do wrong while pictures stream.
func TestVividFaults(t *testing.T) {
	path := cameraPath(t)
	for _, c := range []struct {
		name, setting string
		check         func(before, after Counts) bool
		what          string
	}{
		{"dropped buffers", "percentage_of_dropped_buffers=50", func(b, a Counts) bool { return a.Lost > b.Lost }, "lost pictures are counted"},
		{"error-flagged buffers", "inject_v4l2_buf_flag_error=1", func(b, a Counts) bool { return a.Damaged == b.Damaged+1 }, "a marked picture is skipped and counted"},
		{"failed QBUF", "inject_vidioc_qbuf_error=1", func(b, a Counts) bool { return true }, "pictures go on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			src := open(t, path, Options{Width: 320, Height: 180})
			defer src.Close()
			if err := drain(t, src, 5); err != nil {
				t.Fatal(err)
			}
			before := src.(Counter).Counts()
			control(t, path, c.setting)
			start := time.Now()
			err := drain(t, src, 30)
			t.Logf("%v: %v, 30 pictures after %v, %+v", c.setting, err, time.Since(start).Round(time.Millisecond), src.(Counter).Counts())
			if c.name == "dropped buffers" {
				control(t, path, "percentage_of_dropped_buffers=0")
			}
			if err != nil {
				start = time.Now()
				src.Close()
				again := open(t, path, Options{Width: 320, Height: 180})
				defer again.Close()
				if err := drain(t, again, 1); err != nil {
					t.Fatal(err)
				}
				t.Logf("reopened, first picture after %v", time.Since(start).Round(time.Millisecond))
				return
			}
			if after := src.(Counter).Counts(); !c.check(before, after) {
				t.Errorf("%s: %+v then %+v", c.what, before, after)
			}
		})
	}
}

// TestVividLeaks opens and closes the camera 200 times.
func TestVividLeaks(t *testing.T) {
	path := cameraPath(t)
	noLeaks(t)
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	maps := func() int {
		text, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte(path))
	}
	fds, mapped := 0, 0
	for i := range 200 {
		src := open(t, path, Options{Width: 320, Height: 180})
		if err := drain(t, src, 1); err != nil {
			t.Fatal(err)
		}
		src.Close()
		if i == 0 {
			fds, mapped = files(), maps()
		}
	}
	if f, m := files(), maps(); f != fds || m != mapped {
		t.Errorf("after 200 times %d files and %d mapped buffers, %d and %d before", f, m, fds, mapped)
	}
}

// TestVividControls reads the controls, sets one and finds it set.
func TestVividControls(t *testing.T) {
	path := cameraPath(t)
	controls, err := Controls(path)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(controls, func(c Control) bool { return c.Name == "brightness" })
	if i < 0 {
		t.Fatalf("no brightness among %+v", controls)
	}
	want := controls[i].Min + (controls[i].Max-controls[i].Min)/4
	if err := SetControl(path, "brightness", want); err != nil {
		t.Fatal(err)
	}
	controls, _ = Controls(path)
	if controls[i].Value != want {
		t.Errorf("brightness is %d, want %d", controls[i].Value, want)
	}
	for name, value := range map[string]int32{"brightness": controls[i].Max + 1, "warp": 1} {
		if err := SetControl(path, name, value); err == nil {
			t.Errorf("%s=%d was accepted", name, value)
		}
	}
	if _, err := Controls("/dev/video99"); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("controls of no camera: %v", err)
	}
}
