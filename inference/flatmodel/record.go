package flatmodel

import (
	"encoding/binary"
	"math"
)

// A record reads the fields of one table of a file that walk has passed; a nil
// data stands for an absent table.
type record struct {
	data []byte
	pos  int
}

func rootOf(data []byte) record {
	return record{data, int(binary.LittleEndian.Uint32(data))}
}

// field returns where the field is stored, 0 if it is absent.
func (r record) field(slot int) int {
	if r.data == nil {
		return 0
	}
	vtable := r.pos - int(int32(binary.LittleEndian.Uint32(r.data[r.pos:])))
	at := 4 + 2*slot
	if at+2 > int(binary.LittleEndian.Uint16(r.data[vtable:])) {
		return 0
	}
	if off := int(binary.LittleEndian.Uint16(r.data[vtable+at:])); off != 0 {
		return r.pos + off
	}
	return 0
}

func (r record) has(slot int) bool { return r.field(slot) != 0 }

func (r record) u8(slot int) uint8 {
	if at := r.field(slot); at != 0 {
		return r.data[at]
	}
	return 0
}

func (r record) i32(slot, absent int) int {
	if at := r.field(slot); at != 0 {
		return int(int32(binary.LittleEndian.Uint32(r.data[at:])))
	}
	return absent
}

func (r record) u32(slot int) uint32 {
	return uint32(r.i32(slot, 0))
}

func (r record) u64(slot int) uint64 {
	if at := r.field(slot); at != 0 {
		return binary.LittleEndian.Uint64(r.data[at:])
	}
	return 0
}

// list returns the first element's position and the length of a vector.
func (r record) list(slot int) (start, n int) {
	at := r.field(slot)
	if at == 0 {
		return 0, 0
	}
	to := at + int(binary.LittleEndian.Uint32(r.data[at:]))
	return to + 4, int(binary.LittleEndian.Uint32(r.data[to:]))
}

func (r record) len(slot int) int {
	_, n := r.list(slot)
	return n
}

// bytes returns a vector of bytes or a string, not copied.
func (r record) bytes(slot int) []byte {
	start, n := r.list(slot)
	return r.data[start : start+n]
}

func (r record) text(slot int) string { return string(r.bytes(slot)) }

// ints returns a vector of int32.
func (r record) ints(slot int) []int {
	start, n := r.list(slot)
	v := make([]int, n)
	for i := range v {
		v[i] = int(int32(binary.LittleEndian.Uint32(r.data[start+4*i:])))
	}
	return v
}

// child returns a table field.
func (r record) child(slot int) record {
	at := r.field(slot)
	if at == 0 {
		return record{}
	}
	return record{r.data, at + int(binary.LittleEndian.Uint32(r.data[at:]))}
}

// at returns element i of a vector of tables.
func (r record) at(slot, i int) record {
	start, _ := r.list(slot)
	at := start + 4*i
	return record{r.data, at + int(binary.LittleEndian.Uint32(r.data[at:]))}
}

// floats returns a vector of float32.
func (r record) floats(slot int) []float32 {
	start, n := r.list(slot)
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.data[start+4*i:]))
	}
	return v
}

// longs returns a vector of int64.
func (r record) longs(slot int) []int64 {
	start, n := r.list(slot)
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(r.data[start+8*i:]))
	}
	return v
}
