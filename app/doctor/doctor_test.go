package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/camera"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree makes a root folder of files, by path and content.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		put(t, filepath.Join(root, path), text)
	}
	return root
}

// link makes a symbolic link, and the folders to it.
func link(t *testing.T, to, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(to, path)); err != nil {
		t.Fatal(err)
	}
}

// expect compares the state, and looks for words in what is said.
func expect(t *testing.T, c Check, state State, words ...string) {
	t.Helper()
	if c.State != state {
		t.Errorf("%v, want %v: %+v", c.State, state, c)
	}
	if (c.Remedy == "") != (c.State == Pass || c.State == Unknown) {
		t.Errorf("%v with the remedy %q", c.State, c.Remedy)
	}
	for _, w := range words {
		if !strings.Contains(c.Detail+"\n"+c.Remedy, w) {
			t.Errorf("%q is not in %+v", w, c)
		}
	}
}

// trained is the models that this project trained, which every checkout has.
func trained() *models.Store {
	return &models.Store{Dir: filepath.Join(testmedia.Project(), "models", "trained")}
}

// TestRun examines a Pi that is in order, with the real models and library.
func TestRun(t *testing.T) {
	root := tree(t, map[string]string{
		"sys/class/thermal/thermal_zone0/type": "cpu-thermal", "sys/class/thermal/thermal_zone0/temp": "51000",
		"sys/devices/platform/soc/soc:firmware/get_throttled": "0",
		"proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 2048000 kB\n",
		"dev/video0":   "", "dev/dri/renderD128": "",
	})
	listen(t, filepath.Join(root, "tmp/.X11-unix/X0"))
	t.Setenv("DISPLAY", ":0")
	opt := Options{
		Root: root, DataDir: filepath.Join(t.TempDir(), "not", "yet"), Store: trained(), Catalogue: ownModels(t),
		Cameras: func() []camera.Device {
			return []camera.Device{{Name: "HD Webcam", Path: filepath.Join(root, "dev/video0"), Modes: make([]camera.Mode, 1)}}
		},
	}
	checks := Run(t.Context(), opt)
	ids := map[string]bool{}
	for _, c := range checks {
		if c.ID == "" || c.Name == "" || c.Detail == "" || ids[c.ID] {
			t.Errorf("%+v", c)
		}
		ids[c.ID] = true
		if c.ID != "ffmpeg" { // a machine may lack it
			expect(t, c, Pass)
		}
	}
	if len(checks) != 12 || Failed(checks) != 0 {
		t.Errorf("%d checks, %d failed", len(checks), Failed(checks))
	}
	if _, err := os.Stat(opt.DataDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the examination made the data folder: %v", err)
	}
	text, err := json.Marshal(checks[0])
	if err != nil || !strings.Contains(string(text), `"state":"pass","detail":"HD Webcam at `) || strings.Contains(string(text), "remedy") {
		t.Errorf("%s, %v", text, err)
	}
}

// TestRunOnThisMachine takes everything as it is, and only asks for an answer.
func TestRunOnThisMachine(t *testing.T) {
	checks := Run(t.Context(), Options{DataDir: t.TempDir(), Store: &models.Store{Dir: t.TempDir()}})
	if len(checks) != 12 {
		t.Errorf("%+v", checks)
	}
	for _, c := range checks {
		if (c.ID == "library" || c.ID == "models") && c.State != Fail {
			t.Errorf("without any model: %+v", c)
		}
	}
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if checks := Run(ctx, Options{Store: trained()}); len(checks) != 0 {
		t.Errorf("%+v", checks)
	}
}

// ownModels is the part of the catalogue that models/trained holds.
func ownModels(t *testing.T) *models.Catalogue {
	t.Helper()
	part := &models.Catalogue{}
	for _, m := range models.Default().Models {
		if trained().Has(&m) {
			part.Models = append(part.Models, m)
		}
	}
	for _, d := range models.Default().Demos {
		if d.ID == "belt" || d.ID == "age-gender" {
			part.Demos = append(part.Demos, d)
		}
	}
	if len(part.Models) < 10 || len(part.Demos) != 2 {
		t.Fatalf("%d models, %d demos", len(part.Models), len(part.Demos))
	}
	return part
}

