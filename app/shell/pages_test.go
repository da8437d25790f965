package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/speeds"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// testWindow is the app on no screen, with folders of its own.
func testWindow(t *testing.T) *window {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("RTV_PEOPLE", filepath.Join(home, "data", "people.db"))
	t.Setenv("RTV_OWN", filepath.Join(home, "own"))
	cfg := config.Config{Source: "auto", ModelsDir: filepath.Join(home, "fetched"), Delegate: inference.XNNPACK, Threads: 2}
	if err := os.MkdirAll(cfg.ModelsDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"belt_rip_mobilenet_025_128_int8", "vehicle_yolov2_mobilenet_025_224_int8", "vehicle_yolov2_mobilenet_050_224_int8"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "models", "trained", name+".tflite"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(cfg.ModelsDir, name+".tflite"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w := newWindow(t.Context(), cfg, func(o ui.Options) *ui.UI { return ui.NewOn(test.NewApp(), o) })
	t.Cleanup(func() {
		w.endAttract()
		w.StopDemo()
		w.wait()
		w.working.Wait()
		w.people.wait()
		w.pages.wait()
		w.screen.Stop()
		_ = lang.Set("en")
	})
	return w
}

// rowOf is the row with the ID on a page.
func rowOf(t *testing.T, p kit.Page, id string) kit.Row {
	t.Helper()
	for _, g := range p.Groups {
		for _, r := range g.Rows {
			if r.ID == id {
				return r
			}
		}
	}
	t.Fatalf("%s has no row %q: %+v", p.Title, id, p.Groups)
	return kit.Row{}
}

// Taps are all done, in their order, while a download shows its page over and over.
func TestTapsAreNotLost(t *testing.T) {
	w := testWindow(t)
	var done []string
	begin := make(chan struct{})
	p := newPages(func(id string) page {
		return dialog{
			content: func() kit.Page { return kit.Page{Title: id} },
			chosen:  func(row string) error { <-begin; done = append(done, row); return nil },
			stepped: func(row string, up bool) error { done = append(done, fmt.Sprint(row, up)); return nil },
		}
	})
	p.screen = w.screen
	var want []string
	for i := range 300 {
		row := strconv.Itoa(i)
		p.Choose("lock", row)
		p.Step("lock", row, i%2 == 0)
		want = append(want, row, fmt.Sprint(row, i%2 == 0))
		for range 20 {
			p.ShowPage(pageModels)
		}
	}
	close(begin)
	p.wait()
	p.Choose("lock", "too late")
	if !slices.Equal(done, want) {
		t.Errorf("of %d taps %d were done", len(want), len(done))
	}
}

// What is chosen in the settings is kept and shown.
func TestSettingPages(t *testing.T) {
	w := testWindow(t)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	do(w.page(pageLanguage).choose("de"))
	if got := w.page(pageSettings).show(); got.Title != "Einstellungen" || rowOf(t, got, pageLanguage).Value != "Deutsch" {
		t.Errorf("in German: %q", got.Title)
	}
	do(w.page(pageLanguage).choose("en"))
	do(w.page(pageDisplay).choose("light"))
	if !rowOf(t, w.page(pageDisplay).show(), "light").Chosen {
		t.Error("the light look is not chosen")
	}
	do(w.page(pageDisplay).step("from", false))
	do(w.page(pageDisplay).step("to", true))
	do(w.page(pageVisitors).step("idle", false))
	do(w.page(pageVisitors).choose("camera"))
	do(w.page(pagePeople).step("keep", false))
	kept := preferences.Load().Get()
	if kept.Theme != "light" || kept.Display.DarkFrom != 23 || kept.Display.DarkTo != 1 || kept.Visitors.Idle != 60 || kept.Visitors.Attract != "camera" || kept.Keep != 365 {
		t.Errorf("kept %+v", kept)
	}
	if w.page("nowhere") != nil {
		t.Error("a page that there is not")
	}
	// Every row that leads somewhere does.
	for _, id := range []string{pageSettings, pageModels} {
		for _, g := range w.page(id).show().Groups {
			for _, r := range g.Rows {
				if r.Kind == kit.RowLead && w.page(r.ID) == nil {
					t.Errorf("%s: %q leads nowhere", id, r.ID)
				}
			}
		}
	}
}

// What is adjusted while a demo runs takes effect on the demo, and is kept.
func TestAdjusting(t *testing.T) {
	w := testWindow(t)
	w.StartDemo("vehicles")
	w.settled()
	p := w.page(pageAdjust)
	const small = "model 0 vehicle_yolov2_mobilenet_025_224_int8"
	if rowOf(t, p.show(), small).Chosen {
		t.Fatal("the smaller network runs by itself")
	}
	if err := p.choose(small); err != nil {
		t.Fatal(err)
	}
	if got := w.modelsRunning(); len(got) != 1 || got[0].ID != "vehicle_yolov2_mobilenet_025_224_int8" || !rowOf(t, p.show(), small).Chosen {
		t.Errorf("runs %v", got)
	}
	before := rowOf(t, p.show(), "threshold").Value
	for _, err := range []error{p.step("threshold", true), p.step("threads", false), p.choose("delegate builtin"), p.choose(chooseMirror + "on")} {
		if err != nil {
			t.Error(err)
		}
	}
	shown := p.show()
	if rowOf(t, shown, "threshold").Value == before || rowOf(t, shown, "threads").Value != "1" || !rowOf(t, shown, "delegate builtin").Chosen {
		t.Errorf("%+v", shown.Groups)
	}
	cfg := w.configureDemo("vehicles")
	if cfg.Threads != 1 || cfg.Delegate != inference.Builtin || !cfg.Turn.Mirror || cfg.Threshold <= 0 {
		t.Errorf("configured %+v", cfg)
	}
	if other := w.configureDemo("belt"); other.Threads != 2 || other.Delegate != inference.XNNPACK {
		t.Errorf("another demo changed, too: %+v", other)
	}
	bad := testmedia.Delegate(t, "symbols")
	if err := p.choose(chooseDelegate + "external:" + bad); err != nil {
		t.Error(err)
	}
	row := rowOf(t, p.show(), chooseDelegate+"external:"+bad)
	if !row.Chosen || !strings.Contains(row.Detail, "lacks tflite_plugin_create_delegate") || len(w.modelsRunning()) != 1 {
		t.Errorf("a delegate that is none: %+v, %d networks run", row, len(w.modelsRunning()))
	}
	if about := w.page(pageDemo).show(); len(about.Groups) != 3 || about.Groups[0].Text == "" || about.Groups[1].Text == "" {
		t.Errorf("the demo is not explained: %+v", about)
	}
	if err := p.choose("reset"); err != nil {
		t.Error(err)
	}
	if cfg := w.configureDemo("vehicles"); cfg.Threads != 2 || cfg.Model != "" {
		t.Errorf("after a reset: %+v", cfg)
	}
}

// A model is deleted; one that cannot be fetched says why and can be tried again.
func TestModelPages(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // nothing is reached
	w := testWindow(t)
	const gone = "ssd_mobilenet_v1_coco_quant"
	p := w.page(pageModel + gone)
	rowOf(t, p.show(), "fetch")
	if err := p.choose("fetch"); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(20 * time.Second); p.show().Wrong == ""; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("a download without a network does not fail")
		}
	}
	if r := rowOf(t, p.show(), "fetch"); r.Label != "Try again" {
		t.Errorf("%+v", r)
	}
	if r := rowOf(t, w.page(pageModels).show(), pageModel+gone); r.State != "fail" {
		t.Errorf("in the list: %+v", r)
	}
	p = w.page(pageModel + "vehicle_yolov2_mobilenet_025_224_int8")
	if err := p.choose("delete"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(w.cfg.ModelsDir, "vehicle_yolov2_mobilenet_025_224_int8.tflite")); err == nil {
		t.Error("the file is still there")
	}
}

