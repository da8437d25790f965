package app

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/settings"
)

// soakFor is how long the app is soaked: $SOAK, or long enough for each fault once.
func soakFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return 90 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sampleKind is what the app was doing when a sample was taken.
type sampleKind string

const (
	inUse   sampleKind = "in use"
	resting sampleKind = "at rest" // in the gallery, nothing runs
	steady  sampleKind = "steady"  // the same demo with the same footage each time, undisturbed
)

// sample is what a running app takes up.
type sample struct {
	at                     time.Duration
	pid                    int
	kind                   sampleKind
	rss, anon              float64
	heap, native           float64
	files, goroutines, fps float64
}

// figures are the columns of a sample that must not grow while nothing runs,
// with how much they may between the first and the last third of the life of the
// process that lived longest, in a soak of ten minutes or more. Less is what
// caches and the allocator do. The rate is looked at where a demo runs.
var figures = []struct {
	name  string
	of    func(sample) float64
	grown float64
}{
	{"rss_mb", func(s sample) float64 { return s.rss / (1 << 20) }, 32},
	{"anonymous_mb", func(s sample) float64 { return s.anon / (1 << 20) }, 32}, // without what files hold
	{"go_heap_mb", func(s sample) float64 { return s.heap / (1 << 20) }, 12},
	{"c_heap_mb", func(s sample) float64 { return s.native / (1 << 20) }, 12},
	{"files", func(s sample) float64 { return s.files }, 4},
	{"goroutines", func(s sample) float64 { return s.goroutines }, 6},
	{"fps", resultRate, math.Inf(1)},
}

// untilTidy is the time after which an app at rest has given memory back.
const untilTidy = 4500 * time.Millisecond

// slower is how much of its rate a demo may lose, and between the same thirds.
const slower = .1

// soak is an app that is used and struck.
type soak struct {
	t       *testing.T
	s       screen
	p       *process
	r       *rand.Rand
	begun   time.Time
	data    string // its folder of data, on a small disk of its own
	camera  string // folder of the stand-in for a camera
	env     []string
	samples []sample
	people  map[string]bool
	opened  int // sources that were, when a demo was last touched in the gallery
	safe    int // times that the safe screen has come, of this start
	safeAll int // and of all
	table   map[string]*struck
	order   []string
	fresh   []string // what each network took to be at work, by source
}

// struck is what became of one kind of fault.
type struck struct {
	times          int
	noticed, found time.Duration // the longest
	lost           int
}

// feeder stands in for the program that reads a camera. While there is a file
// "cut" there is no camera; "short" ends the next picture in its midst; "EIO" and
// "ENODEV" have the driver end it so, with the words of libcamera.
const feeder = `#!/bin/sh
cd %s
[ "$1" = --list-cameras ] && { [ -e cut ] || echo '0 : soak [640x480] (/base/soak@10)'; exit 0; }
[ -e cut ] && { echo 'ERROR: *** no cameras available ***' >&2; exit 255; }
[ -e short ] && { rm short; head -c 700000 /dev/zero; exit 0; }
[ -e EIO ] && { head -c 700000 /dev/zero; echo 'ERROR: V4L2 v4l2_videodevice.cpp: Failed to dequeue buffer: Input/output error' >&2; exit 255; }
[ -e ENODEV ] && { head -c 700000 /dev/zero; echo 'ERROR: V4L2 v4l2_videodevice.cpp: Failed to dequeue buffer: No such device' >&2; exit 255; }
echo $$ >pid
exec ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc2=size=640x480:rate=15 -pix_fmt yuv420p -f rawvideo pipe:1
`

