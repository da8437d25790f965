package detect

import (
	"fmt"

	"reterminal-vision/inference"
)

// level is what one stored byte of a quantized tensor stands for.
type level struct{ real, sigmoid float32 }

// reals reads a tensor's elements as real numbers: float32 as they are, one
// byte each through a table. Either floats or bytes is set.
type reals struct {
	floats []float32
	bytes  []byte
	levels *[256]level // by stored byte, its bits as they are
}

func (r *reals) at(i int) float32 {
	if r.levels == nil {
		return r.floats[i]
	}
	return r.levels[r.bytes[i]].real
}

// sigmoid is that of element i.
func (r *reals) sigmoid(i int) float32 {
	if r.levels == nil {
		return sigmoid(r.floats[i])
	}
	return r.levels[r.bytes[i]].sigmoid
}

func (r *reals) len() int { return len(r.floats) + len(r.bytes) }

// source is an output tensor with the table it is read through.
type source struct {
	tensor *inference.Tensor
	levels *[256]level // nil for float32
}

// newSource accepts float32, and uint8 or int8 with a scale.
func newSource(t *inference.Tensor) (source, error) {
	switch t.DType {
	case inference.Float32:
		return source{tensor: t}, nil
	case inference.UInt8, inference.Int8:
		if !(t.Scale > 0) {
			return source{}, fmt.Errorf("output %s has no quantization", t)
		}
		return source{tensor: t, levels: newLevels(t.DType, t.Scale, t.ZeroPoint)}, nil
	}
	return source{}, fmt.Errorf("output %s: only float32, uint8 and int8 can be decoded", t)
}

func newLevels(dtype inference.DType, scale float32, zeroPoint int) *[256]level {
	var levels [256]level
	for i := range levels {
		q := i
		if dtype == inference.Int8 {
			q = int(int8(i))
		}
		real := scale * float32(q-zeroPoint)
		levels[i] = level{real, sigmoid(real)}
	}
	return &levels
}

// values is what the tensor holds now, n elements or an error; it lives until
// the next Invoke.
func (s *source) values(n int) (reals, error) {
	r := reals{levels: s.levels}
	if s.levels != nil {
		r.bytes = s.tensor.Bytes()
	} else {
		var err error
		if r.floats, err = inference.View[float32](s.tensor); err != nil {
			return reals{}, err
		}
	}
	if r.len() != n {
		return reals{}, fmt.Errorf("output %s holds %d elements, expected %d", s.tensor.Name, r.len(), n)
	}
	return r, nil
}
