package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	s, err := read(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.order) < 40 || len(s.tasks) < 10 {
		t.Fatalf("%d packages, task names %q", len(s.order), s.tasks)
	}
	for _, f := range s.faults() {
		t.Error(f)
	}
}

// What the rules are about is found.
func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"in order", map[string]string{
			"a/a.go": "package a\nimport _ \"reterminal-vision/b\"\n", "b/b.go": "package b\n",
		}, nil},
		{"upwards", map[string]string{
			"a/a.go": "package a\n", "b/b.go": "package b\nimport _ \"reterminal-vision/a\"\n",
		}, []string{"b imports a, which stands above it"}},
		{"not in the table", map[string]string{
			"a/a.go": "package a\n", "b/b.go": "package b\n", "c/c.go": "package c\n",
		}, []string{"c is missing in docs/architecture.md"}},
		{"not in the source", map[string]string{"a/a.go": "package a\n"}, []string{"docs/architecture.md names b, which there is not"}},
		{"too long", map[string]string{
			"a/a.go": "package a\n" + strings.Repeat("// x\n", maxLines), "b/b.go": "package b\n",
		}, []string{fmt.Sprintf("a has %d lines, more than %d", maxLines+1, maxLines)}},
		{"too many methods", map[string]string{
			"a/a.go": "package a\ntype t[P any] struct{}\n" + methods(maxMethods+1), "b/b.go": "package b\n",
		}, []string{fmt.Sprintf("a.t has %d methods, more than %d", maxMethods+1, maxMethods)}},
		{"a task by its name", map[string]string{
			"a/a.go": "package a\nfunc f(m struct{ Task string }) bool { return m.Task == \"detect\" }\n",
			"b/b.go": "package b\n", "inference/detect/kind.go": "package detect\nvar Kind = task.Kind{Name: \"detect\"}\n",
		}, []string{"a/a.go:2 compares a task by its name", "inference/detect is missing in docs/architecture.md"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root := t.TempDir()
			tc.files["docs/architecture.md"] = "| package | job |\n|---|---|\n| `a` | one |\n| `b` | two |\n"
			for name, text := range tc.files {
				file := filepath.Join(root, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s, err := read(root)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.faults(); !slices.Equal(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func methods(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "func (*t[P]) m%d() {}\n", i)
	}
	return b.String()
}
