package custom

import (
	"archive/zip"
	"bytes"
	"fmt"
	"runtime"
	"testing"
)

// A directory of millions of files is not read to its end.
func TestPackedWithoutEnd(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range 150_000 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i, ".txt")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	list, err := packedLabels(bytes.NewReader(b.Bytes()), int64(b.Len()))
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; list != nil || err != nil || took > 64<<20 {
		t.Errorf("%d labels, %v, %d MiB", len(list), err, took>>20)
	}
}

// FuzzPacked looks for labels packed behind any file.
func FuzzPacked(f *testing.F) {
	f.Add(zipped(f, []byte("a model comes first"), map[string]string{"labels.txt": "a\nb\n"}))
	f.Add(zipped(f, []byte("a model comes first"), map[string]string{"../../labels.txt": "0 a\n7 b\n"}))
	f.Add(zipped(f, []byte("a model comes first"), map[string]string{"metadata.json": `{"names": {"0": "a", "999999999999999999999": "b"}}`}))
	f.Add(zipped(f, []byte("a model comes first"), map[string]string{"temp_meta.txt": `{'names': {0: 'a', 1: "b\'"}}`}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if list, err := packedLabels(bytes.NewReader(data), int64(len(data))); err == nil && len(list) > 200_000 {
			t.Fatalf("%d labels", len(list))
		}
	})
}