// TestSoak uses the app for SOAK=24h, or a minute and a half: networks on pictures
// and films; faults that end the app; then, in one process for the rest of the
// time, all demos and what can be adjusted in them, with a camera and without, a
// camera that is unplugged, silent and breaks off, people who are enrolled and
// deleted, benchmarks beside it, a full, a slow and a failing disk. Every fault is
// noticed and over, nobody and nothing set is lost, the process neither ends nor
// takes up more at rest, and demos keep their rate. SOAK_OUT is a folder for
// samples, plots and the table, SOAK_ONLY part of the names of the faults wanted.
func TestSoak(t *testing.T) {
	long := soakFor(t)
	k := &soak{t: t, s: screen{t, display(t)}, r: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 7)), people: map[string]bool{}, table: map[string]*struck{}}
	k.data, k.camera = t.TempDir(), t.TempDir()
	if err := command("mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", k.data)(); err != nil {
		t.Logf("the disk cannot be filled here: %v", err)
	} else {
		t.Cleanup(func() { _ = command("umount", "-l", k.data)() })
	}
	err := errors.Join(settings.Save(k.settings(), keptSettings), os.WriteFile(filepath.Join(k.camera, "rpicam-vid"), fmt.Appendf(nil, feeder, k.camera), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	k.env = []string{k.s.display, "LANGUAGE=en", "XDG_DATA_HOME=" + k.data, "PATH=" + k.camera + ":" + os.Getenv("PATH"), "RTV_PICTURES=" + t.TempDir()}
	k.begun = time.Now()
	k.useVariants(long)
	k.start("--source", "auto", "--threads", "1")
	k.openDemo()
	killing := chosen(k.killing())
	for n := range min(1, len(killing)) * killedTimes(long, len(killing)) {
		f := killing[n%len(killing)]
		k.strike(f)
	}
	k.home()
	if long >= 3*time.Minute {
		k.tour()
	}
	faults := chosen(k.faults())
	k.r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	pid := k.p.child(t)
	for n := 0; time.Since(k.begun) < long; n++ {
		k.setCamera(false)
		k.openFirst()
		k.rest(3500 * time.Millisecond)
		k.sample(steady)
		k.home()
		f := soakFault{name: "nothing", strike: func() error { return nil }}
		if len(faults) > 0 {
			f = faults[n%len(faults)]
		}
		k.setCamera(f.camera || n%2 == 0)
		k.openDemo()
		k.rest(1500 * time.Millisecond)
		k.adjust()
		k.rest(500 * time.Millisecond)
		k.strike(f)
		k.usePeople(n)
		k.home()
		k.rest(untilTidy)
		k.sample(resting)
		if now := k.p.child(t); now != pid {
			t.Errorf("%s ended the app, which nothing should:\n%s", f.name, lastLines(k.p.log.String(), 40))
			pid = now
		}
	}
	k.judge(long)
	k.p.end(t, syscall.SIGTERM)
	k.checkKept("the end", keptLeaves(t, keptSettings))
}

// killedTimes is how often the app is ended in a soak: each way once, and in a long
// one until the safe screen comes.
func killedTimes(long time.Duration, ways int) int {
	if long < 5*time.Minute {
		return ways
	}
	return max(5, ways)
}

// chosen are the faults of which SOAK_ONLY is part of the name.
func chosen(all []soakFault) []soakFault {
	return slices.DeleteFunc(all, func(f soakFault) bool { return !strings.Contains(f.name, os.Getenv("SOAK_ONLY")) })
}

// keptSettings are set before it all; what is touched at random changes none of
// them, nor the choices for a demo that the app does not have.
var keptSettings = settings.Settings{
	Welcomed: true, Language: "en", Theme: "dark", Keep: 365, Visitors: settings.Visitors{Idle: -1, Attract: "off"},
	Camera:  settings.Camera{Format: "YU12", Width: 640, Height: 480, FPS: 15, Controls: map[string]int32{"brightness": 3}},
	Display: settings.Display{DarkFrom: 3, DarkTo: 3},
	Demos:   map[string]settings.Demo{"of-another-version": {Models: []string{"a", "b"}, Threshold: .7, Threads: 2, Lanes: 2, Delegate: "none", Spare: "off"}},
}

// keptLeaves are all values that are set, by their paths.
func keptLeaves(t *testing.T, s settings.Settings) map[string]string {
	t.Helper()
	text, err := json.Marshal(s)
	var tree any
	if err := errors.Join(err, json.Unmarshal(text, &tree)); err != nil {
		t.Fatal(err)
	}
	leaves := map[string]string{}
	var walk func(path string, at any)
	walk = func(path string, at any) {
		if branches, ok := at.(map[string]any); ok {
			for name, under := range branches {
				walk(path+"/"+name, under)
			}
			return
		}
		leaves[path] = fmt.Sprint(at)
	}
	walk("", tree)
	return leaves
}

// settings is the file.
func (k *soak) settings() string { return filepath.Join(k.data, "reterminal-vision", "settings.json") }

// start starts the app.
func (k *soak) start(args ...string) {
	k.t.Helper()
	k.p = start(k.t, k.env, append([]string{"--kiosk", "--models-dir", filepath.Join("..", "models", "trained"), "--metrics", "127.0.0.1:0"}, args...)...)
	k.safe = 0
	k.p.log.await(k.t, "window shown", 1)
}

// setCamera plugs the camera in, or out; without one there is built-in footage.
func (k *soak) setCamera(in bool) {
	cut := filepath.Join(k.camera, "cut")
	err := os.WriteFile(cut, nil, 0o600)
	if in {
		err = os.Remove(cut)
	}
	if err != nil {
		k.t.Fatal(err)
	}
}

// useVariants has networks of several kinds work on a film and a folder of
// pictures, which are taken away and come back, and on built-in footage.
func (k *soak) useVariants(long time.Duration) {
	film, album := filepath.Join(k.camera, "film.mp4"), filepath.Join(k.camera, "album")
	draw := func(frames, file string) error {
		return command("ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=15", "-frames:v", frames, file)()
	}
	err := errors.Join(os.Mkdir(album, 0o755), draw("30", film), draw("4", filepath.Join(album, "%d.png")), draw("2", filepath.Join(album, "%d.jpg")))
	if err != nil {
		k.t.Fatal(err)
	}
	all := []struct {
		source, model string
		args          []string
	}{
		{film, "vehicle_yolov2_mobilenet_025_224_int8", nil},
		{album, "vehicle_yolov2_mobilenet_025_224_dynamic", []string{"--threads", "1"}},
		{"builtin:traffic", "vehicle_yolov2_mobilenet_025_224_float", []string{"--replicas", "2"}},
		{film, "vehicle_yolov2_mobilenet_025_224_sparse", []string{"--threads", "2"}},
		{album, "vehicle_kinds_yolov2_mobilenet_050_224_int8", []string{"--replicas", "2"}},
		{"builtin:traffic", "vehicle_yolov2_mobilenet_075_320_int8", []string{"--threads", "1"}},
	}
	for i, v := range all {
		if i >= 2 && long < 5*time.Minute {
			break
		}
		name := filepath.Base(v.source)
		begun := time.Now()
		k.start(append([]string{"--demo", "vehicles", "--source", v.source, "--model", v.model}, v.args...)...)
		k.ensureRuns()
		k.fresh = append(k.fresh, fmt.Sprintf("| %s | %s | %s | %v |", name, v.model, strings.Join(v.args, " "), time.Since(begun).Round(10*time.Millisecond)))
		k.rest(time.Second)
		k.sample(inUse)
		if away := v.source + ".away"; i < 2 {
			for _, f := range chosen([]soakFault{{name: name + " taken away", strike: func() error { return os.Rename(v.source, away) },
				mend: func() error { return os.Rename(away, v.source) }, told: "source failed"}}) {
				k.strike(f)
			}
		}
		k.p.end(k.t, syscall.SIGTERM)
	}
}

// rest lets the app run for a while, and takes samples.
func (k *soak) rest(d time.Duration) {
	for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(500 * time.Millisecond) {
		k.sample(inUse)
	}
}

// metrics asks the app.
func (k *soak) metrics() (map[string]float64, error) {
	log := k.p.log.String()
	_, address, ok := strings.Cut(log[max(strings.LastIndex(log, "msg=metrics"), 0):], "at=")
	if !ok {
		return nil, errors.New("no metrics")
	}
	address, _, _ = strings.Cut(address, "\n")
	ctx, cancel := context.WithTimeout(k.t.Context(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	all := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			all[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return all, err
}

func (k *soak) sample(kind sampleKind) {
	m, err := k.metrics()
	if err != nil {
		return // it is being started again
	}
	pid := k.p.child(k.t)
	k.samples = append(k.samples, sample{at: time.Since(k.begun), pid: pid, kind: kind, rss: m["rtv_resident_bytes"], anon: anonymous(pid), heap: m["rtv_heap_bytes"],
		native: m["rtv_c_heap_bytes"], files: m["rtv_open_files"], goroutines: m["rtv_goroutines"], fps: m["rtv_fps"]})
}

// anonymous is how much memory of a process no file holds, in bytes.
func anonymous(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have just ended
	_, after, _ := strings.Cut(string(status), "RssAnon:")
	if words := strings.Fields(after); len(words) > 0 {
		kib, _ := strconv.ParseFloat(words[0], 64)
		return kib * 1024
	}
	return 0
}

func (k *soak) home() { k.s.tap(100, 64); time.Sleep(200 * time.Millisecond); k.s.tap(100, 64) }

// openFirst opens the gallery's first demo, from the gallery as it begins.
func (k *soak) openFirst() {
	k.home()
	for range 3 {
		k.s.run("xdotool", "mousemove", "360", "400", "mousedown", "1", "mousemove", "360", "700", "sleep", "0.03", "mousemove", "360", "1000", "mouseup", "1")
	}
	time.Sleep(600 * time.Millisecond)
	k.s.tap(360, 300)
}

// tour opens every demo once: what is read and kept for good is, before it counts.
func (k *soak) tour() {
	for down := range 4 {
		for _, y := range []int{300, 560, 820, 1080} {
			k.home()
			for range down {
				k.scroll()
			}
			time.Sleep(400 * time.Millisecond)
			k.s.tap(360, y)
			k.rest(time.Second)
		}
	}
	k.home()
	k.rest(untilTidy)
	k.sample(resting)
}

// scroll shows what is further down in the gallery.
func (k *soak) scroll() {
	k.s.run("xdotool", "mousemove", "360", "1000", "mousedown", "1", "mousemove", "360", "700", "sleep", "0.03", "mousemove", "360", "400", "mouseup", "1")
}

// openDemo opens one of the gallery's demos.
func (k *soak) openDemo() {
	k.home()
	for range k.r.IntN(4) {
		k.scroll()
	}
	time.Sleep(400 * time.Millisecond)
	k.opened = k.sourcesOpened()
	k.s.tap(360, []int{300, 560, 820, 1080}[k.r.IntN(4)])
}

func (k *soak) sourcesOpened() int { return strings.Count(k.p.log.String(), "source open") }

// adjust changes something in the sheet of the demo that was opened, if it runs: in
// the gallery the same touches would lead to the settings.
func (k *soak) adjust() {
	if k.sourcesOpened() == k.opened {
		return
	}
	k.s.tap(650, 64)
	time.Sleep(300 * time.Millisecond)
	for range 2 {
		k.s.tap(80+k.r.IntN(560), 760+k.r.IntN(440))
		time.Sleep(300 * time.Millisecond)
	}
	k.s.tap(640, 560) // done, where the sheet is still there
}

// soakFault strikes the app and makes good again.
type soakFault struct {
	name         string
	strike, mend func() error
	told         string // in the log, when it is noticed; "" where nothing need be said
	camera       bool   // it strikes the camera
}

// killing are the faults that end the app.
func (k *soak) killing() []soakFault {
	kill := func(s syscall.Signal) func() error { return func() error { return syscall.Kill(k.p.child(k.t), s) } }
	const again = "the app is started again"
	all := []soakFault{
		{name: "killed (SIGKILL)", strike: kill(syscall.SIGKILL), told: again},
		{name: "crash (SIGSEGV)", strike: kill(syscall.SIGSEGV), told: again},
	}
	group, limit := "/sys/fs/cgroup/memory/soak", "memory.limit_in_bytes"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		group, limit = "/sys/fs/cgroup/soak", "memory.max"
	}
	group += strconv.Itoa(os.Getpid())
	if err := os.Mkdir(group, 0o755); err != nil {
		k.t.Logf("memory cannot be taken away here: %v", err)
		return all
	}
	k.t.Cleanup(func() { _ = os.Remove(group) })
	return append(all, soakFault{name: "out of memory (the kernel's choice)", told: again, strike: func() error {
		err := errors.Join(os.WriteFile(filepath.Join(group, limit), []byte("4M"), 0o644),
			os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(k.p.child(k.t))), 0o644))
		k.openDemo() // which wants some
		return err
	}})
}

func (k *soak) faults() []soakFault {
	file := func(name string) string { return filepath.Join(k.camera, name) }
	feed := func(signal string) func() error {
		return func() error { return command("sh", "-c", "kill -"+signal+" $(cat "+file("pid")+")")() }
	}
	write := func(name string) func() error { return func() error { return os.WriteFile(file(name), nil, 0o600) } }
	full := filepath.Join(k.data, "full")
	var tracer *exec.Cmd
	trace := func(what ...string) func() error {
		return func() error {
			tracer = exec.Command("strace", append([]string{"-f", "-qq", "-o", "/dev/null", "-p", strconv.Itoa(k.p.child(k.t))}, what...)...)
			return tracer.Start()
		}
	}
	failing := func(calls, how string) func() error {
		return func() error {
			err := trace("-e", "trace="+calls, "-e", "inject="+calls+":error="+how)()
			time.Sleep(500 * time.Millisecond)
			k.adjust()
			return err
		}
	}
	untrace := func() error { _ = tracer.Process.Signal(os.Interrupt); _ = tracer.Wait(); return nil }
	ends := func(how string) func() error {
		return func() error { return errors.Join(write(how)(), feed("KILL")()) }
	}
	mend := func(how string) func() error { return func() error { return os.Remove(file(how)) } }
	all := []soakFault{
		{name: "camera unplugged", strike: ends("cut"), mend: mend("cut"), told: "source failed", camera: true},
		{name: "camera silent (SIGSTOP)", strike: feed("STOP"), mend: feed("KILL"), told: "source failed", camera: true},
		{name: "camera breaks off (short read)", strike: ends("short"), told: "source failed", camera: true},
		{name: "camera fails (EIO)", strike: ends("EIO"), mend: mend("EIO"), told: "source failed", camera: true},
		{name: "camera gone while read (ENODEV)", strike: ends("ENODEV"), mend: mend("ENODEV"), told: "source failed", camera: true},
		{name: "benchmark beside it", strike: func() error {
			path, err := binary()
			if err != nil {
				return err
			}
			return command(path, "bench", "--demo", "belt", "--source", "builtin:belt", "--frames", "60", "--threads", "1", "--models-dir", filepath.Join("..", "models", "trained"))()
		}},
	}
	if command("mountpoint", "-q", k.data)() == nil {
		all = append(all, soakFault{name: "disk full (ENOSPC)", strike: func() error {
			_ = command("dd", "if=/dev/zero", "of="+full, "bs=64k")() // until it is full
			k.adjust()
			return nil
		}, mend: func() error { return os.Remove(full) }})
	}
	if _, err := exec.LookPath("strace"); err == nil {
		all = append(all,
			soakFault{name: "slow disk (0.3 s a sync)", strike: func() error {
				err := trace("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=300000")()
				time.Sleep(500 * time.Millisecond)
				k.adjust()
				return err
			}, mend: untrace},
			soakFault{name: "disk fails (EIO of a sync)", strike: failing("fsync,fdatasync", "EIO"), mend: untrace},
			soakFault{name: "disk fails (EIO of a new name)", strike: failing("rename,renameat,renameat2", "EIO"), mend: untrace},
			soakFault{name: "disk gone (ENODEV of a sync)", strike: failing("fsync,fdatasync", "ENODEV"), mend: untrace},
			soakFault{name: "disk gone (ENODEV of a new name)", strike: failing("rename,renameat,renameat2", "ENODEV"), mend: untrace})
	}
	return all
}

// results is how many results the app has given; it begins anew with a process.
func (k *soak) results() (pid int, n float64) {
	m, err := k.metrics()
	if err != nil {
		return 0, 0
	}
	return k.p.child(k.t), m["rtv_results_total"]
}

// strike has a fault happen while a demo runs, waits until the app has noticed it
// and gives results again, and looks whether all is there that was before.
func (k *soak) strike(f soakFault) {
	k.t.Helper()
	name, do, mend, told := f.name, f.strike, f.mend, f.told
	row := k.table[name]
	if row == nil {
		row = &struck{}
		k.table[name] = row
		k.order = append(k.order, name)
	}
	k.ensureRuns()
	set, err := settings.Load(k.settings())
	if err != nil {
		k.t.Fatal(err)
	}
	kept := keptLeaves(k.t, set)
	before, start := strings.Count(k.p.log.String(), told), time.Now()
	if err := do(); err != nil {
		k.t.Logf("%s: cannot happen now: %v", name, err)
	} else {
		row.times++
		if told != "" {
			k.await(name+": being noticed", func() bool { return strings.Count(k.p.log.String(), told) > before })
			row.noticed = max(row.noticed, time.Since(start))
		}
		k.rest(time.Second)
	}
	mended := time.Now()
	if mend != nil {
		if err := mend(); err != nil {
			k.t.Errorf("%s: %v", name, err)
		}
	}
	k.ensureRuns()
	row.found = max(row.found, time.Since(mended))
	row.lost += k.checkKept(name, kept)
}

// checkKept counts what is missing of the people who were enrolled and of what was
// set before. What the sheet of a demo sets may have been taken back there.
func (k *soak) checkKept(after string, before map[string]string) (lost int) {
	k.t.Helper()
	miss := func(what string) {
		lost++
		k.t.Errorf("after %s: lost: %s", after, what)
	}
	got, err := settings.Load(k.settings())
	if err != nil {
		miss(err.Error())
	}
	now := keptLeaves(k.t, got)
	first := keptLeaves(k.t, keptSettings)
	for path, value := range before {
		is, there := now[path]
		if _, fixed := first[path]; fixed && is != value {
			miss(path + " was " + value + ", is " + is)
		} else if !fixed && !there && !strings.HasPrefix(path, "/demos/") && path != "/liveness" {
			miss(path + " was " + value)
		}
	}
	for _, name := range k.missingPeople() {
		miss(name)
	}
	return lost
}

// ensureRuns waits for results of a demo, and opens one where none runs.
func (k *soak) ensureRuns() {
	k.t.Helper()
	opened := time.Now()
	pid, n := k.results()
	k.await("results", func() bool {
		k.leaveSafe()
		if time.Since(opened) > 8*time.Second { // a demo whose model is not here, or the gallery
			k.openFirst()
			opened = time.Now()
		}
		p, now := k.results()
		if p != pid || now < n {
			pid, n = p, now
		}
		return now > n+2
	})
}

// leaveSafe has the app go on where crashes have led to the safe screen.
func (k *soak) leaveSafe() {
	if now := strings.Count(k.p.log.String(), "safe screen"); now > k.safe {
		k.safe, k.safeAll = now, k.safeAll+1
		time.Sleep(time.Second)
		k.s.tap(360, 536)
	}
}

// await waits up to two minutes; the machine may be busy with other things.
func (k *soak) await(what string, so func() bool) {
	k.t.Helper()
	for until := time.Now().Add(2 * time.Minute); !so(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(until) {
			k.s.shot("soak-failed")
			_ = syscall.Kill(k.p.child(k.t), syscall.SIGABRT) // its stacks tell where it waits
			time.Sleep(2 * time.Second)
			k.t.Fatalf("%s: not within two minutes, after %v:\n%s", what, time.Since(k.begun), lastLines(k.p.log.String(), 400))
		}
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// usePeople brings a file of people in, or deletes somebody, from beside the app.
func (k *soak) usePeople(n int) {
	path, err := binary()
	if err != nil {
		k.t.Fatal(err)
	}
	name := fmt.Sprint("Guest ", n)
	picture := filepath.Join(os.Getenv("RTV_SHARED"), "media", "recognition", "img13.jpg")
	if _, err := os.Stat(os.Getenv("RTV_SHARED")); err != nil && os.Getenv("RTV_REQUIRE_MEDIA") == "" {
		if n == 0 {
			k.t.Logf("nobody is enrolled, set RTV_SHARED: %v", err)
		}
		return
	}
	run := func(args ...string) error {
		cmd := exec.Command(path, append([]string{"people", "--models-dir", filepath.Join("..", "models", "trained")}, args...)...)
		cmd.Env = append(os.Environ(), k.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	if err := run("add", "--consent", name, picture); err != nil {
		k.t.Errorf("%s was not enrolled: %v", name, err)
		return
	}
	k.people[name] = true
	for other := range k.people {
		if len(k.people) > 3 && other != name {
			if err := run("delete", other); err != nil {
				k.t.Errorf("%s was not deleted: %v", other, err)
			}
			delete(k.people, other)
			break
		}
	}
}

// missingPeople are those who should be enrolled and are not, and how many more
// there are than should be.
func (k *soak) missingPeople() (missing []string) {
	if len(k.people) == 0 {
		return nil
	}
	path, err := binary()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(path, "people", "list")
	cmd.Env = append(os.Environ(), k.env...)
	out, err := cmd.Output()
	if err != nil {
		k.t.Errorf("%v: %s", err, out)
	}
	there := strings.Fields(strings.ReplaceAll(string(out), "Guest ", "Guest-"))
	for name := range k.people {
		if !slices.Contains(there, strings.ReplaceAll(name, " ", "-")) {
			missing = append(missing, name)
		}
	}
	if got := strings.Count(string(out), "Guest "); got > len(k.people) {
		missing = append(missing, fmt.Sprintf("who was deleted is there: %d people, want %d", got, len(k.people)))
	}
	return missing
}

// judge compares what the app took up at rest early and late, and writes the
// samples, plots and the table.
func (k *soak) judge(long time.Duration) {
	life := longest(k.samples)
	begun, ended := life[0].at, life[len(life)-1].at
	of := func(kind sampleKind) []sample {
		return slices.DeleteFunc(slices.Clone(life), func(s sample) bool { return s.kind != kind || s.at < begun+(ended-begun)/5 })
	}
	rest, runs := of(resting), of(steady)
	k.t.Logf("%d samples, %d of the process that lived longest, for %v, in which %d at rest and %d of the same demo", len(k.samples), len(life), ended-begun, len(rest), len(runs))
	for _, f := range figures {
		if len(rest) < 6 || math.IsInf(f.grown, 1) {
			continue
		}
		first, last := thirds(rest, f.of)
		k.t.Logf("SLOPE %s | %.2f grown from the first to the last third | %.2f an hour | at most %.0f", f.name, last-first, slope(rest, f.of), f.grown)
		if long >= 10*time.Minute && last-first > f.grown {
			k.t.Errorf("%s grew by %.1f, at most %.0f", f.name, last-first, f.grown)
		}
	}
	if len(runs) >= 6 {
		// Other programs only ever slow it down: what it can do is what counts.
		third := len(runs) / 3
		first, last := quantile(.75, runs[:third], resultRate), quantile(.75, runs[len(runs)-third:], resultRate)
		k.t.Logf("SLOPE fps | %.1f in the first third, %.1f in the last | at most %.0f %% less", first, last, 100*slower)
		if long >= 10*time.Minute && last < (1-slower)*first {
			k.t.Errorf("the same demo gave %.1f results a second at first and %.1f at last", first, last)
		}
	}
	var table strings.Builder
	fmt.Fprintln(&table, "| fault | injected | noticed within | working again within | lost |\n|---|---|---|---|---|")
	for _, name := range k.order {
		row := k.table[name]
		noticed := "-"
		if row.noticed > 0 {
			noticed = row.noticed.Round(10 * time.Millisecond).String()
		}
		fmt.Fprintf(&table, "| %s | %d | %s | %s | %d |\n", name, row.times, noticed, row.found.Round(10*time.Millisecond), row.lost)
	}
	fmt.Fprintf(&table, "\nThe safe screen came %d times. The process that lived longest did so for %v.\n\n", k.safeAll, (ended - begun).Round(time.Second))
	fmt.Fprintf(&table, "| source | network | with | at work within |\n|---|---|---|---|\n%s\n", strings.Join(k.fresh, "\n"))
	k.t.Logf("\n%s", &table)
	if folder := os.Getenv("SOAK_OUT"); folder != "" {
		err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, "faults.md"), []byte(table.String()), 0o644),
			writeSamples(filepath.Join(folder, "samples.csv"), k.samples), os.WriteFile(filepath.Join(folder, "soak.svg"), []byte(plot(k.samples)), 0o644))
		if err != nil {
			k.t.Error(err)
		}
	}
}

// longest are the samples of the process that lived longest.
func longest(all []sample) (life []sample) {
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].pid == all[i].pid {
			end++
		}
		if len(life) == 0 || all[end-1].at-all[i].at > life[len(life)-1].at-life[0].at {
			life = all[i:end]
		}
		i = end
	}
	return life
}

