package rewrite

import (
	"encoding/binary"

	"reterminal-vision/inference/tflite/internal/schema"
)

// A node is one table of a file in memory, to be changed and written again.
// Its values still lie in the file unless they were set.
type node struct {
	id     schema.TableID
	fields []value // by slot
	// from is where in the file the data of a buffer are; they stay there.
	from int
}

// A value is one field: raw for scalars, texts and vectors of scalars, the
// others for what they are called.
type value struct {
	set   bool
	raw   []byte
	child *node
	list  []*node
	texts [][]byte
}

// maxNodes bounds the tables of a model that is worth rewriting.
const maxNodes = 100_000

// A loader reads a verified file into nodes.
type loader struct{ nodes int }

func (l *loader) load(id schema.TableID, r schema.Record) *node {
	l.nodes++
	n := &node{id: id}
	if l.nodes > maxNodes {
		return n
	}
	for i := range schema.Tables[id].Fields {
		d := &schema.Tables[id].Fields[i]
		if r.Has(d.Slot) {
			n.put(d.Slot, l.field(d, r))
		}
	}
	return n
}

// field loads one field, which is there.
func (l *loader) field(d *schema.FieldDef, r schema.Record) value {
	v := value{set: true}
	switch start, n := r.Field(d.Slot), 0; d.Kind {
	case schema.Scalar:
		v.raw = r.Data[start : start+d.Arg]
	case schema.Text:
		v.raw = r.Bytes(d.Slot)
	case schema.ScalarVector:
		start, n = r.List(d.Slot)
		v.raw = r.Data[start : start+n*d.Arg]
	case schema.StringVector:
		start, n = r.List(d.Slot)
		for i := range n {
			to := start + 4*i + int(binary.LittleEndian.Uint32(r.Data[start+4*i:]))
			v.texts = append(v.texts, r.Data[to+4:to+4+int(binary.LittleEndian.Uint32(r.Data[to:]))])
		}
	case schema.Child:
		v.child = l.load(schema.TableID(d.Arg), r.Child(d.Slot))
	case schema.TableVector:
		for i := range r.Len(d.Slot) {
			v.list = append(v.list, l.load(schema.TableID(d.Arg), r.At(d.Slot, i)))
		}
	case schema.Union:
		if t := schema.Unions[d.Arg][r.U8(d.Slot-1)]; t != schema.NoTable {
			v.child = l.load(t, r.Child(d.Slot))
		} else {
			v.set = false
		}
	}
	return v
}

func (n *node) put(slot int, v value) {
	for len(n.fields) <= slot {
		n.fields = append(n.fields, value{})
	}
	n.fields[slot] = v
}

func (n *node) get(slot int) value {
	if n == nil || slot >= len(n.fields) {
		return value{}
	}
	return n.fields[slot]
}

func (n *node) drop(slot int) { n.put(slot, value{}) }

func (n *node) u8(slot int) uint8 {
	if v := n.get(slot); v.set {
		return v.raw[0]
	}
	return 0
}

func (n *node) i32(slot, absent int) int {
	if v := n.get(slot); v.set {
		return int(int32(binary.LittleEndian.Uint32(v.raw)))
	}
	return absent
}

func (n *node) u64(slot int) uint64 {
	if v := n.get(slot); v.set {
		return binary.LittleEndian.Uint64(v.raw)
	}
	return 0
}

