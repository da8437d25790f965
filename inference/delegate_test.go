package inference_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

func TestParseDelegate(t *testing.T) {
	for _, tc := range []struct {
		text string
		want inference.Delegate // "" for an error
		file string
	}{
		{text: "xnnpack", want: inference.XNNPACK},
		{text: "XNNPACK", want: inference.XNNPACK},
		{text: "builtin", want: inference.Builtin},
		{text: "none", want: inference.Builtin},
		{text: "external:/lib/a.so", want: "external:/lib/a.so", file: "/lib/a.so"},
		{text: "external:/lib/a.so?backends=CpuAcc,CpuRef&fast=1", want: inference.External("/lib/a.so", inference.Option{Key: "backends", Value: "CpuAcc,CpuRef"}, inference.Option{Key: "fast", Value: "1"}), file: "/lib/a.so"},
		{text: ""}, {text: "magic"}, {text: "external:"}, {text: "external:?a=b"},
		{text: "external:/a.so?key"}, {text: "external:/a.so?=v"}, {text: "external:/a.so?a=%zz"},
	} {
		d, err := inference.ParseDelegate(tc.text)
		if d != tc.want && tc.want != "" || (err == nil) != (tc.want != "") {
			t.Errorf("%q: %q, %v", tc.text, d, err)
		}
		if file, ok := d.External(); err == nil && (file != tc.file || ok != (tc.file != "")) {
			t.Errorf("%q: file %q", tc.text, file)
		}
	}
	odd := inference.External("/a.so", inference.Option{Key: "a=b", Value: "50 % & more=c,d"})
	if d, err := inference.ParseDelegate(string(odd)); err != nil || d != odd {
		t.Errorf("%q: %q, %v", odd, d, err)
	}
}

// openAdding opens a network whose additions a delegate can take, its input filled.
func openAdding(t testing.TB, d inference.Delegate) (*inference.Interpreter, error) {
	net, err := inference.Open(testmedia.Path(t, "models/deeplabv3_257_mv.tflite"), inference.Options{Threads: 2, Delegate: d, NoOptimize: true})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { net.Close() })
	fill(net.Inputs[0])
	return net, net.Invoke()
}

// A delegate that takes the additions changes nothing but where they run.
func TestExternalDelegate(t *testing.T) {
	file := testmedia.Delegate(t, "add")
	plain, err := openAdding(t, inference.Builtin)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(plain.Placement().Nodes); n != 0 {
		t.Errorf("%d operators placed without a delegate", n)
	}
	for _, tc := range []struct {
		options []inference.Option
		takes   int
	}{
		{nil, 10},
		{[]inference.Option{{Key: "most", Value: "3"}}, 3},
		{[]inference.Option{{Key: "most", Value: "0"}}, 0},
	} {
		net, err := openAdding(t, inference.External(file, tc.options...))
		if err != nil {
			t.Fatal(err)
		}
		p := net.Placement()
		for _, node := range p.Nodes {
			if node.Delegated && node.Name != "ADD" {
				t.Errorf("%v: operator %d, %s, was delegated", tc.options, node.Index, node.Name)
			}
		}
		if p.Delegated() != tc.takes || p.Partitions != tc.takes || len(p.Nodes) != 70 || !strings.Contains(p.Said, "takes") {
			t.Errorf("%v: %d of %d operators in %d parts, %q", tc.options, p.Delegated(), len(p.Nodes), p.Partitions, p.Said)
		}
		if want, got := plain.Outputs[0].Bytes(), net.Outputs[0].Bytes(); !slices.Equal(want, got) {
			t.Errorf("%v: another result", tc.options)
		}
	}
	wrong, err := openAdding(t, inference.External(file, inference.Option{Key: "mode", Value: "wrong"}))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(plain.Outputs[0].Bytes(), wrong.Outputs[0].Bytes()) {
		t.Error("the delegate's additions do not show in the result")
	}
	fast, err := openAdding(t, inference.XNNPACK)
	if err != nil {
		t.Fatal(err)
	}
	if p := fast.Placement(); p.Delegated() < 60 || p.Partitions < 1 {
		t.Errorf("XNNPACK: %d of %d operators in %d parts", p.Delegated(), len(p.Nodes), p.Partitions)
	}
}

