package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// requirementFiles are the lists of Python packages, relative to this folder.
func requirementFiles() []string {
	files := []string{"../models/train/requirements.txt", "../app/peer/requirements.txt"}
	for _, pattern := range []string{"requirements/*.txt", "../app/benchmark/testdata/*.txt"} {
		found, _ := filepath.Glob(pattern)
		files = append(files, found...)
	}
	return files
}

// pythons are those of Debian 12 and 13, which the lists are for.
var pythons = []string{"3.11.2", "3.13.5"}

// requirement is an entry of a list: package, version, environment marker, and
// the Python that the package says it needs.
type requirement struct{ name, version, marker, python string }

var requirementLine = regexp.MustCompile(`^([a-z0-9-]+)==([^ ]+)(?: ; (.+?))? \\$`)

// readRequirements parses what requirements/lock.py writes.
func readRequirements(text string) (list []requirement, err error) {
	python := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		found := requirementLine.FindStringSubmatch(line)
		needs, isNeeds := strings.CutPrefix(line, "# requires-python ")
		switch {
		case isNeeds:
			python = needs
		case found != nil && python == "":
			return nil, fmt.Errorf("%s does not say what Python it needs", found[1])
		case found != nil:
			list = append(list, requirement{found[1], found[2], found[3], python})
			python = ""
		case !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "    --hash=sha256:"):
			return nil, fmt.Errorf("%q is not as make lock writes it", line)
		}
	}
	return list, nil
}

// applies tells whether a marker as lock.py writes it holds: comparisons of
// python_version and platform_machine, joined by and.
func applies(marker, python, machine string) (bool, error) {
	if marker == "" {
		return true, nil
	}
	for part := range strings.SplitSeq(marker, " and ") {
		words := strings.Fields(part)
		if len(words) != 3 {
			return false, fmt.Errorf("marker %q", part)
		}
		value, ok := strings.Trim(words[2], `"`), false
		switch words[0] {
		case "python_version":
			var err error
			if ok, err = satisfies(strings.Join(strings.Split(python, ".")[:2], "."), words[1]+value); err != nil {
				return false, err
			}
		case "platform_machine":
			ok = machine == value
		default:
			return false, fmt.Errorf("marker %q", part)
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

var specifier = regexp.MustCompile(`^(>=|<=|>|<|==|!=|~=)\s*([0-9.]+?)(\.\*)?$`)

// satisfies tells whether a version of Python is in a set of specifiers, as
// ">=3.9,!=3.14.1,<4" (PEP 440, of versions that are numbers only).
func satisfies(version, specifiers string) (bool, error) {
	if specifiers == "any" {
		return true, nil
	}
	for spec := range strings.SplitSeq(specifiers, ",") {
		found := specifier.FindStringSubmatch(strings.TrimSpace(spec))
		if found == nil {
			return false, fmt.Errorf("specifier %q", spec)
		}
		have, want := numbers(version), numbers(found[2])
		operator, order := found[1], slices.Compare(padded(have), padded(want))
		// 3.* stands for all that begins with 3; ~=3.9 for that from 3.9 on.
		begins := want
		if operator == "~=" {
			begins = want[:len(want)-1]
		}
		within := slices.Equal(padded(have)[:len(begins)], begins)
		equal := order == 0
		if found[3] != "" {
			equal = within
		}
		if !map[string]bool{">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0,
			"==": equal, "!=": !equal, "~=": order >= 0 && within}[operator] {
			return false, nil
		}
	}
	return true, nil
}

// numbers are the parts of a version.
func numbers(version string) (parts []int) {
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part)
		parts = append(parts, n)
	}
	return parts
}

// padded is a version with zeros for the parts it leaves out.
func padded(version []int) []int {
	return append(slices.Clone(version), make([]int, max(0, 4-len(version)))...)
}

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		version, specifiers string
		want                bool
	}{
		{"3.11.2", "any", true},
		{"3.11.2", ">=3.11", true},
		{"3.11.2", ">=3.8.6,<3.11", false}, // backports-strenum 1.3.1
		{"3.11.2", "<4.0.0, >=3.8.6", true},
		{"3.13.5", ">=3.9,<3.14,!=3.13.5", false},
		{"3.13.5", ">=3.9,!=3.13.*", false},
		{"3.13.5", "==3.*", true},
		{"3.11", "<3.13", true},
		{"3.13", "<3.13", false},
		{"3.13.5", "~=3.9", true},
		{"3.13.5", "~=3.12.1", false},
		{"3.9.1", ">3.9,<=3.9.1", true},
	} {
		if got, err := satisfies(c.version, c.specifiers); got != c.want || err != nil {
			t.Errorf("%s in %q: %v, %v", c.version, c.specifiers, got, err)
		}
	}
	if _, err := satisfies("3.11", "from 3.9"); err == nil {
		t.Error("no error for what is no specifier")
	}
}

