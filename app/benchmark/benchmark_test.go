package benchmark

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/device"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

const trained = "../../models/trained/"

// brief is little effort.
var brief = Effort{Rounds: 2, Each: 5 * time.Millisecond, Runs: 3, Most: time.Second}

// subject is one of this project's networks.
func subject(t *testing.T, id string) Subject {
	t.Helper()
	m := models.Default().Model(id)
	if m == nil {
		t.Fatalf("no model %q", id)
	}
	return Of(m, trained+m.File)
}

// TestMeasure measures real networks in another process.
func TestMeasure(t *testing.T) {
	m := Machine{Device: device.New(), App: "test"}
	run := time.Now()
	for _, tc := range []struct {
		id, variant, backend string
		threads              int
	}{
		{"belt_rip_mobilenet_025_128_int8", "int8", "builtin", 1},
		{"belt_rip_mobilenet_025_128_int8", "int8", "xnnpack", 2},
		{"liveness_mobilenet_025_128_float", "fp32", "xnnpack", 1},
		{"liveness_mobilenet_025_128_sparse", "sparse", "xnnpack", 1},
		{"liveness_mobilenet_025_128_dynamic", "dynamic", "builtin", 2},
	} {
		s := subject(t, tc.id)
		r, err := m.Measure(t.Context(), run, s, tc.backend, tc.threads, brief)
		if err != nil || r.Failed != "" {
			t.Fatalf("%s: %v %s", tc.id, err, r.Failed)
		}
		ordered := func(s Spread) bool { return 0 < s.Low && s.Low <= s.Median && s.Median <= s.High }
		switch {
		case r.Model != tc.id || r.Variant != tc.variant || r.Backend != tc.backend || r.Threads != tc.threads || r.Bytes != s.Bytes:
			t.Errorf("%s: told as %+v", tc.id, r)
		case !ordered(r.Load) || !ordered(r.First) || !(0 < r.Invoke.Low && r.Invoke.Low <= r.Invoke.High) || r.P95 < r.Invoke.Median:
			t.Errorf("%s: times %+v", tc.id, r.Found)
		case r.Rounds != brief.Rounds || r.Runs < brief.Rounds*brief.Runs || r.RSS < 5 || r.Net <= 0 || r.Net >= r.RSS:
			t.Errorf("%s: %+v", tc.id, r.Found)
		case r.FPS() < 1 || r.Device == "" || r.Library != inference.LibraryVersion() || r.App != "test" || !r.Run.Equal(run) || len(r.Accuracy) == 0:
			t.Errorf("%s: %+v", tc.id, r)
		}
	}
}

// TestVariants compares what the catalogue says of a network's variant with
// what its file says.
func TestVariants(t *testing.T) {
	for i := range models.Default().Models {
		m := &models.Default().Models[i]
		if m.Variant == "" {
			t.Errorf("%s: the catalogue tells no variant", m.ID)
		}
		if _, err := os.Stat(trained + m.File); err != nil {
			continue
		}
		s, err := OfFile(m.ID, trained+m.File)
		if err != nil || s.Variant != m.Variant || s.Bytes != m.Size {
			t.Errorf("%s: %+v, %v, the catalogue says %s", m.ID, s, err, m.Variant)
		}
	}
	if _, err := OfFile("x", "main_test.go"); err == nil {
		t.Error("a file that is no network is one")
	}
}

// TestWhatCannotBeMeasured names what is wrong and what to do.
func TestWhatCannotBeMeasured(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(trained + "belt_rip_mobilenet_025_128_int8.tflite")
	if err != nil {
		t.Fatal(err)
	}
	m := Machine{Device: device.New()}
	good := subject(t, "belt_rip_mobilenet_025_128_int8").File
	for _, tc := range []struct {
		name, file, backend, mode string
		says                      []string
	}{
		{"missing", folder + "/none.tflite", "builtin", "", []string{"none.tflite", "no such file"}},
		{"no network", write("text.tflite", []byte("no network at all")), "builtin", "", []string{"text.tflite"}},
		{"half", write("half.tflite", whole[:len(whole)/2]), "xnnpack", "", []string{"half.tflite"}},
		{"backend", good, "warp", "", []string{`"warp"`, "choose"}},
		{"crash", good, "xnnpack", "crash", []string{"xnnpack brought its process down", "ran it for the first time", "SIGSEGV", "choose another backend"}},
		{"abort", good, "builtin", "abort", []string{"builtin brought its process down", "loaded the network", "SIGABRT: abort"}},
		{"hang", good, "xnnpack", "hang", []string{"xnnpack was not done after 1s", "choose another backend"}},
		{"noise", good, "builtin", "noise", []string{"ended its process before it was done", "choose another backend"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(childMode, tc.mode)
			if m.Limit = 0; tc.mode == "hang" {
				m.Limit = time.Second
			}
			r, err := m.Measure(t.Context(), time.Now(), Subject{ID: tc.name, File: tc.file}, tc.backend, 1, brief)
			if err != nil || r.FPS() != 0 {
				t.Fatalf("%v: %+v", err, r)
			}
			for _, want := range tc.says {
				if !strings.Contains(r.Failed, want) {
					t.Errorf("%q does not say %q", r.Failed, want)
				}
			}
		})
	}
}

