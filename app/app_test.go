package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/cli"
	"reterminal-vision/inference/testmedia"
)

// call runs the program in this process and returns what it wrote.
func call(t *testing.T, ctx context.Context, stdout io.Writer, args ...string) (code int, stderr string) {
	t.Helper()
	var log bytes.Buffer
	code = run(ctx, args, stdout, &log)
	return code, log.String()
}

// line is what a consumer of --headless reads.
type line struct {
	Sequence    uint64
	Captured    time.Time
	TimestampMs float64 `json:"timestamp_ms"`
	InvokeMs    float64 `json:"invoke_ms"`
	LatencyMs   float64 `json:"latency_ms"`
	Dropped     uint64
	Width       int
	Height      int
	Objects     []struct {
		Label string
		Score float64
		Box   [4]float64
	}
}

func readLines(t *testing.T, text []byte) (lines []line) {
	t.Helper()
	for row := range bytes.Lines(text) {
		var l line
		if err := json.Unmarshal(row, &l); err != nil {
			t.Fatalf("%s: %v", row, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// carsArgs run the default demo over the cars clip as fast as it goes.
func carsArgs(t *testing.T, more ...string) []string {
	return append([]string{
		"--headless", "--unpaced", "--models-dir", testmedia.Path(t, "models"),
		"--source", testmedia.Path(t, "media/traffic/cars.mp4"),
	}, more...)
}

func TestHeadlessOnCars(t *testing.T) {
	shot := filepath.Join(t.TempDir(), "frame.png")
	var out bytes.Buffer
	code, log := call(t, t.Context(), &out, carsArgs(t, "--save-frame", shot)...)
	if code != cli.OK {
		t.Fatalf("exit code %d: %s", code, log)
	}
	lines := readLines(t, out.Bytes())
	if len(lines) != 525 {
		t.Fatalf("%d lines, the clip has 525 frames", len(lines))
	}
	withVehicle := 0
	for i, l := range lines {
		if l.Sequence != uint64(i) || l.Width != 628 || l.Height != 420 || l.InvokeMs <= 0 || l.LatencyMs < l.InvokeMs || l.Captured.IsZero() {
			t.Fatalf("line %d: %+v", i, l)
		}
		if i > 0 && l.TimestampMs <= lines[i-1].TimestampMs {
			t.Fatalf("line %d: timestamps go backwards", i)
		}
		for _, o := range l.Objects {
			if !strings.Contains("car bus truck motorcycle bicycle", o.Label) {
				t.Errorf("line %d: %s is no vehicle", i, o.Label)
			}
			if o.Score < .5 || o.Score > 1 || o.Box[0] < 0 || o.Box[1] < 0 || o.Box[2] > 628 || o.Box[3] > 420 || o.Box[0] >= o.Box[2] {
				t.Errorf("line %d: %+v", i, o)
			}
		}
		if len(l.Objects) > 0 {
			withVehicle++
		}
	}
	// The published model, run by Python on the same clip, finds a vehicle in each of its frames.
	if withVehicle != len(lines) {
		t.Errorf("a vehicle in %d of %d frames", withVehicle, len(lines))
	}
	checkPictureFile(t, shot, image.Pt(628, 420))
}

func checkPictureFile(t *testing.T, file string, size image.Point) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Size() != size {
		t.Errorf("saved picture of %v, want %v", img.Bounds().Size(), size)
	}
}

// TestBuiltinFootage needs nothing but what a fresh machine has.
func TestBuiltinFootage(t *testing.T) {
	dir := filepath.Dir(testmedia.Mirror(t, "object_detection_ssd_mobilenetv2_oidv4_fp16.tflite"))
	var out bytes.Buffer
	code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--source", "builtin:traffic", "--models-dir", dir)
	if code != cli.OK {
		t.Fatalf("exit code %d: %s", code, log)
	}
	lines, found := readLines(t, out.Bytes()), 0
	for _, l := range lines {
		if len(l.Objects) > 0 {
			found++
		}
	}
	if len(lines) != 160 || found < 150 {
		t.Errorf("vehicles found in %d of %d pictures, want 150 of 160", found, len(lines))
	}
}

// TestPacedMovesForward checks that frames may be passed over but never come late.
func TestPacedMovesForward(t *testing.T) {
	var out bytes.Buffer
	code, log := call(t, t.Context(), &out, "--headless", "--threads", "1", "--delegate", "none", "--duration", "3s", "--loop",
		"--models-dir", testmedia.Path(t, "models"), "--source", testmedia.Path(t, "media/traffic/cars.mp4"))
	if code != cli.OK {
		t.Fatalf("exit code %d: %s", code, log)
	}
	lines := readLines(t, out.Bytes())
	if len(lines) < 5 {
		t.Fatalf("%d results", len(lines))
	}
	for i, l := range lines[1:] {
		if before := lines[i]; l.Sequence <= before.Sequence || l.Dropped < before.Dropped {
			t.Errorf("frame %d with %d dropped after frame %d with %d", l.Sequence, l.Dropped, before.Sequence, before.Dropped)
		}
	}
}

// cancelOn ends a run once enough lines have come.
type cancelOn struct {
	lines int
	stop  context.CancelFunc
	seen  int
}

func (c *cancelOn) Write(p []byte) (int, error) {
	c.seen += bytes.Count(p, []byte("\n"))
	if c.seen >= c.lines {
		c.stop()
	}
	return len(p), nil
}

// TestNothingIsLeft starts and stops sessions in every state and counts goroutines.
func TestNothingIsLeft(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.mp4")
	runs := map[string][]string{
		"interrupted": carsArgs(t),
		"paced":       {"--headless", "--source", "builtin:traffic", "--models-dir", testmedia.Path(t, "models")},
		"no source":   {"--headless", "--source", missing, "--models-dir", testmedia.Path(t, "models")},
		"no model":    {"--headless", "--source", "builtin:traffic", "--model", "ssd_mobilenet_v1_coco_quant", "--models-dir", t.TempDir()},
	}
	before := runtime.NumGoroutine()
	for name, args := range runs {
		ctx, stop := context.WithCancel(t.Context())
		call(t, ctx, &cancelOn{lines: 5, stop: stop}, args...)
		stop()
		// Goroutines that were told to end may need a moment for it.
		for until := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(until); {
			time.Sleep(10 * time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before {
			stacks := make([]byte, 1<<16)
			t.Errorf("%s: %d goroutines, %d before:\n%s", name, n, before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// failingWriter is a disk that fills up.
type failingWriter struct{ room int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, fmt.Errorf("write /dev/stdout: no space left on device")
	}
	return len(p), nil
}

func TestFailuresAreReported(t *testing.T) {
	models := testmedia.Path(t, "models")
	truncated := t.TempDir()
	data, err := os.ReadFile(filepath.Join(models, "ssd_mobilenet_v1_coco_quant.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(truncated, "ssd_mobilenet_v1_coco_quant.tflite"), data[:len(data)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	const oneModel = "--model=ssd_mobilenet_v1_coco_quant"
	for _, c := range []struct {
		name string
		out  io.Writer
		args []string
		code int
		says []string
	}{
		{"full disk", &failingWriter{room: 2000}, carsArgs(t), cli.Failed, []string{"writing results", "no space left on device"}},
		{"missing model", io.Discard, []string{"--headless", oneModel, "--models-dir", t.TempDir()}, cli.Failed,
			[]string{"ssd_mobilenet_v1_coco_quant.tflite", "models fetch ssd_mobilenet_v1_coco_quant"}},
		{"truncated model", io.Discard, []string{"--headless", oneModel, "--models-dir", truncated}, cli.Failed,
			[]string{truncated, "wrong-size", "models fetch ssd_mobilenet_v1_coco_quant"}},
		{"missing file", io.Discard, []string{"--headless", "--source", "/no/such.mp4", "--models-dir", models}, cli.Failed, []string{"/no/such.mp4", "check the name"}},
		{"no picture", io.Discard, []string{"--headless", "--source", text, "--models-dir", models}, cli.Failed, []string{"notes.txt", "convert it"}},
		{"no camera", io.Discard, []string{"--headless", "--source", "/dev/video77", "--models-dir", models}, cli.Failed, []string{"/dev/video77", "plug in a camera"}},
		{"no folder for the picture", io.Discard, carsArgs(t, "--duration", "1s", "--save-frame", "/no/such/folder/a.png"), cli.Failed, []string{"/no/such/folder/a.png"}},
		{"unknown demo", io.Discard, []string{"--demo", "cooking"}, cli.Usage, []string{`no demo "cooking"`, "vehicles"}},
		{"unknown delegate", io.Discard, []string{"--delegate", "magic"}, cli.Usage, []string{"magic", "xnnpack"}},
		{"bad threads", io.Discard, []string{"--threads", "0"}, cli.Usage, []string{"--threads 0"}},
		{"bad threshold", io.Discard, []string{"--threshold", "NaN"}, cli.Usage, []string{"--threshold"}},
		{"kiosk without a window", io.Discard, []string{"--headless", "--kiosk"}, cli.Usage, []string{"choose one"}},
		{"picture of no kind", io.Discard, []string{"--save-frame", "a.txt"}, cli.Usage, []string{".png or .jpg"}},
		{"stray word", io.Discard, []string{"vehicles"}, cli.Usage, []string{`"vehicles"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, log := call(t, t.Context(), c.out, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, s := range c.says {
				if !strings.Contains(log, s) {
					t.Errorf("does not say %q:\n%s", s, log)
				}
			}
		})
	}
}

// removeOn deletes a file after the first line.
type removeOn struct {
	sync.Once
	file string
}

func (r *removeOn) Write(p []byte) (int, error) {
	r.Do(func() { os.Remove(r.file) })
	return len(p), nil
}

func TestVanishedFile(t *testing.T) {
	data, err := os.ReadFile(testmedia.Path(t, "media/traffic/cars.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gone.mp4")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	code, log := call(t, t.Context(), &removeOn{file: file}, "--headless", "--unpaced", "--loop",
		"--models-dir", testmedia.Path(t, "models"), "--source", file)
	if code != cli.Failed || !strings.Contains(log, "gone.mp4") || !strings.Contains(log, "removed") {
		t.Errorf("exit code %d: %s", code, log)
	}
}

func TestBenchCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	var out bytes.Buffer
	code, log := call(t, t.Context(), &out, "bench", "--models-dir", testmedia.Path(t, "models"), "--threads", "1", "--frames", "40", "--json", file)
	if code != cli.OK {
		t.Fatalf("exit code %d: %s", code, log)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []bench.Figures
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Frames != 40 || rows[0].FPS <= 0 || rows[0].InvokeFPS < rows[0].FPS || rows[0].PeakRSSMegabyte <= 0 {
		t.Errorf("%+v", rows)
	}
	if !strings.Contains(out.String(), "FPS/Invoke") {
		t.Errorf("no table:\n%s", &out)
	}
}
