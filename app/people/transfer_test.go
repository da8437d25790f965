package people

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func export(t testing.TB, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Export(&b, ""); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExportAndImport(t *testing.T) {
	a, b := openStore(t, newPath(t)), openStore(t, newPath(t))
	ada, bo := add(t, a, "Ada", 2), add(t, a, "Bo", 1)
	file := newPath(t) + ".json"
	if err := os.MkdirAll(strings.TrimSuffix(file, "/people.db.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := a.ExportFile(file, ""); err != nil {
		t.Fatal(err)
	}
	add(t, b, "Cy", 1)
	if added, updated, err := b.ImportFile(file, "", Merge); err != nil || added != 2 || updated != 0 {
		t.Errorf("merge: %d added, %d updated, %v", added, updated, err)
	}
	if got := names(b.List()); !slices.Equal(got, []string{"Ada", "Bo", "Cy"}) {
		t.Errorf("merged %q", got)
	}
	// Known people get the shots they lack and keep their names.
	if _, err := b.Rename(ada.ID, "Ada L."); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddShots(ada.ID, testShot(t, "other")); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 0} {
		added, updated, err := b.Import(bytes.NewReader(export(t, a)), "", Merge)
		if err != nil || added != 0 || updated != want {
			t.Errorf("merge %d: %d added, %d updated, %v", i, added, updated, err)
		}
	}
	if p := b.List()[0]; p.Name != "Ada L." || len(p.Shots) != 3 {
		t.Errorf("%s has %d shots", p.Name, len(p.Shots))
	}
	if err := a.Delete(bo.ID); err != nil {
		t.Fatal(err)
	}
	if added, _, err := b.Import(bytes.NewReader(export(t, a)), "", Replace); err != nil || added != 1 {
		t.Errorf("replace: %d added, %v", added, err)
	}
	if !reflect.DeepEqual(a.List(), b.List()) {
		t.Errorf("replaced with %q", names(b.List()))
	}
}

// A file that is not right in every part changes nothing.
func TestImportRefusesNonsense(t *testing.T) {
	from, to := openStore(t, newPath(t)), openStore(t, newPath(t))
	add(t, from, "Ada", 1)
	add(t, from, "Bo", 2)
	add(t, to, "Cy", 1)
	good := export(t, from)
	change := func(f func(*document)) []byte {
		var e document
		if err := json.Unmarshal(good, &e); err != nil {
			t.Fatal(err)
		}
		f(&e)
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	want := to.List()
	for name, file := range map[string][]byte{
		"empty":         {},
		"cut off":       good[:len(good)/2],
		"more after it": append(slices.Clone(good), good...),
		"other JSON":    []byte(`[1, 2]`),
		"no format":     []byte(`{"people":[]}`),
		"unknown field": bytes.Replace(good, []byte(`"created"`), []byte(`"made"`), 1),
		"version":       change(func(e *document) { e.Version = 3 }),
		"format":        change(func(e *document) { e.Format = "x" }),
		"no ID":         change(func(e *document) { e.People[1].ID = "" }),
		"same ID":       change(func(e *document) { e.People[1].ID = e.People[0].ID }),
		"name":          change(func(e *document) { e.People[1].Name = "Unknown" }),
		"spaces":        change(func(e *document) { e.People[1].Name = " Bo " }),
		"no shots":      change(func(e *document) { e.People[1].Shots = nil }),
		"many shots":    change(func(e *document) { e.People[1].Shots = make([]Shot, MaxShots+1) }),
		"embedding":     change(func(e *document) { e.People[1].Shots[0].Embedding[0] = 1e30 }),
		"length":        change(func(e *document) { e.People[1].Shots[0].Embedding = []float32{1, 0} }),
		"thumbnail":     change(func(e *document) { e.People[1].Shots[0].Thumbnail = []byte("no JPEG") }),
		"many people":   change(func(e *document) { e.People = slices.Repeat(e.People, MaxPeople) }),
		"too large":     append([]byte(`{"format":"`), bytes.Repeat([]byte("x"), MaxFile)...),
	} {
		for _, mode := range []Mode{Merge, Replace} {
			if added, updated, err := to.Import(bytes.NewReader(file), "", mode); err == nil || added != 0 || updated != 0 {
				t.Errorf("%s: %d added, %d updated, error %v", name, added, updated, err)
			}
		}
	}
	if !reflect.DeepEqual(to.List(), want) {
		t.Errorf("the store changed: %q", names(to.List()))
	}
	if _, _, err := to.ImportFile("no such file", "", Merge); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}
