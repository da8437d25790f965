package library

import (
	"os"
	"path/filepath"
	"testing"

	"reterminal-vision/app/custom"
	"reterminal-vision/models"
)

// The list of imported models is read when it changed, and not otherwise.
func TestCatalogueIsReadOnce(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("RTV_OWN", folder)
	list := filepath.Join(folder, custom.ListName)
	reads := func(what string, want int) {
		t.Helper()
		before := loaded.reads
		for range 100 {
			if Catalogue().Demo("vehicles") == nil {
				t.Fatalf("%s: the program's own demos are missing", what)
			}
		}
		if got := loaded.reads - before; got != want {
			t.Errorf("%s: read %d times, want %d", what, got, want)
		}
	}
	replace := func(text string) {
		t.Helper()
		if err := os.WriteFile(list+".new", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(list+".new", list); err != nil {
			t.Fatal(err)
		}
	}
	reads("none", 1)
	replace(`{"models":[],"demos":[]}`)
	reads("an empty list", 1)
	replace(`{`)
	reads("a damaged list", 1)
	if Catalogue() != models.Default() {
		t.Error("a damaged list changed the catalogue")
	}
	reads("the same", 0)
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	reads("none again", 1)
}
