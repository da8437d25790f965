// Package schema is the layout of a TensorFlow Lite file: which tables there
// are, what each field holds, and a reader of fields.
//
// In go the bytes of a file; out come the values of single fields. A Record
// trusts its file: tflite.Verify has to have passed it, or be at work on it.
// The tables in schema_table.go are written by gen_schema.py. Only tflite and
// the packages beneath it import the package; it imports nothing of ours.
package schema

// A model file begins with an offset, then the identifier.
const (
	Identifier = "TFL3"
	Version    = 3
)

// A TableID numbers a table of the schema.
type TableID int

// NoTable stands for a union's NONE.
const NoTable TableID = -1

// A UnionID numbers a union of the schema.
type UnionID int

// FieldKind says how a table field is stored.
type FieldKind uint8

// Kinds of fields.
const (
	Scalar       FieldKind = iota // inline, Arg is its size in bytes
	Text                          // offset to a NUL-terminated string
	ScalarVector                  // offset to a vector, Arg is the element's size in bytes
	StringVector                  // offset to a vector of offsets to strings
	Child                         // offset to a table, Arg is its TableID
	TableVector                   // offset to a vector of offsets to tables, Arg is their TableID
	Union                         // offset to a table, Arg is the UnionID; the slot before it holds the type
)

// A FieldDef describes one field of a table.
type FieldDef struct {
	Slot int // place in the vtable
	Name string
	Kind FieldKind
	Arg  int
}

// Width is the bytes of the field within the table.
func (d *FieldDef) Width() int {
	if d.Kind == Scalar {
		return d.Arg
	}
	return 4
}

// A TableDef describes a table, its fields in the order of their slots.
type TableDef struct {
	Name   string
	Fields []FieldDef
}

// A Builtin is an operator of the library; Options and Options2 are the type
// numbers of its options in the unions BuiltinOptions and BuiltinOptions2.
type Builtin struct {
	Name              string
	Options, Options2 uint8
}
