package attribute

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// recorded is what testdata/record.py wrote of one face.
type recorded struct {
	Picture       string
	Box           [4]float32
	Input         [][2]float64
	None, XNNPACK recordedAnswer // on the library's own kernels, and on XNNPACK's
}

type recordedAnswer struct {
	Value   string
	Numbers []float32
}

var (
	bytesToUnit   = inference.Uniform(0, 255)
	bytesToSigned = inference.Uniform(127.5, 127.5)
	genders       = HeadOutput{Name: "gender", Labels: []string{"male", "female"}}
	emotions      = HeadOutput{Name: "emotion", Labels: strings.Fields("neutral happiness surprise sadness anger disgust fear contempt unknown")}
	liveness      = HeadOutput{Name: "liveness", Labels: []string{"live", "spoof"}}
)

// published are the heads of the published models, by file name.
var published = map[string]HeadConfig{
	"age_200_q":                {Norm: bytesToUnit, Outputs: []Output{{HeadOutput: HeadOutput{Name: "age"}, Kind: Years, Gain: 116}}},
	"age_lite_200_q":           {Norm: bytesToUnit, Outputs: []Output{{HeadOutput: HeadOutput{Name: "age"}, Kind: Years, Gain: 116}}},
	"gender_128_q":             {Norm: bytesToUnit, Outputs: []Output{{HeadOutput: genders}}},
	"gender_lite_128_q":        {Norm: bytesToUnit, Outputs: []Output{{HeadOutput: genders}}},
	"emotion_mobilefacenet_48": {Norm: bytesToSigned, Margin: .1, Outputs: []Output{{HeadOutput: emotions}}},
	"minifas_128_float16":      {Norm: bytesToUnit, Margin: .25, Outputs: []Output{{HeadOutput: liveness, Kind: Logits}}},
	"minifas_128_float32":      {Norm: bytesToUnit, Margin: .25, Outputs: []Output{{HeadOutput: liveness, Kind: Logits}}},
	"face_antispoofing_256": {Norm: bytesToUnit, Outputs: []Output{
		{HeadOutput: liveness, Kind: Leaves, Tensor: "Identity", Weights: "Identity_1", Gain: .2}}},
}

