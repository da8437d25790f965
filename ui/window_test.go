package ui

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// windowHandler reports what a person did in the real window.
type windowHandler struct{ started, stopped chan string }

func (h windowHandler) StartDemo(id string) { h.started <- id }
func (h windowHandler) StopDemo()           { h.stopped <- "" }
func (h windowHandler) SavePicture()        {}
func (h windowHandler) Settings()           {}
func (h windowHandler) People()             {}
func (h windowHandler) Idle()               {}
func (h windowHandler) Wake()               {}
func (h windowHandler) Quit()               {}

// TestWindow drives the real window: taps, a live picture at the camera's
// pace, its paint rate and memory. It runs with RTV_WINDOW=1 and a display of
// 720x1280, such as: RTV_WINDOW=1 xvfb-run -s "-screen 0 720x1280x24" go test -run Window ./ui
func TestWindow(t *testing.T) {
	if os.Getenv("RTV_WINDOW") != "1" {
		t.Skip("needs a display: set RTV_WINDOW=1")
	}
	frame := loadFrame(t, shared(t, "media", "objects", "ssd_example.jpg"))
	h := windowHandler{make(chan string, 8), make(chan string, 8)}
	first := make(chan struct{})
	var u *UI
	ended := make(chan error, 1)
	ready := make(chan struct{})
	onMain <- func() {
		u = New(Options{Title: "reTerminal Vision", Cards: testCards, Kiosk: true, Handler: h, FirstFrame: func() { close(first) }})
		close(ready)
		ended <- u.Run()
	}
	<-ready
	wait(t, first, "the first paint")
	defer func() {
		u.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	shot(t, "window-home")

	tap(t, 360, 300)
	if id := receive(t, h.started, "a tap on the first card"); id != testCards[0].ID {
		t.Errorf("a tap on the first card starts %q", id)
	}
	u.Live.Status(builtinStatus())
	play(u, frame, street(), 2*time.Second)
	t.Run("overlay", func(t *testing.T) { measure(t, u, frame, street()) })
	t.Run("mask", func(t *testing.T) { measure(t, u, frame, scene()) })
	t.Run("faces", func(t *testing.T) { measure(t, u, frame, faces()) })
	t.Run("plain", func(t *testing.T) { measure(t, u, frame, &inference.Result{}) })
	play(u, frame, street(), time.Second)
	checkPicture(t, shot(t, "window-live"), frame, image.Rect(0, kit.HeaderBar, 720, kit.HeaderBar+720*frame.Height/frame.Width))
	painted := make(chan image.Image, 1)
	u.do(func() { painted <- u.win.Canvas().Capture() })
	if <-painted == nil {
		t.Error("no snapshot")
	}

	tap(t, 100, 60)
	receive(t, h.stopped, "a tap on Back")
	swipe(t, 360, 1000, 300)
	shot(t, "window-scrolled")
	select {
	case id := <-h.started:
		t.Errorf("a swipe starts %s", id)
	default:
	}
	// A finger that strays by a few pixels still taps.
	xdotool(t, "mousemove", "360", "700", "mousedown", "1", "sleep", "0.05", "mousemove_relative", "4", "9", "sleep", "0.05", "mouseup", "1")
	receive(t, h.started, "a tap that strays")
}

// measure feeds frames and results at 30/s and reports what they cost.
func measure(t *testing.T, u *UI, frame *frame.Frame, r *inference.Result) {
	play(u, frame, r, 3*time.Second) // caches fill
	dropped := u.Live.DisplayDropped()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	frames := play(u, frame, r, 5*time.Second)
	runtime.ReadMemStats(&after)
	t.Logf("%dx%d: %.1f paints/s of 30 frames/s, %d dropped, %d bytes and %d allocations a frame",
		frame.Width, frame.Height, u.Live.DisplayFPS(), u.Live.DisplayDropped()-dropped,
		(after.TotalAlloc-before.TotalAlloc)/uint64(frames), (after.Mallocs-before.Mallocs)/uint64(frames))
}

// play sends frames and results at 30/s, with scores and boxes that change.
func play(u *UI, frame *frame.Frame, r *inference.Result, d time.Duration) (frames int) {
	r = scaled(r, frame)
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); frames++ {
		<-tick.C
		for i := range r.Objects {
			o := &r.Objects[i]
			shift := float32(2)
			if frames%40 >= 20 {
				shift = -2
			}
			o.Box.X0, o.Box.X1 = o.Box.X0+shift, o.Box.X1+shift
		}
		u.Live.Result(r)
		u.Live.Frame(frame)
	}
	return frames
}

// checkPicture compares a few places of the screen with the frame.
func checkPicture(t *testing.T, screen image.Image, f *frame.Frame, at image.Rectangle) {
	t.Helper()
	if screen == nil {
		return
	}
	for _, p := range []struct{ x, y float64 }{{0.03, 0.93}, {0.5, 0.86}, {0.06, 0.3}} {
		fx, fy := int(p.x*float64(f.Width)), int(p.y*float64(f.Height))
		want := f.Planes[0][fy*f.Stride[0]+3*fx:]
		sx, sy := at.Min.X+int(p.x*float64(at.Dx())), at.Min.Y+int(p.y*float64(at.Dy()))
		got := color.RGBAModel.Convert(screen.At(sx, sy)).(color.RGBA)
		if far(got.R, want[0]) || far(got.G, want[1]) || far(got.B, want[2]) {
			t.Errorf("screen at %d,%d is %v, the frame has %v there", sx, sy, got, want[:3])
		}
	}
}

func far(a, b uint8) bool { return max(a, b)-min(a, b) > 30 }

func xdotool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("xdotool", args...).CombinedOutput(); err != nil {
		t.Skipf("xdotool: %v: %s", err, out)
	}
	time.Sleep(300 * time.Millisecond)
}

func tap(t *testing.T, x, y int) {
	t.Helper()
	xdotool(t, "mousemove", fmt.Sprint(x), fmt.Sprint(y), "mousedown", "1", "sleep", "0.08", "mouseup", "1")
}

func swipe(t *testing.T, x, from, to int) {
	t.Helper()
	args := []string{"mousemove", fmt.Sprint(x), fmt.Sprint(from), "mousedown", "1"}
	for i := 1; i <= 10; i++ {
		args = append(args, "mousemove", fmt.Sprint(x), fmt.Sprint(from+(to-from)*i/10), "sleep", "0.02")
	}
	xdotool(t, append(args, "mouseup", "1")...)
	time.Sleep(700 * time.Millisecond)
}

// shot is the screen, kept in RTV_SHOTS when that is set.
func shot(t *testing.T, name string) image.Image {
	t.Helper()
	dir := os.Getenv("RTV_SHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	path := filepath.Join(dir, name+".png")
	if out, err := exec.Command("import", "-window", "root", path).CombinedOutput(); err != nil {
		t.Logf("import: %v: %s", err, out)
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("%s did not come", what)
	}
}

func receive(t *testing.T, c <-chan string, what string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(20 * time.Second):
		t.Fatalf("%s was not felt", what)
		return ""
	}
}
