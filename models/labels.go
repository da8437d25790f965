package models

import (
	"embed"
	"fmt"
	"strings"
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
	list := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, label := range list {
		if label == "-" {
			list[i] = ""
		}
	}
	return list, nil
}
