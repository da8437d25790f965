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

	"reterminal-vision/app/choices"
	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/settings"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/app/speeds"
	"reterminal-vision/assets/lang"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// testShell is the app on no screen, with folders of its own.
func testShell(t *testing.T) *shell {
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
	w := newShell(t.Context(), cfg, nil, func(o ui.Options) *ui.UI { return ui.NewOn(test.NewApp(), o) })
	t.Cleanup(func() {
		w.attract.end()
		w.StopDemo()
		w.runner.wait()
		w.working.Wait()
		w.people.wait()
		w.handler.Wait()
		w.screen.Stop()
		_ = lang.Set("en")
	})
	return w
}

// rowOf is the first row with the label on a page.
func rowOf(t *testing.T, p kit.Page, label string) kit.Row {
	t.Helper()
	for _, g := range p.Groups {
		for _, r := range g.Rows {
			if r.Label == label {
				return r
			}
		}
	}
	t.Fatalf("%s has no row %q: %+v", p.Title, label, p.Groups)
	return kit.Row{}
}

// tap taps the first row with the label on a page.
func tap(t *testing.T, p pages.Page, label string) {
	t.Helper()
	if err := p.(interface{ Choose(kit.Action) error }).Choose(rowOf(t, p.Show(), label).Action); err != nil {
		t.Errorf("%s: %v", label, err)
	}
}

// step has the value of such a row go up or down.
func step(t *testing.T, p pages.Page, label string, up bool) {
	t.Helper()
	if err := p.(interface {
		Step(kit.Action, bool) error
	}).Step(rowOf(t, p.Show(), label).Action, up); err != nil {
		t.Errorf("%s: %v", label, err)
	}
}

// taps is a page that writes down what was tapped.
type taps struct {
	begin chan struct{}
	done  *[]string
}

func (p taps) Show() kit.Page { return kit.Page{} }

func (p taps) Choose(a kit.Action) error {
	<-p.begin
	*p.done = append(*p.done, fmt.Sprint(a))
	return nil
}

func (p taps) Step(a kit.Action, up bool) error {
	*p.done = append(*p.done, fmt.Sprint(a, up))
	return nil
}

// Taps are all done, in their order, while a download shows its page over and over.
func TestTapsAreNotLost(t *testing.T) {
	w := testShell(t)
	var done []string
	lock := taps{make(chan struct{}), &done}
	p := pages.NewHandler()
	p.Screen = w.screen.Pages
	var want []string
	for i := range 300 {
		row := strconv.Itoa(i)
		p.Choose(lock, row)
		p.Step(lock, row, i%2 == 0)
		want = append(want, row, fmt.Sprint(row, i%2 == 0))
		for range 20 {
			p.ShowPage(pages.Models{App: w.pages})
		}
	}
	close(lock.begin)
	p.Wait()
	p.Choose(lock, "too late")
	if !slices.Equal(done, want) {
		t.Errorf("of %d taps %d were done", len(want), len(done))
	}
}

// What is chosen in the settings is kept and shown.
func TestSettingPages(t *testing.T) {
	w := testShell(t)
	display, visitors := pages.Display{App: w.pages}, pages.Visitors{App: w.pages}
	tap(t, pages.Language{App: w.pages}, "Deutsch")
	w.screen.Capture(time.Now())
	if got := (pages.Settings{App: w.pages}).Show(); got.Title != "Einstellungen" || rowOf(t, got, "Sprache").Value != "Deutsch" {
		t.Errorf("in German: %q", got.Title)
	}
	tap(t, pages.Language{App: w.pages}, "English")
	w.screen.Capture(time.Now()) // the screen speaks it, too, from now on
	tap(t, display, "Light")
	if !rowOf(t, display.Show(), "Light").Chosen {
		t.Error("the light look is not chosen")
	}
	step(t, display, "From", false)
	step(t, display, "To", true)
	step(t, visitors, "After", false)
	tap(t, visitors, "What the camera sees")
	step(t, pages.Keep{App: w.pages}, "Delete", false)
	kept := preferences.Load().Get()
	if kept.Theme != "light" || kept.Display.DarkFrom != 23 || kept.Display.DarkTo != 1 || kept.Visitors.Idle != 60 || kept.Visitors.Attract != "camera" || kept.Keep != 365 {
		t.Errorf("kept %+v", kept)
	}
	// Every row that leads somewhere does.
	for _, p := range []pages.Page{pages.Settings{App: w.pages}, pages.Models{App: w.pages}} {
		for _, g := range p.Show().Groups {
			for _, r := range g.Rows {
				if lead, ok := r.Action.(pages.Page); r.Kind == kit.RowLead && (!ok || lead.Show().Title == "") {
					t.Errorf("%T: %q leads nowhere", p, r.Label)
				}
			}
		}
	}
}