// A model on a stick becomes a demo, and goes again.
func TestOwnModelPages(t *testing.T) {
	w := testWindow(t)
	folder := filepath.Join(os.Getenv("HOME"), "models")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(w.cfg.ModelsDir, "belt_rip_mobilenet_025_128_int8.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "mine.tflite")
	for name, content := range map[string][]byte{file: data, filepath.Join(folder, "mine.txt"): []byte("sound\ntorn\n"), filepath.Join(folder, "bad.tflite"): []byte("no model")} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rowOf(t, w.page(pageOwn).show(), pageImport+file)
	if wrong := w.page(pageImport + filepath.Join(folder, "bad.tflite")).show().Wrong; wrong == "" {
		t.Error("a file that is no model is shown as one")
	}
	p := w.page(pageImport + file)
	rowOf(t, p.show(), "classify")
	list := chooseLabels + filepath.Join(folder, "mine.txt")
	if !rowOf(t, p.show(), list).Chosen {
		t.Error("the labels beside the file are not taken")
	}
	for _, id := range []string{chooseLabels + "coco", list} {
		if err := p.choose(id); err != nil || !rowOf(t, p.show(), id).Chosen {
			t.Errorf("%s is not chosen: %v", id, err)
		}
	}
	if err := p.choose("classify"); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(w.cards(), func(c ui.Card) bool { return strings.HasPrefix(c.ID, "own-") })
	if at < 0 || !w.cards()[at].Ready {
		t.Fatalf("not in the gallery: %+v", w.cards())
	}
	model := library.Catalogue().Demo(w.cards()[at].ID).Models[0]
	if err := w.page(pageModel + model).choose("delete"); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(w.cards(), func(c ui.Card) bool { return strings.HasPrefix(c.ID, "own-") }) {
		t.Error("still in the gallery")
	}
}

// What a float network is given of a picture is chosen on the page.
func TestOwnFloatModelPage(t *testing.T) {
	w := testWindow(t)
	file := filepath.Join(os.Getenv("HOME"), "models", "float.tflite")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "models", "trained", "liveness_mobilenet_025_128_float.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	p := w.page(pageImport + file)
	if !rowOf(t, p.show(), chooseScale).Chosen || !rowOf(t, p.show(), chooseResize+"stretch").Chosen {
		t.Error("something else is chosen at first")
	}
	for _, id := range []string{chooseScale + "-1..1", chooseScale, chooseScale + "0..1", chooseResize + "letterbox"} {
		if err := p.choose(id); err != nil || !rowOf(t, p.show(), id).Chosen {
			t.Errorf("%s is not chosen: %v", id, err)
		}
	}
	if err := p.choose("classify"); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(w.cards(), func(c ui.Card) bool { return strings.HasPrefix(c.ID, "own-") })
	if at < 0 {
		t.Fatalf("not in the gallery: %+v", w.cards())
	}
	known := library.Catalogue()
	in := known.Model(known.Demo(w.cards()[at].ID).Models[0]).Input
	if in.Mean != 0 || in.Std != 255 || in.Resize != "letterbox" {
		t.Errorf("imported with %+v", in)
	}
}

// A demo that is begun ends the measuring of demos, and runs.
func TestSpeedGivesWay(t *testing.T) {
	w := testWindow(t)
	if err := w.page(pageSpeed).choose("measure"); err != nil {
		t.Fatal(err)
	}
	w.begin("belt", nil)
	w.settled()
	if len(w.modelsRunning()) == 0 {
		t.Error("the demo does not run")
	}
	w.mu.Lock()
	measuring := w.measuring
	w.mu.Unlock()
	if measuring != "" {
		t.Errorf("%s is still measured", measuring)
	}
	w.StopDemo()
	w.wait()
}

// Every demo that is ready is measured, and the figure kept.
func TestSpeedPage(t *testing.T) {
	w := testWindow(t)
	p := w.page(pageSpeed)
	if err := p.choose("measure"); err != nil {
		t.Fatal(err)
	}
	w.working.Wait()
	for _, demo := range []string{"belt", "vehicles"} {
		if fps := speeds.Load().Of(demo); fps <= 0 {
			t.Errorf("%s gives %v results a second", demo, fps)
		}
	}
	rowOf(t, p.show(), "measure") // it can be done again
}
