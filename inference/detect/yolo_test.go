package detect

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// frame100 is the mapping of a 100x200 frame.
var frame100 = inference.Mapping{ScaleX: 100, ScaleY: 200}

// decoderFor is a detector without a network, for decoders alone.
func decoderFor(classes int, threshold float32) *detector {
	d := &detector{labels: names(classes), keep: make([]bool, classes), Threshold: inference.NewThreshold(threshold)}
	for i := range d.keep {
		d.keep[i] = true
	}
	return d
}

func ln(x float64) float32 { return float32(math.Log(x)) }

// filled is n numbers of which none is an object.
func filled(n int) []float32 { return slices.Repeat([]float32{-20}, n) }

// One anchor of half the width and a quarter of the height, on a grid of two
// rows and two columns; the cell of interest is at row 1, column 0.
func TestYOLOCell(t *testing.T) {
	for name, c := range map[string]struct {
		kind      YOLOKind
		threshold float32
		cell      []float32
		class     int
		score     float32 // 0 where nothing is to be found
		box       inference.Box
	}{
		"v3 plain":             {YOLOv3, .3, []float32{0, 0, 0, 0, ln(3), ln(3), 0}, 0, .5625, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v3 second class":      {YOLOv3, .3, []float32{0, 0, 0, 0, ln(3), 0, ln(4)}, 1, .6, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v3 moved and scaled":  {YOLOv3, .3, []float32{ln(4), ln(1. / 4), ln(.5), ln(.2), ln(3), ln(3), 0}, 0, .5625, inference.Box{X0: 27.5, Y0: 115, X1: 52.5, Y1: 125}},
		"v3 clipped":           {YOLOv3, .3, []float32{0, 0, ln(4), ln(8), ln(3), ln(3), 0}, 0, .5625, inference.Box{X0: 0, Y0: 0, X1: 100, Y1: 200}},
		"v3 class too weak":    {YOLOv3, .6, []float32{0, 0, 0, 0, ln(3), ln(3), 0}, 0, 0, inference.Box{}},
		"v3 no object":         {YOLOv3, .3, []float32{0, 0, 0, 0, ln(.25), 20, 20}, 0, 0, inference.Box{}},
		"v3 just at threshold": {YOLOv3, .25, []float32{0, 0, 0, 0, 0, 0, -1}, 0, .25, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v3 NaN class passed":  {YOLOv3, .3, []float32{0, 0, 0, 0, ln(3), ln(3), nan}, 0, .5625, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v3 all NaN":           {YOLOv3, .3, []float32{nan, nan, nan, nan, nan, nan, nan}, 0, 0, inference.Box{}},
		"v3 NaN centre":        {YOLOv3, .3, []float32{nan, 0, 0, 0, 5, 5, 5}, 0, 0, inference.Box{}},
		"v3 no width":          {YOLOv3, .3, []float32{0, 0, -inf, 0, 5, 5, 5}, 0, 0, inference.Box{}},
		"v3 endless width":     {YOLOv3, .3, []float32{0, 0, inf, 0, ln(3), ln(3), 0}, 0, .5625, inference.Box{X0: 0, Y0: 125, X1: 100, Y1: 175}},
		"v2 softmax":           {YOLOv2, .3, []float32{0, 0, 0, 0, 0, ln(1), ln(2), ln(5)}, 2, .3125, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v2 too even":          {YOLOv2, .3, []float32{0, 0, 0, 0, 0, 1, 1, 1}, 0, 0, inference.Box{}},
		"v2 one class":         {YOLOv2, .3, []float32{0, 0, 0, 0, ln(3), -7}, 0, .75, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v2 just at threshold": {YOLOv2, .5, []float32{0, 0, 0, 0, 0, 0}, 0, .5, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v2 huge logits":       {YOLOv2, .3, []float32{0, 0, 0, 0, ln(3), 1000, 1000 - ln(3)}, 0, .5625, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v2 deep logits":       {YOLOv2, .3, []float32{0, 0, 0, 0, ln(3), -1000 - ln(3), -1000}, 1, .5625, inference.Box{X0: 0, Y0: 125, X1: 50, Y1: 175}},
		"v2 NaN class":         {YOLOv2, .3, []float32{0, 0, 0, 0, 9, 1, nan}, 0, 0, inference.Box{}},
		"v2 endless class":     {YOLOv2, .3, []float32{0, 0, 0, 0, 9, 1, inf}, 0, 0, inference.Box{}},
	} {
		t.Run(name, func(t *testing.T) {
			n := len(c.cell)
			g := newGrid(2, 2, n-5, c.kind, []AnchorSize{{.5, .25}})
			values := filled(g.elements())
			copy(values[2*n:], c.cell)
			// A cell without an object whose classes must not count in another's softmax.
			values[3*n+5] = 1e4
			out := &inference.Result{Width: 100, Height: 200}
			g.decode(&reals{floats: values}, frame100, decoderFor(n-5, c.threshold), out)
			expect(t, out.Objects, c.class, c.score, c.box)
		})
	}
}

// expect wants one object, or none where the score is 0.
func expect(t *testing.T, got []inference.Object, class int, score float32, box inference.Box) {
	t.Helper()
	switch {
	case score == 0 && len(got) == 0:
	case score == 0 || len(got) != 1:
		t.Errorf("found %v", got)
	case got[0].Class != class || !near(got[0].Score, score) || !nearBox(got[0].Box, box):
		t.Errorf("found class %d score %g at %v, want %d %g %v", got[0].Class, got[0].Score, got[0].Box, class, score, box)
	}
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-3 }

func nearBox(a, b inference.Box) bool {
	return near(a.X0, b.X0) && near(a.Y0, b.Y0) && near(a.X1, b.X1) && near(a.Y1, b.Y1)
}

// The second of two anchors in the last cell of a grid that is not square,
// under a letterbox: which number belongs to which cell and anchor.
// Objectness that a network gives in parts of the logit counts in full.
func TestYOLOObjectness(t *testing.T) {
	for _, kind := range []YOLOKind{YOLOv2, YOLOv3} {
		whole := newGrid(1, 1, 2, kind, []AnchorSize{{.5, .5}})
		part := whole
		part.objectness = 4
		a, b := reals{floats: []float32{0, 0, 0, 0, 2, 1, -1}}, reals{floats: []float32{0, 0, 0, 0, .5, 1, -1}}
		if _, want := whole.score(&a, 0); want <= 0 {
			t.Fatalf("score %v", want)
		} else if _, got := part.score(&b, 0); got != want {
			t.Errorf("%s: score %v, want %v", kind, got, want)
		}
	}
}

func TestYOLOOrder(t *testing.T) {
	g := newGrid(2, 3, 1, YOLOv3, []AnchorSize{{.1, .1}, {.25, .5}})
	values := filled(g.elements())
	copy(values[(5*2+1)*6:], []float32{0, 0, 0, 0, ln(3), ln(3)})
	out := &inference.Result{Width: 100, Height: 60}
	// A 100x60 frame in the middle of a square.
	g.decode(&reals{floats: values}, inference.Mapping{ScaleX: 100, ScaleY: 100, OffsetY: -20}, decoderFor(1, .3), out)
	expect(t, out.Objects, 0, .5625, inference.Box{X0: 250./3 - 12.5, Y0: 30, X1: 250./3 + 12.5, Y1: 60})
}

func TestAnchorUnits(t *testing.T) {
	pre := &inference.Preprocessor{Width: 320, Height: 160}
	for unit, a := range map[Unit]AnchorSize{Image: {.5, .25}, Cells: {5, 1}, Pixels: {160, 40}} {
		if got := scaled([]AnchorSize{a}, unit, 4, 10, pre); got[0] != (AnchorSize{.5, .25}) {
			t.Errorf("%v %s is %v of the picture", a, unit, got[0])
		}
	}
}

// Two boxes of a list, in both orders of memory and both units.
func TestYOLOv8Boxes(t *testing.T) {
	for name, c := range map[string]struct {
		box    [7]float32 // cx cy w h and three classes, in parts of the picture
		class  int
		score  float32
		bounds inference.Box
	}{
		"plain":          {[7]float32{.5, .5, .2, .1, .1, .8, .4}, 1, .8, inference.Box{X0: 40, Y0: 90, X1: 60, Y1: 110}},
		"just enough":    {[7]float32{.5, .5, .2, .1, .5, 0, 0}, 0, .5, inference.Box{X0: 40, Y0: 90, X1: 60, Y1: 110}},
		"drawn":          {[7]float32{.5, .5, .2, .1, .2, .7, .7}, 1, .7, inference.Box{X0: 40, Y0: 90, X1: 60, Y1: 110}},
		"clipped":        {[7]float32{0, 1, .2, .1, 0, 0, .9}, 2, .9, inference.Box{X0: 0, Y0: 190, X1: 10, Y1: 200}},
		"too weak":       {[7]float32{.5, .5, .2, .1, .49, .49, .49}, 0, 0, inference.Box{}},
		"past certain":   {[7]float32{.5, .5, .2, .1, 1.01, .2, .3}, 0, 1, inference.Box{X0: 40, Y0: 90, X1: 60, Y1: 110}},
		"NaN class":      {[7]float32{.5, .5, .2, .1, nan, .8, nan}, 1, .8, inference.Box{X0: 40, Y0: 90, X1: 60, Y1: 110}},
		"NaN box":        {[7]float32{nan, .5, .2, .1, .9, 0, 0}, 0, 0, inference.Box{}},
		"negative width": {[7]float32{.5, .5, -.2, .1, .9, 0, 0}, 0, 0, inference.Box{}},
		"all infinite":   {[7]float32{inf, inf, inf, inf, inf, inf, inf}, 0, 0, inference.Box{}},
	} {
		for _, planar := range []bool{true, false} {
			for _, unit := range []Unit{Image, Pixels} {
				t.Run(fmt.Sprintf("%s/planar %v/%s", name, planar, unit), func(t *testing.T) {
					l := newBoxList(2, 3, planar)
					box := c.box
					if unit == Pixels {
						l.width, l.height = 320, 160
						box[0], box[1], box[2], box[3] = box[0]*320, box[1]*160, box[2]*320, box[3]*160
					}
					values := make([]float32, l.elements())
					for k, v := range box {
						values[l.index(1, k)] = v
					}
					out := &inference.Result{Width: 100, Height: 200}
					l.decode(&reals{floats: values}, frame100, decoderFor(3, .5), out)
					expect(t, out.Objects, c.class, c.score, c.bounds)
				})
			}
		}
	}
}

func TestBoxListIndex(t *testing.T) {
	planar, packed := newBoxList(10, 2, true), newBoxList(10, 2, false)
	if got := planar.index(3, 5); got != 53 {
		t.Errorf("planar: number 5 of box 3 is element %d, want 53", got)
	}
	if got := packed.index(3, 5); got != 23 {
		t.Errorf("packed: number 5 of box 3 is element %d, want 23", got)
	}
}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		dtype  inference.DType
		stored byte
		want   float32
	}{
		{inference.UInt8, 0, -64}, {inference.UInt8, 128, 0}, {inference.UInt8, 255, 63.5},
		{inference.Int8, 0x80, -128}, {inference.Int8, 0, -64}, {inference.Int8, 0x7f, -.5},
	} {
		got := newLevels(c.dtype, .5, 128)[c.stored]
		if got.real != c.want || got.sigmoid != sigmoid(c.want) {
			t.Errorf("%v %#x is %v, want %g", c.dtype, c.stored, got, c.want)
		}
	}
}

// recordedHead is what testdata/record.py in the parent folder decoded with
// numpy from random tensors.
type recordedHead struct {
	Kind           YOLOKind
	Unit           Unit
	DType          string
	Scale          float32
	ZeroPoint      int
	Classes        int
	Width, Height  int
	Threshold, IoU float32
	Outputs        []struct {
		Rows, Cols int
		Anchors    []AnchorSize
		Data       []byte
	}
	Objects []recordedObject
}

// YOLOv2 and YOLOv3 heads, one scale and two, float and quantized, decode as
// an independent implementation does.
func TestYOLOAgainstNumpy(t *testing.T) {
	raw, err := os.ReadFile("testdata/yolo_heads.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []recordedHead
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/%d outputs/%d classes/%s", c.Kind, len(c.Outputs), c.Classes, c.DType), func(t *testing.T) {
			out := &inference.Result{Width: c.Width, Height: c.Height}
			m := inference.Mapping{ScaleX: float32(c.Width), ScaleY: float32(c.Height)}
			for _, o := range c.Outputs {
				g := newGrid(o.Rows, o.Cols, c.Classes, c.Kind, scaled(o.Anchors, c.Unit, o.Rows, o.Cols, &inference.Preprocessor{}))
				v := realsOf(t, o.Data, c)
				if v.len() != g.elements() {
					t.Fatalf("%d numbers recorded for a grid of %d", v.len(), g.elements())
				}
				g.decode(v, m, decoderFor(c.Classes, c.Threshold), out)
			}
			out.Objects = suppress(out.Objects, c.IoU)
			sameAsNumpy(t, c.Objects, out.Objects)
		})
	}
}

func sameAsNumpy(t *testing.T, recorded []recordedObject, got []inference.Object) {
	t.Helper()
	if len(recorded) == 0 || len(got) != len(recorded) {
		t.Fatalf("%d objects, numpy has %d", len(got), len(recorded))
	}
	for _, want := range recorded {
		box := inference.Box{X0: want.Box[0], Y0: want.Box[1], X1: want.Box[2], Y1: want.Box[3]}
		if !slices.ContainsFunc(got, func(o inference.Object) bool {
			return o.Class == want.Cls && math.Abs(float64(o.Score-want.Score)) <= 1e-4 && inference.IoU(o.Box, box) >= .999
		}) {
			t.Errorf("numpy's %+v is not among %v", want, got)
		}
	}
}

func realsOf(t *testing.T, data []byte, c recordedHead) *reals {
	dtype, err := inference.ParseDType(c.DType)
	if err != nil {
		t.Fatal(err)
	}
	if dtype != inference.Float32 {
		return &reals{bytes: data, levels: newLevels(dtype, c.Scale, c.ZeroPoint)}
	}
	floats := make([]float32, len(data)/4)
	for i := range floats {
		floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return &reals{floats: floats}
}

// recordedOutput is the raw output of yolov8n_int8 for one picture, its weak
// numbers left out, and spots of what known input gives on each kind of kernel.
type recordedOutput struct {
	Kernels       map[inference.Delegate][][2]float64
	Width, Height int
	Boxes         []struct {
		Index  int
		Box    [4]float32
		Scores [][2]float32
	}
	Objects []recordedObject
}

func readOutput(t *testing.T) (r recordedOutput) {
	raw, err := os.ReadFile("testdata/yolov8n_int8_output.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A real output decodes as numpy decodes it, in both orders of memory.
func TestYOLOv8AgainstNumpy(t *testing.T) {
	r := readOutput(t)
	for _, planar := range []bool{true, false} {
		l := newBoxList(8400, 80, planar)
		values := make([]float32, l.elements())
		for _, b := range r.Boxes {
			for k, v := range b.Box {
				values[l.index(b.Index, k)] = v
			}
			for _, s := range b.Scores {
				values[l.index(b.Index, 4+int(s[0]))] = s[1]
			}
		}
		out := &inference.Result{Width: r.Width, Height: r.Height}
		l.decode(&reals{floats: values}, inference.Mapping{ScaleX: float32(r.Width), ScaleY: float32(r.Height)}, decoderFor(80, .3), out)
		sameAsNumpy(t, r.Objects, suppress(out.Objects, .5))
	}
}

// needKernels skips where y's network, given known input, departs from the
// recording. It quantizes its activations anew for every picture, so half an
// ulp in one of them moves its scores by 0.1, and processors differ by that.
func needKernels(t *testing.T, y *YOLOv8, delegate inference.Delegate) {
	input, err := inference.View[float32](y.Net.Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range input {
		input[i] = float32(i*7919%256) / 256
	}
	if err := y.Net.Invoke(); err != nil {
		t.Fatal(err)
	}
	output, err := inference.View[float32](y.source.tensor)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range readOutput(t).Kernels[delegate] {
		if d := math.Abs(float64(output[int(s[0])]) - s[1]); d > 2e-5 {
			t.Skipf("this processor's kernels are not those of the recording: %g off", d)
		}
	}
}

// noise is n random numbers, a share of them not numbers or without end.
func noise(rng *rand.Rand, n int, broken float64) *reals {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.NormFloat64() * 3)
		if rng.Float64() < broken {
			values[i] = []float32{nan, inf, -inf, math.MaxFloat32, -math.MaxFloat32}[rng.IntN(5)]
		}
	}
	return &reals{floats: values}
}

// Whatever a network says, the objects are sound: boxes inside the frame with
// an area, scores from the threshold to 1, classes with a label, and a second
// suppression changes nothing.
func TestYOLOProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for round := range 200 {
		classes, threshold := 1+rng.IntN(5), rng.Float32()*.9
		d := decoderFor(classes, threshold)
		out := &inference.Result{Width: 1 + rng.IntN(1000), Height: 1 + rng.IntN(1000)}
		m := inference.Mapping{ScaleX: float32(out.Width) * 1.2, ScaleY: float32(out.Height), OffsetX: -.1 * float32(out.Width)}
		broken := float64(round%3) * .05
		switch round % 4 {
		case 0, 1:
			g := newGrid(1+rng.IntN(9), 1+rng.IntN(9), classes, []YOLOKind{YOLOv2, YOLOv3}[round%2], []AnchorSize{{.2, .3}, {.7, .5}})
			g.decode(noise(rng, g.elements(), broken), m, d, out)
		default:
			l := newBoxList(1+rng.IntN(500), classes, round%4 == 2)
			l.decode(noise(rng, l.elements(), broken), m, d, out)
		}
		out.Objects = suppress(out.Objects, .5)
		sound(t, out, d)
		once := slices.Clone(out.Objects)
		if again := suppress(out.Objects, .5); !slices.EqualFunc(once, again, sameObject) {
			t.Fatal("a second suppression changed the result")
		}
	}
}

func sound(t *testing.T, out *inference.Result, d *detector) {
	t.Helper()
	for _, o := range out.Objects {
		b := o.Box
		if !(b.X0 >= 0 && b.Y0 >= 0 && b.X1 <= float32(out.Width) && b.Y1 <= float32(out.Height) && b.Area() > 0) {
			t.Fatalf("box %v in a %dx%d frame", b, out.Width, out.Height)
		}
		if !(o.Score >= d.Score() && o.Score <= 1) {
			t.Fatalf("score %g with the threshold %g", o.Score, d.Score())
		}
		if o.Label != d.labels[o.Class] {
			t.Fatalf("class %d is called %q", o.Class, o.Label)
		}
	}
}

func sameObject(a, b inference.Object) bool {
	return a.Box == b.Box && a.Class == b.Class && a.Score == b.Score
}

// The boxes of a list may come in any order.
func TestYOLOv8IgnoresOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 50 {
		l := newBoxList(300, 4, false)
		v := noise(rng, l.elements(), 0)
		for i := range v.floats {
			v.floats[i] = rng.Float32()
		}
		shuffled := slices.Clone(v.floats)
		rng.Shuffle(300, func(i, j int) {
			for k := range 8 {
				shuffled[8*i+k], shuffled[8*j+k] = shuffled[8*j+k], shuffled[8*i+k]
			}
		})
		found := func(values []float32) []inference.Object {
			out := &inference.Result{Width: 100, Height: 200}
			l.decode(&reals{floats: values}, frame100, decoderFor(4, .5), out)
			return suppress(out.Objects, .5)
		}
		if !slices.EqualFunc(found(v.floats), found(shuffled), sameObject) {
			t.Fatal("the order of the boxes changed the result")
		}
	}
}

// A head that sees an object in every box costs no more memory than the
// bound, and the best still come out.
func TestCandidatesAreBounded(t *testing.T) {
	const n = 8400
	l := newBoxList(n, 1, true)
	values := make([]float32, l.elements())
	for i := range n {
		values[i], values[n+i], values[2*n+i], values[3*n+i] = float32(i)/n, .5, .5/n, .5
		values[4*n+i] = float32((i*7919)%n) / n
	}
	out := &inference.Result{Width: 100, Height: 200}
	l.decode(&reals{floats: values}, frame100, decoderFor(1, 0), out)
	if cap(out.Objects) > 8*maxCandidates {
		t.Errorf("room for %d objects was made", cap(out.Objects))
	}
	out.Objects = suppress(out.Objects, .5)
	if len(out.Objects) != maxCandidates {
		t.Fatalf("%d objects, want %d", len(out.Objects), maxCandidates)
	}
	for i, o := range out.Objects {
		if want := float32(n-1-i) / n; o.Score != want {
			t.Fatalf("object %d scores %g, want %g", i, o.Score, want)
		}
	}
}

// segmenter is a published network whose output [1 257 257 21] has the shape
// of a head with three anchors and two classes.
func segmenter(t *testing.T) *inference.Interpreter {
	return openNet(t, testmedia.Path(t, "models/deeplabv3_257_mv.tflite"), inference.Options{Delegate: inference.XNNPACK, Threads: 2})
}

// A network of the right shape runs from frame to objects.
func TestYOLORuns(t *testing.T) {
	net := segmenter(t)
	y, err := NewYOLO(net, []string{net.Outputs[0].Name},
		YOLOConfig{Kind: YOLOv3, Unit: Pixels, Anchors: [][]AnchorSize{{{20, 30}, {50, 40}, {90, 120}}}, IoU: .4},
		Config{Norm: inference.Uniform(127.5, 127.5), Labels: names(2), Threshold: .5})
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	out := runOnce(t, y, testmedia.Frame(t, "media/traffic/frames/0001.bmp"))
	if len(out.Objects) == 0 || out.Timing.Invoke == 0 || out.Timing.Decode == 0 {
		t.Errorf("%d objects, timing %+v", len(out.Objects), out.Timing)
	}
	sound(t, out, &y.detector)
}

func TestYOLOContract(t *testing.T) {
	net := segmenter(t)
	defer net.Close()
	name := net.Outputs[0].Name
	three := [][]AnchorSize{{{1, 1}, {2, 2}, {3, 3}}}
	good := YOLOConfig{Kind: YOLOv2, Unit: Cells, Anchors: three}
	for what, c := range map[string]struct {
		outputs []string
		yolo    YOLOConfig
		labels  int
	}{
		"unknown kind":     {[]string{name}, YOLOConfig{Kind: "v9", Unit: Cells, Anchors: three}, 2},
		"unknown unit":     {[]string{name}, YOLOConfig{Kind: YOLOv2, Unit: "feet", Anchors: three}, 2},
		"no outputs":       {nil, YOLOConfig{Kind: YOLOv2, Unit: Cells}, 2},
		"more outputs":     {[]string{name, name}, good, 2},
		"no anchors":       {[]string{name}, YOLOConfig{Kind: YOLOv2, Unit: Cells, Anchors: [][]AnchorSize{{}}}, 2},
		"other name":       {[]string{"heads"}, good, 2},
		"too many classes": {[]string{name}, good, 3},
		"no classes":       {[]string{name}, good, 0},
	} {
		if y, err := NewYOLO(net, c.outputs, c.yolo, Config{Norm: inference.Uniform(128, 128), Labels: names(c.labels), Threshold: .5}); err == nil {
			y.Pre.Close()
			t.Errorf("%s passed", what)
		} else {
			t.Log(err)
		}
	}
	for what, c := range map[string]struct {
		output string
		unit   Unit
	}{"unknown unit": {name, Cells}, "other name": {"boxes", Image}, "other shape": {name, Image}} {
		if _, err := NewYOLOv8(net, c.output, YOLOv8Config{Unit: c.unit}, Config{Norm: inference.Uniform(0, 255), Labels: names(80), Threshold: .5}); err == nil {
			t.Errorf("YOLOv8: %s passed", what)
		} else {
			t.Log(err)
		}
	}
}

// decoders are heads of the usual sizes over noise in which few cells hold
// anything.
func decoders() map[string]func(*inference.Result) {
	rng := rand.New(rand.NewPCG(3, 3))
	quiet := func(n, step, objectness int) *reals {
		v := noise(rng, n, 0)
		for i := objectness; i < n; i += step {
			v.floats[i] -= 8
		}
		return v
	}
	m := inference.Mapping{ScaleX: 640, ScaleY: 480}
	grids := func(kind YOLOKind, classes int, sides ...int) func(*inference.Result) {
		d := decoderFor(classes, .5)
		var g []grid
		var v []*reals
		for _, side := range sides {
			g = append(g, newGrid(side, side, classes, kind, []AnchorSize{{.2, .3}, {.5, .5}, {.7, .9}}))
			v = append(v, quiet(g[len(g)-1].elements(), 5+classes, 4))
		}
		return func(out *inference.Result) {
			for i := range g {
				g[i].decode(v[i], m, d, out)
			}
			out.Objects = suppress(out.Objects, .5)
		}
	}
	list := func(planar bool) func(*inference.Result) {
		l, d := newBoxList(8400, 80, planar), decoderFor(80, .5)
		v := noise(rng, l.elements(), 0)
		for i := range v.floats {
			v.floats[i] = rng.Float32() * .5001
		}
		return func(out *inference.Result) {
			l.decode(v, m, d, out)
			out.Objects = suppress(out.Objects, .5)
		}
	}
	return map[string]func(*inference.Result){
		"v2/7x7x1":          grids(YOLOv2, 1, 7),
		"v3/7x7x1":          grids(YOLOv3, 1, 7),
		"v3/13+26x80":       grids(YOLOv3, 80, 13, 26),
		"v8/planar 84x8400": list(true),
		"v8/packed 8400x84": list(false),
	}
}

func TestDecodersDoNotAllocate(t *testing.T) {
	for name, decode := range decoders() {
		out := &inference.Result{Width: 640, Height: 480}
		decode(out)
		if n := testing.AllocsPerRun(5, func() {
			out.Reset()
			decode(out)
		}); n != 0 {
			t.Errorf("%s: %g allocations a frame", name, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, decode := range decoders() {
		b.Run(name, func(b *testing.B) {
			out := &inference.Result{Width: 640, Height: 480}
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				decode(out)
			}
			b.ReportMetric(float64(len(out.Objects)), "objects")
		})
	}
}
