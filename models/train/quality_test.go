package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestQualityTable has quality.py write a table of made-up figures.
func TestQualityTable(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"belt.json": `{"variants": {"int8": {"left_out": {
			"balanced accuracy": {"value": 0.934, "low": 0.91, "high": 0.95, "per_source": {"a": {"value": 0.9}, "b": {"value": 0.97}, "c": {"value": 0.93}}},
			"mean error": {"value": 7}}}}}`,
		"plain.json":  `{"variants": {}}`,
		"before.data": `{"belt": {"balanced accuracy": {"value": 0.86, "published": {"other": 0.5}, "goal": 0.93}, "mean error": {"less": true, "goal": 6}}, "old": {"AP50": {"value": 0.13}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "QUALITY.md")
	cmd := exec.Command("python3", "quality.py", "--trained", dir, "--before", filepath.Join(dir, "before.data"), "--out", out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"| belt | balanced accuracy | 0.934 [0.910, 0.950] | 0.900 (a) to 0.970 (b) | 0.860 | other 0.500 | 0.930 | met |\n",
		"|  | mean error | 7.0 | - | - | - | 6.0 | missed |\n",
		"| old | AP50 | - | - | 0.130 | - | - |  |\n",
	} {
		if !strings.Contains(string(text), row) {
			t.Errorf("no row %s in\n%s", row, text)
		}
	}
	if strings.Contains(string(text), "plain") {
		t.Errorf("a network without figures is listed:\n%s", text)
	}
}
