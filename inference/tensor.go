package inference

import (
	"fmt"
	"unsafe"

	"reterminal-vision/inference/tflite"
)

// DType is a tensor's element type, numbered as in the TensorFlow Lite C API.
type DType int

// Element types that models use at their edges.
const (
	Float32 DType = 1
	Int32   DType = 2
	UInt8   DType = 3
	Int64   DType = 4
	Bool    DType = 6
	Int16   DType = 7
	Int8    DType = 9
	Float16 DType = 10
)

var dtypes = map[DType]struct {
	name string
	size int
}{
	Float32: {"float32", 4}, Int32: {"int32", 4}, UInt8: {"uint8", 1}, Int64: {"int64", 8},
	Bool: {"bool", 1}, Int16: {"int16", 2}, Int8: {"int8", 1}, Float16: {"float16", 2},
}

func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	return fmt.Sprintf("dtype(%d)", int(d))
}

// Size is the bytes of one element, 0 for an unknown type.
func (d DType) Size() int { return dtypes[d].size }

// ParseDType reads a type's name as the catalogue writes it.
func ParseDType(name string) (DType, error) {
	for d, t := range dtypes {
		if t.name == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("inference: unknown tensor type %q", name)
}

// Tensor describes one input or output of a network and gives access to its
// memory. Real value = Scale * (stored - ZeroPoint); Scale is 0 when the
// tensor is not quantized.
type Tensor struct {
	Name      string
	Shape     []int // NHWC for pictures
	DType     DType
	Scale     float32
	ZeroPoint int
	// Resize is the size that the map was to have, nil when it has it.
	Resize *tflite.Bilinear

	data unsafe.Pointer
	size int
}

// Over is the tensor with data as its memory, as long as its elements: a
// decoder can be tried without a network.
func Over(t Tensor, data []byte) *Tensor {
	if len(data) != t.Elements()*t.DType.Size() {
		panic(fmt.Sprintf("inference: tensor %s over %d bytes", &t, len(data)))
	}
	t.data, t.size = unsafe.Pointer(unsafe.SliceData(data)), len(data)
	return &t
}

// Elements is the product of the shape.
func (t *Tensor) Elements() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

func (t *Tensor) String() string {
	s := fmt.Sprintf("%s %v %v", t.Name, t.Shape, t.DType)
	if t.Scale != 0 {
		s += fmt.Sprintf(" scale %g zero point %d", t.Scale, t.ZeroPoint)
	}
	return s
}

// Bytes is the tensor's memory itself, valid until the next Invoke that
// changes its shape and no longer than the interpreter.
func (t *Tensor) Bytes() []byte { return unsafe.Slice((*byte)(t.data), t.size) }

// Element is a Go type that stands for a DType.
type Element interface {
	float32 | int32 | uint8 | int64 | int16 | int8
}

// View is the tensor's memory as a slice of T, without a copy; it lives as
// long as Bytes does. T must be the tensor's element type.
func View[T Element](t *Tensor) ([]T, error) {
	var zero T
	want := DType(0)
	switch any(zero).(type) {
	case float32:
		want = Float32
	case int32:
		want = Int32
	case uint8:
		want = UInt8
	case int64:
		want = Int64
	case int16:
		want = Int16
	case int8:
		want = Int8
	}
	if t.DType != want {
		return nil, fmt.Errorf("inference: tensor %s holds %v, not %v", t.Name, t.DType, want)
	}
	return unsafe.Slice((*T)(t.data), t.size/want.Size()), nil
}

// Contract is what a task expects of one tensor; zero fields are not checked.
type Contract struct {
	Name  string
	Shape []int // -1 stands for any size
	DType DType
}

// Check reports how the tensor departs from the contract.
func (c Contract) Check(t *Tensor) error {
	if c.Name != "" && c.Name != t.Name {
		return fmt.Errorf("tensor is named %q, expected %q", t.Name, c.Name)
	}
	if c.DType != 0 && c.DType != t.DType {
		return fmt.Errorf("tensor %s holds %v, expected %v", t.Name, t.DType, c.DType)
	}
	if c.Shape != nil && !sameShape(c.Shape, t.Shape) {
		return fmt.Errorf("tensor %s has shape %v, expected %v", t.Name, t.Shape, c.Shape)
	}
	return nil
}

func sameShape(want, got []int) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] >= 0 && want[i] != got[i] {
			return false
		}
	}
	return true
}

// Bind finds the tensor that meets the contract: by name when it gives one,
// else the only one whose shape and type fit.
func Bind(tensors []*Tensor, c Contract) (*Tensor, error) {
	var found *Tensor
	for _, t := range tensors {
		if c.Name != "" && t.Name != c.Name {
			continue
		}
		if err := c.Check(t); err != nil {
			if c.Name != "" {
				return nil, err
			}
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("two tensors fit %v %v: %s and %s", c.Shape, c.DType, found.Name, t.Name)
		}
		found = t
	}
	if found == nil {
		return nil, fmt.Errorf("no tensor %s %v %v among %v", c.Name, c.Shape, c.DType, tensors)
	}
	return found, nil
}
