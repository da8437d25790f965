package settings

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad reads any file as settings: they are read, or the file is set aside
// as it was.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"", "{}", "null", "[]", `{"keep":-1}`, `{"keep":1e99}`, `{"visitors":{"idle":-9}}`, `{"camera":{"width":-1,"fps":1e300,"rotate":7,"controls":{"a":2147483648}}}`,
		`{"demos":{"":{"threshold":-7,"threads":99999999,"lanes":-1,"models":["../x"]}}}`, `{"wrong_pins":-5}`, "{\"pin\":\"\x00\"}", `{"language":"../../de","theme":"none"}`,
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "settings.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Load(path)
		if err != nil {
			if kept, err := os.ReadFile(path + ".damaged"); err != nil || string(kept) != string(text) {
				t.Fatalf("the file was not kept: %v", err)
			}
			return
		}
		if err := Save(path, s); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err != nil {
			t.Fatal(err)
		}
	})
}
