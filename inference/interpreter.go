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
	"unsafe"

	"github.com/mattn/go-tflite"
	"github.com/mattn/go-tflite/delegates"
)

// Options say how a network runs.
type Options struct {
	Threads  int      // 1 when zero
	Delegate Delegate // Builtin when empty
	// NoOptimize runs the graph as it is in the file, with work that
	// changes nothing. External delegates, made for graphs as they come, always
	// get it so.
	NoOptimize bool
	// LeaveResize lets the only output come before the last resize, which the
	// tensor then tells of; not with NoOptimize.
	LeaveResize bool

	profile *profile
}

// Interpreter is one network ready to run. It serves one goroutine at a time.
type Interpreter struct {
	Name    string // the file, or what FromBytes was told
	Inputs  []*Tensor
	Outputs []*Tensor

	model     *loaded
	interp    *tflite.Interpreter
	delegate  *watched // nil for the library's own kernels
	placement Placement
	profile   *profile // nil unless it is wanted
	report    report
	inputs    []*tflite.Tensor
	outputs   []*tflite.Tensor
	staging   []unsafe.Pointer
	foreign   bool // on an external delegate
	runs      int
}

// Open loads a model from a file, which is mapped, not read.
func Open(path string, opt Options) (*Interpreter, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	m, err := loadFile(f, opt)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return build(path, m, opt)
}

// FromBytes loads a model from memory, which is copied; name stands for the
// file in errors.
func FromBytes(name string, data []byte, opt Options) (*Interpreter, error) {
	m, err := loadBytes(data, opt)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return build(name, m, opt)
}

// build takes ownership of model.
func build(name string, model *loaded, opt Options) (*Interpreter, error) {
	in := &Interpreter{Name: name, model: model, report: newReport(), profile: opt.profile}
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
	if in.profile != nil {
		in.profile.attach(options)
	}
	_, in.foreign = opt.Delegate.External()
	d, err := newDelegate(opt.Delegate, threads)
	if err != nil {
		return err
	}
	if d != nil {
		if in.delegate, err = watch(d); err != nil {
			d.Delete()
			return err
		}
		options.AddDelegate(in.delegate)
	}
	if in.interp = tflite.NewInterpreter(in.model.model, options); in.interp == nil {
		return in.refused(opt.Delegate, "it uses operators that this build cannot run")
	}
	if in.interp.AllocateTensors() != tflite.OK {
		return in.refused(opt.Delegate, "its tensors cannot be laid out")
	}
	if in.delegate != nil {
		in.placement = in.delegate.placement()
		in.placement.Said = joined(in.report.take(), said())
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
	in.Outputs[0].Resize = in.model.resize
	return nil
}

// newDelegate makes what runs the network, nil for the library's own kernels.
func newDelegate(name Delegate, threads int) (delegates.Delegater, error) {
	if _, ok := name.External(); ok {
		return newExternal(name)
	}
	switch name {
	case XNNPACK:
		return newXNNPack(threads)
	case Reference:
		return newReference()
	case Builtin, "":
		return nil, nil
	}
	return nil, fmt.Errorf("unknown delegate %q", name)
}

// refused words that a network cannot be laid out, for which an external
// delegate may be to blame.
func (in *Interpreter) refused(d Delegate, why string) error {
	if file, ok := d.External(); ok {
		return fmt.Errorf("delegate %s: it rejects this network%s: choose another backend, or a network that it can run", file, because(joined(in.report.take(), said())))
	}
	return errors.New(why)
}

// Placement tells which operators the delegate runs; it is empty for a network
// on the library's own kernels.
func (in *Interpreter) Placement() Placement { return in.placement }

// joined puts two messages that may be missing together.
func joined(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
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
	in.runs++
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

// Runs is how often the network was invoked.
func (in *Interpreter) Runs() int { return in.runs }

// Close frees the network; its tensors' memory goes with it. It may be called
// more than once.
func (in *Interpreter) Close() error {
	if in.model == nil {
		return nil
	}
	in.interp.Delete()
	if in.delegate != nil {
		in.delegate.Delete()
	}
	in.model.free()
	in.report.free()
	in.freeStaging()
	in.Inputs, in.Outputs, in.inputs, in.outputs = nil, nil, nil, nil
	in.interp, in.delegate, in.model = nil, nil, nil
	return nil
}
