package recognize

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/testmedia"
)

// published are the embedders by file name.
var published = map[string]EmbedderConfig{
	"mobilefacenet_112":          {Model: "mobilefacenet_112", Norm: inference.Uniform(127.5, 128), Output: "embeddings"},
	"mobilefacenet_112x96_quant": {Model: "mobilefacenet_112x96_quant", Norm: inference.Uniform(127.5, 128), Output: "Identity"},
	"mobilefacenet_112_uint8":    {Model: "mobilefacenet_112_uint8", Norm: inference.Uniform(0, 1), Output: "fc1/add_1"},
}

func openNet(t testing.TB, name string, opt inference.Options) *inference.Interpreter {
	t.Helper()
	net, err := inference.Open(testmedia.Path(t, "models/"+name+".tflite"), opt)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// openDetector is the face detector that gives landmarks.
func openDetector(t testing.TB) face.Detector {
	t.Helper()
	net := openNet(t, "ultralight_face_landmark", inference.Options{Delegate: inference.XNNPACK})
	d, err := face.New(net, face.Config{
		Norm: inference.Uniform(127.5, 128), Outputs: face.Outputs{Boxes: "Identity", Scores: "Identity_2", Landmarks: "Identity_1"},
		Layers: []face.Layer{
			{Stride: 8, Boxes: [][2]float32{{17, 13}, {38, 28}}},
			{Stride: 16, Boxes: [][2]float32{{98, 74}, {161, 119}}},
			{Stride: 32, Boxes: [][2]float32{{217, 171}, {299, 234}}},
		},
		Variances: [2]float32{.1, .2}, Logits: true, Threshold: .7, IoU: .3,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func openEmbedder(t testing.TB, name string, opt inference.Options) *Embedder {
	t.Helper()
	e, err := NewEmbedder(openNet(t, name, opt), published[name])
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// detect finds the faces of a frame.
func detect(t testing.TB, d face.Detector, f *frame.Frame) []inference.Object {
	t.Helper()
	in, out := d.NewInput(), &inference.Result{Width: f.Width, Height: f.Height}
	if err := d.Prepare(f, in); err != nil {
		t.Fatal(err)
	}
	if err := d.Detect(in, out); err != nil {
		t.Fatal(err)
	}
	return out.Objects
}

// recorded is what testdata/record.py wrote.
type recorded struct {
	Picture   string
	Landmarks [5][2]float32
	Sharpness float64
	Models    map[string]struct {
		Input         [][2]float64
		M             face.Similarity
		None, XNNPACK []float32
	}
}

func readRecorded(t *testing.T) (cases []recorded) {
	t.Helper()
	raw, err := os.ReadFile("testdata/embeddings.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 10 {
		t.Fatalf("only %d pictures recorded", len(cases))
	}
	return cases
}

func (c *recorded) landmarks() (l face.Landmarks) {
	for i, p := range c.Landmarks {
		l[i] = inference.Point{X: p[0], Y: p[1]}
	}
	return l
}

// Of the same landmarks in 15 pictures every embedder makes the aligned face
// that OpenCV makes, and of the same aligned face the embedding that the Python
// interpreter makes, each kind of kernel against itself.
func TestAgainstPython(t *testing.T) {
	for name := range published {
		for _, delegate := range []inference.Delegate{inference.Builtin, inference.XNNPACK} {
			t.Run(name+"/"+string(delegate), func(t *testing.T) {
				e := openEmbedder(t, name, inference.Options{Delegate: delegate})
				defer e.Close()
				got := make([]float32, e.Len())
				for _, c := range readRecorded(t) {
					f, l, r := testmedia.Frame(t, c.Picture), c.landmarks(), c.Models[name]
					if err := e.Embed(f, l, got, &inference.Timing{}); err != nil {
						t.Fatal(err)
					}
					checkInput(t, c.Picture, e, r.Input)
					// The networks take note of one level in one pixel, so the map has to be the same to the bit.
					if err := e.embed(f, r.M, got, &inference.Timing{}); err != nil {
						t.Fatal(err)
					}
					want := r.None
					if delegate == inference.XNNPACK {
						want = r.XNNPACK
					}
					if cos := Cosine(got, want); cos < .999 {
						t.Errorf("%s: cosine %.5f to Python's embedding", c.Picture, cos)
					}
				}
			})
		}
	}
}

// checkInput compares spots of the aligned face as the network has it.
func checkInput(t *testing.T, picture string, e *Embedder, spots [][2]float64) {
	t.Helper()
	in, limit := e.net.Inputs[0], 1e-2
	if in.DType == inference.UInt8 {
		limit = 1
	}
	sum, most := 0., 0.
	for _, s := range spots {
		v := float64(in.Bytes()[min(int(s[0]), len(in.Bytes())-1)])
		if floats, err := inference.View[float32](in); err == nil {
			v = float64(floats[int(s[0])])
		}
		sum, most = sum+math.Abs(v-s[1]), max(most, math.Abs(v-s[1]))
	}
	if mean := sum / float64(len(spots)); mean > limit/4 || most > limit+1e-5 {
		t.Errorf("%s: the aligned face is off by %.4f on average, by %.4f at most", picture, mean, most)
	}
}
