package camera

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
)

// standIn puts a program called rpicam-vid first in PATH, which writes down
// how it was called and then does what the script says.
func standIn(t *testing.T, script string) (called string) {
	t.Helper()
	dir := t.TempDir()
	called = filepath.Join(dir, "called")
	text := "#!/bin/sh\necho \"$@\" >>" + called + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "rpicam-vid"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return called
}

// A stream as rpicam-vid writes it, of pictures that ffmpeg draws, arrives
// whole and in order.
func TestCSI(t *testing.T) {
	noLeaks(t)
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	called := standIn(t, "exec ffmpeg -loglevel error -re -f lavfi -i testsrc=size=640x360:rate=30 -pix_fmt yuv420p -f rawvideo pipe:1")
	src := open(t, "csi:1", Options{Width: 650, Height: 360, FPS: 30})
	defer src.Close()
	if i := src.Info(); i.Width != 640 || i.Height != 360 || !i.Live() {
		t.Errorf("info %+v", i)
	}
	var last time.Duration
	for i := range 10 {
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Format != frame.I420 || i > 0 && f.Timestamp <= last {
			t.Errorf("frame %d: %v at %v after %v", i, f.Format, f.Timestamp, last)
		}
		last = f.Timestamp
		checkPicture(t, f)
		f.Release()
	}
	args, _ := os.ReadFile(called)
	for _, want := range []string{"--camera 1", "--codec yuv420", "--width 640", "--height 360", "--framerate 30", "--output -"} {
		if !strings.Contains(string(args), want) {
			t.Errorf("called with %q, without %q", args, want)
		}
	}
}

// Compressed pictures arrive too, and those that are cut short are counted.
func TestCSICompressed(t *testing.T) {
	noLeaks(t)
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	called := standIn(t, `printf '\377\330\377\333\000\103 cut short \377\331'
exec ffmpeg -loglevel error -re -f lavfi -i testsrc=size=650x360:rate=30 -pix_fmt yuvj420p -c:v mjpeg -f mjpeg pipe:1`)
	src := open(t, "csi:0", Options{Width: 650, Height: 360, PixelFormat: "MJPG"})
	defer src.Close()
	for range 10 {
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Width != 650 || f.Height != 360 || f.Range != frame.RangeFull {
			t.Errorf("frame of %dx%d, range %d", f.Width, f.Height, f.Range)
		}
		checkPicture(t, f)
		f.Release()
	}
	if c := src.(Counter).Counts(); c.Damaged != 1 || c.Taken < 10 {
		t.Errorf("counts %+v", c)
	}
	if args, _ := os.ReadFile(called); !strings.Contains(string(args), "--codec mjpeg") {
		t.Errorf("called with %q", args)
	}
	if _, err := Open(t.Context(), "csi:0", Options{PixelFormat: "NV12"}); err == nil || !strings.Contains(err.Error(), "YU12 and MJPG") {
		t.Errorf("NV12: %v", err)
	}
}

func TestCSIFails(t *testing.T) {
	for name, c := range map[string]struct{ spec, script, want string }{
		"no camera":  {"csi:0", "echo 'ERROR: *** no cameras available ***' >&2; exit 255", "no cameras available"},
		"silent":     {"csi:", "exec sleep 60", "no picture for"},
		"ends":       {"csi:0", "head -c 1000 /dev/zero", "it ended"},
		"no number":  {"csi:front", "exit 0", "csi:0"},
		"half a one": {"csi:0", "head -c 500000 /dev/zero; exec sleep 60", "no picture for"},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			standIn(t, c.script)
			src, err := openCSI(strings.TrimPrefix(c.spec, csiPrefix), Options{}, 300*time.Millisecond)
			if err == nil {
				defer src.Close()
				err = drain(t, src, 1000)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "csi:") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), "csi:0", Options{}); err == nil || !strings.Contains(err.Error(), "apt install rpicam-apps") {
		t.Errorf("without the program: %v", err)
	}
}

// Close ends the program, also one that is silent.
func TestCSICloses(t *testing.T) {
	noLeaks(t)
	standIn(t, "exec sleep 60")
	src := open(t, "csi:0", Options{})
	start := time.Now()
	time.AfterFunc(50*time.Millisecond, func() { src.Close() })
	if _, err := read(t, src); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read ended with %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("closing took %v", took)
	}
}

