package app

import (
	"encoding/json"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/pin"
	"reterminal-vision/app/settings"
	"reterminal-vision/inference/testmedia"
)

// resident is the memory of a process that is in use, in megabytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the app has ended")
	}
	kb, _ := strconv.Atoi(string(m[1]))
	return kb / 1024
}

// gesture is what a restless visitor does, as lines for xdotool.
func gesture(r *rand.Rand) string {
	x, y := r.IntN(720), r.IntN(1280)
	switch n := r.IntN(100); {
	case n < 78: // a tap
		return fmt.Sprintf("mousemove %d %d\nmousedown 1\nsleep 0.02\nmouseup 1\nsleep 0.03\n", x, y)
	case n < 80: // a long press
		return fmt.Sprintf("mousemove %d %d\nmousedown 1\nsleep 1.1\nmouseup 1\n", x, y)
	case n < 84: // the way back
		return "mousemove 100 64\nmousedown 1\nsleep 0.02\nmouseup 1\nsleep 0.03\n"
	}
	script := fmt.Sprintf("mousemove %d %d\nmousedown 1\n", x, y) // a swipe
	toX, toY := r.IntN(720), r.IntN(1280)
	for i := 1; i <= 5; i++ {
		script += fmt.Sprintf("mousemove %d %d\nsleep 0.01\n", x+(toX-x)*i/5, y+(toY-y)*i/5)
	}
	return script + "mouseup 1\nsleep 0.03\n"
}

// TestRobot is a restless visitor of a locked kiosk while demos run: for
// RTV_ROBOT=15m some ten thousand taps, swipes and long presses, else a few
// hundred. The app does not crash, its memory stays, no way leads out, and at
// the end it is as at the beginning.
func TestRobot(t *testing.T) {
	long := 20 * time.Second
	if text := os.Getenv("RTV_ROBOT"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	folder, pictures := t.TempDir(), t.TempDir()
	hash, err := pin.Hash("2580")
	if err != nil {
		t.Fatal(err)
	}
	kept := settings.Settings{Welcomed: true, PIN: hash, Visitors: settings.Visitors{Idle: 5, Attract: "off"}}
	if err := settings.Save(filepath.Join(folder, "reterminal-vision", "settings.json"), kept); err != nil {
		t.Fatal(err)
	}
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en", "XDG_DATA_HOME=" + folder, "RTV_PICTURES=" + pictures},
		"--kiosk", "--models-dir", filepath.Join("..", "models", "trained"))
	p.log.await(t, "window shown", 1)
	time.Sleep(500 * time.Millisecond)
	robot := exec.Command("xdotool", "-")
	robot.Env = append(os.Environ(), s.display)
	hand, err := robot.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := robot.Start(); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	var memory []int
	gestures, begun := 0, time.Now()
	for next := begun; time.Since(begun) < long; gestures++ {
		if _, err := io.WriteString(hand, gesture(r)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(70 * time.Millisecond) // the pipe is as quick as the hand
		if now := time.Now(); now.After(next) {
			next = now.Add(long / 20)
			memory = append(memory, resident(t, p.child(t)))
		}
	}
	hand.Close()
	if err := robot.Wait(); err != nil {
		t.Errorf("xdotool: %v", err)
	}
	t.Logf("%d gestures in %v, %d demos, memory in MB: %v", gestures, long, strings.Count(p.log.String(), "source open"), memory)
	settled := memory[len(memory)/3:]
	// The first minutes fill caches.
	if grown := settled[len(settled)-1] - settled[0]; long >= 5*time.Minute && grown > 60 {
		t.Errorf("memory grew by %d MB over the last two thirds", grown)
	}
	for _, bad := range []string{"panic", "crashed", "fatal error"} {
		if strings.Contains(p.log.String(), bad) {
			t.Errorf("the log tells of a %s:\n%s", bad, p.log.String())
		}
	}
	time.Sleep(7 * time.Second) // left alone it goes back to the gallery
	s.shot("robot-after")
	s.run("xdotool", "mousemove", "360", "700")
	for range 6 { // to the top of the list
		s.run("xdotool", "mousemove", "360", "400", "mousedown", "1", "mousemove", "360", "700", "sleep", "0.03", "mousemove", "360", "1100", "mouseup", "1")
		time.Sleep(300 * time.Millisecond)
	}
	time.Sleep(time.Second)
	gallery := words(s.shot("robot-gallery"))
	s.tap(360, 300) // the log tells of so many demos no more
	s.awaitShot("robot-again", func(img image.Image) bool { return !alike(words(img), gallery) })
	if got, err := settings.Load(filepath.Join(folder, "reterminal-vision", "settings.json")); err != nil || got.PIN != hash {
		t.Errorf("settings after it: %+v, %v", got, err)
	}
	p.end(t, syscall.SIGTERM)
}

// BenchmarkTap times how soon a press shows on the screen, and how often the
// screen is painted, while a network that is too slow for its source keeps all
// cores busy.
func BenchmarkTap(b *testing.B) {
	clip := testmedia.Path(b, "media/traffic/cars.mp4")
	models := testmedia.Path(b, "models")
	s := display(b)
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	var log watched
	app := exec.Command(path, "--demo", "vehicles", "--model", "yolov8n_int8", "--threads", "2", "--source", clip, "--models-dir", models, "--metrics", "127.0.0.1:0")
	app.Env = append(os.Environ(), s, "LANGUAGE=en", "XDG_DATA_HOME="+b.TempDir())
	app.Stderr = &log
	if err := app.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = app.Process.Kill(); _ = app.Wait() }()
	for !strings.Contains(log.String(), "source open") {
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(4 * time.Second)
	_, after, _ := strings.Cut(log.String(), "at=")
	address, _, _ := strings.Cut(after, "\n")
	paints := func() float64 {
		response, err := http.Get(address)
		if err != nil {
			b.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		_, value, _ := strings.Cut(string(text), "rtv_screen_paints_total ")
		value, _, _ = strings.Cut(value, "\n")
		n, _ := strconv.ParseFloat(value, 64)
		return n
	}
	first, begun := paints(), time.Now()
	cmd := exec.Command("python3", "testdata/tap_time.py", "200", "1232", "200")
	cmd.Env = append(os.Environ(), s)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	var times []float64
	if err := json.Unmarshal(out, &times); err != nil {
		b.Fatal(err)
	}
	time.Sleep(2 * time.Second) // counts are taken every two seconds
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(times[len(times)/2], "median-ms")
	b.ReportMetric(times[len(times)*95/100], "p95-ms")
	b.ReportMetric(times[len(times)-1], "max-ms")
	b.ReportMetric((paints()-first)/time.Since(begun).Seconds(), "paints/s")
}