// Each list has what Debian's Pythons take, on both architectures: every
// package says that it runs there, and has one version.
func TestRequirementsSuitPythons(t *testing.T) {
	for _, file := range requirementFiles() {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list, err := readRequirements(string(text))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, python := range pythons {
			for _, machine := range []string{"x86_64", "aarch64"} {
				if err := suits(list, python, machine); err != nil {
					t.Errorf("%s, Python %s, %s: %v", file, python, machine, err)
				}
			}
		}
	}
}

// suits is an error where a list cannot be installed on one Python.
func suits(list []requirement, python, machine string) error {
	taken := map[string]string{}
	for _, r := range list {
		if here, err := applies(r.marker, python, machine); err != nil {
			return err
		} else if !here {
			continue
		}
		if ok, err := satisfies(python, r.python); err != nil || !ok {
			return fmt.Errorf("%s %s wants Python %s (%v)", r.name, r.version, r.python, err)
		}
		if taken[r.name] != "" {
			return fmt.Errorf("%s is listed as %s and as %s", r.name, taken[r.name], r.version)
		}
		taken[r.name] = r.version
	}
	if len(taken) == 0 {
		return fmt.Errorf("no package")
	}
	return nil
}

func TestSuits(t *testing.T) {
	for text, want := range map[string]string{
		"# requires-python >=3.9\na==1 \\\n    --hash=sha256:00\n":                                                               "",
		"# requires-python >=3.8.6,<3.11\na==1 \\\n    --hash=sha256:00\n":                                                       "a 1 wants Python",
		"# requires-python any\na==1 \\\n    --hash=sha256:00\n# requires-python any\na==2 \\\n    --hash=sha256:00\n":           "a is listed as 1 and as 2",
		"# requires-python any\na==1 ; python_version < \"3.11\" \\\n    --hash=sha256:00\n":                                     "no package",
		"# requires-python any\na==1 ; python_version >= \"3.11\" and platform_machine == \"x86_64\" \\\n    --hash=sha256:00\n": "",
		"# requires-python any\na==1 ; sys_platform == \"win32\" \\\n    --hash=sha256:00\n":                                     "marker",
		"a==1 \\\n    --hash=sha256:00\n":             "does not say",
		"# requires-python any\na>=1 --hash=sha256:0": "is not as make lock writes it",
	} {
		list, err := readRequirements(text)
		if err == nil {
			err = suits(list, "3.11.2", "x86_64")
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestRequirementsInstall lets pip choose and check every file of every list, in
// a new environment of python3 and of each Python that RTV_PYTHONS names: so
// many gigabytes that only `make nightly` does it.
func TestRequirementsInstall(t *testing.T) {
	named := os.Getenv("RTV_PYTHONS")
	if named == "" {
		t.Skip("RTV_PYTHONS is not set; it downloads gigabytes")
	}
	tried := map[string]bool{}
	for _, python := range append([]string{"python3"}, strings.Fields(named)...) {
		t.Run(python, func(t *testing.T) {
			out, err := exec.Command(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
			version := strings.TrimSpace(string(out))
			switch {
			case err != nil:
				t.Skipf("%s is not on this machine: %v", python, err)
			case tried[version]:
				t.Skipf("Python %s was tried already", version)
			case !slices.ContainsFunc(pythons, func(v string) bool { return strings.HasPrefix(v, version+".") }):
				t.Skipf("the lists are not for Python %s", version)
			}
			tried[version] = true
			installs(t, python)
		})
	}
}

// installs tries all lists in a new environment of a Python.
func installs(t *testing.T, python string) {
	venv := filepath.Join(t.TempDir(), "venv")
	if out, err := exec.Command(python, "-m", "venv", venv).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pip := filepath.Join(venv, "bin", "pip")
	if out, err := exec.Command(pip, "download", "--no-deps", "--dest", t.TempDir(), "six").CombinedOutput(); err != nil {
		t.Skipf("no packages can be had from here: %s", out)
	}
	for _, file := range requirementFiles() {
		t.Run(strings.TrimPrefix(file, "../"), func(t *testing.T) {
			out, err := exec.Command(pip, "install", "--dry-run", "--require-hashes", "--ignore-installed", "--no-cache-dir", "-r", file).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v: %s", file, err, out)
			}
		})
	}
}
