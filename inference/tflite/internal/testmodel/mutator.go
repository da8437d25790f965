package testmodel

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"reterminal-vision/inference/tflite/internal/schema"
)

// A Mutator damages a model, mostly where it is not weights.
type Mutator struct {
	model  []byte
	leaves []leaf   // stored values: scalars, vector elements, small constants
	plain  [][2]int // byte ranges that are not weights
}

type leaf struct{ at, size int }

// NewMutator finds what there is to damage in a sound model.
func NewMutator(model []byte) *Mutator {
	m := &Mutator{model: model}
	skip := make([]bool, len(model))
	root := schema.Root(model)
	for i := range root.Len(schema.ModelBuffers) {
		start, n := root.At(schema.ModelBuffers, i).List(schema.BufferData)
		for j := start; n > 256 && j < start+n; j++ {
			skip[j] = true
		}
		for j := 0; n <= 256 && j+4 <= n; j += 4 {
			m.leaves = append(m.leaves, leaf{start + j, 4})
		}
	}
	for i := 0; i < len(skip); i++ {
		from := i
		for i < len(skip) && !skip[i] {
			i++
		}
		if i > from {
			m.plain = append(m.plain, [2]int{from, i})
		}
	}
	m.collect(schema.TableModel, root)
	return m
}

// collect lists the leaves of a table and those below it.
func (m *Mutator) collect(id schema.TableID, r schema.Record) {
	for _, d := range schema.Tables[id].Fields {
		at := r.Field(d.Slot)
		if at == 0 || id == schema.TableBuffer {
			continue
		}
		switch d.Kind {
		case schema.Scalar:
			m.leaves = append(m.leaves, leaf{at, d.Arg})
		case schema.ScalarVector:
			start, n := r.List(d.Slot)
			m.leaves = append(m.leaves, leaf{start - 4, 4})
			for i := range min(n, 64) {
				m.leaves = append(m.leaves, leaf{start + i*d.Arg, d.Arg})
			}
		case schema.Child:
			m.collect(schema.TableID(d.Arg), r.Child(d.Slot))
		case schema.TableVector:
			for i := range r.Len(d.Slot) {
				m.collect(schema.TableID(d.Arg), r.At(d.Slot, i))
			}
		case schema.Union:
			if t := schema.Unions[d.Arg][r.U8(d.Slot-1)]; t != schema.NoTable {
				m.collect(t, r.Child(d.Slot))
			}
		}
	}
}

var extremes = []uint64{0, 1, 2, 3, 4, 5, 7, 8, 16, 127, 128, 255, 256, 1000, 0x7fff, 0x8000, 0xffff,
	0x10000, 0xffffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 1 << 32, 1 << 62, 1<<64 - 1, 0x7f800000, 0x7fc00000}

// Mutant returns the damaged copy that the seed stands for.
func (m *Mutator) Mutant(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 20))
	data := append([]byte(nil), m.model...)
	for range 1 + rng.IntN(3) {
		if rng.IntN(3) > 0 {
			l := m.leaves[rng.IntN(len(m.leaves))]
			overwrite(data[l.at:l.at+l.size], rng)
			continue
		}
		p := m.plain[rng.IntN(len(m.plain))]
		at := p[0] + rng.IntN(p[1]-p[0])
		switch rng.IntN(3) {
		case 0:
			data[at] ^= 1 << rng.IntN(8)
		case 1:
			data[at] = byte(rng.Uint32())
		default:
			at = min(at&^3, len(data)-4)
			overwrite(data[at:at+4], rng)
		}
	}
	return data
}

// overwrite puts an extreme, a random or a slightly changed value.
func overwrite(b []byte, rng *rand.Rand) {
	var old [8]byte
	copy(old[:], b)
	v := binary.LittleEndian.Uint64(old[:])
	switch rng.IntN(4) {
	case 0:
		v = rng.Uint64()
	case 1:
		v += uint64(rng.IntN(9)) - 4
	default:
		v = extremes[rng.IntN(len(extremes))]
	}
	binary.LittleEndian.PutUint64(old[:], v)
	copy(b, old[:])
}

// Count is how many to try of each model: RTV_MUTANTS, or as many as given.
func Count(t *testing.T, count int) int {
	if s := os.Getenv("RTV_MUTANTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	return count
}
