package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/settings"
	"reterminal-vision/inference/testmedia"
)

// binary is the program itself: $RTV_BINARY, else built for the occasion.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("RTV_BINARY"); path != "" {
		return path, nil
	}
	path := filepath.Join(os.TempDir(), fmt.Sprintf("reterminal-vision-%d", os.Getpid()))
	out, err := exec.Command("go", "build", "-o", path, "reterminal-vision").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// process is the program running on its own.
type process struct {
	*exec.Cmd
	out, log watched
	done     chan error
}

// watched is output that a test waits for.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await returns when the output contains what is wanted n times.
func (w *watched) await(t *testing.T, want string, n int) {
	t.Helper()
	for until := time.Now().Add(90 * time.Second); strings.Count(w.String(), want) < n; {
		if time.Now().After(until) {
			t.Fatalf("%q did not come %d times:\n%s", want, n, w)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, args...), done: make(chan error, 1)}
	p.Env = append(append(os.Environ(), "XDG_DATA_HOME="+seasoned(t)), env...)
	p.Stdout, p.Stderr = &p.out, &p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.Wait() }()
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// child is the process that does a supervised app's work.
func (p *process) child(t *testing.T) int {
	t.Helper()
	found, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.Process.Pid))
	for _, file := range found {
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			child, _ := strconv.Atoi(strings.Fields(string(text))[0])
			return child
		}
	}
	t.Fatal("the app has ended")
	return 0
}

// seasoned is a data folder of an app whose first run is over.
func seasoned(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := settings.Save(filepath.Join(folder, "reterminal-vision", "settings.json"), settings.Settings{Welcomed: true}); err != nil {
		t.Fatal(err)
	}
	return folder
}

// end signals the process and checks that it ends well and soon.
func (p *process) end(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			t.Errorf("after %v: %v\n%s", signal, err, &p.log)
		}
	case <-time.After(20 * time.Second):
		p.Process.Signal(syscall.SIGQUIT)
		<-p.done
		t.Errorf("still runs 20 s after %v:\n%s", signal, &p.log)
	}
}

// TestStartsWithoutComplaint looks for what libraries print before the app has a say.
func TestStartsWithoutComplaint(t *testing.T) {
	for _, lang := range []string{"", "C", "POSIX", "C.UTF-8", "de_DE.UTF-8"} {
		p := start(t, []string{"LANGUAGE=", "LC_ALL=", "LC_MESSAGES=", "LANG=" + lang}, "version")
		if err := <-p.done; err != nil || p.log.String() != "" || p.out.String() == "" {
			t.Errorf("LANG=%s: %v, said %q", lang, err, &p.log)
		}
	}
}

// TestDelegatesPrintElsewhere has a delegate print where results go.
func TestDelegatesPrintElsewhere(t *testing.T) {
	models := testmedia.Path(t, "models")
	delegate := "external:" + testmedia.Delegate(t, "add")
	profile := start(t, nil, "bench", "profile", "deeplabv3_257_mv", "--models-dir", models, "--delegate", delegate, "--runs", "3", "--json")
	err := <-profile.done
	var p bench.Profiled
	if parsed := json.Unmarshal([]byte(profile.out.String()), &p); err != nil || parsed != nil {
		t.Fatalf("%v, %v:\n%s\n%s", err, parsed, &profile.out, &profile.log)
	}
	if p.Runs != 3 || p.Placement.Delegated() == 0 || len(p.Operators) < 70 || !strings.Contains(p.Placement.Said, "a line on standard output") {
		t.Errorf("%d runs of %d operators, %d delegated, said %q", p.Runs, len(p.Operators), p.Placement.Delegated(), p.Placement.Said)
	}
	demo := start(t, nil, "--headless", "--demo", "scene", "--model", "deeplabv3_257_mv", "--models-dir", models, "--delegate", delegate, "--source", "builtin:traffic", "--frames", "2")
	if err := <-demo.done; err != nil || !strings.Contains(demo.log.String(), "a line on standard output") {
		t.Errorf("%v:\n%s", err, &demo.log)
	}
	for line := range strings.Lines(demo.out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no result: %q", line)
		}
	}
	refused := start(t, nil, "bench", "--demo", "scene", "--models-dir", models, "--delegate", "external:/no/such.so", "--frames", "2", "--threads", "1")
	if err := <-refused.done; err == nil || !strings.Contains(refused.log.String(), "/no/such.so") {
		t.Errorf("measured without its delegate: %v\n%s", err, &refused.out)
	}
}

func TestSignalsEndHeadless(t *testing.T) {
	models := testmedia.Path(t, "models")
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, source := range []string{"builtin:traffic", testmedia.Path(t, "media/traffic/cars.mp4")} {
			p := start(t, nil, "--headless", "--loop", "--source", source, "--models-dir", models)
			p.out.await(t, "\n", 3)
			p.end(t, signal)
			if !strings.Contains(p.log.String(), "results in") {
				t.Errorf("%v: no summary:\n%s", signal, &p.log)
			}
		}
	}
}