// TestDelegates measures a real external delegate, which prints where figures
// are told, and ones that go wrong.
func TestDelegates(t *testing.T) {
	file := testmedia.Path(t, "models/deeplabv3_257_mv.tflite")
	add, abi := testmedia.Delegate(t, "add"), testmedia.Delegate(t, "abi")
	for _, tc := range []struct{ name, delegate, says string }{
		{"good", add + "?most=2", ""},
		{"aborts", add + "?mode=abort", "SIGABRT"},
		{"aborts at the first run", add + "?mode=late", "ran it for the first time"},
		{"hangs", add + "?mode=hang", "was not done after"},
		{"ends the process", add + "?mode=exit", "exit status 1"},
		{"ends the process well", add + "?mode=leave", "loaded the network"},
		{"another ABI", abi, "another ABI"},
		{"no file", "/no/such.so", "there is no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := Machine{Device: device.New()}
			if tc.name == "hangs" {
				m.Limit = 2 * time.Second
			}
			r, err := m.Measure(t.Context(), time.Now(), Subject{ID: tc.name, File: file}, "external:"+tc.delegate, 1, brief)
			switch {
			case err != nil:
				t.Fatal(err)
			case tc.says == "" && (r.Failed != "" || r.FPS() <= 0):
				t.Errorf("not measured: %+v", r)
			case r.Hung() != (tc.name == "hangs"):
				t.Errorf("hung: %v", r.Hung())
			case tc.says != "" && (!strings.Contains(r.Failed, tc.says) || r.FPS() != 0):
				t.Errorf("%q is not in %q", tc.says, r.Failed)
			}
		})
	}
}

// TestCancel ends a measurement at once.
func TestCancel(t *testing.T) {
	t.Setenv(childMode, "hang")
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("the person went back")
	time.AfterFunc(200*time.Millisecond, func() { cancel(enough) })
	r, err := Machine{Device: device.New()}.Measure(ctx, time.Now(), subject(t, "belt_rip_mobilenet_025_128_int8"), "builtin", 1, brief)
	if !errors.Is(err, enough) {
		t.Errorf("%v: %+v", err, r)
	}
}

// TestHeat looks after a machine that is slowed down meanwhile.
func TestHeat(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const zone, policy = "sys/class/thermal/thermal_zone0/", "sys/devices/system/cpu/cpufreq/policy0/"
	const throttled = "sys/devices/platform/soc/soc:firmware/get_throttled"
	write("proc/device-tree/model", "Raspberry Pi Compute Module 4 Rev 1.1\x00")
	write(zone+"type", "cpu-thermal\n")
	write(zone+"temp", "51000\n")
	write(policy+"scaling_cur_freq", "1500000\n")
	write(throttled, "0\n")
	d := device.At(root)
	if name := d.Name(); name != "Raspberry Pi Compute Module 4 Rev 1.1" {
		t.Errorf("named %q", name)
	}
	if name := device.At(t.TempDir()).Name(); name != runtime.GOARCH {
		t.Errorf("a machine that tells nothing is named %q", name)
	}
	var h Heat
	h.Before = h.look(d, false)
	write(zone+"temp", "82500\n")
	write(policy+"scaling_cur_freq", "1000000\n")
	write(throttled, "e0008\n")
	h.look(d, true)
	write(policy+"scaling_cur_freq", "1500000\n")
	h.look(d, true)
	write(policy+"scaling_cur_freq", "600000\n") // at rest again
	write(zone+"temp", "61000\n")
	write(throttled, "e0000\n")
	h.After = h.look(d, false)
	if h.Before == nil || *h.Before != 51 || h.After == nil || *h.After != 61 || h.Most == nil || *h.Most != 82.5 {
		t.Errorf("temperatures %+v", h)
	}
	if h.Slowest == nil || *h.Slowest != 1000 || h.Fastest == nil || *h.Fastest != 1500 || h.Throttled == nil || !*h.Throttled {
		t.Errorf("frequencies %+v", h)
	}
	if h := watch(d)(); h.Before == nil || h.After == nil || *h.Before != 61 || *h.After != 61 {
		t.Errorf("a moment: %+v", h)
	}
	if h := watch(device.At(t.TempDir()))(); h != (Heat{}) {
		t.Errorf("a machine that tells nothing: %+v", h)
	}
}
