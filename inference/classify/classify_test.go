package classify

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/alarm"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
)

// names numbers n classes, so that no test depends on a label list.
func names(n int) []string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = "class " + strconv.Itoa(i)
	}
	return labels
}

func open(t testing.TB, path string, delegate inference.Delegate, cfg Config) *Task {
	t.Helper()
	net, err := inference.Open(path, inference.Options{Threads: 1, Delegate: delegate})
	if err != nil {
		t.Fatal(err)
	}
	task, err := New(net, "", cfg)
	if err != nil {
		net.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	return task
}

var published = []string{"mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.5_160_quant", "mobilenet_v2_1.0_224_quant"}

var pictureConfig = Config{Norm: inference.Uniform(128, 128), Labels: names(1001)}

// recorded is what testdata/record.py wrote of one picture.
type recorded struct {
	Picture       string
	Input         [][2]float64
	None, XNNPACK [][2]float64 // class, probability; on the library's own kernels, and on XNNPACK's
}

// All networks see in each picture what the Python interpreter sees there: the
// same input tensor to 1e-5, the same five labels, scores within 0.02, each kind
// of kernel against itself.
func TestAgainstPython(t *testing.T) {
	for _, name := range published {
		against(t, name, testmedia.Path(t, "models/"+name+".tflite"), pictureConfig)
	}
	heads, err := filepath.Glob("testdata/head_*.tflite")
	if err != nil || len(heads) != 6 {
		t.Fatalf("%d networks in testdata: %v", len(heads), err)
	}
	for _, path := range heads {
		name := strings.TrimSuffix(filepath.Base(path), ".tflite")
		against(t, name, path, Config{Norm: inference.Uniform(127.5, 127.5), Labels: names(4), Logits: strings.Contains(name, "logits")})
	}
}

func against(t *testing.T, name, path string, cfg Config) {
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, delegate := range []inference.Delegate{inference.Builtin, inference.XNNPACK} {
		t.Run(name+"/"+string(delegate), func(t *testing.T) {
			task := open(t, path, delegate, cfg)
			in, out := task.NewInput(), &inference.Result{}
			for _, c := range cases {
				tasktest.Process(t, task, testmedia.Frame(t, c.Picture), in, out)
				compareInput(t, c, task.Net.Inputs[0].DType, in.Data)
				want := c.None
				if delegate == inference.XNNPACK {
					want = c.XNNPACK
				}
				compareClasses(t, c.Picture, out.Classes, want)
			}
		})
	}
}

func compareInput(t *testing.T, c recorded, dtype inference.DType, data []byte) {
	t.Helper()
	for _, s := range c.Input {
		i, got := int(s[0]), 0.0
		switch dtype {
		case inference.UInt8:
			got = float64(data[i])
		case inference.Int8:
			got = float64(int8(data[i]))
		default:
			b := data[4*i : 4*i+4]
			got = float64(math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24))
		}
		if math.Abs(got-s[1]) > 1e-5 {
			t.Fatalf("%s: input element %d is %g, Python has %g", c.Picture, i, got, s[1])
		}
	}
}

// compareClasses looks for Python's first five among ours; what is within 0.02
// of the sixth may be missing, and of the second may be second.
func compareClasses(t *testing.T, picture string, got []inference.Class, want [][2]float64) {
	t.Helper()
	const tolerance = .02
	sixth := 0.
	if len(want) > 5 {
		sixth = want[5][1]
	}
	if first := want[0]; got[0].Index != int(first[0]) && first[1]-want[1][1] > tolerance {
		t.Errorf("%s: class %d leads, Python has %v", picture, got[0].Index, first)
	}
	for _, w := range want[:min(5, len(want))] {
		at := slices.IndexFunc(got, func(c inference.Class) bool { return c.Index == int(w[0]) })
		switch {
		case at >= 0 && math.Abs(float64(got[at].Score)-w[1]) > tolerance, at < 0 && w[1] > sixth+tolerance:
			t.Errorf("%s: Python has class %v with %.3f, not so %v", picture, w[0], w[1], got)
		case at >= 0 && got[at].Label != "class "+strconv.Itoa(got[at].Index):
			t.Errorf("%s: class %d is called %q", picture, got[at].Index, got[at].Label)
		}
	}
}

