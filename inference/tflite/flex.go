package tflite

import "encoding/binary"

// FlexBuffers types, as in a packed type's upper six bits.
const (
	flexKey         = 4
	flexString      = 5
	flexIndirectInt = 6
	flexMap         = 9
	flexVector      = 10
	flexVectorKey   = 14
	flexVectorInt2  = 16
	flexVectorLast  = 24
	flexBlob        = 25
	flexBool        = 26
	flexVectorBool  = 36
)

// A flexWalker checks a FlexBuffers document, which a reader follows from its end.
type flexWalker struct {
	data  []byte
	depth int
	work  int
}

// checkFlex checks a FlexBuffers document whose root is a map.
func checkFlex(data []byte) *fault {
	n := len(data)
	if n < 3 {
		return corrupt("%d bytes are too few", n)
	}
	width, packed := int(data[n-1]), data[n-2]
	if !flexWidth(width) || n < 2+width || packed>>2 != flexMap {
		return corrupt("not a FlexBuffers map")
	}
	w := &flexWalker{data: data[:n-2], work: 16 * n}
	if !w.value(n-2-width, width, packed) {
		return corrupt("damaged FlexBuffers map")
	}
	return nil
}

func flexWidth(w int) bool { return w == 1 || w == 2 || w == 4 || w == 8 }

// number reads an unsigned number of the given width.
func (w *flexWalker) number(at, width int) (uint64, bool) {
	if at < 0 || at > len(w.data)-width {
		return 0, false
	}
	switch b := w.data[at:]; width {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(binary.LittleEndian.Uint16(b)), true
	case 4:
		return uint64(binary.LittleEndian.Uint32(b)), true
	default:
		return binary.LittleEndian.Uint64(b), true
	}
}

// follow subtracts the offset stored at position at from it.
func (w *flexWalker) follow(at, width int) (int, bool) {
	off, ok := w.number(at, width)
	if !ok || off == 0 || off > uint64(at) {
		return 0, false
	}
	return at - int(off), true
}

// value checks the value of a packed type stored at position at.
func (w *flexWalker) value(at, width int, packed uint8) bool {
	if w.work--; w.work < 0 || w.depth > maxDepth {
		return false
	}
	kind, child := packed>>2, 1<<(packed&3)
	if kind < flexKey || kind == flexBool {
		_, ok := w.number(at, width)
		return ok
	}
	to, ok := w.follow(at, width)
	if !ok {
		return false
	}
	w.depth++
	defer func() { w.depth-- }()
	switch {
	case kind == flexKey:
		return w.key(to)
	case kind < flexMap && kind >= flexIndirectInt:
		_, ok := w.number(to, child)
		return ok
	case kind == flexMap:
		return w.keys(to, child) && w.vector(to, child)
	case kind == flexVector:
		return w.vector(to, child)
	case kind >= flexVectorInt2 && kind <= flexVectorLast:
		n := 2 + int(kind-flexVectorInt2)/3
		return to+n*child <= len(w.data)
	case kind == flexString, kind == flexBlob, kind == flexVectorBool, kind < flexVectorInt2:
		return w.plain(to, child, kind)
	}
	return false
}

// key checks a zero-terminated text.
func (w *flexWalker) key(at int) bool {
	for ; at < len(w.data); at++ {
		if w.work--; w.work < 0 {
			return false
		}
		if w.data[at] == 0 {
			return true
		}
	}
	return false
}

// count reads the length that stands before a vector, where n elements of at
// least one byte each must fit behind it.
func (w *flexWalker) count(at, width int) (int, bool) {
	n, ok := w.number(at-width, width)
	if !ok || n > uint64(len(w.data)) {
		return 0, false
	}
	return int(n), true
}

// plain checks strings, blobs and vectors of one scalar or key type.
func (w *flexWalker) plain(to, width int, kind uint8) bool {
	n, ok := w.count(to, width)
	if !ok {
		return false
	}
	switch kind {
	case flexBlob:
		return to+n <= len(w.data)
	case flexString:
		return to+n < len(w.data) && w.data[to+n] == 0
	}
	if to+n*width > len(w.data) {
		return false
	}
	for i := 0; kind >= flexVectorKey && kind < flexVectorInt2 && i < n; i++ {
		if k, ok := w.follow(to+i*width, width); !ok || !w.key(k) {
			return false
		}
	}
	return true
}

// keys checks a map's list of keys, one for each value.
func (w *flexWalker) keys(to, width int) bool {
	n, ok := w.count(to, width)
	if !ok {
		return false
	}
	keyWidth, ok := w.number(to-2*width, width)
	if !ok || !flexWidth(int(keyWidth)) {
		return false
	}
	list, ok := w.follow(to-3*width, width)
	if !ok {
		return false
	}
	if m, ok := w.count(list, int(keyWidth)); !ok || m != n {
		return false
	}
	return w.plain(list, int(keyWidth), flexVectorKey)
}

// vector checks values that each carry a type, listed behind them.
func (w *flexWalker) vector(to, width int) bool {
	n, ok := w.count(to, width)
	if !ok || to+n*width+n > len(w.data) {
		return false
	}
	for i := range n {
		if !w.value(to+i*width, width, w.data[to+n*width+i]) {
			return false
		}
	}
	return true
}