func TestCamera(t *testing.T) {
	for _, tt := range []struct {
		name    string
		devices []camera.Device
		want    State
		words   []string
	}{
		{"none", nil, Warn, []string{"no camera", "plug in"}},
		{"one on the ribbon connector", []camera.Device{{Name: "CSI camera imx219", Path: "csi:0"}}, Pass, []string{"imx219 at csi:0"}},
		{"one that cannot be opened", []camera.Device{{Name: "/x/video0", Path: "/x/video0"}}, Fail, []string{"/x/video0", "usermod -aG video"}},
		{"one of two that cannot be opened", []camera.Device{{Name: "a", Path: "/x/video1"}, {Name: "b", Path: "/x/video0", Modes: make([]camera.Mode, 1)}}, Fail, []string{"open /x/video1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newExamination(Options{Cameras: func() []camera.Device { return tt.devices }})
			expect(t, e.camera(t.Context()), tt.want, tt.words...)
		})
	}
}

func listen(t *testing.T, socket string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

func TestDisplay(t *testing.T) {
	root := t.TempDir()
	listen(t, filepath.Join(root, "tmp/.X11-unix/X7"))
	for _, tt := range []struct {
		display, wayland string
		want             State
		words            []string
	}{
		{":7", "", Pass, []string{":7"}},
		{"unix:7.0", "wayland-0", Pass, nil},
		{"elsewhere:10.0", "", Pass, []string{"another machine"}},
		{":8", "", Fail, []string{"nothing answers", "start the desktop"}},
		{"7", "", Fail, []string{"names no display"}},
		{":", "", Fail, nil},
		{"", "wayland-0", Warn, []string{"Xwayland"}},
		{"", "", Warn, []string{"DISPLAY=:0", "--headless"}},
	} {
		t.Run(tt.display+" "+tt.wayland, func(t *testing.T) {
			t.Setenv("DISPLAY", tt.display)
			t.Setenv("WAYLAND_DISPLAY", tt.wayland)
			expect(t, newExamination(Options{Root: root}).display(t.Context()), tt.want, tt.words...)
		})
	}
}

// TestKioskDisplay is asked from a terminal while the service runs.
func TestKioskDisplay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	service := strings.TrimPrefix(kioskGroup, "/") + "/cgroup.procs"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  State
		words []string
	}{
		{"connected", map[string]string{service: "1", "sys/class/drm/card1-DSI-1/status": "connected\n", "sys/class/drm/card1-HDMI-A-1/status": "disconnected\n"},
			Pass, []string{"connected: DSI-1"}},
		{"none connected", map[string]string{service: "1", "sys/class/drm/card1-DSI-1/status": "disconnected\n"}, Fail, []string{"no display is connected"}},
		{"not told", map[string]string{service: "1"}, Unknown, []string{"the kiosk runs"}},
		{"no kiosk", map[string]string{"sys/class/drm/card1-DSI-1/status": "connected\n"}, Warn, []string{"DISPLAY=:0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, newExamination(Options{Root: tree(t, tt.files)}).display(t.Context()), tt.want, tt.words...)
		})
	}
}

