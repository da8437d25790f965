package flatmodel

import "fmt"

// A tableID numbers a table of the schema; noTable stands for a union's NONE.
type tableID int

const noTable tableID = -1

// A unionID numbers a union of the schema.
type unionID int

// fieldKind says how a table field is stored.
type fieldKind uint8

const (
	scalar       fieldKind = iota // inline, arg is its size in bytes
	text                          // offset to a NUL-terminated string
	scalarVector                  // offset to a vector, arg is the element's size in bytes
	stringVector                  // offset to a vector of offsets to strings
	child                         // offset to a table, arg is its tableID
	tableVector                   // offset to a vector of offsets to tables, arg is their tableID
	union                         // offset to a table, arg is the unionID; the slot before it holds the type
)

type fieldDef struct {
	slot int // place in the vtable
	name string
	kind fieldKind
	arg  int
}

type tableDef struct {
	name   string
	fields []fieldDef
}

// A builtin is an operator of the library; options and options2 are the type
// numbers of its options in the unions BuiltinOptions and BuiltinOptions2.
type builtin struct {
	name              string
	options, options2 uint8
}

// OperatorName is what the schema calls a built-in operator, as "CONV_2D".
func OperatorName(code int) string {
	if b, ok := builtins[code]; ok {
		return b.name
	}
	return fmt.Sprintf("operator %d", code)
}

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
