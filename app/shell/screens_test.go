package shell

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/disintegration/imaging"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/doctor"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/settings"
	"reterminal-vision/app/shell/pages"
	"reterminal-vision/assets/lang"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/models"
	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// footageFrame is one picture of a built-in clip.
func footageFrame(t *testing.T, clip string, at int) *frame.Frame {
	t.Helper()
	src, err := camera.Open(t.Context(), "builtin:"+clip, camera.Options{Builtin: pipeline.BuiltinClips(), Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for i := 0; ; i++ {
		f, err := src.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i == at {
			return f
		}
		f.Release()
	}
}

// seen is what the app's own networks find in a picture of a built-in clip.
func seen(t *testing.T, demo string, at int) (*frame.Frame, *inference.Result) {
	t.Helper()
	task, err := roster.OpenDemo(t.Context(), config.Config{Demo: demo, ModelsDir: filepath.Join("..", "..", "models", "trained"), Delegate: inference.XNNPACK, Threads: 2}, demo)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	in, r := task.NewInput(), &inference.Result{}
	f := footageFrame(t, task.Demo.Builtin, at)
	for range 12 { // what a demo keeps steady
		r.Reset()
		if err := task.Prepare(f, in); err != nil {
			t.Fatal(err)
		}
		if err := task.Run(f, in, r); err != nil {
			t.Fatal(err)
		}
		r.Width, r.Height = f.Width, f.Height
	}
	return f, r
}

// scene is one screen, or one state of it.
type scene struct {
	name string
	show func(w *shell)
}

// scenes are all screens. What depends on the machine or the day is made up.
func scenes(t *testing.T) []scene {
	type shot struct {
		f *frame.Frame
		r *inference.Result
	}
	shots := map[string]shot{}
	for demo, at := range map[string]int{"vehicles": 40, "belt": 150, "lungs": 20, "emotion": 60} {
		f, r := seen(t, demo, at)
		shots[demo] = shot{f, r}
	}
	live := func(demo string) func(w *shell) {
		return func(w *shell) {
			d := library.Catalogue().Demo(demo)
			w.runner.running = demo
			w.runner.networks = []*models.Model{library.First(library.Catalogue(), library.OpenStore(w.cfg.ModelsDir), d.Models)}
			w.screen.ShowDemo(demo)
			w.screen.Capture(goldenTime) // it takes no pictures before it is shown
			w.screen.Live.Result(shots[demo].r)
			w.screen.Live.Frame(shots[demo].f)
			w.screen.Live.Status(ui.Status{Source: "HD Webcam C525", Model: w.runner.networks[0].Title, FPS: 31.4, DisplayFPS: 30,
				Latency: 21 * time.Millisecond, Invoke: 9700 * time.Microsecond, Celsius: 61})
		}
	}
	page := func(of func(*pages.App) pages.Page) func(w *shell) {
		return func(w *shell) { w.screen.Pages.Open(of(w.pages)) }
	}
	people := ui.People{All: []ui.Person{
		{ID: "1", Name: "Anna", Shots: 5, Since: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Known: true},
		{ID: "2", Name: "Kenji", Shots: 5, Since: time.Date(2026, 4, 9, 12, 0, 0, 0, time.UTC), Known: false},
	}}
	return []scene{
		{"home", func(*shell) {}},
		{"vehicles", live("vehicles")}, {"belt", live("belt")}, {"lungs", live("lungs")}, {"emotion", live("emotion")},
		{"starting", func(w *shell) { w.screen.ShowDemo("recognition") }},
		{"adjust", func(w *shell) { live("vehicles")(w); w.screen.Live.Adjust() }},
		{"spared", func(w *shell) {
			live("vehicles")(w)
			w.screen.Live.Status(ui.Status{Source: "HD Webcam C525", Model: w.runner.networks[0].Title, FPS: 29.8, NetworkFPS: 11.6, DisplayFPS: 30,
				Latency: 21 * time.Millisecond, Invoke: 9700 * time.Microsecond, Celsius: 61})
		}},
		{"about-demo", func(w *shell) { live("lungs")(w); w.screen.Pages.Open(pages.Explain{App: w.pages}) }},
		{"attract", func(w *shell) {
			w.screen.Attract("emotion", w.screen.Touches())
			w.screen.Capture(goldenTime)
			w.screen.Live.Result(shots["emotion"].r)
			w.screen.Live.Frame(shots["emotion"].f)
		}},
		{"settings", page(func(a *pages.App) pages.Page { return pages.Settings{App: a} })}, {"camera", page(func(a *pages.App) pages.Page { return pages.Camera{App: a} })}, {"language", page(func(a *pages.App) pages.Page { return pages.Language{App: a} })}, {"display", page(func(a *pages.App) pages.Page { return pages.Display{App: a} })},
		{"visitors", page(func(a *pages.App) pages.Page { return pages.Visitors{App: a} })}, {"lock", page(func(a *pages.App) pages.Page { return pages.Lock{App: a} })}, {"keep", page(func(a *pages.App) pages.Page { return pages.Keep{App: a} })}, {"models", page(func(a *pages.App) pages.Page { return pages.Models{App: a} })},
		{"model", page(func(a *pages.App) pages.Page { return pages.Model{App: a, ID: "ssd_mobilenet_v1_coco_quant"} })}, {"own", page(func(a *pages.App) pages.Page { return pages.Own{App: a} })}, {"check", page(func(a *pages.App) pages.Page { return pages.Check{App: a} })}, {"about", page(func(a *pages.App) pages.Page { return pages.About{App: a} })},
		{"welcome", page(func(a *pages.App) pages.Page { return pages.Welcome{App: a} })}, {"ready", page(func(a *pages.App) pages.Page { return pages.Ready{App: a} })},
		{"pin", func(w *shell) {
			_ = w.prefs.Change(func(s *settings.Settings) { s.PIN = "x" })
			w.Settings()
			_ = w.prefs.Change(func(s *settings.Settings) { s.PIN = "" })
		}},
		{"people", func(w *shell) {
			live("emotion")(w)
			w.screen.People.Open()
			w.screen.Capture(goldenTime)
			w.people.wait()
			w.screen.People.Show(people)
		}},
		{"nobody", func(w *shell) {
			live("emotion")(w)
			w.screen.People.Open()
			w.people.wait()
			w.screen.People.Show(ui.People{})
		}},
		{"gone", func(w *shell) {
			live("vehicles")(w)
			w.newSink(w.ctx, "vehicles", false, nil).Lost(fmt.Errorf("camera /dev/video0: %w: plug it in again or choose another source", camera.ErrGone))
		}},
		{"no-model", func(w *shell) {
			d := library.Catalogue().Demo("scene")
			w.screen.ShowDemo(d.ID)
			w.screen.Live.Problem(w.problem(&demo.ModelError{Demo: d, Err: fmt.Errorf("model deeplabv3_257_mv: no such file"), Remedy: ""}, d.ID))
		}},
		{"hot", func(w *shell) { w.screen.ShowDemo("vehicles"); w.screen.Live.Problem(sick(true, 86, 0)) }},
		{"memory", func(w *shell) { w.screen.ShowDemo("vehicles"); w.screen.Live.Problem(sick(false, 0, 80<<20)) }},
		{"no-room", func(w *shell) { w.screen.ShowDemo("vehicles"); w.screen.Live.Problem(w.noRoom(40 << 20)) }},
		{"speed", page(func(a *pages.App) pages.Page { return pages.Speed{App: a} })},
		{"bench", benching(func(w *shell) { w.screen.Pages.Open(pages.Bench{App: w.pages}) })},
		{"bench-models", benching(func(w *shell) { w.screen.Pages.Open(pages.BenchModels{App: w.pages}) })},
		{"bench-running", benching(func(w *shell) {
			w.screen.Pages.Open(benchRunning{})
		})},
		{"bench-result", benching(func(w *shell) { w.screen.Pages.Open(pages.BenchRun{App: w.pages, Began: measuredRun}) })},
		{"bench-network", benching(func(w *shell) {
			w.screen.Pages.Open(pages.BenchNetwork{App: w.pages, Began: measuredRun, Family: "vehicle_yolov2_mobilenet_025_224"})
		})},
		{"bench-history", benching(func(w *shell) { w.screen.Pages.Open(pages.BenchHistory{App: w.pages}) })},
		{"crashed", func(w *shell) {
			w.screen.ShowDemo("vehicles")
			w.screen.Live.Problem(w.problem(fmt.Errorf("%w: index out of range", errCrashed), "vehicles"))
		}},
		{"toast", func(w *shell) {
			live("vehicles")(w)
			w.screen.Toast(lang.T("Saved as %s", "/home/pi/Pictures/vehicles-20261126-104200.jpg"))
		}},
	}
}

// benchRunning is the page of a benchmark under way.
type benchRunning struct{}

func (benchRunning) Show() kit.Page {
	p := pages.Progress{All: 12, Begun: time.Now(), Doing: "YOLO v2, MobileNet v1 x0.5, 224, 8 bit · XNNPACK · 3", Finished: measuredBefore[:4]}
	return kit.Page{Title: lang.T("Benchmark"), Groups: p.Groups()}
}

// benching shows a page of the benchmark with made-up results.
func benching(show func(w *shell)) func(w *shell) {
	return func(w *shell) {
		if h, err := bench.OpenHistory(); err == nil {
			_ = os.Remove(h.Path)
			_ = h.Add(measuredBefore...)
		}
		show(w)
	}
}

// measuredBefore are made-up figures of a reTerminal, and measuredRun when
// their run began.
var measuredBefore, measuredRun = func() (all []benchmark.Record, run int64) {
	begun := time.Date(2026, 11, 26, 10, 30, 0, 0, time.Local)
	before, after, throttled := 52., 63., false
	for _, m := range []struct {
		id string
		ms float64
	}{
		{"vehicle_yolov2_mobilenet_025_224_int8", 11.4}, {"vehicle_yolov2_mobilenet_025_224_float", 23.9}, {"vehicle_yolov2_mobilenet_025_224_sparse", 15.2},
		{"vehicle_yolov2_mobilenet_025_224_dynamic", 19.6}, {"vehicle_yolov2_mobilenet_050_224_int8", 26.8}, {"vehicle_yolov2_mobilenet_100_320_int8", 118},
	} {
		for _, threads := range []int{1, 3} {
			ms := m.ms / (1 + .5*float64(threads-1))
			r := benchmark.Record{Run: begun, Date: begun, Device: "Raspberry Pi Compute Module 4 Rev 1.1", Library: "2.17.1", Backend: "xnnpack", Threads: threads,
				Found: benchmark.Found{Load: benchmark.Spread{Median: 9, Low: 8, High: 11}, First: benchmark.Spread{Median: 2 * ms, Low: 1.8 * ms, High: 2.3 * ms},
					Invoke: benchmark.Spread{Median: ms, Low: .96 * ms, High: 1.06 * ms}, P95: 1.1 * ms, Rounds: 3, Runs: 180, RSS: 44, Net: 7.5},
				Heat: benchmark.Heat{Before: &before, After: &after, Throttled: &throttled}}
			s := benchmark.Of(models.Default().Model(m.id), "")
			r.Model, r.Title, r.Family, r.Variant, r.Bytes, r.Accuracy = s.ID, s.Title, s.Family, s.Variant, s.Bytes, s.Accuracy
			all = append(all, r)
		}
	}
	all[11].Found, all[11].Failed = benchmark.Found{}, "xnnpack brought its process down when it ran it for the first time (signal: segmentation fault): choose another backend or convert the network anew"
	return all, begun.Unix()
}()

// goldenTime is when the pictures are taken, for what moves.
var goldenTime = time.Date(2026, 11, 26, 10, 42, 0, 0, time.UTC)

// raceDetector tells that the tests run with it.
var raceDetector bool

// goldenScale is how much smaller a golden picture is than the screen.
const goldenScale = 3

// TestGoldenScreens shows every screen in every language and theme and
// compares it with the picture of it in testdata/screens. RTV_GOLDEN=write
// writes those anew; RTV_SHOTS=FOLDER keeps all in full size; RTV_SCREENS names
// some screens, to have no others.
func TestGoldenScreens(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine draws, four times slower than without the race detector: make test runs it apart")
	}
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	t.Setenv("HOME", t.TempDir())
	madeUp := []doctor.Check{
		{ID: "camera", Name: "Camera", State: doctor.Pass, Detail: "HD Webcam C525"},
		{ID: "temperature", Name: "Temperature", State: doctor.Warn, Detail: "76 °C", Remedy: "give it air"},
		{ID: "disk", Name: "Disk", State: doctor.Fail, Detail: "120 MB free", Remedy: "delete something"},
	}
	all := scenes(t)
	if some := strings.Fields(os.Getenv("RTV_SCREENS")); len(some) > 0 {
		all = slices.DeleteFunc(all, func(s scene) bool { return !slices.Contains(some, s.name) })
	}
	for _, l := range lang.Languages() {
		for _, theme := range kit.Themes {
			t.Run(l.Tag+"-"+theme, func(t *testing.T) {
				for _, s := range all {
					cfg := config.Config{Source: "auto", ModelsDir: filepath.Join("..", "..", "models", "trained"), Delegate: inference.XNNPACK, Threads: 2}
					w := newShell(t.Context(), cfg, nil, func(o ui.Options) *ui.UI { return ui.NewOn(test.NewApp(), o) })
					w.checks = func() []doctor.Check { return madeUp }
					w.pages.Cores = 4
					if err := w.prefs.Change(func(p *settings.Settings) { p.Language, p.Theme = l.Tag, theme }); err != nil {
						t.Fatal(err)
					}
					w.screen.Restyle(pages.Style(w.prefs), w.cards())
					s.show(w)
					w.screen.Capture(goldenTime) // what is tapped has been asked for
					w.handler.Wait()
					compareScreen(t, fmt.Sprintf("%s-%s-%s", s.name, l.Tag, theme), w.screen.Capture(goldenTime))
					w.screen.Stop()
				}
			})
		}
	}
	_ = lang.Set("en")
}

// compareScreen finds a screen unlike its golden picture when more than a
// hundredth of it differs to the eye: what changes from machine to machine, as
// the free room on a disk, is less.
func compareScreen(t *testing.T, name string, img image.Image) {
	t.Helper()
	if folder := os.Getenv("RTV_SHOTS"); folder != "" {
		if err := imaging.Save(img, filepath.Join(folder, name+".png")); err != nil {
			t.Fatal(err)
		}
	}
	small := imaging.Resize(img, img.Bounds().Dx()/goldenScale, 0, imaging.Box)
	file := filepath.Join("testdata", "screens", name+".jpg")
	if os.Getenv("RTV_GOLDEN") == "write" {
		writeGolden(t, file, small)
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v: run make golden, and look at what it made", err)
		return
	}
	golden, err := jpeg.Decode(bytes.NewReader(text))
	if err != nil || golden.Bounds().Size() != small.Bounds().Size() {
		t.Errorf("%s is of another size: %v", file, err)
		return
	}
	// What compression does to an edge it does to both.
	seen, err := jpeg.Decode(bytes.NewReader(compressed(t, small)))
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for y := range small.Bounds().Dy() {
		for x := range small.Bounds().Dx() {
			a, b := color.RGBAModel.Convert(seen.At(x, y)).(color.RGBA), color.RGBAModel.Convert(golden.At(x, y)).(color.RGBA)
			if far(a.R, b.R) || far(a.G, b.G) || far(a.B, b.B) {
				differ++
			}
		}
	}
	if share := float64(differ) / float64(small.Bounds().Dx()*small.Bounds().Dy()); share > .01 {
		t.Errorf("%s: %.1f %% of the screen differ from the golden picture", name, 100*share)
	}
}

func far(a, b uint8) bool { return max(a, b)-min(a, b) > 48 }

// compressed is a picture as it is kept.
func compressed(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func writeGolden(t *testing.T, file string, img image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, compressed(t, img), 0o644); err != nil {
		t.Fatal(err)
	}
}