// TestModels has real models copied, cut, changed and left out.
func TestModels(t *testing.T) {
	all := ownModels(t)
	belt := all.Demos[0].Models
	if all.Demos[0].ID != "belt" {
		belt = all.Demos[1].Models
	}
	small := all.Model(belt[0])
	text, err := os.ReadFile(trained().Path(small))
	if err != nil {
		t.Fatal(err)
	}
	part := &models.Catalogue{Models: []models.Model{*small, {ID: "other", File: "other.tflite", Size: 5, URL: "https://example.org/other.tflite"}}}
	stage := func(heads ...[]string) []models.Demo {
		return []models.Demo{{ID: "belt", Models: []string{small.ID}, Heads: heads}}
	}
	for _, tt := range []struct {
		name    string
		content string // of the model's file; "" for none
		demos   []models.Demo
		want    State
		words   []string
		library State
	}{
		{"all that the demos need", string(text), stage(), Pass, []string{"1 present, 1 missing (other); every demo"}, Pass},
		{"a second stage without a model", string(text), stage([]string{"other"}), Warn, []string{"without a model: belt", "models fetch other"}, Pass},
		{"none at all", "", stage(), Fail, []string{"0 present, 2 missing", "models fetch --all"}, Fail},
		{"cut short", string(text[:len(text)/2]), stage(), Fail, []string{"1 damaged (" + small.ID + ")", "install the app anew"}, Fail},
		{"changed", string(text[:len(text)-1]) + "x", stage(), Fail, []string{"1 damaged (" + small.ID + ")"}, Fail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := &models.Store{Dir: t.TempDir()}
			if tt.content != "" {
				put(t, store.Path(small), tt.content)
			}
			catalogue := *part
			catalogue.Demos = tt.demos
			e := newExamination(Options{Store: store, Catalogue: &catalogue})
			expect(t, e.models(t.Context()), tt.want, tt.words...)
			expect(t, e.library(t.Context()), tt.library)
		})
	}
}

// TestLibraryRefuses gives the library a file that its SHA-256 makes good but
// that is no network.
func TestLibraryRefuses(t *testing.T) {
	store := &models.Store{Dir: t.TempDir()}
	m := models.Model{ID: "text", File: "text.tflite", Size: 5, SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
	put(t, store.Path(&m), "hello")
	e := newExamination(Options{Store: store, Catalogue: &models.Catalogue{Models: []models.Model{m}}})
	expect(t, e.library(t.Context()), Fail, "text.tflite", "libtensorflowlite_c.so")
}

func TestMachine(t *testing.T) {
	const zone, throttled = "sys/class/thermal/thermal_zone0/", "sys/devices/platform/soc/soc:firmware/get_throttled"
	heat := func(milli, bits string) map[string]string {
		return map[string]string{zone + "type": "cpu-thermal", zone + "temp": milli, throttled: bits}
	}
	memory := func(kilo int) map[string]string {
		return map[string]string{"proc/meminfo": fmt.Sprintf("MemTotal: 3900000 kB\nMemAvailable: %d kB\n", kilo)}
	}
	type check = func(*examination, context.Context) Check
	for _, tt := range []struct {
		name  string
		files map[string]string
		do    check
		want  State
		words []string
	}{
		{"memory not told", nil, (*examination).memory, Unknown, nil},
		{"enough memory", memory(300 << 10), (*examination).memory, Pass, []string{"300 MB available of 3809 MB"}},
		{"little memory", memory(300<<10 - 1), (*examination).memory, Warn, []string{"close other programs"}},
		{"heat not told", nil, (*examination).temperature, Unknown, nil},
		{"cool", heat("74900", "0"), (*examination).temperature, Pass, []string{"75 °C"}},
		{"warm", heat("75000", "0"), (*examination).temperature, Warn, []string{"cool down"}},
		{"hot", heat("85000", "0"), (*examination).temperature, Fail, []string{"85 °C"}},
		{"cool but throttled", heat("60000", "4"), (*examination).temperature, Fail, []string{"throttled"}},
		{"cool, and throttled before", heat("60000", "40000"), (*examination).temperature, Pass, nil},
		{"at the soft limit", heat("60000", "8"), (*examination).temperature, Warn, nil},
		{"power not told", nil, (*examination).power, Unknown, nil},
		{"good power", heat("60000", "0"), (*examination).power, Pass, nil},
		{"weak power", heat("60000", "10001"), (*examination).power, Warn, []string{"is too low", "5 V"}},
		{"weak power before", heat("60000", "10000"), (*examination).power, Warn, []string{"has been too low"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, tt.do(newExamination(Options{Root: tree(t, tt.files)}), t.Context()), tt.want, tt.words...)
		})
	}
}

