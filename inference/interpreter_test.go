package inference

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"reterminal-vision/inference/tflite"
)

// shared is a file beside the project that tests borrow. (testmedia imports
// camera sources, which this package's own tests have no need of.)
func shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("RTV_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "shared")
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("test material is absent: %v (set RTV_SHARED)", err)
	}
	return path
}

func TestOpenRefusesWhatIsNoModel(t *testing.T) {
	good, err := os.ReadFile(shared(t, "models/mobilenet_v1_0.25_128_quant.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		data []byte
		want error
		says string
	}{
		"empty.tflite":     {nil, nil, "empty"},
		"text.tflite":      {[]byte("once upon a time there was a model"), tflite.ErrNotModel, "TFL3"},
		"png.tflite":       {append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 500)...), tflite.ErrNotModel, ""},
		"half.tflite":      {good[:len(good)/2], nil, ""},
		"header.tflite":    {good[:16], nil, ""},
		"scrambled.tflite": {append(append([]byte{}, good[:8]...), bytes.Repeat([]byte{0xA5}, len(good)-8)...), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			for how, open := range map[string]func() (*Interpreter, error){
				"file":  func() (*Interpreter, error) { return Open(path, Options{Delegate: XNNPACK}) },
				"bytes": func() (*Interpreter, error) { return FromBytes(path, c.data, Options{Delegate: XNNPACK}) },
			} {
				in, err := open()
				if err == nil {
					in.Close()
					t.Fatalf("%s: accepted", how)
				}
				if c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%s: %v, want %v", how, err, c.want)
				}
				if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s: %q names neither the file nor %q", how, err, c.says)
				}
			}
		})
	}
	if _, err := Open(filepath.Join(dir, "absent.tflite"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("a folder was accepted")
	}
}

func TestInterpreterDescribesAndRuns(t *testing.T) {
	path := shared(t, "models/mobilenet_v1_0.25_128_quant.tflite")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []Options{{}, {Threads: 2}, {Threads: 1, Delegate: XNNPACK}, {Threads: 2, Delegate: XNNPACK}} {
		for _, open := range []func() (*Interpreter, error){
			func() (*Interpreter, error) { return Open(path, opt) },
			func() (*Interpreter, error) { return FromBytes("memory", data, opt) },
		} {
			in, err := open()
			if err != nil {
				t.Fatal(err)
			}
			want := Contract{Name: "input", Shape: []int{1, 128, 128, 3}, DType: UInt8}
			if err := want.Check(in.Inputs[0]); err != nil {
				t.Error(err)
			}
			if q := in.Inputs[0]; q.ZeroPoint != 128 || q.Scale < .0078 || q.Scale > .0079 {
				t.Errorf("quantization of %v", q)
			}
			if err := in.Invoke(); err != nil {
				t.Fatal(err)
			}
			scores, err := View[uint8](in.Outputs[0])
			if err != nil || len(scores) != 1001 {
				t.Errorf("%d scores, %v", len(scores), err)
			}
			if _, err := View[float32](in.Outputs[0]); err == nil {
				t.Error("a uint8 tensor was viewed as float32")
			}
			in.Close()
			in.Close()
		}
	}
}

// The output shape of this detector, as it is in its file, is known only after
// the first run, which moves its input too.
func TestInvokeRefreshesDynamicShapes(t *testing.T) {
	in, err := Open(shared(t, "models/ultralight_face_slim_320.tflite"), Options{Threads: 1, Delegate: XNNPACK, NoOptimize: true})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := in.Invoke(); err != nil {
		t.Fatal(err)
	}
	boxes, err := Bind(in.Outputs, Contract{Shape: []int{1, 4420, 4}, DType: Float32})
	if err != nil {
		t.Fatal(err)
	}
	v, err := View[float32](boxes)
	if err != nil || len(v) != 4*4420 {
		t.Errorf("%d values, %v", len(v), err)
	}
	first := v[0]
	picture, err := View[float32](in.Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range picture {
		picture[i] = float32(i%7) / 7
	}
	if err := in.Invoke(); err != nil {
		t.Fatal(err)
	}
	if v, err = View[float32](boxes); err != nil || v[0] == first {
		t.Errorf("another picture gives the same %g, %v", first, err)
	}
}

func TestBind(t *testing.T) {
	a := &Tensor{Name: "a", Shape: []int{1, 10, 4}, DType: Float32}
	b := &Tensor{Name: "b", Shape: []int{1, 10}, DType: Float32}
	c := &Tensor{Name: "c", Shape: []int{1, 10}, DType: Float32}
	all := []*Tensor{c, b, a}
	for name, test := range map[string]struct {
		contract Contract
		want     *Tensor
	}{
		"by shape":      {Contract{Shape: []int{1, -1, 4}}, a},
		"by name":       {Contract{Name: "b"}, b},
		"ambiguous":     {Contract{Shape: []int{1, 10}}, nil},
		"name mismatch": {Contract{Name: "b", Shape: []int{1, 4}}, nil},
		"type mismatch": {Contract{Name: "b", DType: Int8}, nil},
		"absent":        {Contract{Name: "d"}, nil},
	} {
		if got, err := Bind(all, test.contract); got != test.want || (err == nil) != (test.want != nil) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// Loading and freeing many times leaves no memory behind.
func TestOpenCloseDoesNotLeak(t *testing.T) {
	path := shared(t, "models/mobilenet_v1_0.25_128_quant.tflite")
	cycle := func(n int) {
		for range n {
			in, err := Open(path, Options{Threads: 2, Delegate: XNNPACK})
			if err != nil {
				t.Fatal(err)
			}
			if err := in.Invoke(); err != nil {
				t.Fatal(err)
			}
			in.Close()
		}
	}
	cycle(10)
	before := resident(t)
	cycle(60)
	if grown := resident(t) - before; grown > 8<<20 {
		t.Errorf("60 loads left %d KB behind", grown>>10)
	}
}

// resident is the process's resident memory in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	runtime.GC()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	var pages int64
	for _, d := range fields[1] {
		pages = 10*pages + int64(d-'0')
	}
	return pages * int64(os.Getpagesize())
}
