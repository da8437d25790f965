package demos

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Every demo says everything in every language, and has footage with the truth
// about each picture where it says so.
func TestFoldersAreWhole(t *testing.T) {
	languages := []string{"en", "de", "ja", "zh"}
	for id, d := range descriptions() {
		for _, tag := range languages {
			if text := d.Text[tag]; text.Title == "" || text.Summary == "" || text.How == "" || text.Limits == "" {
				t.Errorf("%s: text in %q: %+v", id, tag, text)
			}
		}
		if len(d.Text) != len(languages) {
			t.Errorf("%s: has %d languages, want %d", id, len(d.Text), len(languages))
		}
		clip := Clips()[d.Builtin]
		if clip.Data == nil {
			t.Errorf("%s: there is no footage %q", id, d.Builtin)
			continue
		}
		data := clip.Data()
		if clip.Title == "" || clip.FPS <= 0 || !bytes.HasPrefix(data, []byte("\xff\xd8")) {
			t.Errorf("%s: footage %q: title %q, %g pictures a second, %d bytes", id, d.Builtin, clip.Title, clip.FPS, len(data))
		}
		if d.Clip == nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(id, "truth.json"))
		var truth struct {
			FPS    float64
			Frames []json.RawMessage
		}
		if err == nil {
			err = json.Unmarshal(raw, &truth)
		}
		pictures := bytes.Count(data, []byte("\xff\xd8\xff"))
		if err != nil || truth.FPS != d.Clip.FPS || len(truth.Frames) != pictures {
			t.Errorf("%s: truth of %d pictures at %g, footage has %d at %g: %v", id, len(truth.Frames), truth.FPS, pictures, d.Clip.FPS, err)
		}
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	if Card("none") != nil || Preview("../demos") != nil {
		t.Error("found what is not there")
	}
	if Translations("xx")["Emotion"] != "" || Translations("de")["Age and gender"] != "Alter und Geschlecht" {
		t.Errorf("%q", Translations("de")["Age and gender"])
	}
}
