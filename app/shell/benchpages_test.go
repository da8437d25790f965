package shell

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/device"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/ui/kit"
)

// chooseOnly chooses one network and one setting.
func chooseOnly(t *testing.T, w *window, model string) {
	t.Helper()
	p := w.page(pageBenchModels)
	for _, id := range []string{"none", "model " + model} {
		if err := p.choose(id); err != nil {
			t.Fatal(err)
		}
	}
	w.bench.mu.Lock() // pages may be shown meanwhile
	for n := range w.bench.threads {
		w.bench.threads[n] = n == 1
	}
	w.bench.mu.Unlock()
	if err := w.page(pageBench).choose("backend builtin"); err != nil {
		t.Fatal(err)
	}
}

// What is chosen is measured, kept, shown and taken along.
func TestBenchPages(t *testing.T) {
	w := testWindow(t)
	pictures := t.TempDir()
	t.Setenv("RTV_PICTURES", pictures)
	p := w.page(pageBench)
	rowOf(t, p.show(), "start") // what the demos use is chosen
	chooseOnly(t, w, "vehicle_yolov2_mobilenet_025_224_int8")
	if got := rowOf(t, p.show(), "start").Detail; !strings.HasPrefix(got, "Networks: 1, measurements: 1") {
		t.Errorf("to be measured: %s", got)
	}
	if err := p.choose("variant int8"); err != nil {
		t.Fatal(err)
	}
	for _, g := range p.show().Groups {
		for _, r := range g.Rows {
			if r.ID == "start" {
				t.Error("nothing is chosen, and can be measured")
			}
		}
	}
	if err := p.choose("variant int8"); err != nil {
		t.Fatal(err)
	}
	if err := p.choose("start"); err != nil {
		t.Fatal(err)
	}
	rowOf(t, p.show(), "cancel")
	w.working.Wait()
	shown := p.show()
	if shown.Wrong != "" {
		t.Error(shown.Wrong)
	}
	lead := ""
	for _, g := range shown.Groups {
		for _, r := range g.Rows {
			if strings.HasPrefix(r.ID, pageBenchRun) {
				lead = r.ID
			}
		}
	}
	run := w.page(lead)
	if run == nil {
		t.Fatalf("no results on %+v", shown)
	}
	var bars *kit.Bars
	for _, g := range run.show().Groups {
		if g.Bars != nil && bars == nil {
			bars = g.Bars
		}
	}
	if bars == nil || len(bars.Groups) != 1 || len(bars.Groups[0].Bars) != 1 || bars.Groups[0].Bars[0].Value <= 0 {
		t.Errorf("results: %+v", bars)
	}
	for _, format := range []string{"png", "csv", "json"} {
		if err := run.choose(format); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(pictures, "benchmark-*."+format))
		if len(files) != 1 {
			t.Fatalf("%s: %v", format, files)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		switch format {
		case "png":
			if img, kind, err := image.Decode(bytes.NewReader(text)); err != nil || kind != "png" || img.Bounds().Dx() != 720 || img.Bounds().Dy() < 500 {
				t.Errorf("picture: %s, %v", kind, err)
			}
		case "json":
			var all []benchmark.Record
			if err := json.Unmarshal(text, &all); err != nil || len(all) != 1 || all[0].FPS() <= 0 {
				t.Errorf("%s, %v", text, err)
			}
		}
	}
	t.Setenv("RTV_PICTURES", "/dev/null/pictures")
	if err := run.choose("csv"); err == nil || !strings.Contains(err.Error(), "RTV_PICTURES") {
		t.Errorf("where nothing can be written: %v", err)
	}
	family := pageBenchNetwork + strings.TrimPrefix(lead, pageBenchRun) + " vehicle_yolov2_mobilenet_025_224"
	if got := w.page(family).show(); got.Wrong != "" || len(got.Groups) < 3 {
		t.Errorf("every figure: %+v", got)
	}
	slowest := w.page(pageProfile + "vehicle_yolov2_mobilenet_025_224_int8 xnnpack 1").show()
	if slowest.Wrong != "" || len(slowest.Groups) != 1 || len(slowest.Groups[0].Rows) != 1+slowestShown || !strings.HasSuffix(slowest.Groups[0].Rows[1].Value, " ms") {
		t.Errorf("slowest steps: %+v", slowest)
	}
	if err := run.choose("delete"); err != nil {
		t.Fatal(err)
	}
	if got := run.show().Wrong; got == "" {
		t.Error("deleted results are shown")
	}
	if got := w.page(pageBenchHistory).show(); len(got.Groups[0].Rows) != 0 {
		t.Errorf("history: %+v", got)
	}
}

