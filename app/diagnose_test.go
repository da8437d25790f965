package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/inference/testmedia"
)

func TestDoctorCommand(t *testing.T) {
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	t.Setenv("RTV_MODELS", t.TempDir())
	t.Setenv("DISPLAY", "")
	trained := filepath.Join(testmedia.Project(), "models", "trained")
	var table bytes.Buffer
	if code, log := call(t, t.Context(), &table, "doctor", "--models-dir", t.TempDir()); code != cli.Failed || !strings.Contains(log, "checks failed") {
		t.Errorf("without models: exit code %d: %s", code, log)
	}
	for _, want := range []string{"fail Models", "fail TensorFlow Lite", "-> install the app anew", "pass Clock"} {
		if !strings.Contains(strings.Join(strings.Fields(table.String()), " "), want) {
			t.Errorf("%q is not in\n%s", want, &table)
		}
	}
	var text bytes.Buffer
	code, log := call(t, t.Context(), &text, "doctor", "--json", "--models-dir", trained)
	var checks []struct{ ID, Name, State, Detail, Remedy string }
	if err := json.Unmarshal(text.Bytes(), &checks); err != nil {
		t.Fatalf("%v: %s", err, &text)
	}
	failed := false
	for _, c := range checks {
		failed = failed || c.State == "fail"
		if c.ID == "library" && c.State != "pass" || c.ID == "" || c.Detail == "" {
			t.Errorf("%+v", c)
		}
	}
	if (code == cli.Failed) != failed || (code == cli.OK) == failed || len(checks) < 10 {
		t.Errorf("exit code %d of %+v: %s", code, checks, log)
	}
	for _, wrong := range [][]string{{"doctor", "more"}, {"doctor", "--nonsense"}} {
		if code, _ := call(t, t.Context(), &text, wrong...); code != cli.Usage {
			t.Errorf("%v: exit code %d", wrong, code)
		}
	}
}

// TestBundleWithoutNames has a list of people that cannot be opened.
func TestBundleWithoutNames(t *testing.T) {
	dir := t.TempDir()
	database, file := filepath.Join(dir, "people.db"), filepath.Join(dir, "report.zip")
	t.Setenv("RTV_PEOPLE", database)
	t.Setenv("RTV_MODELS", t.TempDir())
	if err := os.WriteFile(database, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, log := call(t, t.Context(), &out, "doctor", "--bundle", file); !strings.Contains(log, "written: "+file) {
		t.Errorf("said %s", log)
	}
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	missing, err := archive.Open("report/missing.txt")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(missing); err != nil || !strings.Contains(string(text), "log.txt: left out, as the names in it are not known") {
		t.Errorf("%v: %s", err, text)
	}
	if code, _ := call(t, t.Context(), &out, "doctor", "kept"); code != cli.Failed {
		t.Errorf("what is kept, of a damaged list: code %d", code)
	}
	if err := os.Remove(database); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(`{"keep":30}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if code, _ := call(t, t.Context(), &out, "doctor", "kept"); code != cli.OK || out.String() != `{"names":null,"settings":{"keep":30}}`+"\n" {
		t.Errorf("what is kept: code %d, %s", code, &out)
	}
}