func resultRate(s sample) float64 { return s.fps }

// thirds are the medians of a figure in the first and in the last third.
func thirds(all []sample, of func(sample) float64) (first, last float64) {
	third := max(len(all)/3, 1)
	return median(all[:third], of), median(all[len(all)-third:], of)
}

func median(all []sample, of func(sample) float64) float64 { return quantile(.5, all, of) }

// quantile is what that part of all samples does not exceed.
func quantile(part float64, all []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range all {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[min(int(part*float64(len(values))), len(values)-1)]
}

// slope is how much a figure grows in an hour, by least squares.
func slope(all []sample, of func(sample) float64) float64 {
	var x, y, xx, xy float64
	for _, s := range all {
		h := s.at.Hours()
		x, y, xx, xy = x+h, y+of(s), xx+h*h, xy+h*of(s)
	}
	n := float64(len(all))
	return (n*xy - x*y) / (n*xx - x*x)
}

func writeSamples(file string, all []sample) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	head := []string{"seconds", "pid", "doing"}
	for _, c := range figures {
		head = append(head, c.name)
	}
	_ = w.Write(head) // Error tells
	for _, s := range all {
		row := []string{fmt.Sprintf("%.1f", s.at.Seconds()), strconv.Itoa(s.pid), string(s.kind)}
		for _, c := range figures {
			row = append(row, fmt.Sprintf("%.2f", c.of(s)))
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error()
}

// plot draws each figure over time, with a dot for each sample at rest.
func plot(all []sample) string {
	const wide, tall, gap = 900.0, 120.0, 30.0
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="13"><rect width="100%%" height="100%%" fill="white"/>`,
		wide+20, float64(len(figures))*(tall+gap)+20)
	last := 1.0
	for _, s := range all {
		last = max(last, s.at.Seconds())
	}
	for i, f := range figures {
		top := 1.0
		for _, s := range all {
			top = max(top, f.of(s))
		}
		y := float64(i)*(tall+gap) + 25
		fmt.Fprintf(&svg, `<text x="10" y="%.0f">%s, 0 to %.4g, over %.0f s</text><rect x="10" y="%.0f" width="%.0f" height="%.0f" fill="none" stroke="#ccc"/><polyline fill="none" stroke="#2a6" points="`,
			y-6, f.name, top, last, y, wide, tall)
		at := func(s sample) (float64, float64) { return 10 + wide*s.at.Seconds()/last, y + tall - tall*f.of(s)/top }
		for _, s := range all {
			px, py := at(s)
			fmt.Fprintf(&svg, "%.1f,%.1f ", px, py)
		}
		svg.WriteString(`"/>`)
		for _, s := range all {
			if px, py := at(s); s.kind == resting {
				fmt.Fprintf(&svg, `<circle cx="%.1f" cy="%.1f" r="2" fill="#c22"/>`, px, py)
			}
		}
	}
	return svg.String() + "</svg>\n"
}