// Each delegate that cannot be used is named, with what is wrong and what to do.
func TestBadDelegates(t *testing.T) {
	add := testmedia.Delegate(t, "add")
	other := filepath.Join(t.TempDir(), "other.so")
	library, err := os.ReadFile(add)
	if err != nil {
		t.Fatal(err)
	}
	library[18] = 243 // RISC-V
	text := filepath.Join(t.TempDir(), "text.so")
	for file, data := range map[string][]byte{other: library, text: []byte("no library")} {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ file, options, says string }{
		{"/no/such.so", "", "no such file"},
		{t.TempDir(), "", "not a file"},
		{text, "", "not a shared library"},
		{other, "", "EM_RISCV"},
		{testmedia.Delegate(t, "symbols"), "", "lacks tflite_plugin_create_delegate"},
		{testmedia.Delegate(t, "missing"), "", "another_library_makes_it"},
		{testmedia.Delegate(t, "abi"), "", "another ABI"},
		{add, "?speed=9", "unknown option"},
		{add, "?mode=reject", "this network is too odd to add"},
	} {
		d, err := inference.ParseDelegate("external:" + tc.file + tc.options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = openAdding(t, d)
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), tc.file) {
			t.Errorf("%s: %v", d, err)
		}
	}
}

// A profile whose time is over tells of the runs until then, or that there are none.
func TestProfileInTime(t *testing.T) {
	model := testmedia.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite")
	opt := inference.Options{Threads: 1, Delegate: inference.Reference}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	ops, _, done, err := inference.Profile(ctx, model, opt, 1<<20)
	if err != nil || done < 1 || done >= 1<<20 || len(ops) < 25 {
		t.Errorf("%d runs of %d operators, %v", done, len(ops), err)
	}
	if _, _, _, err := inference.Profile(ctx, model, opt, 1); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "choose quicker kernels") {
		t.Errorf("after its time: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := inference.Profile(gone, model, opt, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestProfile(t *testing.T) {
	model := testmedia.Path(t, "models/deeplabv3_257_mv.tflite")
	for _, tc := range []struct {
		delegate       inference.Delegate
		least          int
		builtin, taken string // names of operators there, on built-in kernels and in the delegate
	}{
		{inference.Builtin, 70, "DEPTHWISE_CONV_2D", ""},
		{inference.XNNPACK, 60, "", "Convolution (NHWC, F32) GEMM"},
		{inference.External(testmedia.Delegate(t, "add")), 70, "CONV_2D", "Adder"},
	} {
		ops, _, _, err := inference.Profile(t.Context(), model, inference.Options{Threads: 1, Delegate: tc.delegate, NoOptimize: true}, 3)
		if err != nil {
			t.Fatal(err)
		}
		var share float64
		found := map[string]bool{}
		for _, op := range ops {
			share += op.Share
			where := "builtin "
			if op.Delegated {
				where = "delegate "
			}
			found[where+op.Name] = true
		}
		if len(ops) < tc.least || share < .99 || share > 1.01 {
			t.Errorf("%s: %d operators, together %g", tc.delegate, len(ops), share)
		}
		for _, want := range []string{"builtin " + tc.builtin, "delegate " + tc.taken} {
			if !strings.HasSuffix(want, " ") && !found[want] {
				t.Errorf("%s: no %q in %v", tc.delegate, want, found)
			}
		}
		if top := inference.Slowest(ops, 10); len(top) != 10 || top[0].Median < top[9].Median {
			t.Errorf("%s: slowest %v", tc.delegate, top)
		}
	}
}
