// Package inference runs TensorFlow Lite networks on camera frames.
//
// In: models (files or bytes) and frames. Out: results in frame coordinates
// with the time each stage took. It holds the interpreter over go-tflite, the
// delegates, the fused preprocessing pass and the latest-frame worker; what
// the numbers in the tensors mean is the business of its sub-packages, one a
// task.
//
// It imports camera for the frame type; app and ui may import it.
package inference

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-tflite"
	"golang.org/x/sys/unix"

	"reterminal-vision/inference/flatmodel"
)

// Delegate chooses the kernels that run a network.
type Delegate string

// None runs the library's own kernels; XNNPACK runs what it can on the
// XNNPACK library and leaves the rest to them.
const (
	None    Delegate = "none"
	XNNPACK Delegate = "xnnpack"
)

// ParseDelegate reads a delegate's name.
func ParseDelegate(name string) (Delegate, error) {
	switch d := Delegate(strings.ToLower(name)); d {
	case None, XNNPACK:
		return d, nil
	}
	return "", fmt.Errorf("unknown delegate %q: choose none or xnnpack", name)
}

// Options say how a network runs.
type Options struct {
	Threads  int // 1 when zero
	Delegate Delegate
}

// Interpreter is one network ready to run. It serves one goroutine at a time.
type Interpreter struct {
	Name    string // the file, or what FromBytes was told
	Inputs  []*Tensor
	Outputs []*Tensor

	model   *tflite.Model
	interp  *tflite.Interpreter
	xnnpack *xnnpack
	report  report
	inputs  []*tflite.Tensor
	outputs []*tflite.Tensor
}

// Open loads a model from a file, which is mapped, not read.
func Open(path string, opt Options) (*Interpreter, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	if err := verifyFile(f); err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	// The verified file itself is loaded, even when the name has moved on.
	model := tflite.NewModelFromFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	return build(path, model, opt)
}

// FromBytes loads a model from memory, which is copied; name stands for the
// file in errors.
func FromBytes(name string, data []byte, opt Options) (*Interpreter, error) {
	if err := flatmodel.Verify(data); err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return build(name, tflite.NewModel(data), opt)
}

// verifyFile checks the whole flatbuffer through a mapping of the file.
func verifyFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if info.Size() == 0 {
		return flatmodel.Verify(nil)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mapping the file: %w", err)
	}
	defer unix.Munmap(data)
	return flatmodel.Verify(data)
}

// build takes ownership of model.
func build(name string, model *tflite.Model, opt Options) (*Interpreter, error) {
	if model == nil {
		return nil, fmt.Errorf("model %s: the TensorFlow Lite library does not accept it", name)
	}
	in := &Interpreter{Name: name, model: model, report: newReport()}
	if err := in.start(opt); err != nil {
		detail := in.report.take()
		in.Close()
		if detail != "" {
			err = fmt.Errorf("%w: %s", err, detail)
		}
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return in, nil
}

func (in *Interpreter) start(opt Options) error {
	threads := max(opt.Threads, 1)
	options := tflite.NewInterpreterOptions()
	if options == nil {
		return errors.New("out of memory")
	}
	defer options.Delete()
	options.SetNumThread(threads)
	in.report.attach(options)
	switch opt.Delegate {
	case XNNPACK:
		d, err := newXNNPack(threads)
		if err != nil {
			return err
		}
		in.xnnpack = d
		options.AddDelegate(d)
	case None, "":
	default:
		return fmt.Errorf("unknown delegate %q", opt.Delegate)
	}
	if in.interp = tflite.NewInterpreter(in.model, options); in.interp == nil {
		return errors.New("it uses operators that this build cannot run")
	}
	if in.interp.AllocateTensors() != tflite.OK {
		return errors.New("its tensors cannot be laid out")
	}
	for i := range in.interp.GetInputTensorCount() {
		t := in.interp.GetInputTensor(i)
		in.inputs, in.Inputs = append(in.inputs, t), append(in.Inputs, describe(t))
	}
	for i := range in.interp.GetOutputTensorCount() {
		t := in.interp.GetOutputTensor(i)
		in.outputs, in.Outputs = append(in.outputs, t), append(in.Outputs, describe(t))
	}
	if len(in.Inputs) == 0 || len(in.Outputs) == 0 {
		return errors.New("it has no input or no output")
	}
	return nil
}

func describe(t *tflite.Tensor) *Tensor {
	q := t.QuantizationParams()
	return &Tensor{
		Name: t.Name(), Shape: t.Shape(), DType: DType(t.Type()),
		Scale: float32(q.Scale), ZeroPoint: q.ZeroPoint,
		data: t.Data(), size: int(t.ByteSize()),
	}
}

// Invoke runs the network on what Inputs hold and refreshes Outputs, whose
// shapes and memory may change when the model says so only at run time. The
// memory of Inputs may move with them.
func (in *Interpreter) Invoke() error {
	if in.interp.Invoke() != tflite.OK {
		return fmt.Errorf("model %s: running it failed: %s", in.Name, in.report.take())
	}
	for i, t := range in.outputs {
		out := in.Outputs[i]
		if size := int(t.ByteSize()); size != out.size {
			out.size, out.Shape = size, t.Shape()
		}
		out.data = t.Data()
	}
	for i, t := range in.inputs {
		in.Inputs[i].data = t.Data()
	}
	return nil
}

// Close frees the network; its tensors' memory goes with it. It may be called
// more than once.
func (in *Interpreter) Close() error {
	if in.model == nil {
		return nil
	}
	in.interp.Delete()
	if in.xnnpack != nil {
		in.xnnpack.Delete()
	}
	in.model.Delete()
	in.report.free()
	in.Inputs, in.Outputs, in.inputs, in.outputs = nil, nil, nil, nil
	in.interp, in.xnnpack, in.model = nil, nil, nil
	return nil
}
