package lang

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"
)

// verb is a place for a value.
var verb = regexp.MustCompile(`%[-+ #0-9.*]*[a-zA-Z%]`)

// Every language has a translation of the same sentences, with the same values
// in the same order.
func TestTranslations(t *testing.T) {
	defer Set("en")
	sentences := map[string]int{}
	for _, l := range Languages()[1:] {
		text, err := files.ReadFile(l.Tag + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		for english, s := range words {
			sentences[english]++
			if s == "" {
				t.Errorf("%s: %q has no translation", l.Tag, english)
			}
			if want, got := verb.FindAllString(english, -1), verb.FindAllString(s, -1); !slices.Equal(want, got) {
				t.Errorf("%s: %q has the values %v, %q has %v", l.Tag, english, want, s, got)
			}
		}
	}
	for english, n := range sentences {
		if n != len(Languages())-1 {
			t.Errorf("%q is there in %d languages only", english, n)
		}
	}
}

func TestSet(t *testing.T) {
	defer Set("en")
	if err := Set("de"); err != nil || Current() != "de" {
		t.Fatal(err)
	}
	if got := T("%d pictures", 3); got != "3 Bilder" {
		t.Error(got)
	}
	if got := T("nobody translated this %d", 3); got != "nobody translated this 3" {
		t.Error(got)
	}
	if err := Set("tlh"); err == nil || Current() != "de" {
		t.Error("an unknown language was taken up")
	}
	if err := Set("en"); err != nil || Name("car") != "car" {
		t.Error(err)
	}
}

func TestFromLocale(t *testing.T) {
	for _, key := range []string{"LC_ALL", "LC_MESSAGES"} {
		t.Setenv(key, "")
	}
	for _, c := range []struct{ language, lang, want string }{
		{"", "ja_JP.UTF-8", "ja"}, {"", "C.UTF-8", "en"}, {"de:en", "ja_JP.UTF-8", "de"}, {"fr:zh_CN", "", "zh"}, {"", "", "en"},
	} {
		t.Setenv("LANGUAGE", c.language)
		t.Setenv("LANG", c.lang)
		if got := FromLocale(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
