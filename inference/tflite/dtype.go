package tflite

// DType is a tensor's element type, numbered as in the file.
type DType uint8

// String returns the schema's name of the type, as "FLOAT32".
func (t DType) String() string {
	if int(t) < len(dtypeNames) {
		return dtypeNames[t]
	}
	return "unknown"
}

// bits returns the size of one element, 0 for types without a fixed size.
func (t DType) bits() int64 {
	switch t {
	case Int2:
		return 2
	case Int4, UInt4:
		return 4
	case UInt8, Int8, Bool, Float8E4m3fn, Float8E5m2:
		return 8
	case Float16, BFloat16, Int16, UInt16:
		return 16
	case Float32, Int32, UInt32:
		return 32
	case Float64, Int64, UInt64, Complex64:
		return 64
	case Complex128:
		return 128
	}
	return 0
}

// quantizable reports whether kernels compute with the type's scale.
func (t DType) quantizable() bool {
	return t == UInt8 || t == Int8 || t == Int16 || t == Int32 || t == Int4
}
