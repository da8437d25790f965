package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/inference/testmedia"
)

// TestPeople enrols three people from pictures, recognises them in others,
// leaves a stranger unknown, and forgets one of them for good.
func TestPeople(t *testing.T) {
	db := filepath.Join(t.TempDir(), "people.db")
	t.Setenv("RTV_PEOPLE", db)
	models := testmedia.Path(t, "models")
	picture := func(n string) string { return testmedia.Path(t, "media/recognition/img"+n+".jpg") }
	people := func(code int, says string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		got, log := call(t, t.Context(), &out, append([]string{"people"}, args...)...)
		if got != code || !strings.Contains(out.String()+log, says) {
			t.Fatalf("people %v: code %d, want %d and %q:\n%s%s", args, got, code, says, &out, log)
		}
	}
	// who tells whom the app recognises in a picture, "" when it tells nothing.
	who := func(n string) string {
		t.Helper()
		var out bytes.Buffer
		if code, log := call(t, t.Context(), &out, "--headless", "--unpaced", "--raw", "--demo", "recognition",
			"--models-dir", models, "--source", picture(n)); code != cli.OK {
			t.Fatal(log)
		}
		var l struct {
			Objects []struct{ Attributes []struct{ Value string } }
		}
		if err := json.Unmarshal(out.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if len(l.Objects) == 0 || len(l.Objects[0].Attributes) == 0 {
			return ""
		}
		return l.Objects[0].Attributes[0].Value
	}
	if got := who("15"); got != "Unknown" {
		t.Errorf("with nobody enrolled: %q", got)
	}
	if _, err := os.Stat(db); err == nil {
		t.Error("looking at faces made a database of people")
	}
	people(cli.OK, "enrolled with 2 shots", "add", "--consent", "Anna", picture("13"), picture("14"), "--models-dir", models)
	people(cli.OK, "enrolled with 1 shot", "add", "--consent", "Bert", picture("22"), "--models-dir", models)
	people(cli.OK, "enrolled with 1 shot", "add", "--consent", "Carla", picture("18"), "--models-dir", models)
	people(cli.Failed, "one person at a time", "add", "--consent", "All", testmedia.Path(t, "media/faces/group_3.jpg"), "--models-dir", models)
	people(cli.Failed, "No face", "add", "--consent", "Parrot", testmedia.Path(t, "media/objects/parrot.jpg"), "--models-dir", models)
	people(cli.OK, "", "rename", "Bert", "Berta")
	people(cli.OK, "Berta", "list")
	for n, want := range map[string]string{"15": "Anna", "23": "Berta", "19": "Carla", "3": "Unknown"} {
		if got := who(n); got != want {
			t.Errorf("picture %s: %q, want %q", n, got, want)
		}
	}
	backup := filepath.Join(t.TempDir(), "backup.json")
	people(cli.OK, "", "export", backup)
	people(cli.OK, "", "delete", "Anna")
	people(cli.Failed, "nobody is enrolled", "delete", "Anna")
	if got := who("15"); got != "Unknown" {
		t.Errorf("after deletion: %q", got)
	}
	data, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("Anna")) {
		t.Error("the database still holds the name of somebody deleted")
	}
	people(cli.OK, "1 people added", "import", backup)
	if got := who("15"); got != "Anna" {
		t.Errorf("after import: %q", got)
	}
	// An archive with a passphrase, which is read from standard input here.
	locked := filepath.Join(t.TempDir(), "archive.age")
	said := func(passphrase string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "stdin")
		if err := os.WriteFile(file, []byte(passphrase+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		was := os.Stdin
		os.Stdin = in
		t.Cleanup(func() { os.Stdin = was; in.Close() })
	}
	said("short")
	people(cli.Failed, "10 characters", "export", locked, "--passphrase")
	said("correct horse battery")
	people(cli.OK, "", "export", locked, "--passphrase")
	if data, err := os.ReadFile(locked); err != nil || bytes.Contains(data, []byte("Anna")) {
		t.Errorf("the archive holds a name in the clear (%v)", err)
	}
	said("wrong horse battery")
	people(cli.Failed, "not the passphrase", "import", locked, "--replace")
	said("correct horse battery")
	people(cli.OK, "3 people added", "import", locked, "--replace")
	people(cli.OK, "whoever has", "export", backup)
	people(cli.Usage, "name a command")
	people(cli.Usage, "people add", "add")
	people(cli.Usage, "ask the person first", "add", "Anna", picture("13"))
	people(cli.Usage, `no command "forget"`, "forget", "Anna")
}
