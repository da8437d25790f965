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
	"reterminal-vision/app/library"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/ui/kit"
)

// chooseOnly chooses one network and one setting.
func chooseOnly(t *testing.T, w *shell, model string) {
	t.Helper()
	networks, p := pages.BenchModels{App: w.pages}, pages.Bench{App: w.pages}
	tap(t, networks, "None")
	tap(t, networks, library.Catalogue().Model(model).Title)
	for _, g := range p.Show().Groups {
		for _, r := range g.Rows {
			if g.Title == "Threads" && r.Chosen != (r.Label == "1") {
				tap(t, p, r.Label)
			}
		}
	}
	tap(t, p, "TF Lite")
}

// What is chosen is measured, kept, shown and taken along.
func TestBenchPages(t *testing.T) {
	w := testShell(t)
	pictures := t.TempDir()
	t.Setenv("RTV_PICTURES", pictures)
	p := pages.Bench{App: w.pages}
	rowOf(t, p.Show(), "Measure now") // what the demos use is chosen
	chooseOnly(t, w, "vehicle_yolov2_mobilenet_025_224_int8")
	if got := rowOf(t, p.Show(), "Measure now").Detail; !strings.HasPrefix(got, "Networks: 1, measurements: 1") {
		t.Errorf("to be measured: %s", got)
	}
	tap(t, p, "INT8")
	for _, g := range p.Show().Groups {
		for _, r := range g.Rows {
			if r.Label == "Measure now" {
				t.Error("nothing is chosen, and can be measured")
			}
		}
	}
	tap(t, p, "INT8")
	tap(t, p, "Measure now")
	rowOf(t, p.Show(), "Stop")
	w.working.Wait()
	shown := p.Show()
	if shown.Wrong != "" {
		t.Error(shown.Wrong)
	}
	var run pages.BenchRun
	for _, g := range shown.Groups {
		for _, r := range g.Rows {
			if lead, ok := r.Action.(pages.BenchRun); ok {
				run = lead
			}
		}
	}
	if run.App == nil {
		t.Fatalf("no results on %+v", shown)
	}
	var bars *kit.Bars
	for _, g := range run.Show().Groups {
		if g.Bars != nil && bars == nil {
			bars = g.Bars
		}
	}
	if bars == nil || len(bars.Groups) != 1 || len(bars.Groups[0].Bars) != 1 || bars.Groups[0].Bars[0].Value <= 0 {
		t.Errorf("results: %+v", bars)
	}
	for format, label := range map[string]string{"png": "Save as picture", "csv": "Save as table (CSV)", "json": "Save as JSON"} {
		tap(t, run, label)
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
	if err := run.Choose(rowOf(t, run.Show(), "Save as table (CSV)").Action); err == nil || !strings.Contains(err.Error(), "RTV_PICTURES") {
		t.Errorf("where nothing can be written: %v", err)
	}
	if got := (pages.BenchNetwork{App: w.pages, Began: run.Began, Family: "vehicle_yolov2_mobilenet_025_224"}).Show(); got.Wrong != "" || len(got.Groups) < 3 {
		t.Errorf("every figure: %+v", got)
	}
	slowest := pages.Profile{App: w.pages, Model: "vehicle_yolov2_mobilenet_025_224_int8", Backend: "xnnpack", Threads: 1}.Show()
	if slowest.Wrong != "" || len(slowest.Groups) != 1 || len(slowest.Groups[0].Rows) != 1+10 || !strings.HasSuffix(slowest.Groups[0].Rows[1].Value, " ms") {
		t.Errorf("slowest steps: %+v", slowest)
	}
	tap(t, run, "Delete")
	if got := run.Show().Wrong; got == "" {
		t.Error("deleted results are shown")
	}
	if got := (pages.BenchHistory{App: w.pages}).Show(); len(got.Groups[0].Rows) != 0 {
		t.Errorf("history: %+v", got)
	}
}

// A demo that is started ends the measurements before it begins; what they
// found so far is kept.
func TestBenchGivesWay(t *testing.T) {
	w := testShell(t)
	p := pages.Bench{App: w.pages}
	tap(t, pages.BenchModels{App: w.pages}, "All")
	tap(t, p, "Measure now")
	rowOf(t, pages.Speed{App: w.pages}.Show(), "Measuring: …") // demos cannot be measured beside it
	chart := func() bool {
		for _, g := range p.Show().Groups {
			if g.Bars != nil {
				return true
			}
		}
		return false
	}
	await(t, chart)
	_, all, _ := strings.Cut(p.Show().Groups[0].Rows[0].Value, " / ")
	w.StartDemo("vehicles")
	w.runner.AwaitNetworks()
	if chart() {
		t.Error("a demo runs beside the measurements")
	}
	if len(w.runner.Networks()) == 0 {
		t.Error("the demo does not run")
	}
	runs := pages.BenchHistory{App: w.pages}.Show().Groups[0].Rows
	if len(runs) != 1 || strings.Contains(runs[0].Detail, "measurements: "+all) {
		t.Errorf("kept of %s: %+v", all, runs)
	}
}

// A damaged history and a model that is not sound are told.
func TestBenchTells(t *testing.T) {
	w := testShell(t)
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
	if got := (pages.BenchHistory{App: w.pages}).Show().Wrong; !strings.Contains(got, "benchmarks.json.damaged") {
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
	p := pages.Bench{App: w.pages}
	tap(t, p, "Measure now")
	w.working.Wait()
	if got := p.Show().Wrong; !strings.Contains(got, model) || !strings.Contains(got, "models fetch") {
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