func openNet(t testing.TB, model string, opt inference.Options) *inference.Interpreter {
	t.Helper()
	net, err := inference.Open(testmedia.Path(t, "models/"+model+".tflite"), opt)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func openHead(t testing.TB, model string, opt inference.Options, cfg HeadConfig) *Network {
	t.Helper()
	net := openNet(t, model, opt)
	h, err := NewNetwork(net, cfg)
	if err != nil {
		net.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// picture is a test picture; one in an archive is taken out first.
func picture(t testing.TB, name string) *frame.Frame {
	t.Helper()
	archive, member, packed := strings.Cut(name, ".tar/")
	if !packed {
		return testmedia.Frame(t, name)
	}
	f, err := os.Open(testmedia.Path(t, archive+".tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if header.Name == member {
			return loose(t, filepath.Base(member), r)
		}
	}
}

// loose reads a picture by way of a file.
func loose(t testing.TB, name string, from io.Reader) *frame.Frame {
	t.Helper()
	data, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := camera.Open(t.Context(), path, camera.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	frame, err := source.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(frame.Release)
	return frame
}

// Every head makes of 16 faces what the Python interpreter makes of them: the
// same input tensor, numbers within 0.02 (ages within 0.02 of the network's
// range), the same answer, each kind of kernel against itself.
func TestAgainstPython(t *testing.T) {
	raw, err := os.ReadFile("testdata/heads.json")
	if err != nil {
		t.Fatal(err)
	}
	var heads map[string][]recorded
	if err := json.Unmarshal(raw, &heads); err != nil {
		t.Fatal(err)
	}
	for _, opt := range []inference.Options{{Delegate: inference.Builtin}, {Delegate: inference.XNNPACK}} {
		for model, cfg := range published {
			t.Run(model+"/"+string(opt.Delegate), func(t *testing.T) {
				cases := heads[model]
				if len(cases) < 8 {
					t.Fatalf("only %d faces recorded", len(cases))
				}
				compare(t, openHead(t, model, opt, cfg), opt.Delegate, cases)
			})
		}
	}
}

func compare(t *testing.T, h *Network, delegate inference.Delegate, cases []recorded) {
	q := h.HeadOutputs()[0]
	numbers, scale := make([]float32, q.Len()), float32(1)
	if len(q.Labels) == 0 {
		scale = h.outputs[0].gain
	}
	worstInput, worst := 0., float32(0)
	var timing inference.Timing
	for _, c := range cases {
		box := inference.Box{X0: c.Box[0], Y0: c.Box[1], X1: c.Box[2], Y1: c.Box[3]}
		if err := h.Infer(picture(t, c.Picture), box, numbers, &timing); err != nil {
			t.Fatal(err)
		}
		input, err := inference.View[float32](h.net.Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Input {
			worstInput = max(worstInput, math.Abs(float64(input[int(s[0])])-s[1]))
		}
		want := c.None
		if delegate == inference.XNNPACK {
			want = c.XNNPACK
		}
		for i, v := range want.Numbers {
			worst = max(worst, max(v-numbers[i], numbers[i]-v)/scale)
		}
		if _, a := q.answer(numbers, none, 0); a.Value != want.Value {
			t.Errorf("%s: %s, Python says %s", c.Picture, a.Value, want.Value)
		}
	}
	t.Logf("greatest difference: input %.2g, numbers %.2g", worstInput, worst)
	if worstInput > 1e-2 || worst > .02 {
		t.Errorf("greatest difference: input %.2g, allowed 0.01; numbers %.2g, allowed 0.02", worstInput, worst)
	}
	if timing.Preprocess <= 0 || timing.Invoke <= 0 || timing.Decode <= 0 {
		t.Errorf("a stage took no time: %+v", timing)
	}
}

func TestHeadRefusesWhatDoesNotFit(t *testing.T) {
	three := HeadOutput{Name: "gender", Labels: []string{"a", "b", "c"}}
	leaves := Output{HeadOutput: liveness, Kind: Leaves, Tensor: "Identity", Weights: "Identity_1", Gain: .2}
	for name, c := range map[string]struct {
		model  string
		output Output
		says   string
	}{
		"too many labels":     {"gender_lite_128_q", Output{HeadOutput: three}, "no tensor"},
		"one label":           {"gender_lite_128_q", Output{HeadOutput: HeadOutput{Name: "x", Labels: []string{"a"}}}, "1 labels"},
		"another name":        {"gender_lite_128_q", Output{HeadOutput: genders, Tensor: "age"}, "no tensor age"},
		"years of two":        {"gender_lite_128_q", Output{HeadOutput: HeadOutput{Name: "age"}, Kind: Years, Gain: 116}, "no tensor"},
		"years without gain":  {"age_lite_200_q", Output{HeadOutput: HeadOutput{Name: "age"}, Kind: Years}, "gain"},
		"years with labels":   {"age_lite_200_q", Output{HeadOutput: genders, Kind: Years, Gain: 1}, "2 labels"},
		"limits not by label": {"gender_lite_128_q", Output{HeadOutput: HeadOutput{Name: "x", Labels: genders.Labels, MinProbability: []float32{.5}}}, "1 limits"},
		"unknown kind":        {"gender_lite_128_q", Output{HeadOutput: genders, Kind: 99}, "unknown kind"},
		"leaves, which?":      {"face_antispoofing_256", Output{HeadOutput: liveness, Kind: Leaves, Gain: .2}, "two tensors"},
		"leaves of one":       {"gender_lite_128_q", leaves, "no tensor Identity_1"},
	} {
		t.Run(name, func(t *testing.T) {
			net := openNet(t, c.model, inference.Options{})
			defer net.Close()
			_, err := NewNetwork(net, HeadConfig{Norm: bytesToUnit, Outputs: []Output{c.output}})
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.model) {
				t.Errorf("error %v, expected one that says %q", err, c.says)
			}
		})
	}
	net := openNet(t, "gender_lite_128_q", inference.Options{})
	defer net.Close()
	if _, err := NewNetwork(net, HeadConfig{Norm: bytesToUnit}); err == nil {
		t.Error("a head without questions was accepted")
	}
}

func TestParseOutputKind(t *testing.T) {
	if k, err := ParseOutputKind("leaves"); err != nil || k != Leaves {
		t.Errorf("leaves is kind %d, %v", k, err)
	}
	if _, err := ParseOutputKind("magic"); err == nil {
		t.Error("an unknown kind has a number")
	}
}

// What is no face is refused, and the edge of the frame is no obstacle.
func TestInferGuardsItsCrop(t *testing.T) {
	h := openHead(t, "emotion_mobilefacenet_48", inference.Options{}, published["emotion_mobilefacenet_48"])
	var pool frame.Pool
	f := pool.Get(frame.I420, 64, 48)
	defer f.Release()
	numbers, nan := make([]float32, 9), float32(math.NaN())
	for name, c := range map[string]struct {
		box  inference.Box
		want error
	}{
		"inside":       {inference.Box{X0: 10, Y0: 10, X1: 30, Y1: 30}, nil},
		"at a corner":  {inference.Box{X0: 60, Y0: 40, X1: 90, Y1: 80}, nil},
		"over the top": {inference.Box{X0: -200, Y0: -200, X1: 300, Y1: 300}, nil},
		"zero":         {inference.Box{}, ErrNoFace},
		"no width":     {inference.Box{X0: 10, Y0: 10, X1: 10, Y1: 30}, ErrNoFace},
		"inverted":     {inference.Box{X0: 30, Y0: 30, X1: 10, Y1: 10}, ErrNoFace},
		"thin":         {inference.Box{X0: 10, Y0: 10, X1: 10.5, Y1: 30}, ErrNoFace},
		"outside":      {inference.Box{X0: 100, Y0: 10, X1: 130, Y1: 30}, ErrNoFace},
		"NaN":          {inference.Box{X0: nan, Y0: 10, X1: 30, Y1: 30}, ErrNoFace},
	} {
		if err := h.Infer(f, c.box, numbers, &inference.Timing{}); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

// The arithmetic on outputs, from numbers computed by hand.
func TestDecode(t *testing.T) {
	ln := func(x float64) float32 { return float32(math.Log(x)) }
	for name, c := range map[string]struct {
		o               output
		values, weights []float32
		want            []float32
	}{
		"softmax":         {output{kind: Softmax}, []float32{.1, .7, .2}, nil, []float32{.1, .7, .2}},
		"logits":          {output{kind: Logits}, []float32{1, 1 + ln(2), 1 + ln(5)}, nil, []float32{.125, .25, .625}},
		"large logits":    {output{kind: Logits}, []float32{-500, 500}, nil, []float32{0, 1}},
		"sigmoid":         {output{kind: Sigmoid}, []float32{.8}, nil, []float32{.2, .8}},
		"years":           {output{kind: Years, gain: 116}, []float32{.25}, nil, []float32{29}},
		"expectation":     {output{kind: Expectation, gain: 5}, []float32{0, .25, .25, .25}, nil, []float32{10}},
		"no attack":       {output{kind: Leaves, gain: .2}, []float32{9, .5}, []float32{0, 0}, []float32{1, 0}},
		"half the limit":  {output{kind: Leaves, gain: .2}, []float32{-.1, 9}, []float32{1, 0}, []float32{.75, .25}},
		"at the limit":    {output{kind: Leaves, gain: .2}, []float32{.1, -.05}, []float32{1, 2}, []float32{.5, .5}},
		"above the limit": {output{kind: Leaves, gain: .2}, []float32{.6}, []float32{1}, []float32{.25, .75}},
		"more than all":   {output{kind: Leaves, gain: .2}, []float32{5}, []float32{1}, []float32{0, 1}},
		"less than none":  {output{kind: Leaves, gain: .2}, []float32{5}, []float32{-1}, []float32{1, 0}},
		"a limit of one":  {output{kind: Leaves, gain: 1}, []float32{2}, []float32{1}, []float32{0, 1}},
	} {
		got := make([]float32, len(c.want))
		c.o.decode(got, c.values, c.weights)
		for i, want := range c.want {
			if math.Abs(float64(got[i]-want)) > 1e-6 {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

// A network with two outputs is bound by their shapes or names, in whatever
// order it has them.
func TestBindTwoOutputs(t *testing.T) {
	tensor := func(name string, n int) *inference.Tensor {
		return &inference.Tensor{Name: name, Shape: []int{1, n}, DType: inference.Float32}
	}
	age := HeadOutput{Name: "age", Labels: []string{"0-10", "11-20", "21-45", "46-60", "60-100"}}
	for name, c := range map[string]struct {
		outputs [2]Output
		tensors [2]*inference.Tensor // of age, of gender
	}{
		"five and two": {[2]Output{{HeadOutput: age}, {HeadOutput: genders}}, [2]*inference.Tensor{tensor("a", 5), tensor("b", 2)}},
		"five and one": {[2]Output{{HeadOutput: age}, {HeadOutput: genders, Kind: Sigmoid}}, [2]*inference.Tensor{tensor("a", 5), tensor("b", 1)}},
		"one and one, by name": {[2]Output{
			{HeadOutput: HeadOutput{Name: "age"}, Kind: Years, Gain: 116, Tensor: "a"}, {HeadOutput: genders, Kind: Sigmoid, Tensor: "b"},
		}, [2]*inference.Tensor{tensor("a", 1), tensor("b", 1)}},
	} {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			net := &inference.Interpreter{Outputs: []*inference.Tensor{c.tensors[order[0]], c.tensors[order[1]]}}
			for i, o := range c.outputs {
				if b, err := bind(net, o); err != nil || b.values != c.tensors[i] {
					t.Errorf("%s, order %v: %s bound to %v, %v", name, order, o.Name, b.values, err)
				}
			}
		}
	}
}

func BenchmarkHead(b *testing.B) {
	f := testmedia.Frame(b, "media/recognition/img12.jpg")
	box := inference.Box{X0: 224, Y0: 84, X1: 360, Y1: 264}
	for model, cfg := range published {
		h := openHead(b, model, inference.Options{Delegate: inference.XNNPACK}, cfg)
		b.Run(model, func(b *testing.B) {
			numbers, timing := make([]float32, h.HeadOutputs()[0].Len()), inference.Timing{}
			b.ReportAllocs()
			for b.Loop() {
				box.X0 = 224 - box.X0 + 224.5 // another crop every time
				if err := h.Infer(f, box, numbers, &timing); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(timing.Preprocess.Seconds()*1e3/float64(b.N), "crop-ms/face")
			b.ReportMetric(timing.Invoke.Seconds()*1e3/float64(b.N), "invoke-ms/face")
		})
	}
}
