package face

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// squares are the anchors of one grid of the slim and RFB networks.
func squares(stride int, sides ...float32) Layer {
	l := Layer{Stride: stride}
	for _, s := range sides {
		l.Boxes = append(l.Boxes, [2]float32{s, s})
	}
	return l
}

func ultraLight() Config {
	return Config{
		Norm: inference.Uniform(127, 128), Outputs: Outputs{Boxes: "Identity", Scores: "Identity_1"},
		Layers: []Layer{squares(8, 10, 16, 24), squares(16, 32, 48), squares(32, 64, 96), squares(64, 128, 192, 256)},
		Even:   true, Variances: [2]float32{.1, .2}, Threshold: .7, IoU: .3,
	}
}

func ultraLightLandmark() Config {
	return Config{
		Norm: inference.Uniform(127.5, 128), Outputs: Outputs{Boxes: "Identity", Scores: "Identity_2", Landmarks: "Identity_1"},
		Layers: []Layer{
			{Stride: 8, Boxes: [][2]float32{{17, 13}, {38, 28}}},
			{Stride: 16, Boxes: [][2]float32{{98, 74}, {161, 119}}},
			{Stride: 32, Boxes: [][2]float32{{217, 171}, {299, 234}}},
		},
		Variances: [2]float32{.1, .2}, Logits: true, Threshold: .7, IoU: .4,
	}
}

func blazeFace(boxes, scores string, layers ...Layer) Config {
	return Config{
		Kind: BlazeFace, Norm: inference.Uniform(127.5, 127.5), Resize: inference.Letterbox,
		Outputs: Outputs{Boxes: boxes, Scores: scores}, Layers: layers, Threshold: .5, IoU: .3, Blend: true,
	}
}

// configs are the published detectors, by file name.
func configs() map[string]Config {
	return map[string]Config{
		"ultralight_face_slim_320":    ultraLight(),
		"ultralight_face_rfb_320":     ultraLight(),
		"ultralight_face_landmark":    ultraLightLandmark(),
		"blazeface_short_range":       blazeFace("regressors", "classificators", Layer{Stride: 8, Count: 2}, Layer{Stride: 16, Count: 6}),
		"blazeface_back":              blazeFace("regressors", "classificators", Layer{Stride: 16, Count: 2}, Layer{Stride: 32, Count: 6}),
		"blazeface_full_range":        blazeFace("reshaped_regressor_face_4", "reshaped_classifier_face_4", Layer{Stride: 4, Count: 1}),
		"blazeface_full_range_sparse": blazeFace("Identity", "Identity_1", Layer{Stride: 4, Count: 1}),
	}
}