// What is adjusted while a demo runs takes effect on the demo, and is kept.
func TestAdjusting(t *testing.T) {
	w := testShell(t)
	w.StartDemo("vehicles")
	w.runner.AwaitNetworks()
	p := pages.Adjust{App: w.pages}
	const id = "vehicle_yolov2_mobilenet_025_224_int8"
	small := library.Catalogue().Model(id).Title
	if rowOf(t, p.Show(), small).Chosen {
		t.Fatal("the smaller network runs by itself")
	}
	tap(t, p, small)
	if got := w.runner.Networks(); len(got) != 1 || got[0].ID != id || !rowOf(t, p.Show(), small).Chosen {
		t.Errorf("runs %v", got)
	}
	before := rowOf(t, p.Show(), "Confidence threshold").Value
	step(t, p, "Confidence threshold", true)
	step(t, p, "Threads", false)
	tap(t, p, "Built-in kernels")
	tap(t, p, "Mirrored")
	shown := p.Show()
	if rowOf(t, shown, "Confidence threshold").Value == before || rowOf(t, shown, "Threads").Value != "1" || !rowOf(t, shown, "Built-in kernels").Chosen {
		t.Errorf("%+v", shown.Groups)
	}
	configured := func(demo string) config.Config { return choices.Demo(w.cfg, w.prefs, demo) }
	if cfg := configured("vehicles"); cfg.Threads != 1 || cfg.Delegate != inference.Builtin || !cfg.Turn.Mirror || cfg.Threshold <= 0 {
		t.Errorf("configured %+v", cfg)
	}
	if other := configured("belt"); other.Threads != 2 || other.Delegate != inference.XNNPACK {
		t.Errorf("another demo changed, too: %+v", other)
	}
	bad := testmedia.Delegate(t, "symbols")
	if err := w.prefs.ChangeDemo("vehicles", func(d *settings.Demo) { d.Delegate = "external:" + bad }); err != nil {
		t.Error(err)
	}
	w.runner.Restart()
	w.runner.AwaitNetworks()
	tap(t, p, filepath.Base(bad))
	row := rowOf(t, p.Show(), filepath.Base(bad))
	if !row.Chosen || !strings.Contains(row.Detail, "lacks tflite_plugin_create_delegate") || len(w.runner.Networks()) != 1 {
		t.Errorf("a delegate that is none: %+v, %d networks run", row, len(w.runner.Networks()))
	}
	if about := (pages.Explain{App: w.pages}).Show(); len(about.Groups) != 3 || about.Groups[0].Text == "" || about.Groups[1].Text == "" {
		t.Errorf("the demo is not explained: %+v", about)
	}
	tap(t, p, "Reset to defaults")
	if cfg := configured("vehicles"); cfg.Threads != 2 || cfg.Model != "" {
		t.Errorf("after a reset: %+v", cfg)
	}
}