// Top picks what a full sort picks, with the leading class before all.
func TestTopAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		p := make([]float32, 1+rng.IntN(40))
		for i := range p {
			p[i] = float32(rng.IntN(8)) / 8
		}
		order := make([]int, len(p))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return int(8*p[b]) - int(8*p[a]) })
		n, lead := 1+rng.IntN(len(p)), order[0]
		if rng.IntN(3) == 0 {
			lead = rng.IntN(len(p))
			order = slices.DeleteFunc(order, func(c int) bool { return c == lead })
			order = slices.Insert(order, 0, lead)
		}
		got := top(nil, p, names(len(p)), n, lead)
		if len(got) != n {
			t.Fatalf("%d classes, want %d", len(got), n)
		}
		for i, c := range got {
			if c.Index != order[i] || c.Score != p[c.Index] {
				t.Fatalf("top %d of %v with %d leading: place %d is %+v, want class %d", n, p, lead, i, c, order[i])
			}
		}
	}
}

func TestSteadying(t *testing.T) {
	a, b, c := []float32{.8, .2, 0}, []float32{.2, .8, 0}, []float32{0, .2, .8}
	close := []float32{.45, .55, 0}
	for name, test := range map[string]struct {
		cfg  Hysteresis
		in   [][]float32
		lead []int
	}{
		"none":                  {Hysteresis{}, [][]float32{a, b, a, close}, []int{0, 1, 0, 1}},
		"margin":                {Hysteresis{Margin: .2}, [][]float32{a, close, b, a}, []int{0, 0, 1, 0}},
		"frames":                {Hysteresis{Frames: 3}, [][]float32{a, b, b, a, b, b, b, b}, []int{0, 0, 0, 0, 0, 0, 1, 1}},
		"challengers by turns":  {Hysteresis{Frames: 3}, [][]float32{a, b, c, b}, []int{0, 0, 0, 1}},
		"first frame is taken":  {Hysteresis{Frames: 9, Margin: .9, Memory: .9}, [][]float32{b}, []int{1}},
		"memory":                {Hysteresis{Memory: .75}, [][]float32{a, b, b, b}, []int{0, 0, 0, 1}},
		"margin starts it anew": {Hysteresis{Frames: 2, Margin: .2}, [][]float32{a, b, close, b, b}, []int{0, 0, 0, 0, 1}},
	} {
		s := newHysteresis(test.cfg, 3)
		for i, p := range test.in {
			got, lead := s.update(p)
			if lead != test.lead[i] {
				t.Errorf("%s: frame %d is led by class %d, want %d (%v)", name, i, lead, test.lead[i], got)
			}
		}
	}
}

func TestMemoryIsAnExponentialMean(t *testing.T) {
	s := newHysteresis(Hysteresis{Memory: .5}, 1)
	for i, want := range []float32{.8, .4, .2, .6} {
		p, _ := s.update([]float32{[]float32{.8, 0, 0, 1}[i]})
		if p[0] != want {
			t.Errorf("frame %d: %g, want %g", i, p[0], want)
		}
	}
	s.reset()
	if p, _ := s.update([]float32{.3}); p[0] != .3 {
		t.Errorf("after a reset %g, want 0.3", p[0])
	}
}