func openNet(t testing.TB, name string, opt inference.Options) *inference.Interpreter {
	t.Helper()
	net, err := inference.Open(testmedia.Path(t, "models/"+name+".tflite"), opt)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func open(t testing.TB, name string, opt inference.Options) Detector {
	t.Helper()
	d, err := New(openNet(t, name, opt), configs()[name])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// recorded is what testdata/record.py wrote.
type recorded struct {
	Picture       string
	Width, Height int
	Input         [][2]float64
	Faces         [][]float32 // score, corners, points
}

func readJSON(t *testing.T, name string, to any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		t.Fatal(err)
	}
}

// Every detector finds in 15 pictures the faces that the Python interpreter
// finds there, on the library's own kernels and on XNNPACK's.
func TestAgainstPython(t *testing.T) {
	for name := range configs() {
		for _, opt := range []inference.Options{{Delegate: inference.Builtin}, {Delegate: inference.XNNPACK}} {
			t.Run(name+"/"+string(opt.Delegate), func(t *testing.T) {
				var cases []recorded
				readJSON(t, name, &cases)
				d, faces := open(t, name, opt), 0
				for _, c := range cases {
					in, out := detect(t, d, testmedia.Frame(t, c.Picture))
					checkInput(t, c, in)
					checkFaces(t, c, out.Objects)
					faces += len(out.Objects)
				}
				if len(cases) < 10 || faces < 15 {
					t.Errorf("only %d faces in %d pictures compared", faces, len(cases))
				}
			})
		}
	}
}

func detect(t testing.TB, d Detector, f *frame.Frame) (*inference.Input, *inference.Result) {
	t.Helper()
	in, out := d.NewInput(), &inference.Result{Width: f.Width, Height: f.Height}
	if err := d.Prepare(f, in); err != nil {
		t.Fatal(err)
	}
	if err := d.Detect(in, out); err != nil {
		t.Fatal(err)
	}
	return in, out
}

func checkInput(t *testing.T, c recorded, in *inference.Input) {
	t.Helper()
	for _, s := range c.Input {
		b := in.Data[4*int(s[0]):]
		got := math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
		if math.Abs(float64(got)-s[1]) > 1e-5 {
			t.Fatalf("%s: input element %v is %g, Python has %g", c.Picture, s[0], got, s[1])
		}
	}
}

func checkFaces(t *testing.T, c recorded, got []inference.Object) {
	t.Helper()
	if len(got) != len(c.Faces) {
		t.Errorf("%s: %d faces, Python has %d", c.Picture, len(got), len(c.Faces))
	}
	for _, want := range c.Faces {
		box := inference.Box{X0: want[1], Y0: want[2], X1: want[3], Y1: want[4]}
		o := nearest(got, box)
		switch {
		case o == nil || inference.IoU(o.Box, box) < .95 || math.Abs(float64(o.Score-want[0])) > .02:
			t.Errorf("%s: face %v is missing, the nearest is %+v", c.Picture, want[:5], o)
		default:
			checkPoints(t, c.Picture, o, want[5:])
		}
	}
}

func nearest(objects []inference.Object, box inference.Box) (best *inference.Object) {
	for i := range objects {
		if best == nil || inference.IoU(objects[i].Box, box) > inference.IoU(best.Box, box) {
			best = &objects[i]
		}
	}
	return best
}

// checkPoints compares the points recorded where they are a face's landmarks.
func checkPoints(t *testing.T, picture string, o *inference.Object, want []float32) {
	t.Helper()
	if len(o.Keypoints) == 5 != (len(want) == 10) || o.Class != 0 || o.Label != "face" {
		t.Errorf("%s: %+v with %d coordinates recorded", picture, o, len(want))
	}
	limit := .01 * max(o.Box.Width(), o.Box.Height())
	for i, p := range o.Keypoints {
		if distance(p.Point, inference.Point{X: want[2*i], Y: want[2*i+1]}) > limit {
			t.Errorf("%s: landmark %d at %v, Python has %v", picture, i, p, want[2*i:2*i+2])
		}
	}
}

func distance(a, b inference.Point) float32 {
	return float32(math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)))
}