// A model is deleted; one that cannot be fetched says why and can be tried again.
func TestModelPages(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // nothing is reached
	w := testShell(t)
	const gone = "ssd_mobilenet_v1_coco_quant"
	p := pages.Model{App: w.pages, ID: gone}
	tap(t, p, "Download")
	for until := time.Now().Add(20 * time.Second); p.Show().Wrong == ""; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("a download without a network does not fail")
		}
	}
	rowOf(t, p.Show(), "Try again")
	if r := rowOf(t, (pages.Models{App: w.pages}).Show(), library.Catalogue().Model(gone).Title); r.State != "fail" {
		t.Errorf("in the list: %+v", r)
	}
	tap(t, pages.Model{App: w.pages, ID: "vehicle_yolov2_mobilenet_025_224_int8"}, "Delete")
	if _, err := os.Stat(filepath.Join(w.cfg.ModelsDir, "vehicle_yolov2_mobilenet_025_224_int8.tflite")); err == nil {
		t.Error("the file is still there")
	}
}

// A model on a stick becomes a demo, and goes again.
func TestOwnModelPages(t *testing.T) {
	w := testShell(t)
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
	p := rowOf(t, pages.Own{App: w.pages}.Show(), "mine.tflite").Action.(pages.Import)
	if wrong := (pages.Import{App: w.pages, File: filepath.Join(folder, "bad.tflite")}).Show().Wrong; wrong == "" {
		t.Error("a file that is no model is shown as one")
	}
	if !rowOf(t, p.Show(), "mine.txt").Chosen {
		t.Error("the labels beside the file are not taken")
	}
	for _, list := range []string{"coco", "mine.txt"} {
		tap(t, p, list)
		if !rowOf(t, p.Show(), list).Chosen {
			t.Errorf("%s is not chosen", list)
		}
	}
	tap(t, p, "Naming the picture")
	at := slices.IndexFunc(w.cards(), func(c ui.Card) bool { return strings.HasPrefix(c.ID, "own-") })
	if at < 0 || !w.cards()[at].Ready {
		t.Fatalf("not in the gallery: %+v", w.cards())
	}
	model := library.Catalogue().Demo(w.cards()[at].ID).Models[0]
	tap(t, pages.Model{App: w.pages, ID: model}, "Delete")
	if slices.ContainsFunc(w.cards(), func(c ui.Card) bool { return strings.HasPrefix(c.ID, "own-") }) {
		t.Error("still in the gallery")
	}
}

// What a float network is given of a picture is chosen on the page.
func TestOwnFloatModelPage(t *testing.T) {
	w := testShell(t)
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
	p := pages.Import{App: w.pages, File: file}
	const open = "automatic, from the model"
	if !rowOf(t, p.Show(), open).Chosen || !rowOf(t, p.Show(), "stretched").Chosen {
		t.Error("something else is chosen at first")
	}
	for _, choice := range []string{"-1 … 1", open, "0 … 1", "letterboxed"} {
		tap(t, p, choice)
		if !rowOf(t, p.Show(), choice).Chosen {
			t.Errorf("%s is not chosen", choice)
		}
	}
	tap(t, p, "Naming the picture")
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
	w := testShell(t)
	p := pages.Speed{App: w.pages}
	tap(t, p, "Measure now")
	w.runner.begin("belt", nil)
	w.runner.AwaitNetworks()
	if len(w.runner.Networks()) == 0 {
		t.Error("the demo does not run")
	}
	rowOf(t, p.Show(), "Measure now") // nothing is measured any more
	w.StopDemo()
	w.runner.wait()
}

// Every demo that is ready is measured, and the figure kept.
func TestSpeedPage(t *testing.T) {
	w := testShell(t)
	p := pages.Speed{App: w.pages}
	tap(t, p, "Measure now")
	w.working.Wait()
	for _, demo := range []string{"belt", "vehicles"} {
		if fps := speeds.Load().Of(demo); fps <= 0 {
			t.Errorf("%s gives %v results a second", demo, fps)
		}
	}
	rowOf(t, p.Show(), "Measure now") // it can be done again
}
