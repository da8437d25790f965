package flatmodel

import (
	"encoding/binary"
)

// A node is one table of a file in memory, to be changed and written again.
// Its values still lie in the file unless they were set.
type node struct {
	id     tableID
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

// A loader reads a file that walk has passed into nodes.
type loader struct{ nodes int }

func (l *loader) load(id tableID, r record) *node {
	l.nodes++
	n := &node{id: id}
	if l.nodes > maxNodes {
		return n
	}
	for i := range tables[id].fields {
		d := &tables[id].fields[i]
		if r.has(d.slot) {
			n.put(d.slot, l.field(d, r))
		}
	}
	return n
}

// field loads one field, which is there.
func (l *loader) field(d *fieldDef, r record) value {
	v := value{set: true}
	switch start, n := r.field(d.slot), 0; d.kind {
	case scalar:
		v.raw = r.data[start : start+d.arg]
	case text:
		v.raw = r.bytes(d.slot)
	case scalarVector:
		start, n = r.list(d.slot)
		v.raw = r.data[start : start+n*d.arg]
	case stringVector:
		start, n = r.list(d.slot)
		for i := range n {
			to := start + 4*i + int(binary.LittleEndian.Uint32(r.data[start+4*i:]))
			v.texts = append(v.texts, r.data[to+4:to+4+int(binary.LittleEndian.Uint32(r.data[to:]))])
		}
	case child:
		v.child = l.load(tableID(d.arg), r.child(d.slot))
	case tableVector:
		for i := range r.len(d.slot) {
			v.list = append(v.list, l.load(tableID(d.arg), r.at(d.slot, i)))
		}
	case union:
		if t := unions[d.arg][r.u8(d.slot-1)]; t != noTable {
			v.child = l.load(t, r.child(d.slot))
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
	copy(w.buf[4:], identifier)
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
	def := &tables[n.id]
	at := make([]int, len(n.fields)) // of each field within the table
	size := 4
	for _, width := range []int{8, 4, 2, 1} {
		for i := range def.fields {
			d := &def.fields[i]
			if !n.get(d.slot).set || d.width() != width {
				continue
			}
			size = (size + width - 1) / width * width
			at[d.slot] = size
			size += width
		}
	}
	vtable := w.vtable(at, size)
	w.pad(8, 0)
	pos := len(w.buf)
	w.buf = append(w.buf, make([]byte, size)...)
	binary.LittleEndian.PutUint32(w.buf[pos:], uint32(pos-vtable))
	for i := range def.fields {
		d := &def.fields[i]
		if v := n.get(d.slot); v.set && d.kind == scalar {
			copy(w.buf[pos+at[d.slot]:], v.raw)
		} else if v.set && n.from > 0 {
			w.outside[pos+at[d.slot]] = n.from
		} else if v.set {
			w.object(d, v, pos+at[d.slot])
		}
	}
	return pos
}

// width is the bytes of the field within the table.
func (d *fieldDef) width() int {
	if d.kind == scalar {
		return d.arg
	}
	return 4
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
func (w *writer) object(d *fieldDef, v value, at int) {
	switch d.kind {
	case child, union:
		w.point(at, w.table(v.child))
	case text:
		w.point(at, w.text(v.raw))
	case scalarVector:
		w.pad(16, 4) // kernels load constants in vectors
		w.point(at, len(w.buf))
		w.u32(uint32(len(v.raw) / d.arg))
		w.buf = append(w.buf, v.raw...)
	case stringVector:
		start := w.offsets(at, len(v.texts))
		for i, s := range v.texts {
			w.point(start+4*i, w.text(s))
		}
	case tableVector:
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
