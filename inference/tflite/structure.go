package tflite

import (
	"encoding/binary"
	"fmt"
	"math"

	"reterminal-vision/inference/tflite/internal/schema"
)

const (
	// Limits that keep a small hostile file from causing endless work.
	maxDepth  = 32
	maxTables = 1_000_000
	maxWork   = 16 << 20 // vector elements and string bytes on top of the file's own size
)

// A walker checks that every offset, vector and string a reader of the schema
// can reach lies inside data.
type walker struct {
	data         []byte
	depth        int
	tables, work int
}

// walk checks the whole file, from the root table down.
func walk(data []byte) *fault {
	w := &walker{data: data, tables: maxTables, work: maxWork + len(data)}
	root, f := w.follow(0)
	if f != nil {
		return f.at("root table")
	}
	return w.table(schema.TableModel, root)
}

func (w *walker) u16(at int) int    { return int(binary.LittleEndian.Uint16(w.data[at:])) }
func (w *walker) u32(at int) uint32 { return binary.LittleEndian.Uint32(w.data[at:]) }

// inside reports a fault unless at..at+size lies in the file. Neither may be
// negative; both are below 2^36, so the sum cannot overflow.
func (w *walker) inside(at, size int64) *fault {
	if at+size <= int64(len(w.data)) {
		return nil
	}
	return &fault{kind: ErrTruncated, what: lies(at, at+size, len(w.data))}
}

func lies(from, to int64, size int) string {
	return fmt.Sprintf("lies at %d..%d of a %d-byte file", from, to, size)
}

// follow returns where the offset stored at position at points.
func (w *walker) follow(at int) (int, *fault) {
	off := w.u32(at)
	if off == 0 || off > math.MaxInt32 {
		return 0, corrupt("offset %d at byte %d", off, at)
	}
	to := at + int(off)
	if to%4 != 0 {
		return 0, corrupt("misaligned offset to byte %d", to)
	}
	return to, w.inside(int64(to), 4)
}

// table checks the table at pos and all that hangs below it.
func (w *walker) table(id schema.TableID, pos int) *fault {
	w.tables--
	w.depth++
	defer func() { w.depth-- }()
	if w.tables < 0 || w.depth > maxDepth {
		return corrupt("too many or too deeply nested tables")
	}
	vtable, vsize, size, f := w.vtable(pos)
	if f != nil {
		return f
	}
	def := &schema.Tables[id]
	for i := range def.Fields {
		d := &def.Fields[i]
		off := 0
		if slot := 4 + 2*d.Slot; slot+2 <= vsize {
			off = w.u16(vtable + slot)
		}
		if off == 0 {
			continue
		}
		width := 4
		if d.Kind == schema.Scalar {
			width = d.Arg
		}
		if off < 4 || off+width > size || (pos+off)%width != 0 {
			return corrupt("%s of %s at byte %d is misplaced (offset %d of %d)", d.Name, def.Name, pos, off, size)
		}
		if f := w.field(d, vtable, vsize, pos, pos+off); f != nil {
			return f
		}
	}
	return nil
}

// vtable locates the vtable of the table at pos and checks both extents.
func (w *walker) vtable(pos int) (vtable, vsize, size int, f *fault) {
	at := int64(pos) - int64(int32(w.u32(pos)))
	if at < 0 || at%2 != 0 {
		return 0, 0, 0, corrupt("table at byte %d has its field list at byte %d", pos, at)
	}
	if f = w.inside(at, 4); f != nil {
		return 0, 0, 0, f
	}
	vtable = int(at)
	vsize, size = w.u16(vtable), w.u16(vtable+2)
	if vsize < 4 || vsize%2 != 0 || size < 4 {
		return 0, 0, 0, corrupt("table at byte %d has a field list of %d bytes for %d bytes", pos, vsize, size)
	}
	if f = w.inside(at, int64(vsize)); f == nil {
		f = w.inside(int64(pos), int64(size))
	}
	return vtable, vsize, size, f
}

// field checks what the field d, stored at position at, refers to.
func (w *walker) field(d *schema.FieldDef, vtable, vsize, table, at int) *fault {
	if d.Kind == schema.Scalar {
		return nil
	}
	to, f := w.follow(at)
	if f != nil {
		return f.at("%s", d.Name)
	}
	switch d.Kind {
	case schema.Text:
		f = w.text(to)
	case schema.ScalarVector:
		_, f = w.vector(to, d.Arg)
	case schema.StringVector, schema.TableVector:
		return w.offsets(d, to)
	case schema.Child:
		f = w.table(schema.TableID(d.Arg), to)
	case schema.Union:
		member := uint8(0)
		if slot := 4 + 2*(d.Slot-1); slot+2 <= vsize {
			if off := w.u16(vtable + slot); off != 0 {
				member = w.data[table+off] // the type field comes first in fields, so it is checked
			}
		}
		f = w.member(schema.UnionID(d.Arg), member, to)
	}
	if f != nil {
		return f.at("%s", d.Name)
	}
	return nil
}

// member checks a union's value.
func (w *walker) member(id schema.UnionID, member uint8, to int) *fault {
	if int(member) >= len(schema.Unions[id]) {
		return corrupt("unknown type %d", member)
	}
	if t := schema.Unions[id][member]; t != schema.NoTable {
		return w.table(t, to)
	}
	return nil
}

// vector checks the vector at pos and returns its length in elements.
func (w *walker) vector(pos, elem int) (int, *fault) {
	n := int64(w.u32(pos))
	start := int64(pos) + 4
	if start%int64(elem) != 0 {
		return 0, corrupt("misaligned vector at byte %d", pos)
	}
	if f := w.inside(start, n*int64(elem)); f != nil {
		return 0, f
	}
	if elem > 1 {
		w.work -= int(n)
	}
	if w.work < 0 {
		return 0, corrupt("too many elements")
	}
	return int(n), nil
}

func (w *walker) text(pos int) *fault {
	n, f := w.vector(pos, 1)
	if f == nil {
		f = w.inside(int64(pos)+4, int64(n)+1)
	}
	if f != nil {
		return f
	}
	if w.work -= n; w.work < 0 {
		return corrupt("too much text")
	}
	if w.data[pos+4+n] != 0 {
		return corrupt("text at byte %d does not end in a zero byte", pos)
	}
	return nil
}

// offsets checks a vector of tables or strings.
func (w *walker) offsets(d *schema.FieldDef, pos int) *fault {
	n, f := w.vector(pos, 4)
	if f != nil {
		return f.at("%s", d.Name)
	}
	for i := range n {
		to, f := w.follow(pos + 4 + 4*i)
		if f == nil && d.Kind == schema.TableVector {
			f = w.table(schema.TableID(d.Arg), to)
		} else if f == nil {
			f = w.text(to)
		}
		if f != nil {
			return f.at("%s[%d]", d.Name, i)
		}
	}
	return nil
}
