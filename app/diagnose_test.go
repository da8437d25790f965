package app

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/inference/testmedia"
)

func TestDoctorCommand(t *testing.T) {
	t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
	t.Setenv("RTV_MODELS", t.TempDir())
	t.Setenv("DISPLAY", "")
	trained := filepath.Join(testmedia.Project(), "models", "trained")
	var table bytes.Buffer
	if code, log := call(t, t.Context(), &table, "doctor", "--models-dir", t.TempDir()); code != exitFailed || !strings.Contains(log, "checks failed") {
		t.Errorf("without models: exit code %d: %s", code, log)
	}
	for _, want := range []string{"fail  Models", "fail  TensorFlow Lite", "-> install the app anew", "pass  Clock"} {
		if !strings.Contains(table.String(), want) {
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
	if (code == exitFailed) != failed || (code == exitOK) == failed || len(checks) < 10 {
		t.Errorf("exit code %d of %+v: %s", code, checks, log)
	}
	for _, wrong := range [][]string{{"doctor", "more"}, {"doctor", "--nonsense"}} {
		if code, _ := call(t, t.Context(), &text, wrong...); code != exitUsage {
			t.Errorf("%v: exit code %d", wrong, code)
		}
	}
}