func (n *node) ints(slot int) []int {
	raw := n.get(slot).raw
	list := make([]int, len(raw)/4)
	for i := range list {
		list[i] = int(int32(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return list
}

func (n *node) setU8(slot int, v uint8) { n.put(slot, value{set: true, raw: []byte{v}}) }
func (n *node) setI32(slot, v int)      { n.setInts(slot, []int{v}) }

func (n *node) setInts(slot int, list []int) {
	n.put(slot, value{set: true, raw: int32Bytes(list)})
}

func (n *node) setText(slot int, s string) { n.put(slot, value{set: true, raw: []byte(s)}) }

func int32Bytes(list []int) []byte {
	raw := make([]byte, 0, 4*len(list))
	for _, v := range list {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(int32(v)))
	}
	return raw
}

// clone copies the node; fields that are set later do not show in the original.
func (n *node) clone() *node {
	c := *n
	c.fields = append([]value(nil), n.fields...)
	return &c
}

// A writer lays nodes out as tables that are to come before a file, each
// before what it refers to.
type writer struct {
	buf     []byte
	vtables map[string]int
	outside map[int]int // where offsets into the file are to be, and what they point to there
}

// write lays out a whole model and returns what is to come before the file, a
// multiple of align bytes.
func write(model *node, align int) []byte {
	w := &writer{buf: make([]byte, 8, 1<<16), vtables: map[string]int{}, outside: map[int]int{}}
	copy(w.buf[4:], schema.Identifier)
	w.point(0, w.table(model))
	w.pad(align, 0)
	for at, to := range w.outside {
		w.point(at, len(w.buf)+to)
	}
	return w.buf
}

// pad advances to where a position plus ahead is a multiple of align.
func (w *writer) pad(align, ahead int) {
	for (len(w.buf)+ahead)%align != 0 {
		w.buf = append(w.buf, 0)
	}
}

func (w *writer) u32(v uint32) { w.buf = binary.LittleEndian.AppendUint32(w.buf, v) }

// point stores at position at the offset to where another object begins.
func (w *writer) point(at, to int) {
	binary.LittleEndian.PutUint32(w.buf[at:], uint32(to-at))
}

// table writes the node and all below it, and returns its position.
func (w *writer) table(n *node) int {
	def := &schema.Tables[n.id]
	at := make([]int, len(n.fields)) // of each field within the table
	size := 4
	for _, width := range []int{8, 4, 2, 1} {
		for i := range def.Fields {
			d := &def.Fields[i]
			if !n.get(d.Slot).set || d.Width() != width {
				continue
			}
			size = (size + width - 1) / width * width
			at[d.Slot] = size
			size += width
		}
	}
	vtable := w.vtable(at, size)
	w.pad(8, 0)
	pos := len(w.buf)
	w.buf = append(w.buf, make([]byte, size)...)
	binary.LittleEndian.PutUint32(w.buf[pos:], uint32(pos-vtable))
	for i := range def.Fields {
		d := &def.Fields[i]
		if v := n.get(d.Slot); v.set && d.Kind == schema.Scalar {
			copy(w.buf[pos+at[d.Slot]:], v.raw)
		} else if v.set && n.from > 0 {
			w.outside[pos+at[d.Slot]] = n.from
		} else if v.set {
			w.object(d, v, pos+at[d.Slot])
		}
	}
	return pos
}

func (w *writer) vtable(at []int, size int) int {
	raw := binary.LittleEndian.AppendUint16(nil, uint16(4+2*len(at)))
	raw = binary.LittleEndian.AppendUint16(raw, uint16(size))
	for _, a := range at {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(a))
	}
	if pos, ok := w.vtables[string(raw)]; ok {
		return pos
	}
	w.pad(2, 0)
	w.vtables[string(raw)] = len(w.buf)
	w.buf = append(w.buf, raw...)
	return len(w.buf) - len(raw)
}

// object writes what the field at position at refers to.
func (w *writer) object(d *schema.FieldDef, v value, at int) {
	switch d.Kind {
	case schema.Child, schema.Union:
		w.point(at, w.table(v.child))
	case schema.Text:
		w.point(at, w.text(v.raw))
	case schema.ScalarVector:
		w.pad(16, 4) // kernels load constants in vectors
		w.point(at, len(w.buf))
		w.u32(uint32(len(v.raw) / d.Arg))
		w.buf = append(w.buf, v.raw...)
	case schema.StringVector:
		start := w.offsets(at, len(v.texts))
		for i, s := range v.texts {
			w.point(start+4*i, w.text(s))
		}
	case schema.TableVector:
		start := w.offsets(at, len(v.list))
		for i, n := range v.list {
			w.point(start+4*i, w.table(n))
		}
	}
}

// offsets writes a vector of n offsets that are still to come.
func (w *writer) offsets(at, n int) (start int) {
	w.pad(4, 0)
	w.point(at, len(w.buf))
	w.u32(uint32(n))
	w.buf = append(w.buf, make([]byte, 4*n)...)
	return len(w.buf) - 4*n
}

func (w *writer) text(s []byte) int {
	w.pad(4, 0)
	pos := len(w.buf)
	w.u32(uint32(len(s)))
	w.buf = append(append(w.buf, s...), 0)
	return pos
}
