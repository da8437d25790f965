package segment

import (
	"encoding/json"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"unsafe"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/inference/tflite"
)

// names numbers n classes, so that no test depends on a label list.
func names(n int) []string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = "class " + strconv.Itoa(i)
	}
	return labels
}

var delegates = []inference.Delegate{inference.Builtin, inference.XNNPACK}

func open(t testing.TB, path string, delegate inference.Delegate, cfg Config) *Task {
	t.Helper()
	return openWith(t, path, inference.Options{Threads: 1, Delegate: delegate, LeaveResize: true}, cfg)
}

func openWith(t testing.TB, path string, opt inference.Options, cfg Config) *Task {
	t.Helper()
	net, err := inference.Open(path, opt)
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

// published are the networks of which whole maps are recorded.
var published = map[string]Config{
	"deeplabv3_257_mv":                 {Norm: inference.Uniform(127.5, 127.5), Labels: names(21)},
	"deeplabv3_mnv2_dm05_pascal_quant": {Norm: inference.Uniform(128, 128), Labels: names(21)},
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

func readMaps(t *testing.T, name string) *image.Gray {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.Gray)
}

func runOnce(t testing.TB, task *Task, f *frame.Frame, in *inference.Input, out *inference.Result) *inference.Mask {
	t.Helper()
	tasktest.Process(t, task, f, in, out)
	return out.Mask
}

// The published networks see in ten pictures what the Python interpreter sees
// there: the same input tensor to 1e-5, at least 99.5 % of the cells in the
// same class, each class with an IoU of 0.95 and more, each kind of kernel
// against itself.
func TestAgainstPython(t *testing.T) {
	for name, cfg := range published {
		for _, delegate := range delegates {
			t.Run(name+"/"+string(delegate), func(t *testing.T) {
				var cases []struct {
					Picture string
					Input   [][2]float64
				}
				readJSON(t, name+".json", &cases)
				maps := readMaps(t, name+"."+string(delegate)+".png")
				task := open(t, testmedia.Path(t, "models/"+name+".tflite"), delegate, cfg)
				in, out := task.NewInput(), &inference.Result{}
				for i, c := range cases {
					f := testmedia.Frame(t, c.Picture)
					m := runOnce(t, task, f, in, out)
					compareInput(t, c.Picture, task.Pre.Size() == 3*task.Pre.Width*task.Pre.Height, in.Data, c.Input)
					cells := m.Width * m.Height
					compareMap(t, c.Picture, m.Class, maps.Pix[i*cells:(i+1)*cells])
					if want := (inference.Box{X1: float32(f.Width), Y1: float32(f.Height)}); m.Area != want {
						t.Errorf("%s: mask covers %v, want %v", c.Picture, m.Area, want)
					}
				}
			})
		}
	}
}

func compareInput(t *testing.T, picture string, bytes bool, data []byte, want [][2]float64) {
	t.Helper()
	for _, s := range want {
		i, got := int(s[0]), 0.0
		if bytes {
			got = float64(data[i])
		} else {
			b := data[4*i : 4*i+4]
			got = float64(math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24))
		}
		if math.Abs(got-s[1]) > 1e-5 {
			t.Fatalf("%s: input element %d is %g, Python has %g", picture, i, got, s[1])
		}
	}
}

func compareMap(t *testing.T, picture string, got, want []uint8) {
	t.Helper()
	var equal int
	var inter, union [256]int
	for i := range want {
		if got[i] == want[i] {
			equal++
			inter[got[i]]++
			union[got[i]]++
		} else {
			union[got[i]]++
			union[want[i]]++
		}
	}
	if share := float64(equal) / float64(len(want)); share < .995 {
		t.Errorf("%s: only %.2f %% of the cells are Python's", picture, 100*share)
	}
	for c := range union {
		if iou := float64(inter[c]) / float64(max(1, union[c])); union[c] > 0 && iou < .95 {
			t.Errorf("%s: class %d has IoU %.3f with Python's, over %d cells", picture, c, iou, union[c])
		}
	}
}

