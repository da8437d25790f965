package detect

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/nonsense"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
)

// recorded is what testdata/record.py in the parent folder wrote.
type recorded struct {
	Picture       string
	Width, Height int
	Input         [][2]float64
	None, XNNPACK []recordedObject // on the library's own kernels, and on XNNPACK's
}

type recordedObject struct {
	Cls   int
	Score float32
	Box   [4]float32
}

func readRecorded(t *testing.T, name string) (cases []recorded) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// names numbers n classes, so that no test depends on a label list.
func names(n int) []string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = string(rune('A'+i%26)) + string(rune('a'+i/26))
	}
	return labels
}

func openNet(t testing.TB, path string, opt inference.Options) *inference.Interpreter {
	t.Helper()
	net, err := inference.Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func openSSD(t testing.TB, opt inference.Options, cfg Config) *SSD {
	net := openNet(t, testmedia.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), opt)
	const p = "TFLite_Detection_PostProcess"
	cfg.Norm = inference.Uniform(128, 128)
	s, err := NewSSD(net, SSDOutputs{p, p + ":1", p + ":2", p + ":3"}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var oidAnchors = AnchorSpec{
	Strides: []int{16, 32, 64, 128, 256, 512}, MinScale: .2, MaxScale: .95,
	AspectRatios: []float32{1, 2, .5, 3, .3333}, InterpolatedRatio: 1, ReduceLowestLayer: true,
	BoxScales: [4]float32{10, 10, 5, 5},
}

func openAnchorSSD(t testing.TB, opt inference.Options, cfg Config) *AnchorSSD {
	net := openNet(t, testmedia.Mirror(t, "object_detection_ssd_mobilenetv2_oidv4_fp16.tflite"), opt)
	cfg.Norm = inference.Uniform(127.5, 127.5)
	s, err := NewAnchorSSD(net, AnchorOutputs{"raw_outputs/box_encodings", "raw_outputs/class_predictions"}, oidAnchors, .5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openYOLOv8(t testing.TB, opt inference.Options, cfg Config) *YOLOv8 {
	net := openNet(t, testmedia.Path(t, "models/yolov8n_int8.tflite"), opt)
	cfg.Norm = inference.Uniform(0, 255)
	y, err := NewYOLOv8(net, "PartitionedCall:0", YOLOv8Config{Unit: Image, IoU: .5}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	return y
}

// The detectors see in 15 pictures what the Python interpreter sees there:
// the same input tensor to the bit, the same classes, scores within
// 0.02, boxes of IoU >= 0.95, each kind of kernel against itself.
func TestAgainstPython(t *testing.T) {
	for _, opt := range []inference.Options{{Threads: 1, Delegate: inference.Builtin}, {Threads: 2, Delegate: inference.XNNPACK}} {
		t.Run("ssd/"+string(opt.Delegate), func(t *testing.T) {
			task := openSSD(t, opt, Config{Labels: names(90), Threshold: .3})
			compare(t, task, opt.Delegate, "ssd_mobilenet_v1_coco_quant", .3, 0, func(in *inference.Input, i int) float64 { return float64(in.Data[i]) })
		})
		t.Run("anchors/"+string(opt.Delegate), func(t *testing.T) {
			task := openAnchorSSD(t, opt, Config{Labels: names(24), Threshold: .4})
			compare(t, task, opt.Delegate, "ssd_mobilenet_v2_oid_fp16", .4, 1e-5, floatAt)
		})
		t.Run("yolov8/"+string(opt.Delegate), func(t *testing.T) {
			task := openYOLOv8(t, opt, Config{Labels: names(80), Threshold: .3})
			needKernels(t, task, opt.Delegate)
			compare(t, task, opt.Delegate, "yolov8n_int8", .3, 1e-5, floatAt)
		})
	}
}

// floatAt is element i of a float32 input.
func floatAt(in *inference.Input, i int) float64 {
	return float64(math.Float32frombits(binary.NativeEndian.Uint32(in.Data[4*i:])))
}

func compare(t *testing.T, task inference.Task, delegate inference.Delegate, name string, threshold float32, inputTolerance float64, at func(*inference.Input, int) float64) {
	cases := readRecorded(t, name)
	if len(cases) < 12 {
		t.Fatalf("only %d pictures recorded", len(cases))
	}
	in := task.NewInput()
	var out inference.Result
	total := 0
	for _, c := range cases {
		f := testmedia.Frame(t, c.Picture)
		out.Reset()
		out.Width, out.Height = f.Width, f.Height
		if err := task.Prepare(f, in); err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Input {
			if got := at(in, int(s[0])); math.Abs(got-s[1]) > inputTolerance {
				t.Fatalf("%s: input element %v is %g, Python has %g", c.Picture, s[0], got, s[1])
			}
		}
		if err := task.Run(f, in, &out); err != nil {
			t.Fatal(err)
		}
		want := c.None
		if delegate == inference.XNNPACK {
			want = c.XNNPACK
		}
		total += matchObjects(t, c.Picture, want, out.Objects, threshold)
	}
	if total < 20 {
		t.Errorf("only %d objects compared over all pictures", total)
	}
}

// matchObjects pairs ours with the recorded ones; those within 0.02 of the
// threshold may be on either side of it.
func matchObjects(t *testing.T, picture string, recorded []recordedObject, got []inference.Object, threshold float32) (matched int) {
	t.Helper()
	used := make([]bool, len(got))
	for _, want := range recorded {
		box := inference.Box{X0: want.Box[0], Y0: want.Box[1], X1: want.Box[2], Y1: want.Box[3]}
		if want.Score < threshold || box.Area() == 0 {
			continue
		}
		i := slices.IndexFunc(got, func(o inference.Object) bool {
			return o.Class == want.Cls && math.Abs(float64(o.Score-want.Score)) <= .02 && inference.IoU(o.Box, box) >= .95
		})
		switch {
		case i >= 0:
			used[i] = true
			matched++
		case want.Score > threshold+.02:
			t.Errorf("%s: class %d score %.3f at %v is missing", picture, want.Cls, want.Score, want.Box)
		}
	}
	for i, o := range got {
		if !used[i] && o.Score > threshold+.02 {
			t.Errorf("%s: class %d score %.3f at %v is not in the recording", picture, o.Class, o.Score, o.Box)
		}
	}
	return matched
}

func TestLabelFilter(t *testing.T) {
	labels := names(90)
	labels[2] = "car"
	task := openSSD(t, inference.Options{}, Config{Labels: labels, Filter: []string{"CAR"}, Threshold: .4})
	out := runOnce(t, task, testmedia.Frame(t, "media/traffic/coco128/000000000064.jpg"))
	if len(out.Objects) == 0 {
		t.Fatal("no cars found")
	}
	for _, o := range out.Objects {
		if o.Label != "car" {
			t.Errorf("%s passed the filter", o.Label)
		}
	}
}

func runOnce(t testing.TB, task inference.Task, f *frame.Frame) *inference.Result {
	t.Helper()
	out := &inference.Result{}
	tasktest.Process(t, task, f, task.NewInput(), out)
	return out
}

func TestContractNamesWhatIsWrong(t *testing.T) {
	net := openNet(t, testmedia.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"), inference.Options{})
	defer net.Close()
	if _, err := NewSSD(net, SSDOutputs{"boxes", "classes", "scores", "count"}, Config{Norm: inference.Uniform(128, 128), Labels: names(90)}); err == nil {
		t.Error("a classifier passed for an SSD detector")
	}
	if _, err := NewAnchorSSD(net, AnchorOutputs{}, oidAnchors, .5, Config{Norm: inference.Uniform(128, 128), Labels: names(24), Threshold: .5}); err == nil {
		t.Error("a classifier passed for an anchor SSD detector")
	}
}

func TestAnchorsCount(t *testing.T) {
	a := oidAnchors.Anchors(300, 300)
	if len(a) != 1917 {
		t.Fatalf("%d anchors, want 1917", len(a))
	}
	if got, want := a[0], (Anchor{.5 / 19, .5 / 19, .1, .1}); got != want {
		t.Errorf("first anchor %v, want %v", got, want)
	}
	last := a[1916]
	if last.CX != .5 || math.Abs(float64(last.W)-math.Sqrt(.95)) > 1e-6 {
		t.Errorf("last anchor %v", last)
	}
}

// Suppression leaves no two overlapping boxes of a class, changes nothing the
// second time, and does not depend on the order of what comes in.
func TestSuppressProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		var objects []inference.Object
		for i := range rng.IntN(60) {
			x, y := rng.Float32()*80, rng.Float32()*80
			objects = append(objects, inference.Object{
				Class: rng.IntN(3), Score: float32(i) + rng.Float32(),
				Box: inference.Box{X0: x, Y0: y, X1: x + 5 + rng.Float32()*30, Y1: y + 5 + rng.Float32()*30},
			})
		}
		shuffled := slices.Clone(objects)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		once := slices.Clone(suppress(slices.Clone(objects), .5))
		same := func(a, b inference.Object) bool { return a.Box == b.Box && a.Class == b.Class && a.Score == b.Score }
		if !slices.EqualFunc(once, suppress(slices.Clone(once), .5), same) {
			t.Fatal("a second pass changed the result")
		}
		if !slices.EqualFunc(once, suppress(shuffled, .5), same) {
			t.Fatal("the order of the input changed the result")
		}
		for i, a := range once {
			for _, b := range once[:i] {
				if a.Class == b.Class && inference.IoU(a.Box, b.Box) >= .5 {
					t.Fatalf("%v and %v overlap", a.Box, b.Box)
				}
			}
		}
	}
}

func TestAddRefusesNonsense(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	d := &detector{labels: names(3), keep: []bool{true, false, true}}
	for name, c := range map[string]struct {
		class int
		box   inference.Box
		want  int
	}{
		"plain":          {0, inference.Box{X0: 1, Y0: 1, X1: 5, Y1: 5}, 1},
		"filtered":       {1, inference.Box{X0: 1, Y0: 1, X1: 5, Y1: 5}, 0},
		"class too high": {9, inference.Box{X0: 1, Y0: 1, X1: 5, Y1: 5}, 0},
		"negative class": {-1, inference.Box{X0: 1, Y0: 1, X1: 5, Y1: 5}, 0},
		"outside":        {0, inference.Box{X0: 200, Y0: 1, X1: 300, Y1: 5}, 0},
		"inverted":       {0, inference.Box{X0: 5, Y0: 5, X1: 1, Y1: 1}, 0},
		"NaN":            {0, inference.Box{X0: nan, Y0: 1, X1: 5, Y1: 5}, 0},
		"infinite":       {0, inference.Box{X0: -inf, Y0: -inf, X1: inf, Y1: inf}, 1},
	} {
		out := &inference.Result{Width: 100, Height: 100}
		d.add(out, c.class, .9, c.box)
		if len(out.Objects) != c.want {
			t.Errorf("%s: %d objects, want %d", name, len(out.Objects), c.want)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	f := testmedia.Frame(b, "media/traffic/frames/0001.bmp")
	for name, task := range map[string]inference.Task{
		"ssd":     openSSD(b, inference.Options{Threads: 1, Delegate: inference.XNNPACK}, Config{Labels: names(90), Threshold: .5}),
		"anchors": openAnchorSSD(b, inference.Options{Threads: 1, Delegate: inference.XNNPACK}, Config{Labels: names(24), Threshold: .5}),
		"yolov8":  openYOLOv8(b, inference.Options{Threads: 1, Delegate: inference.XNNPACK}, Config{Labels: names(80), Threshold: .5}),
	} {
		b.Run(name, func(b *testing.B) {
			in, out := task.NewInput(), &inference.Result{}
			b.ReportAllocs()
			for b.Loop() {
				tasktest.Process(b, task, f, in, out)
			}
			b.ReportMetric(1e9/(float64(b.Elapsed().Nanoseconds())/float64(b.N)), "fps")
		})
	}
}

// The interpolated box and the background are as the catalogue says.
func TestAnchorSpec(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ratio float32
		lower bool
		want  int // boxes of a 32x32 input with strides 8 and 16
	}{
		{"interpolated", 1, false, 16*3 + 4*3},
		{"none", 0, false, 16*2 + 4*2},
		{"reduced lowest layer", 1, true, 16*3 + 4*3},
		{"reduced lowest layer, none", 0, true, 16*3 + 4*2},
	} {
		s := AnchorSpec{Strides: []int{8, 16}, MinScale: .2, MaxScale: .9, AspectRatios: []float32{1, 2}, InterpolatedRatio: tc.ratio, ReduceLowestLayer: tc.lower}
		if got := len(s.Anchors(32, 32)); got != tc.want {
			t.Errorf("%s: %d anchors, want %d", tc.name, got, tc.want)
		}
	}
	// The scores of one anchor's three classes, all above the threshold.
	floats := func(values ...float32) (raw []byte) {
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		return raw
	}
	for background, want := range map[int][]int{-1: {0, 1, 2}, 0: {1, 2}, 2: {0, 1}} {
		s := &AnchorSSD{detector: *decoderFor(3, .5), iou: .5, spec: AnchorSpec{BoxScales: [4]float32{10, 10, 5, 5}, Background: background}}
		s.anchors = []Anchor{{.5, .5, .2, .2}}
		s.boxes = nonsense.Tensor("boxes", inference.Float32, floats(0, 0, 0, 0), 1, 1, 4)
		s.classes = nonsense.Tensor("scores", inference.Float32, floats(1, 2, 3), 1, 1, 3)
		out := &inference.Result{Width: 100, Height: 100}
		if err := s.decode(inference.Mapping{ScaleX: 100, ScaleY: 100}, out); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, o := range out.Objects {
			got = append(got, o.Class)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("background %d: classes %v, want %v", background, got, want)
		}
	}
}
