package models

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed labels/*.txt
var labelFiles embed.FS

// Labels returns a label list: entry n names class n, "" where the number is
// not in use. The list is the caller's own.
func Labels(name string) ([]string, error) {
	text, err := labelFiles.ReadFile("labels/" + name + ".txt")
	if err != nil {
		return nil, fmt.Errorf("label list %q is not one of models/labels/*.txt: %w", name, err)
	}
	return splitLabels(string(text)), nil
}

// Limits of a label list that a person brings: far above any that is in use.
const (
	maxLabels     = 100_000
	maxLabelBytes = 4 << 20
	maxLabelRunes = 200
)

// ReadLabels reads a label list from a file of a person: text in UTF-8, a line
// a class, "-" where a number is not in use. Marks of other systems' editors
// and empty lines at the end are no part of it.
func ReadLabels(r io.Reader) ([]string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxLabelBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxLabelBytes {
		return nil, fmt.Errorf("is larger than %s: that is no list of labels", mib(maxLabelBytes))
	}
	if !utf8.Valid(text) {
		return nil, errors.New("is not text in UTF-8: save it as plain text, a label a line")
	}
	plain := strings.TrimPrefix(string(text), "\ufeff")
	plain = strings.TrimRight(strings.ReplaceAll(plain, "\r\n", "\n"), " \t\n")
	if plain == "" {
		return nil, errors.New("is empty: write a label a line")
	}
	list := splitLabels(plain)
	if len(list) > maxLabels {
		return nil, fmt.Errorf("has %d lines, more than %d: that is no list of labels", len(list), maxLabels)
	}
	for i, label := range list {
		label = strings.TrimSpace(label)
		if strings.ContainsFunc(label, unicode.IsControl) || utf8.RuneCountInString(label) > maxLabelRunes {
			return nil, fmt.Errorf("line %d is no label: save it as plain text, a label a line", i+1)
		}
		list[i] = label
	}
	return list, nil
}

func splitLabels(text string) []string {
	list := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, label := range list {
		if label == "-" {
			list[i] = ""
		}
	}
	return list
}

// LabelLists names the lists that are part of the program, in order.
func LabelLists() (names []string) {
	files, _ := fs.Glob(labelFiles, "labels/*.txt") // the pattern is sound
	for _, f := range files {
		names = append(names, strings.TrimSuffix(path.Base(f), ".txt"))
	}
	return names
}
