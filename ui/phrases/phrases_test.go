package phrases

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"reterminal-vision/assets/lang"
)

// The interface says everything in every language.
func TestSpeak(t *testing.T) {
	defer Speak("en")
	text, err := os.ReadFile("../../assets/lang/de.json")
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
		Speak(l.Tag)
		if lang.Current() != l.Tag || Now.Back == "" || (l.Tag == "en") != (Now == english) {
			t.Errorf("%s: says %q", l.Tag, Now.Back)
		}
	}
}
