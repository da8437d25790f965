package ui

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"reterminal-vision/assets/lang"
)

// The interface says everything in every language.
func TestSpeak(t *testing.T) {
	defer speak("en")
	text, err := os.ReadFile("../assets/lang/de.json")
	if err != nil {
		t.Fatal(err)
	}
	var german map[string]string
	if err := json.Unmarshal(text, &german); err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(english)
	for i := range v.NumField() {
		if s := v.Field(i).String(); german[s] == "" {
			t.Errorf("no translation of %q", s)
		}
	}
	for _, l := range lang.Languages() {
		speak(l.Tag)
		if lang.Current() != l.Tag || say.Back == "" || (l.Tag == "en") != (say == english) {
			t.Errorf("%s: says %q", l.Tag, say.Back)
		}
	}
}

// Lines end between the characters of languages without spaces, but for those
// that begin or end none.
func TestPieces(t *testing.T) {
	for s, want := range map[string][]string{
		"a longer line":    {"a", "longer", "line"},
		"画面にタッチ。":          {"画", "面", "に", "タッ", "チ。"},
		"「設定」の 4〜8桁":       {"「設", "定」", "の", "4", "〜", "8", "桁"},
		"SSD・YOLOv8・領域分割に": {"SSD・", "YOLOv8・", "領", "域", "分", "割", "に"},
	} {
		var got []string
		for _, p := range pieces(s) {
			got = append(got, p.text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