// A demo that is started ends the measurements before it begins; what they
// found so far is kept.
func TestBenchGivesWay(t *testing.T) {
	w := testWindow(t)
	if err := w.page(pageBenchModels).choose("all"); err != nil {
		t.Fatal(err)
	}
	if err := w.page(pageBench).choose("start"); err != nil {
		t.Fatal(err)
	}
	if err := w.measureAll(); err != nil || w.measuring != "…" {
		t.Errorf("demos are measured beside it: %q, %v", w.measuring, err)
	}
	w.bench.mu.Lock()
	run := w.bench.now
	w.bench.mu.Unlock()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		w.bench.mu.Lock()
		done := len(run.finished)
		w.bench.mu.Unlock()
		if done > 0 {
			break
		}
	}
	w.StartDemo("vehicles")
	w.settled()
	select {
	case <-run.ended:
	default:
		t.Error("a demo runs beside the measurements")
	}
	if len(w.modelsRunning()) == 0 {
		t.Error("the demo does not run")
	}
	if runs, err := w.bench.runs(); err != nil || len(runs) != 1 || len(runs[0]) >= run.all {
		t.Errorf("kept: %d runs, %v", len(runs), err)
	}
}

// A damaged history and a model that is not sound are told.
func TestBenchTells(t *testing.T) {
	w := testWindow(t)
	h, err := bench.OpenHistory()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(h.Path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.Path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := w.page(pageBenchHistory).show().Wrong; !strings.Contains(got, "benchmarks.json.damaged") {
		t.Errorf("damaged history: %q", got)
	}
	const model = "belt_rip_mobilenet_025_128_int8"
	file := filepath.Join(w.cfg.ModelsDir, model+".tflite")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2]++
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	chooseOnly(t, w, model)
	if err := w.page(pageBench).choose("start"); err != nil {
		t.Fatal(err)
	}
	w.working.Wait()
	if got := w.page(pageBench).show().Wrong; !strings.Contains(got, model) || !strings.Contains(got, "models fetch") {
		t.Errorf("unsound model: %q", got)
	}
}

// TestHungDelegateIsNotTriedAgain waits for a delegate that hangs only once.
func TestHungDelegateIsNotTriedAgain(t *testing.T) {
	file := testmedia.Path(t, "models/deeplabv3_257_mv.tflite")
	backend := "external:" + testmedia.Delegate(t, "add") + "?mode=hang"
	var plan []bench.Job
	for _, id := range []string{"one", "two", "three"} {
		plan = append(plan, bench.Job{Subject: benchmark.Subject{ID: id, File: file}, Backend: backend, Threads: 1})
	}
	var made []benchmark.Record
	m := benchmark.Machine{Device: device.New(), Limit: 3 * time.Second}
	err := bench.MeasureOn(t.Context(), m, time.Now(), plan, func(int, bench.Job) {}, func(r benchmark.Record) error { made = append(made, r); return nil })
	if err != nil || len(made) != 3 || !strings.Contains(made[0].Failed, "was not done after 3s") {
		t.Fatalf("%v: %+v", err, made)
	}
	for _, r := range made[1:] {
		if !strings.Contains(r.Failed, "it hung with one") {
			t.Errorf("%s: %s", r.Model, r.Failed)
		}
	}
}