// Every kind of head, on small networks whose map is half the input's side,
// gives Python's map cell by cell.
func TestHeads(t *testing.T) {
	var recorded struct {
		Pictures []string
		Heads    map[string]map[string][]string
	}
	readJSON(t, "heads.json", &recorded)
	for name, maps := range recorded.Heads {
		classes := int(name[len("head_softmax")] - '0')
		switch {
		case name[:8] == "head_map":
			classes = 5
		case name[:12] == "head_sigmoid":
			classes = 2
		}
		for _, delegate := range delegates {
			t.Run(name+"/"+string(delegate), func(t *testing.T) {
				task := open(t, "testdata/"+name, delegate, Config{Norm: inference.Uniform(127.5, 127.5), Labels: names(classes)})
				in, out := task.NewInput(), &inference.Result{}
				for i, picture := range recorded.Pictures {
					m := runOnce(t, task, testmedia.Frame(t, picture), in, out)
					want := []byte(maps[string(delegate)][i])
					for j := range want {
						want[j] -= '0'
					}
					if m.Width != 32 || m.Height != 24 {
						t.Fatalf("mask of %dx%d cells", m.Width, m.Height)
					}
					compareMap(t, picture, m.Class, want)
				}
			})
		}
	}
}

// The published networks find the bird and the dog that people outlined.
func TestAgainstPeople(t *testing.T) {
	for _, c := range []struct {
		picture     string
		class       uint8
		value       uint8 // of the outlined animal in the mask
		float, dm05 float64
	}{
		{"bird", 3, 3, .85, .80}, {"dog", 12, 0, .82, .77},
	} {
		for name, least := range map[string]float64{"deeplabv3_257_mv": c.float, "deeplabv3_mnv2_dm05_pascal_quant": c.dm05} {
			task := open(t, testmedia.Path(t, "models/"+name+".tflite"), inference.XNNPACK, published[name])
			m := runOnce(t, task, testmedia.Frame(t, "media/objects/"+c.picture+"_segmentation.bmp"), task.NewInput(), &inference.Result{})
			truth := testmedia.Frame(t, "media/objects/"+c.picture+"_segmentation_mask.bmp")
			if iou := iouWith(truth, c.value, m, c.class); iou < least {
				t.Errorf("%s: the %s has IoU %.3f, want %.2f", name, c.picture, iou, least)
			}
		}
	}
}

// iouWith compares a class of the mask with a value of the outlined picture,
// pixel by pixel of the latter.
func iouWith(truth *frame.Frame, value uint8, m *inference.Mask, class uint8) float64 {
	var inter, union float64
	for y := range truth.Height {
		for x := range truth.Width {
			want := truth.Planes[0][y*truth.Stride[0]+3*x] == value
			got := m.Class[y*m.Height/truth.Height*m.Width+x*m.Width/truth.Width] == class
			if want && got {
				inter++
			}
			if want || got {
				union++
			}
		}
	}
	return inter / union
}

// The fast kernels agree bit by bit with the plain loop, for any number of
// classes, with ties, infinities and NaN.
func TestArgmaxAgainstPlain(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32, 0, float32(math.Copysign(0, -1))}
	for classes := 1; classes <= 256; classes++ {
		cells := 1 + rng.IntN(70)
		floats, bytes := make([]float32, cells*classes), make([]uint8, cells*classes)
		for i := range floats {
			floats[i] = float32(rng.IntN(2*classes)) - float32(classes)
			if rng.IntN(4) == 0 {
				floats[i] = odd[rng.IntN(len(odd))]
			}
			bytes[i] = uint8(rng.IntN(256))
			if classes > 40 {
				bytes[i] |= 0x70 // ties
			}
		}
		got := make([]uint8, cells)
		argmaxFloat(floats, classes, got)
		checkArgmax(t, "float32", floats, classes, got)
		argmaxByte(bytes, 0, classes, got)
		checkArgmax(t, "uint8", bytes, classes, got)
		argmaxByte(bytes, 0x80, classes, got)
		checkArgmax(t, "int8", unsafe.Slice((*int8)(unsafe.Pointer(&bytes[0])), len(bytes)), classes, got)
	}
}