// Landmarks lie in the order and the places of a face looking at the camera.
func TestLandmarksAreAFace(t *testing.T) {
	for name, c := range configs() {
		_, out := detect(t, open(t, name, inference.Options{}), testmedia.Frame(t, "media/recognition/img3.jpg"))
		if len(out.Objects) != 1 {
			t.Fatalf("%s: %d faces", name, len(out.Objects))
		}
		o := out.Objects[0]
		l := LandmarksOf(&o)
		switch {
		case c.Outputs.Landmarks == "":
			if o.Skeleton != nil || len(o.Keypoints) > 0 {
				t.Errorf("%s: landmarks %v from nowhere", name, o.Keypoints)
			}
		case !(l[0].X < l[2].X && l[2].X < l[1].X && l[0].Y < l[2].Y && l[2].Y < l[3].Y && l[3].X <= l[4].X):
			t.Errorf("%s: landmarks %v", name, l)
		}
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	change := func(f func(*Config)) Config {
		c := ultraLight()
		f(&c)
		return c
	}
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"anchors missing":   {change(func(c *Config) { c.Layers = c.Layers[1:] }), "[1 820 4]"},
		"anchors undefined": {change(func(c *Config) { c.Layers = append(c.Layers, Layer{Stride: 8}) }), "boxes or a count"},
		"no such output":    {change(func(c *Config) { c.Outputs.Scores = "scores" }), "scores"},
		"other kind":        {change(func(c *Config) { c.Kind = BlazeFace }), "[1 4420 16]"},
		"threshold":         {change(func(c *Config) { c.Threshold = 1 }), "threshold"},
		"overlap":           {change(func(c *Config) { c.IoU = 0 }), "overlap"},
		"normalization":     {change(func(c *Config) { c.Norm.Std[1] = 0 }), "deviation"},
		"fit":               {change(func(c *Config) { c.Fit.Width = 1 }), "fitted"},
	} {
		net := openNet(t, "ultralight_face_slim_320", inference.Options{})
		if _, err := New(net, c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		net.Close()
	}
}

func TestFit(t *testing.T) {
	box := inference.Box{X0: 10, Y0: 20, X1: 50, Y1: 60}
	for name, c := range map[string]struct {
		fit  Fit
		want inference.Box
	}{
		"none":                  {Fit{}, box},
		"moved up":              {Fit{Y: -.25, Width: 1, Height: 1}, inference.Box{X0: 10, Y0: 10, X1: 50, Y1: 50}},
		"narrower and taller":   {Fit{Width: .5, Height: 2}, inference.Box{X0: 20, Y0: 0, X1: 40, Y1: 80}},
		"moved by its own size": {Fit{Y: .5, Width: 1, Height: .5}, inference.Box{X0: 10, Y0: 50, X1: 50, Y1: 70}},
	} {
		if got := c.fit.apply(box); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// BlazeFace's boxes, which are squares low on the face, are brought by the
// catalogue's fit to where Ultra-Light RFB sees the faces.
func TestFitMeetsUltraLight(t *testing.T) {
	reference, back := open(t, "ultralight_face_slim_320", inference.Options{}), openNet(t, "blazeface_back", inference.Options{})
	cfg := configs()["blazeface_back"]
	cfg.Fit = Fit{Y: -.11, Width: .92, Height: 1.24}
	d, err := New(back, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	f := testmedia.Frame(t, "media/recognition/img12.jpg")
	_, want := detect(t, reference, f)
	_, got := detect(t, d, f)
	if len(want.Objects) != 1 || len(got.Objects) != 1 {
		t.Fatalf("found %d and %d faces", len(want.Objects), len(got.Objects))
	}
	if iou := inference.IoU(want.Objects[0].Box, got.Objects[0].Box); iou < .75 {
		t.Errorf("overlap %.2f of %v and %v", iou, want.Objects[0].Box, got.Objects[0].Box)
	}
}

func TestAnchors(t *testing.T) {
	for name, c := range map[string]struct {
		cfg           Config
		width, height int
		count, at     int
		want          anchor
	}{
		"slim":                {ultraLight(), 320, 240, 4420, 0, anchor{4. / 320, 4. / 240, 10. / 320, 10. / 240}},
		"slim, spread evenly": {ultraLight(), 320, 240, 4420, 3600 + 600, anchor{16. / 320, 15. / 240, 64. / 320, 64. / 240}},
		"slim, clipped":       {ultraLight(), 320, 240, 4420, 4419, anchor{.9, .875, .8, 1}},
		"landmark":            {ultraLightLandmark(), 320, 240, 3160, 1, anchor{4. / 320, 4. / 240, 38. / 320, 28. / 240}},
		"landmark, hangs over": {ultraLightLandmark(), 320, 240, 3160, 3159,
			anchor{304. / 320, 240. / 240, 299. / 320, 234. / 240}},
		"short": {configs()["blazeface_short_range"], 128, 128, 896, 512, anchor{cx: .0625, cy: .0625}},
		"back":  {configs()["blazeface_back"], 256, 256, 896, 895, anchor{cx: .9375, cy: .9375}},
		"full":  {configs()["blazeface_full_range"], 192, 192, 2304, 49, anchor{cx: 6. / 192, cy: 6. / 192}},
	} {
		all, err := makeAnchors(c.cfg.Layers, c.width, c.height, c.cfg.Even)
		if err != nil || len(all) != c.count {
			t.Errorf("%s: %d anchors, want %d (%v)", name, len(all), c.count, err)
			continue
		}
		got := all[c.at]
		if max(abs(got.cx-c.want.cx), abs(got.cy-c.want.cy), abs(got.w-c.want.w), abs(got.h-c.want.h)) > 1e-6 {
			t.Errorf("%s: anchor %d is %v, want %v", name, c.at, got, c.want)
		}
	}
}

func abs(v float32) float32 { return float32(math.Abs(float64(v))) }

func BenchmarkDetect(b *testing.B) {
	f := testmedia.Frame(b, "media/faces/group_5.jpg")
	for name := range configs() {
		b.Run(name, func(b *testing.B) {
			d := open(b, name, inference.Options{Threads: 1, Delegate: inference.XNNPACK})
			in, out := detect(b, d, f)
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				if err := d.Prepare(f, in); err != nil {
					b.Fatal(err)
				}
				if err := d.Detect(in, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
