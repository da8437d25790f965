// Package packaging tests what the app is made of.
package packaging

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

// allowed are licences under which the app may be passed on as it is.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}

// TestDependencies compares every module in the program with
// dependencies.json: it is listed, with a reason, under the licence that its
// own text is, and nothing else is listed.
func TestDependencies(t *testing.T) {
	raw, err := os.ReadFile("dependencies.json")
	if err != nil {
		t.Fatal(err)
	}
	var listed map[string]struct{ Licence, Why string }
	if err := json.Unmarshal(raw, &listed); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "reterminal-vision")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{}
	for _, line := range strings.Fields(strings.ReplaceAll(string(out), "\t", "=")) {
		path, folder, _ := strings.Cut(line, "=")
		modules[path] = folder
	}
	if len(modules) < 10 {
		t.Fatalf("only %d modules", len(modules))
	}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		entry, ok := listed[path]
		found := licences(t, modules[path])
		switch {
		case !ok || entry.Why == "":
			t.Errorf("%s (%v) is not in packaging/dependencies.json, with the reason why it is needed", path, found)
		case !slices.Contains(found, entry.Licence):
			t.Errorf("%s is listed as %s, its text is %v", path, entry.Licence, found)
		}
		for _, l := range found {
			if !slices.Contains(allowed, l) {
				t.Errorf("%s is under %s, which is none of %v", path, l, allowed)
			}
		}
	}
	for path := range listed {
		if modules[path] == "" {
			t.Errorf("%s is in packaging/dependencies.json, and not in the program", path)
		}
	}
}

// licences are those of the texts in the folder of a module, or of the
// repository that it is a part of.
func licences(t *testing.T, folder string) (found []string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(folder, "[LCU][InNO][CcPl]*"))
	for _, file := range files {
		if !strings.HasPrefix(strings.ToUpper(filepath.Base(file)), "LICEN") && !strings.HasPrefix(strings.ToUpper(filepath.Base(file)), "COPYING") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a folder of texts
		}
		for _, m := range licensecheck.Scan(text).Match {
			if id := strings.TrimSuffix(m.ID, "-Header"); !m.IsURL && !slices.Contains(found, id) {
				found = append(found, id)
			}
		}
	}
	return found
}

// pin is a requirement of pip for one version.
var pin = regexp.MustCompile(`^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ]+`)

// Whatever is fetched to build, test or train has one version and its hash.
func TestRequirementsArePinned(t *testing.T) {
	for _, file := range requirementFiles() {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		packages := 0
		for _, entry := range strings.Split(strings.ReplaceAll(string(text), "\\\n", " "), "\n") {
			if entry = strings.TrimSpace(entry); entry == "" || entry[0] == '#' {
				continue
			}
			packages++
			if !pin.MatchString(entry) || !strings.Contains(entry, "--hash=sha256:") {
				t.Errorf("%s: %.80q has no version or no hash", file, entry)
			}
		}
		if packages == 0 {
			t.Errorf("%s: no package", file)
		}
	}
	for _, file := range []string{filepath.Join("..", "Makefile"), "setup.sh"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			if (strings.Contains(line, "pip install") || strings.Contains(line, "pip download")) && !strings.Contains(line, "--require-hashes") {
				t.Errorf("%s: %q takes what it gets", file, strings.TrimSpace(line))
			}
		}
	}
}