// TestFullDisk mounts a folder with hardly any room, in a namespace of its own.
func TestFullDisk(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	inside := func(script string) (string, error) {
		cmd := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
			"mount -t tmpfs -o size=16k tmpfs "+dir+" && "+script)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := inside("true"); err != nil {
		t.Skipf("no file system can be mounted here: %s", out)
	}
	run := path + " --headless --unpaced --models-dir " + testmedia.Path(t, "models") + " --source " + testmedia.Path(t, "media/traffic/cars.mp4")
	for name, c := range map[string]struct{ script, says, left string }{
		"results": {run + " >" + dir + "/results.jsonl", "writing results", "results.jsonl\n"},
		"picture": {run + " --save-frame " + dir + "/frame.png >/dev/null", "saving " + dir + "/frame.png", ""},
	} {
		out, err := inside(c.script + "; code=$?; echo left:; ls -A " + dir + "; exit $code")
		if err == nil || !strings.Contains(out, c.says) || !strings.Contains(out, "no space left on device") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if _, left, _ := strings.Cut(out, "left:\n"); left != c.left {
			t.Errorf("%s: files left behind: %q", name, left)
		}
	}
}

// display is a virtual screen of the reTerminal's size.
func display(t testing.TB) string {
	t.Helper()
	for _, tool := range []string{"Xvfb", "xdotool", "import"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: run packaging/setup.sh", tool)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", "720x1280x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { stop(); cmd.Wait(); r.Close() })
	number := make([]byte, 16)
	n, err := r.Read(number)
	if err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	return "DISPLAY=:" + strings.TrimSpace(string(number[:n]))
}

// screen is a virtual screen with somebody before it.
type screen struct {
	t       *testing.T
	display string
}

func (s screen) run(name string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), s.display)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

func (s screen) tap(x, y int) {
	s.t.Helper()
	s.run("xdotool", "mousemove", fmt.Sprint(x), fmt.Sprint(y), "click", "1")
}

// shot takes a picture of the screen, kept in $RTV_SHOTS when that is set.
func (s screen) shot(name string) image.Image {
	s.t.Helper()
	dir := os.Getenv("RTV_SHOTS")
	if dir == "" {
		dir = s.t.TempDir()
	}
	file := filepath.Join(dir, name+".png")
	s.run("import", "-window", "root", file)
	f, err := os.Open(file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return img
}

// awaitShot takes pictures until one is as wanted.
func (s screen) awaitShot(name string, wanted func(image.Image) bool) image.Image {
	s.t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		img := s.shot(name)
		if wanted(img) {
			return img
		}
		if time.Now().After(until) {
			s.t.Fatalf("%s: the screen never looks as it should", name)
		}
	}
}

// still waits until what does not show films stands still: until then a tap may
// meet what is about to go.
func (s screen) still(name string) image.Image {
	s.t.Helper()
	before := words(s.shot(name))
	return s.awaitShot(name, func(img image.Image) bool {
		defer func() { before = words(img) }()
		return alike(words(img), before)
	})
}

// tapped taps and waits until the screen has changed and stands still.
func (s screen) tapped(x, y int, name string) image.Image {
	s.t.Helper()
	before := words(s.shot(name))
	s.tap(x, y)
	s.awaitShot(name, func(img image.Image) bool { return !alike(words(img), before) })
	return s.still(name)
}

// boxSides counts long straight lines in the ink of detection boxes within area.
func boxSides(img image.Image, area image.Rectangle) (upright, level int) {
	const long = 60
	ink := func(x, y int) bool {
		c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
		return c.R < 30 && c.G > 140 && c.G < 175 && c.B > 95 && c.B < 135 // the green of cars
	}
	for x := area.Min.X; x < area.Max.X; x++ {
		for y, n := area.Min.Y, 0; y < area.Max.Y; y++ {
			if n++; !ink(x, y) {
				n = 0
			} else if n == long {
				upright++
			}
		}
	}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x, n := area.Min.X, 0; x < area.Max.X; x++ {
			if n++; !ink(x, y) {
				n = 0
			} else if n == long {
				level++
			}
		}
	}
	return upright, level
}

// alike tells that two pictures of the screen differ in hardly a pixel.
func alike(a, b image.Image) bool {
	differ := 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y += 3 {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x += 3 {
			if a.At(x, y) != b.At(x, y) {
				differ++
			}
		}
	}
	return differ < a.Bounds().Dx()*a.Bounds().Dy()/9/100
}

// words is the part of the gallery that does not move: beside the films.
func words(img image.Image) image.Image {
	return img.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(240, 0, 720, 1280))
}

