package models

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzCatalogue reads any text as a catalogue, and as one of models that a
// person brought; what is taken names files of its own folder only.
func FuzzCatalogue(f *testing.F) {
	whole, err := os.ReadFile("catalogue.json")
	if err != nil {
		f.Fatal(err)
	}
	var c struct{ Models, Demos []json.RawMessage }
	if err := json.Unmarshal(whole, &c); err != nil {
		f.Fatal(err)
	}
	for _, m := range c.Models {
		f.Add([]byte(`{"models":[` + string(m) + `],"demos":[]}`))
	}
	f.Add(ownEntries(f, nil))
	for _, text := range []string{"", "{}", "null", `{"models":[{}]}`, `{"models":[null],"demos":[null]}`, `{"models":[{"input":{"shape":[1,2]}}]}`} {
		f.Add([]byte(text))
	}
	lists := fstest.MapFS{"own-belt.txt": {Data: []byte("good\nbad\n")}}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, load := range []func() (*Catalogue, error){
			func() (*Catalogue, error) { return Load(bytes.NewReader(text)) },
			func() (*Catalogue, error) { return LoadCustom(bytes.NewReader(text), lists) },
		} {
			c, err := load()
			if err != nil {
				continue
			}
			for i := range c.Models {
				m := &c.Models[i]
				if file := filepath.Join("/folder", m.File); filepath.Dir(file) != "/folder" || strings.ContainsRune(m.File, 0) {
					t.Fatalf("file %q", m.File)
				}
				if m.URL != "" && !strings.HasPrefix(strings.ToLower(m.URL), "https://") {
					t.Fatalf("address %q", m.URL)
				}
			}
			_, _ = Default().With(c)
		}
	})
}

// FuzzLabels reads any file as a list of labels.
func FuzzLabels(f *testing.F) {
	for _, text := range []string{"", "a\nb\n", "\ufeffa\r\n-\r\n", "\xff", "a\x00b", strings.Repeat("-\n", 3000)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if list, err := ReadLabels(bytes.NewReader(text)); err == nil && (len(list) == 0 || len(list) > maxLabels) {
			t.Fatalf("%d labels", len(list))
		}
	})
}
