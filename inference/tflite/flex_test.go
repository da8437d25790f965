package tflite

import (
	"bytes"
	"testing"
)

func TestFlexOptions(t *testing.T) {
	// {"a": 5}: the key, the list of keys, the map, then the root.
	good := []byte{'a', 0, 1, 3, 1, 1, 1, 5, 1 << 2, 2, flexMap << 2, 1}
	if f := checkFlex(good); f != nil {
		t.Fatalf("a sound map: %v", f)
	}
	for i := range good {
		if f := checkFlex(good[i:][:max(0, len(good)-i-1)]); f == nil {
			t.Errorf("passes cut to %d bytes", len(good)-i-1)
		}
		for bit := range 8 {
			damaged := bytes.Clone(good)
			damaged[i] ^= 1 << bit
			_ = checkFlex(damaged) // must not panic
		}
	}
}