func checkArgmax[T float32 | uint8 | int8](t *testing.T, what string, scores []T, classes int, got []uint8) {
	t.Helper()
	for i := range got {
		best := -1
		for c, v := range scores[i*classes : (i+1)*classes] {
			if v == v && (best < 0 || v > scores[i*classes+best]) {
				best = c
			}
		}
		if float64(scores[i*classes+max(best, 0)]) == math.Inf(-1) {
			best = 0 // nothing but -infinity and NaN
		}
		if int(got[i]) != max(best, 0) {
			t.Fatalf("%s, %d classes, cell %d: class %d, want %d of %v", what, classes, i, got[i], best, scores[i*classes:(i+1)*classes])
		}
	}
}

// The classes found between the cells of a grid are those of the grid resized
// by a plain loop over all classes: bytes exactly, real numbers but where the
// two strongest are equal to rounding.
func TestGrowAgainstPlain(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 300 {
		classes := 2 + rng.IntN(30)
		if i%50 == 0 {
			classes = 256
		}
		w, h := 1+rng.IntN(12), 1+rng.IntN(12)
		to := &tflite.Bilinear{Width: w + rng.IntN(90), Height: h + rng.IntN(90), AlignCorners: i%3 == 0, HalfPixelCenters: i%3 == 1}
		bytes, floats := make([]uint8, w*h*classes), make([]float32, w*h*classes)
		levels := 2 + rng.IntN(254) // few of them make ties
		for cell := range w * h {
			for c := range classes {
				v := uint8(rng.IntN(levels))
				if c == cell*3/(w*h) { // regions
					v = uint8(min(255, int(v)+levels/2))
				}
				bytes[cell*classes+c], floats[cell*classes+c] = v, float32(v)+rng.Float32()
			}
		}
		columns, rows := places(w, to.Width, to), places(h, to.Height, to)
		// A part of the map, as of a letterboxed picture.
		x0, y0 := rng.IntN(to.Width), rng.IntN(to.Height)
		columns, rows = columns[x0:x0+1+rng.IntN(to.Width-x0)], rows[y0:y0+1+rng.IntN(to.Height-y0)]
		top, got := make([]uint8, w*h), make([]uint8, len(columns)*len(rows))

		argmaxFloat(floats, classes, top)
		grow(unsafe.Pointer(&floats[0]), inference.Float32, top, w, classes, columns, rows, got)
		checkGrown(t, got, columns, rows, w, classes, 1e-4, func(at, k int) float64 { return float64(floats[at*classes+k]) })
		for _, dtype := range []inference.DType{inference.UInt8, inference.Int8} {
			argmaxByte(bytes, signFlip(dtype), classes, top)
			grow(unsafe.Pointer(&bytes[0]), dtype, top, w, classes, columns, rows, got)
			checkGrown(t, got, columns, rows, w, classes, 0, func(at, k int) float64 { return float64(bytes[at*classes+k] ^ signFlip(dtype)) })
		}
	}
}

// checkGrown resizes all classes; slack 0 means bytes, rounded.
func checkGrown(t *testing.T, got []uint8, columns, rows []place, width, classes int, slack float64, score func(cell, class int) float64) {
	t.Helper()
	values := make([]float64, classes)
	for y, r := range rows {
		for x, c := range columns {
			best := 0
			for k := range values {
				tl, tr := score(int(r.lo)*width+int(c.lo), k), score(int(r.lo)*width+int(c.hi), k)
				bl, br := score(int(r.hi)*width+int(c.lo), k), score(int(r.hi)*width+int(c.hi), k)
				if slack == 0 {
					u, l := tl*2048+(tr-tl)*float64(c.part2048), bl*2048+(br-bl)*float64(c.part2048)
					values[k] = math.Floor((u*2048+(l-u)*float64(r.part2048))/(1<<22) + .5)
				} else {
					u, l := tl+(tr-tl)*float64(c.part), bl+(br-bl)*float64(c.part)
					values[k] = u + (l-u)*float64(r.part)
				}
				if values[k] > values[best] {
					best = k
				}
			}
			if g := got[y*len(columns)+x]; int(g) != best && !(values[g] >= values[best]-slack && slack > 0) {
				t.Fatalf("cell %d,%d of %dx%d: class %d with %g, want %d with %g", x, y, len(columns), len(rows), g, values[g], best, values[best])
			}
		}
	}
}

