package inference

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestSimplifiedNetworksAgree runs every network as it is and with the work
// left out, on the same input, and compares what comes out.
func TestSimplifiedNetworksAgree(t *testing.T) {
	var paths []string
	for _, dir := range []string{shared(t, "models"), filepath.Join("..", "models", "trained")} {
		found, err := filepath.Glob(filepath.Join(dir, "*.tflite"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no models in %s: %v", dir, err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		for _, delegate := range []Delegate{Builtin, XNNPACK} {
			t.Run(filepath.Base(path)+"/"+string(delegate), func(t *testing.T) { agree(t, path, delegate) })
		}
	}
}

func agree(t *testing.T, path string, delegate Delegate) {
	run := func(asIs bool) *Interpreter {
		net, err := Open(path, Options{Threads: 2, Delegate: delegate, NoOptimize: asIs})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { net.Close() })
		if !asIs && net.model.memory == nil {
			t.Skip("nothing is left out")
		}
		fill(t, net)
		if err := net.Invoke(); err != nil {
			t.Fatal(err)
		}
		return net
	}
	simpler, asIs := run(false), run(true)
	for i, want := range asIs.Outputs {
		got := simpler.Outputs[i]
		if err := (Contract{Name: want.Name, Shape: want.Shape, DType: want.DType}).Check(got); err != nil {
			t.Fatal(err)
		}
		d, size := apart(t, want, got)
		t.Logf("%s: apart by %.2g of %.2g", want.Name, d, size)
		if d > 1e-5*size {
			t.Errorf("%s: apart by %g of %g", want.Name, d, size)
		}
	}
}

func fill(t testing.TB, net *Interpreter) {
	rng := rand.New(rand.NewPCG(1, 2))
	in := net.Inputs[0]
	if in.DType == Float32 {
		v, _ := View[float32](in)
		for i := range v {
			v[i] = rng.Float32()*2 - 1
		}
		return
	}
	b := in.Bytes()
	for i := range b {
		b[i] = uint8(rng.Uint32())
	}
}

func apart(t *testing.T, a, b *Tensor) (most, size float64) {
	if a.DType != Float32 {
		x, y := a.Bytes(), b.Bytes()
		for i := range x {
			most = max(most, math.Abs(float64(x[i])-float64(y[i])))
		}
		return most, 255
	}
	x, _ := View[float32](a)
	y, _ := View[float32](b)
	for i := range x {
		most = max(most, math.Abs(float64(x[i])-float64(y[i])))
		size = max(size, math.Abs(float64(x[i])))
	}
	return most, size
}

// BenchmarkInvoke runs networks by turns as they are and with the work left
// out, on one thread, and gives the median of each.
func BenchmarkInvoke(b *testing.B) {
	for _, name := range []string{"deeplabv3_257_mv", "deeplabv3_mnv2_dm05_pascal_quant", "ultralight_face_slim_320", "ultralight_face_rfb_320",
		"mobilefacenet_112", "mobilefacenet_112x96_quant", "mobilefacenet_112_uint8", "blazeface_full_range_sparse", "yolov8n_int8", "face_antispoofing_256"} {
		b.Run(name, func(b *testing.B) {
			var nets [3]*Interpreter
			for i, opt := range []Options{{NoOptimize: true}, {}, {LeaveResize: true}} {
				opt.Threads, opt.Delegate = 1, XNNPACK
				net, err := Open(shared(b, "models/"+name+".tflite"), opt)
				if err != nil {
					b.Fatal(err)
				}
				defer net.Close()
				fill(b, net)
				nets[i] = net
			}
			var took [3][]float64
			for b.Loop() {
				for i, net := range nets {
					start := time.Now()
					if err := net.Invoke(); err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], float64(time.Since(start).Microseconds())/1000)
				}
			}
			for i, unit := range []string{"ms-as-is", "ms-simpler", "ms-unresized"} {
				slices.Sort(took[i])
				b.ReportMetric(took[i][len(took[i])/2], unit)
			}
		})
	}
}