func TestDisk(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "file"), "")
	for _, tt := range []struct {
		dir   string
		want  State
		words []string
	}{
		{folder, Pass, []string{"MB free in " + folder}},
		{filepath.Join(folder, "not", "yet"), Pass, []string{"MB free in " + folder}},
		{filepath.Join(folder, "file"), Fail, []string{"may write there"}},
		{filepath.Join(folder, "file", "below"), Fail, nil},
		{"/proc/reterminal-vision", Fail, nil},
	} {
		c := newExamination(Options{DataDir: tt.dir}).disk(t.Context())
		if tt.want == Pass && c.State == Warn { // the machine that tests may be full itself
			t.Skip(c.Detail)
		}
		expect(t, c, tt.want, tt.words...)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPermissions(t *testing.T) {
	const buttons = "sys/class/input/event3/device/name"
	const groups = "root:x:0:\nvideo:x:44:pi\ninput:x:102:pi\nrender:x:106:\n"
	absent := "no such thing/" // a link to what is not there cannot be opened, by root either
	for _, tt := range []struct {
		name   string
		files  map[string]string
		links  []string
		user   int
		groups []int
		want   State
		words  []string
	}{
		{"nothing to open", map[string]string{"etc/group": groups}, nil, 1000, []int{1000, 44}, Pass, []string{"0 device files"}},
		{"no camera yet, outside video", map[string]string{"etc/group": groups}, nil, 1000, []int{1000}, Warn, []string{"not in the group video", "usermod -aG video $USER"}},
		{"no camera yet, root", map[string]string{"etc/group": groups}, nil, 0, []int{0}, Pass, nil},
		{"no such group", map[string]string{"etc/group": "root:x:0:\n"}, nil, 1000, nil, Pass, nil},
		{"a camera open to all", map[string]string{"etc/group": groups, "dev/video0": ""}, nil, 1000, nil, Pass, []string{"1 device files"}},
		{"all of them shut", map[string]string{buttons: "gpio_keys"}, []string{"dev/video0", "dev/dri/renderD128", "dev/input/event3"}, 1000, nil, Warn,
			[]string{"dev/video0", "renderD128", "event3", "usermod -aG video,render,input"}},
		{"another input device shut", map[string]string{buttons: "touch"}, []string{"dev/input/event3"}, 1000, nil, Pass, nil},
		{"backlight shut", map[string]string{"sys/class/backlight/lcd/max_brightness": "255"}, []string{"sys/class/backlight/lcd/brightness"}, 1000, nil, Warn,
			[]string{"backlight lcd", "99-reterminal-vision.rules", `SUBSYSTEM=="backlight"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, tt.files)
			for _, at := range tt.links {
				link(t, absent, filepath.Join(root, at))
			}
			e := newExamination(Options{Root: root})
			e.user, e.groups = tt.user, tt.groups
			expect(t, e.permissions(t.Context()), tt.want, tt.words...)
		})
	}
}

// TestRefusedByMode needs a user whom modes stop.
func TestRefusedByMode(t *testing.T) {
	if unix.Geteuid() == 0 {
		t.Skip("root may open everything; the links of TestPermissions stand in")
	}
	root := tree(t, map[string]string{"dev/video0": ""})
	if err := os.Chmod(filepath.Join(root, "dev/video0"), 0); err != nil {
		t.Fatal(err)
	}
	expect(t, newExamination(Options{Root: root}).permissions(t.Context()), Warn, "dev/video0")
}

func TestClock(t *testing.T) {
	for year, want := range map[int]State{1970: Warn, 2024: Warn, 2025: Pass, 2031: Pass} {
		e := newExamination(Options{Now: func() time.Time { return time.Date(year, 6, 1, 12, 0, 0, 0, time.UTC) }})
		expect(t, e.clock(t.Context()), want, fmt.Sprint(year))
	}
}

func TestFFmpeg(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	e := newExamination(Options{})
	expect(t, e.ffmpeg(t.Context()), Warn, "apt install ffmpeg")
	put(t, filepath.Join(bin, "ffmpeg"), "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(bin, "ffmpeg"), 0o755); err != nil {
		t.Fatal(err)
	}
	expect(t, e.ffmpeg(t.Context()), Pass, bin)
}