// The published networks give the same map whether they resize their scores
// themselves or leave it to the decoder.
func TestResizeLeftToTheDecoder(t *testing.T) {
	pictures := []string{"media/objects/cat.bmp", "media/objects/bird_segmentation.bmp", "media/objects/dog_segmentation.bmp"}
	for name, cfg := range published {
		for _, delegate := range delegates {
			t.Run(name+"/"+string(delegate), func(t *testing.T) {
				path := testmedia.Path(t, "models/"+name+".tflite")
				asIs := openWith(t, path, inference.Options{Threads: 2, Delegate: delegate, NoOptimize: true}, cfg)
				left := openWith(t, path, inference.Options{Threads: 2, Delegate: delegate, LeaveResize: true}, cfg)
				if left.head.enlarged == nil {
					t.Fatal("the network still resizes")
				}
				for _, picture := range pictures {
					f := testmedia.Frame(t, picture)
					want := runOnce(t, asIs, f, asIs.NewInput(), &inference.Result{})
					got := runOnce(t, left, f, left.NewInput(), &inference.Result{})
					if got.Width != want.Width || got.Height != want.Height || got.Area != want.Area {
						t.Fatalf("mask of %dx%d in %v, want %dx%d in %v", got.Width, got.Height, got.Area, want.Width, want.Height, want.Area)
					}
					differ := 0
					for i, c := range want.Class {
						if got.Class[i] != c {
							differ++
						}
					}
					t.Logf("%s: %d of %d cells differ", picture, differ, len(want.Class))
					if differ > len(want.Class)/5000 {
						t.Errorf("%s: %d of %d cells differ", picture, differ, len(want.Class))
					}
				}
			})
		}
	}
}

func TestNarrowRefusesWhatIsNoClass(t *testing.T) {
	got := make([]uint8, 7)
	narrow([]int64{0, 20, 21, 255, -1, 1 << 40, 5}, 21, got)
	for i, want := range []uint8{0, 20, 0, 0, 0, 0, 5} {
		if got[i] != want {
			t.Errorf("cell %d is class %d, want %d", i, got[i], want)
		}
	}
}

// The padding of a letterboxed picture is no part of the mask, and the mask's
// area is the frame to half a cell.
func TestLetterboxPaddingIsLeftOut(t *testing.T) {
	for _, c := range []struct {
		w, h          int
		width, height int // of the mask; the network has 32x24 cells
	}{
		{640, 480, 32, 24}, {640, 240, 32, 12}, {240, 480, 12, 24}, {640, 200, 32, 10}, {333, 480, 17, 24}, {9, 900, 1, 24},
	} {
		t.Run(strconv.Itoa(c.w)+"x"+strconv.Itoa(c.h), func(t *testing.T) {
			task := open(t, "testdata/head_softmax5_float32.tflite", inference.Builtin,
				Config{Norm: inference.Uniform(127.5, 127.5), Resize: inference.Letterbox, Labels: names(5)})
			f := new(frame.Pool).Get(frame.RGB24, c.w, c.h)
			defer f.Release()
			for i := range f.Planes[0] {
				f.Planes[0][i] = uint8(i * 7)
			}
			m := runOnce(t, task, f, task.NewInput(), &inference.Result{})
			if m.Width != c.width || m.Height != c.height || len(m.Class) != c.width*c.height {
				t.Fatalf("mask of %dx%d cells with %d classes, want %dx%d", m.Width, m.Height, len(m.Class), c.width, c.height)
			}
			halfX, halfY := m.Area.Width()/float32(m.Width)/2+.01, m.Area.Height()/float32(m.Height)/2+.01
			a := m.Area
			if abs(a.X0) > halfX || abs(a.Y0) > halfY || abs(a.X1-float32(c.w)) > halfX || abs(a.Y1-float32(c.h)) > halfY {
				t.Errorf("mask covers %v of a %dx%d frame", a, c.w, c.h)
			}
			sum := float32(0)
			for _, s := range m.Share {
				sum += s
			}
			if len(m.Share) != 5 || abs(sum-1) > 1e-5 {
				t.Errorf("shares %v do not add up", m.Share)
			}
		})
	}
}

