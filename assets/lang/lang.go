// Package lang has the app speak the language of the people before it.
//
// In: English sentences, as they stand in the code. Out: the same in the
// language in use. A translation is a line of LANGUAGE.json, or of a demo; an
// English sentence without one stays English. It imports assets/demos; ui and
// app may import it.
package lang

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync/atomic"

	"reterminal-vision/assets/demos"
)

//go:embed *.json
var files embed.FS

// Language is one that the app speaks.
type Language struct {
	Tag  string // BCP 47: "de"
	Name string // in its own words
}

// Languages are those there are, English first.
func Languages() []Language {
	return []Language{{"en", "English"}, {"de", "Deutsch"}, {"ja", "日本語"}, {"zh", "中文"}}
}

// speech is a language in use.
type speech struct {
	tag   string
	words map[string]string // by English sentence; nil for English
}

var current atomic.Pointer[speech]

func init() { current.Store(&speech{tag: "en"}) }

// Set takes up a language. An unknown one is an error, and changes nothing.
func Set(tag string) error {
	s := &speech{tag: tag}
	if tag != "en" {
		text, err := files.ReadFile(tag + ".json")
		if err != nil {
			return fmt.Errorf("language %q: choose one of %v", tag, Languages())
		}
		if err := json.Unmarshal(text, &s.words); err != nil {
			return fmt.Errorf("language %q: %w", tag, err)
		}
		maps.Copy(s.words, demos.Translations(tag))
	}
	current.Store(s)
	return nil
}

// Current is the tag of the language in use.
func Current() string { return current.Load().tag }

// T is a sentence of the code in the language in use, with its values put in
// as fmt.Sprintf does.
func T(english string, values ...any) string {
	s := Name(english)
	if len(values) > 0 {
		return fmt.Sprintf(s, values...)
	}
	return s
}

// Name is what came from elsewhere, such as a label of a network, in the
// language in use.
func Name(english string) string {
	if s, ok := current.Load().words[english]; ok {
		return s
	}
	return english
}

// FromLocale is the language that the environment asks for, else English.
func FromLocale() string {
	for _, key := range []string{"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"} {
		for _, wish := range strings.Split(os.Getenv(key), ":") {
			for _, l := range Languages() {
				if strings.HasPrefix(wish, l.Tag) {
					return l.Tag
				}
			}
		}
	}
	return "en"
}
