package app

import (
	"bytes"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/commands"
	"reterminal-vision/app/device"
	"reterminal-vision/app/kiosk"
	"reterminal-vision/inference/testmedia"
)

func TestKioskCommand(t *testing.T) {
	var out bytes.Buffer
	if code, _ := call(t, t.Context(), &out, "kiosk", "help"); code != cli.OK || !strings.Contains(out.String(), "kiosk run people list") {
		t.Errorf("help: code %d: %s", code, &out)
	}
	for _, wrong := range [][]string{{"kiosk"}, {"kiosk", "up"}, {"kiosk", "on", "now"}, {"kiosk", "run"}} {
		if code, _ := call(t, t.Context(), &out, wrong...); code != cli.Usage {
			t.Errorf("%v: code %d", wrong, code)
		}
	}
	if _, err := user.Lookup(kiosk.User); err != nil {
		if code, log := call(t, t.Context(), &out, "kiosk", "run", "version"); code != cli.Failed || !strings.Contains(log, "install the app's package") && !strings.Contains(log, "needs root") {
			t.Errorf("without the user: code %d: %s", code, log)
		}
	}
	for want, s := range map[string]kiosk.State{
		"on: the app runs, through cage":      {On: true, Active: true, Display: "cage"},
		"does not run now":                    {On: true, Display: "x"},
		"starts with graphical.target":        {Active: true, Target: "graphical.target"},
		"off: the machine starts with multi-": {Target: "multi-user.target"},
	} {
		if got := commands.KioskSentence(s); !strings.Contains(got, want) {
			t.Errorf("%+v is %q", s, got)
		}
	}
}

func TestBundleArgs(t *testing.T) {
	for _, tt := range []struct{ args, path, rest string }{
		{"people list", "", ""},
		{"doctor --json", "", "doctor --json"},
		{"doctor --bundle", "", "doctor --bundle"},
		{"doctor --bundle a.zip --json", "a.zip", "doctor --bundle /dev/fd/3 --json"},
		{"doctor -json -bundle=b=c.zip", "b=c.zip", "doctor -json -bundle=/dev/fd/3"},
	} {
		if path, rest := commands.BundleArgs(strings.Fields(tt.args)); path != tt.path || strings.Join(rest, " ") != tt.rest {
			t.Errorf("%s: %q, %q", tt.args, path, rest)
		}
	}
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	cli.BuildVersion = "1.2.3+4.gabcdef01"
	defer func() { cli.BuildVersion = "" }()
	if code, _ := call(t, t.Context(), &out, "--version"); code != cli.OK || out.String() != "reterminal-vision 1.2.3+4.gabcdef01\n" {
		t.Errorf("code %d: %q", code, &out)
	}
}

// packaged is a file of the package.
func packaged(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testmedia.Project(), "packaging", "deb", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPackage holds what the package says of the program against it.
func TestPackage(t *testing.T) {
	manual := strings.ReplaceAll(packaged(t, "reterminal-vision.1"), `\-`, "-")
	var usage bytes.Buffer
	if _, err := parseConfig([]string{"--help"}, &usage); err == nil {
		t.Fatal("help is not told")
	}
	flags := regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllStringSubmatch(usage.String(), -1)
	if len(flags) < 20 {
		t.Errorf("%d flags in\n%s", len(flags), &usage)
	}
	for _, f := range flags {
		if !strings.Contains(manual, "--"+f[1]) {
			t.Errorf("the manual page lacks --%s", f[1])
		}
	}
	if !strings.Contains(packaged(t, "60-reterminal-vision.rules"), device.BacklightRule+"\n") {
		t.Errorf("the udev rules lack %s", device.BacklightRule)
	}
	unit := packaged(t, kiosk.Service)
	for _, setting := range kiosk.Environment {
		if !strings.HasPrefix(setting, "HOME=") && !strings.Contains(unit, setting) { // systemd sets that itself
			t.Errorf("the service lacks %s", setting)
		}
	}
	if !strings.Contains(unit, "User="+kiosk.User+"\n") {
		t.Error("the service runs as another user")
	}
}