func abs(v float32) float32 { return max(v, -v) }

func TestContractNamesWhatIsWrong(t *testing.T) {
	norm := inference.Uniform(127.5, 127.5)
	for name, c := range map[string]struct {
		path, output string
		cfg          Config
	}{
		"a classifier":   {testmedia.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"), "", Config{Norm: inference.Uniform(128, 128), Labels: names(21)}},
		"too few labels": {"testdata/head_softmax5_float32.tflite", "", Config{Norm: norm, Labels: names(4)}},
		"one label":      {"testdata/head_sigmoid1_float32.tflite", "", Config{Norm: norm, Labels: names(1)}},
		"three labels":   {"testdata/head_sigmoid1_int8.tflite", "", Config{Norm: norm, Labels: names(3)}},
		"another name":   {"testdata/head_softmax5_float32.tflite", "ArgMax", Config{Norm: norm, Labels: names(5)}},
		"no deviation":   {"testdata/head_softmax5_float32.tflite", "", Config{Labels: names(5)}},
	} {
		net, err := inference.Open(c.path, inference.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(net, c.output, c.cfg); err == nil {
			t.Errorf("%s passed for a segmentation", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
		net.Close()
	}
}

func TestFramesCostNoMemory(t *testing.T) {
	for name, cfg := range published {
		task := open(t, testmedia.Path(t, "models/"+name+".tflite"), inference.XNNPACK, cfg)
		f := testmedia.Frame(t, "media/objects/cat.bmp")
		in, out := task.NewInput(), &inference.Result{}
		runOnce(t, task, f, in, out)
		if n := testing.AllocsPerRun(5, func() { runOnce(t, task, f, in, out) }); n > 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	f := testmedia.Frame(b, "media/objects/cat.bmp")
	for name, cfg := range published {
		b.Run(name, func(b *testing.B) {
			task := open(b, testmedia.Path(b, "models/"+name+".tflite"), inference.XNNPACK, cfg)
			in, out := task.NewInput(), &inference.Result{}
			var invoke, decode int64
			b.ReportAllocs()
			for b.Loop() {
				runOnce(b, task, f, in, out)
				invoke += out.Timing.Invoke.Nanoseconds()
				decode += out.Timing.Decode.Nanoseconds()
			}
			b.ReportMetric(float64(invoke)/float64(b.N)/1e6, "ms-invoke/frame")
			b.ReportMetric(float64(decode)/float64(b.N)/1e6, "ms-decode/frame")
		})
	}
}

func BenchmarkArgmax(b *testing.B) {
	const cells, classes = 257 * 257, 21
	rng := rand.New(rand.NewPCG(3, 4))
	floats, bytes, out := make([]float32, cells*classes), make([]uint8, cells*classes), make([]uint8, cells)
	for i := range floats {
		floats[i], bytes[i] = rng.Float32(), uint8(rng.Uint32())
	}
	for name, run := range map[string]func(){
		"float32": func() { argmaxFloat(floats, classes, out) },
		"uint8":   func() { argmaxByte(bytes, 0, classes, out) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/frame")
		})
	}
}
