package models

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// ownEntries is a catalogue of one imported classifier with two classes.
func ownEntries(t testing.TB, change func(*Model, *Demo)) []byte {
	t.Helper()
	m := *Default().Model("belt_rip_mobilenet_025_128_int8")
	m.ID, m.File, m.Labels, m.Experimental = "own-belt", "own-belt.tflite", "own-belt", false
	d := Demo{ID: "own-belt", Title: "Mine", Summary: "Mine.", Task: "classify", Models: []string{"own-belt"}}
	if change != nil {
		change(&m, &d)
	}
	text, err := json.Marshal(map[string]any{"models": []Model{m}, "demos": []Demo{d}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLoadOwn(t *testing.T) {
	lists := fstest.MapFS{
		"own-belt.txt":   {Data: []byte("good\nbad\n")},
		"own-binary.txt": {Data: []byte{0xff, 0xfe, 0}},
		"secret":         {Data: []byte("a\nb\n")},
	}
	for _, tc := range []struct {
		name   string
		change func(*Model, *Demo)
		labels []string
		says   string
	}{
		{"its own list", nil, []string{"good", "bad"}, ""},
		{"a list of the program", func(m *Model, _ *Demo) { m.Labels = "belt" }, []string{"intact", "damaged"}, ""},
		{"list that is not there", func(m *Model, _ *Demo) { m.Labels = "own-none" }, nil, "own-none.txt"},
		{"list elsewhere", func(m *Model, _ *Demo) { m.Labels = "../own-belt" }, nil, "no name of a list"},
		{"list that is no text", func(m *Model, _ *Demo) { m.Labels = "own-binary" }, nil, "UTF-8"},
		{"ID of the program's kind", func(m *Model, d *Demo) { m.ID, d.Models = "belt", []string{"belt"} }, nil, `begin with "own-"`},
		{"demo of the program's kind", func(_ *Model, d *Demo) { d.ID = "belt" }, nil, `begin with "own-"`},
		{"file elsewhere", func(m *Model, _ *Demo) { m.File = "../own-belt.tflite" }, nil, "plain file name"},
		{"another's model", func(_ *Model, d *Demo) { d.Models = []string{"own-other"} }, nil, "no model"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := LoadCustom(bytes.NewReader(ownEntries(t, tc.change)), lists)
			if tc.says != "" {
				if err == nil || !strings.Contains(err.Error(), tc.says) {
					t.Fatalf("%v does not say %q", err, tc.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			labels, err := c.Models[0].LabelList()
			if err != nil || !slices.Equal(labels, tc.labels) || !c.Models[0].Custom() {
				t.Errorf("%q, %v", labels, err)
			}
		})
	}
	if _, err := Labels("own-belt"); err == nil {
		t.Error("Labels gives lists that are not the program's")
	}
}

func TestWith(t *testing.T) {
	lists := fstest.MapFS{"own-belt.txt": {Data: []byte("good\nbad\n")}}
	own, err := LoadCustom(bytes.NewReader(ownEntries(t, nil)), lists)
	if err != nil {
		t.Fatal(err)
	}
	before := len(Default().Models)
	all, err := Default().With(own)
	if err != nil {
		t.Fatal(err)
	}
	if all.Model("own-belt") == nil || all.Demo("own-belt") == nil || all.Demo("vehicles") == nil || len(Default().Models) != before {
		t.Error("entries are missing, or the program's own catalogue changed")
	}
	if _, err := all.With(own); err == nil || !strings.Contains(err.Error(), "used twice") {
		t.Errorf("twice: %v", err)
	}
}

func TestReadLabels(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
		says       string
	}{
		{"lines", "a\nb\n", []string{"a", "b"}, ""},
		{"no end of line", "a\nb", []string{"a", "b"}, ""},
		{"Windows", "\ufeffa\r\nb c \r\n\r\n", []string{"a", "b c"}, ""},
		{"gaps", "a\n-\nc\n", []string{"a", "", "c"}, ""},
		{"empty line within", "a\n\nc\n", []string{"a", "", "c"}, ""},
		{"umlauts", "Bär\n犬\n", []string{"Bär", "犬"}, ""},
		{"empty", "\n \n", nil, "is empty"},
		{"binary", "\x1f\x8b\x08\x00\xff", nil, "UTF-8"},
		{"zero bytes", "a\x00b\nc\n", nil, "line 1 is no label"},
		{"a text", "a\n" + strings.Repeat("x", 300), nil, "line 2 is no label"},
		{"too large", strings.Repeat("x\n", 3<<20), nil, "larger than"},
		{"too many", strings.Repeat("x\n", 150_000), nil, "150000 lines"},
	} {
		got, err := ReadLabels(strings.NewReader(tc.text))
		if !slices.Equal(got, tc.want) || (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
	if lists := LabelLists(); !slices.Contains(lists, "coco80") || !slices.Contains(lists, "voc") {
		t.Errorf("lists %q", lists)
	}
}

func TestFetchOfAnImportedModel(t *testing.T) {
	m := testModel("")
	m.ID = "own-test"
	s := &Store{Dir: t.TempDir()}
	if err := s.Fetch(t.Context(), m, nil); err == nil || !strings.Contains(err.Error(), "import it again") {
		t.Error(err)
	}
	if _, err := s.Find(m); err == nil || !strings.Contains(err.Error(), "import it again") {
		t.Error(err)
	}
}
