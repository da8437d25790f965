package schema

import (
	"encoding/binary"
	"math"
)

// A Record reads the fields of one table of a file whose structure is sound; a nil
// Data stands for an absent table.
type Record struct {
	Data []byte
	pos  int
}

// Root is the file's outermost table.
func Root(data []byte) Record {
	return Record{data, int(binary.LittleEndian.Uint32(data))}
}

// Field returns where the field is stored, 0 if it is absent.
func (r Record) Field(slot int) int {
	if r.Data == nil {
		return 0
	}
	vtable := r.pos - int(int32(binary.LittleEndian.Uint32(r.Data[r.pos:])))
	at := 4 + 2*slot
	if at+2 > int(binary.LittleEndian.Uint16(r.Data[vtable:])) {
		return 0
	}
	if off := int(binary.LittleEndian.Uint16(r.Data[vtable+at:])); off != 0 {
		return r.pos + off
	}
	return 0
}

// Has reports whether the field is there; the readers below give 0 or what they
// are told where it is not.
func (r Record) Has(slot int) bool { return r.Field(slot) != 0 }

// U8 returns an unsigned byte.
func (r Record) U8(slot int) uint8 {
	if at := r.Field(slot); at != 0 {
		return r.Data[at]
	}
	return 0
}

// I32 returns a signed number of 4 bytes.
func (r Record) I32(slot, absent int) int {
	if at := r.Field(slot); at != 0 {
		return int(int32(binary.LittleEndian.Uint32(r.Data[at:])))
	}
	return absent
}

// U32 returns an unsigned number of 4 bytes.
func (r Record) U32(slot int) uint32 {
	return uint32(r.I32(slot, 0))
}

// U64 returns an unsigned number of 8 bytes.
func (r Record) U64(slot int) uint64 {
	if at := r.Field(slot); at != 0 {
		return binary.LittleEndian.Uint64(r.Data[at:])
	}
	return 0
}

// List returns the first element's position and the length of a vector.
func (r Record) List(slot int) (start, n int) {
	at := r.Field(slot)
	if at == 0 {
		return 0, 0
	}
	to := at + int(binary.LittleEndian.Uint32(r.Data[at:]))
	return to + 4, int(binary.LittleEndian.Uint32(r.Data[to:]))
}

// Len returns the number of elements of a vector.
func (r Record) Len(slot int) int {
	_, n := r.List(slot)
	return n
}

// Bytes returns a vector of bytes or a string, not copied.
func (r Record) Bytes(slot int) []byte {
	start, n := r.List(slot)
	return r.Data[start : start+n]
}

// Text returns a string.
func (r Record) Text(slot int) string { return string(r.Bytes(slot)) }

// Ints returns a vector of int32.
func (r Record) Ints(slot int) []int {
	start, n := r.List(slot)
	v := make([]int, n)
	for i := range v {
		v[i] = int(int32(binary.LittleEndian.Uint32(r.Data[start+4*i:])))
	}
	return v
}

// Child returns a table field.
func (r Record) Child(slot int) Record {
	at := r.Field(slot)
	if at == 0 {
		return Record{}
	}
	return Record{r.Data, at + int(binary.LittleEndian.Uint32(r.Data[at:]))}
}

// At returns element i of a vector of tables.
func (r Record) At(slot, i int) Record {
	start, _ := r.List(slot)
	at := start + 4*i
	return Record{r.Data, at + int(binary.LittleEndian.Uint32(r.Data[at:]))}
}

// Floats returns a vector of float32.
func (r Record) Floats(slot int) []float32 {
	start, n := r.List(slot)
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.Data[start+4*i:]))
	}
	return v
}

// Longs returns a vector of int64.
func (r Record) Longs(slot int) []int64 {
	start, n := r.List(slot)
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(r.Data[start+8*i:]))
	}
	return v
}
