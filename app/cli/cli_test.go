package cli

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestAliasWorksAndIsHidden(t *testing.T) {
	var help strings.Builder
	fs := NewFlags("x", "Usage: x\n", &help)
	raw := fs.Bool("raw", false, "unsmoothed results")
	n := fs.Int("n", 3, "a number")
	Alias(fs, "plain", "raw")
	if err := Parse(fs, []string{"--plain", "-n", "4"}); err != nil || !*raw || *n != 4 {
		t.Errorf("raw %v, n %d, %v", *raw, *n, err)
	}
	if err := Parse(fs, []string{"--help"}); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	for text, want := range map[string]bool{"Usage: x": true, "-raw": true, "unsmoothed": true, "(default 3)": true, "plain": false} {
		if strings.Contains(help.String(), text) != want {
			t.Errorf("%q in help: want %v in\n%s", text, want, help.String())
		}
	}
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name  string
		parse func(*flag.FlagSet) error
		usage bool
	}{
		{"flags alone", func(fs *flag.FlagSet) error { return Parse(fs, []string{"-n", "1"}) }, false},
		{"a word too many", func(fs *flag.FlagSet) error { return Parse(fs, []string{"word"}) }, true},
		{"no number", func(fs *flag.FlagSet) error { return Parse(fs, []string{"-n", "x"}) }, true},
		{"flags around a word", func(fs *flag.FlagSet) error {
			word, err := ParseWord(fs, []string{"-n", "1", "word", "-n", "2"}, nil)
			if err == nil && word != "word" {
				err = errors.New(word)
			}
			return err
		}, false},
		{"no word", func(fs *flag.FlagSet) error {
			_, err := ParseWord(fs, nil, func() error { return Usagef("name one") })
			return err
		}, true},
	} {
		fs := NewFlags("x", "", &strings.Builder{})
		fs.Int("n", 0, "a number")
		err := tc.parse(fs)
		var usage UsageError
		if errors.As(err, &usage) != tc.usage || !tc.usage && err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