// A stream that begins anew owes nothing to the one before.
func TestNewStreamForgets(t *testing.T) {
	task := open(t, "testdata/head_softmax_float32.tflite", inference.Builtin, Config{
		Norm: inference.Uniform(127.5, 127.5), Labels: names(4),
		Hysteresis: Hysteresis{Memory: .9, Frames: 100}, Alarm: alarm.Config{Labels: []string{"class 0"}, Threshold: .01, Hold: 100},
	})
	pool := new(frame.Pool)
	f := pool.Get(frame.Grey, 8, 8)
	defer f.Release()
	in, first, again := task.NewInput(), &inference.Result{}, &inference.Result{}
	f.Sequence = 5
	tasktest.Process(t, task, f, in, first)
	for i := range f.Planes[0] {
		f.Planes[0][i] = 0xFF
	}
	f.Sequence = 6
	tasktest.Process(t, task, f, in, again)
	clear(f.Planes[0])
	f.Sequence = 0
	tasktest.Process(t, task, f, in, again)
	if !slices.Equal(first.Classes, again.Classes) || first.Alarm != again.Alarm || first.Alarm == "" {
		t.Errorf("a new stream gives %v %q, at first it was %v %q", again.Classes, again.Alarm, first.Classes, first.Alarm)
	}
}

func TestSoftmax(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct{ in, want []float32 }{
		{[]float32{0, 0}, []float32{.5, .5}},
		{[]float32{1000, 1000 + float32(math.Ln2)}, []float32{1. / 3, 2. / 3}},
		{[]float32{-inf, 3}, []float32{0, 1}},
	} {
		softmax(c.in)
		for i := range c.want {
			if math.Abs(float64(c.in[i]-c.want[i])) > 1e-4 {
				t.Errorf("got %v, want %v", c.in, c.want)
			}
		}
	}
}

func TestContractNamesWhatIsWrong(t *testing.T) {
	good := Config{Norm: inference.Uniform(127.5, 127.5), Labels: names(4)}
	const head = "testdata/head_softmax_float32.tflite"
	for name, c := range map[string]struct {
		path, output string
		change       func(*Config)
	}{
		"too few labels":   {head, "", func(c *Config) { c.Labels = names(3) }},
		"another name":     {head, "Softmax", func(*Config) {}},
		"no deviation":     {head, "", func(c *Config) { c.Norm = inference.Normalization{} }},
		"unknown alarm":    {head, "", func(c *Config) { c.Alarm.Labels = []string{"tear"} }},
		"endless memory":   {head, "", func(c *Config) { c.Hysteresis.Memory = 1 }},
		"a segmentation":   {testmedia.Path(t, "models/deeplabv3_mnv2_dm05_pascal_quant.tflite"), "", func(c *Config) { c.Labels = names(513 * 513) }},
		"too many outputs": {testmedia.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), "", func(*Config) {}},
	} {
		net, err := inference.Open(c.path, inference.Options{})
		if err != nil {
			t.Fatal(err)
		}
		cfg := good
		c.change(&cfg)
		if _, err := New(net, c.output, cfg); err == nil {
			t.Errorf("%s passed for a classifier", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
		net.Close()
	}
}

func TestFramesCostNoMemory(t *testing.T) {
	cfg := pictureConfig
	cfg.Hysteresis = Hysteresis{Memory: .5, Margin: .1, Frames: 3}
	cfg.Alarm = alarm.Config{Labels: []string{"class 7"}, Threshold: .001, Hold: 2}
	task := open(t, testmedia.Path(t, "models/"+published[0]+".tflite"), inference.XNNPACK, cfg)
	f := testmedia.Frame(t, "media/objects/cat.bmp")
	in, out := task.NewInput(), &inference.Result{}
	tasktest.Process(t, task, f, in, out)
	if n := testing.AllocsPerRun(10, func() { tasktest.Process(t, task, f, in, out) }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	f := testmedia.Frame(b, "media/objects/cat.bmp")
	for _, name := range published {
		b.Run(name, func(b *testing.B) {
			task := open(b, testmedia.Path(b, "models/"+name+".tflite"), inference.XNNPACK, pictureConfig)
			in, out := task.NewInput(), &inference.Result{}
			var invoke, decode int64
			b.ReportAllocs()
			for b.Loop() {
				tasktest.Process(b, task, f, in, out)
				invoke += out.Timing.Invoke.Nanoseconds()
				decode += out.Timing.Decode.Nanoseconds()
			}
			b.ReportMetric(float64(invoke)/float64(b.N)/1e6, "ms-invoke/frame")
			b.ReportMetric(float64(decode)/float64(b.N)/1e6, "ms-decode/frame")
		})
	}
}