// TestWindow taps a card, sees boxes over cars, goes back and taps again while
// the network runs, and ends the app with a signal.
func TestWindow(t *testing.T) {
	clip, models := testmedia.Path(t, "media/traffic/cars.mp4"), testmedia.Path(t, "models")
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en"}, "--source", clip, "--models-dir", models)
	p.log.await(t, "window shown", 1)
	home := s.shot("home")

	picture := image.Rect(0, 128, 720, 128+720*420/628)
	boxed := func(img image.Image) bool {
		upright, level := boxSides(img, picture)
		return upright >= 4 && level >= 4 // two sides each way, some pixels wide
	}
	s.tap(360, 300)
	s.awaitShot("live", boxed)
	s.tap(100, 64)
	s.awaitShot("home-again", func(img image.Image) bool { return alike(words(img), words(home)) })
	s.tap(360, 300)
	s.awaitShot("live-again", boxed)
	p.end(t, syscall.SIGTERM)
	if log := p.log.String(); strings.Contains(log, "rror") {
		t.Errorf("the log tells of errors:\n%s", log)
	}
}

// TestWindowWithoutCamera is what a visitor of a fresh machine sees.
func TestWindowWithoutCamera(t *testing.T) {
	if nodes, _ := filepath.Glob("/dev/video*"); len(nodes) > 0 {
		t.Skip("this machine has a camera")
	}
	dir := filepath.Dir(testmedia.Mirror(t, "object_detection_ssd_mobilenetv2_oidv4_fp16.tflite"))
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en"}, "--demo", "vehicles", "--kiosk", "--models-dir", dir)
	p.log.await(t, "source open", 1)
	s.awaitShot("builtin", func(img image.Image) bool {
		amber := 0 // the upper edge of the notice
		for x := range 720 {
			for y := 856; y < 868; y++ {
				c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
				if c.R > 210 && c.G > 165 && c.B < 120 {
					amber++
				}
			}
		}
		return amber > 1000
	})
	p.end(t, os.Interrupt)
}

// TestWindowCameraComesBack takes a camera away from a running demo, whose
// screen says so, and brings it back.
func TestWindowCameraComesBack(t *testing.T) {
	dir := t.TempDir()
	cut, pid := filepath.Join(dir, "cut"), filepath.Join(dir, "pid")
	script := "#!/bin/sh\n[ -e " + cut + " ] && { echo 'ERROR: *** no cameras available ***' >&2; exit 255; }\necho $$ >" + pid +
		"\nexec ffmpeg -nostdin -loglevel error -re -f lavfi -i color=c=0x20a060:size=640x480:rate=30 -pix_fmt yuv420p -f rawvideo pipe:1\n"
	if err := os.WriteFile(filepath.Join(dir, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en", "PATH=" + dir + ":" + os.Getenv("PATH")}, "--demo", "belt", "--source", "csi:0",
		"--models-dir", filepath.Join("..", "models", "trained"), "--metrics", "127.0.0.1:0")
	picture := func(img image.Image) bool {
		r, g, b, _ := img.At(360, 400).RGBA()
		return r>>8 < 0x60 && g>>8 > 0x80 && b>>8 < 0x90
	}
	s.awaitShot("camera", picture)
	if err := os.WriteFile(cut, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.run("sh", "-c", "kill $(cat "+pid+")")
	p.log.await(t, "no cameras available", 1)
	s.awaitShot("camera-lost", func(img image.Image) bool { return !picture(img) })
	if err := os.Remove(cut); err != nil {
		t.Fatal(err)
	}
	p.log.await(t, "source is back", 1)
	s.awaitShot("camera-back", picture)
	_, after, _ := strings.Cut(p.log.String(), "at=")
	address, _, _ := strings.Cut(after, "\n")
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	for _, want := range []string{"rtv_source_recoveries_total 1\n", "rtv_camera_frames_total ", "rtv_source_failures_total{reason=\"other\"} ", "# EOF\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the metrics lack %q:\n%s", want, text)
		}
	}
	p.end(t, syscall.SIGTERM)
}

// TestMetricsStayHere refuses addresses that others can reach.
func TestMetricsStayHere(t *testing.T) {
	for _, address := range []string{"0.0.0.0:9477", ":9477", "192.168.1.5:80", "nonsense"} {
		var usage cli.UsageError
		for _, serve := range []func(context.Context, string) error{metrics.Serve, metrics.ServeProfiles} {
			if err := serve(t.Context(), address); !errors.As(err, &usage) {
				t.Errorf("%s: %v", address, err)
			}
		}
	}
}

// TestWindowWithoutModel shows the remedy and keeps running.
func TestWindowWithoutModel(t *testing.T) {
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en"}, "--demo", "vehicles", "--model", "ssd_mobilenet_v1_coco_quant", "--models-dir", t.TempDir())
	p.log.await(t, "demo cannot run", 1)
	p.log.await(t, "window shown", 1)
	time.Sleep(500 * time.Millisecond)
	s.shot("no-model")
	if !strings.Contains(p.log.String(), "models fetch ssd_mobilenet_v1_coco_quant") {
		t.Errorf("the log names no remedy:\n%s", &p.log)
	}
	p.end(t, syscall.SIGTERM)
}
