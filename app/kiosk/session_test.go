package kiosk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// session runs the package's script with programs that stand in for those of a
// machine, and returns what was asked of them.
func session(t *testing.T, runtime, display, rotate string, programs map[string]string) string {
	t.Helper()
	bin, asked := t.TempDir(), filepath.Join(t.TempDir(), "asked")
	for _, name := range []string{"sleep", "cage", "xrandr", "xinput", "xset"} {
		script := "#!/bin/sh\necho " + name + " \"$@\" >>" + asked + "\n" + programs[name] + "\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script, err := filepath.Abs("../../packaging/deb/session")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", script)
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "XDG_RUNTIME_DIR=" + runtime, "RTV_DISPLAY=" + display, "ROTATE=" + rotate}
	_, _ = cmd.CombinedOutput() // the programs end as they like
	text, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPlain has the display server fail, and asks from when on it draws without
// the GPU.
func TestPlain(t *testing.T) {
	runtime := t.TempDir()
	plain := func() bool {
		_, err := os.Stat(filepath.Join(runtime, "plain"))
		return err == nil
	}
	shows := `: >"$XDG_RUNTIME_DIR/drawn"; exit 1`
	for i, tt := range []struct {
		cage string
		want bool
	}{
		{"exit 1", false}, {"exit 1", false}, {shows, false}, // the third came as far as the app
		{"exit 1", false}, {"exit 1", false}, {"exit 1", false}, {"exit 1", true}, {shows, true},
	} {
		asked := session(t, runtime, "cage", "0", map[string]string{"cage": tt.cage})
		if plain() != tt.want {
			t.Errorf("start %d: plain %v\n%s", i, plain(), asked)
		}
	}
}

// TestLateInput has touch panels come after the display where it is turned.
func TestLateInput(t *testing.T) {
	for rotate, want := range map[string]string{"0": "", "90": "1", "180": "1", "270": "1", "45": ""} {
		kept := filepath.Join(t.TempDir(), "kept")
		session(t, t.TempDir(), "cage", rotate, map[string]string{"cage": `echo "$WLR_LIBINPUT_NO_DEVICES" >` + kept})
		if text, err := os.ReadFile(kept); err != nil || strings.TrimSpace(string(text)) != want {
			t.Errorf("ROTATE=%s: %q, %v", rotate, text, err)
		}
	}
}

// TestTouchTurns has touches turn with the picture, where it turns.
func TestTouchTurns(t *testing.T) {
	const inputs = `case "$*" in
"list --id-only") printf '6\n7\n' ;;
"list --long 6") echo 'Mode: relative' ;;
"list --long 7") echo 'Mode: absolute' ;;
esac`
	const list = `[ "$1" != --query ] || { printf 'DSI-1 connected 720x1280\nHDMI-1 disconnected\n'; exit 0; }
`
	const set = "xinput set-prop 7 Coordinate Transformation Matrix "
	for _, tt := range []struct{ name, rotate, xrandr, want string }{
		{"turned", "90", list, set + "0 1 0 -1 0 1 0 0 1\n"},
		{"upright", "0", list, set + "1 0 0 0 1 0 0 0 1\n"},
		{"cannot be turned", "270", list + "exit 1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := session(t, t.TempDir(), "x", tt.rotate, map[string]string{"xrandr": tt.xrandr, "xinput": inputs})
			if strings.Contains(asked, "set-prop") != (tt.want != "") || !strings.Contains(asked, tt.want) || strings.Contains(asked, "set-prop 6") {
				t.Errorf("asked for\n%s", asked)
			}
		})
	}
}