// The program that lists cameras runs once for all who ask, until somebody wants
// to know anew, a video device comes or goes, a camera fails, or it did not come
// to its end.
func TestCSIListedOnce(t *testing.T) {
	noLeaks(t)
	const listing = "[ \"$1\" = --list-cameras ] && { echo '0 : imx219 [3280x2464] (/base/imx219@10)'; exit 0; }\n"
	ask := func(nodes ...string) {
		t.Helper()
		if d := csiDevices(nodes); len(d) != 1 || d[0].Path != "csi:0" {
			t.Errorf("listed %+v", d)
		}
	}
	for _, c := range []struct {
		name  string
		again func()
		want  int // runs after asking before and after that
	}{
		{"asked again", func() { ask("/dev/video0"); ask("/dev/video0") }, 1},
		{"who is told may change it", func() { csiDevices([]string{"/dev/video0"})[0].Path = "changed" }, 1},
		{"asked anew", Rescan, 2},
		{"a device comes and goes", func() { ask("/dev/video0", "/dev/video1") }, 3},
		{"a camera fails", func() {
			src, err := openCSI("0", Options{}, 300*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if err := drain(t, src, 10); err == nil {
				t.Error("it does not fail")
			}
		}, 2},
		{"a camera is closed", func() {
			src, err := openCSI("0", Options{}, stallAfter)
			if err != nil {
				t.Fatal(err)
			}
			src.Close()
		}, 1},
		{"several at once", func() {
			Rescan()
			var asking sync.WaitGroup
			for range 20 {
				asking.Go(func() { csiDevices([]string{"/dev/video0"}) })
			}
			asking.Wait()
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := listing + "exit 1"
			if c.name == "a camera is closed" {
				script = listing + "exec sleep 60"
			}
			called := standIn(t, script)
			ask("/dev/video0")
			c.again()
			ask("/dev/video0")
			args, _ := os.ReadFile(called)
			if got := strings.Count(string(args), "--list-cameras"); got != c.want {
				t.Errorf("listed %d times, want %d", got, c.want)
			}
		})
	}
	called := standIn(t, "exit 0")
	for range 3 {
		if d := csiDevices(nil); len(d) != 0 {
			t.Errorf("listed %+v", d)
		}
	}
	if args, _ := os.ReadFile(called); strings.Count(string(args), "--list-cameras") != 1 {
		t.Errorf("where there is no camera it is called with %q", args)
	}
}

func TestParseCSI(t *testing.T) {
	listing := `Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
1 : ov5647 [2592x1944 10-bit GBRG] (/base/soc/i2c0mux/i2c@0/ov5647@36)
`
	devices := parseCSI([]byte(listing))
	if len(devices) != 2 || devices[0].Path != "csi:0" || devices[0].Name != "CSI camera imx219" || devices[1].Bus != "/base/soc/i2c0mux/i2c@0/ov5647@36" {
		t.Errorf("%+v", devices)
	}
	if d := parseCSI([]byte("No cameras available!\n")); len(d) != 0 {
		t.Errorf("%+v", d)
	}
}

// That there is no camera is asked again after a while: one may be found late.
func TestNoCSICameraIsNotRemembered(t *testing.T) {
	folder := t.TempDir()
	there := filepath.Join(folder, "there")
	script := "#!/bin/sh\n[ -e " + there + " ] && echo '0 : imx219 [640x480] (/base/imx219@10)'\nexit 0\n"
	if err := os.WriteFile(filepath.Join(folder, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	t.Cleanup(Rescan)
	if got := csiDevices(nil); len(got) != 0 {
		t.Fatalf("listed %+v", got)
	}
	if err := os.WriteFile(there, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	csiListed.mu.Lock()
	csiListed.at = csiListed.at.Add(-noneFor)
	csiListed.mu.Unlock()
	if got := csiDevices(nil); len(got) != 1 || got[0].Path != "csi:0" {
		t.Errorf("listed %+v once it is there", got)
	}
}
