package models

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// runCommand is Command without the models installed on this machine.
func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := command{Default(), func(dir string) *Store { return &Store{Dir: NewStore(dir).Dir} }, nil, stdout, stderr}
	return c.run(ctx, args)
}

func TestCommand(t *testing.T) {
	shared := sharedModels(t)
	dir := t.TempDir()
	t.Setenv("RTV_MODELS", dir)
	const ssd, oid = "ssd_mobilenet_v1_coco_quant", "ssd_mobilenet_v2_oid_fp16"
	for _, tc := range []struct {
		args     string
		code     int
		out, err string // part of each
	}{
		{"", 2, "", "Usage"},
		{"help", 0, "Usage", ""},
		{"list -h", 0, "Usage", ""},
		{"dance", 2, "", `no command "dance"`},
		{"list x", 2, "", "takes no model"},
		{"list --speed 3", 2, "", "speed"},
		{"fetch", 2, "", "--all"},
		{"fetch --all " + ssd, 2, "", "--all"},
		{"fetch nobody", 2, "", `no model "nobody"`},
		{"list", 0, ssd + " missing", ""},
		{"verify " + ssd, 1, "", "models fetch " + ssd},
		{"fetch " + ssd + " --mirror " + shared, 0, "done, " + dir, ""},
		{"fetch " + ssd, 0, "already here", ""},
		{"verify " + ssd, 0, ssd + ": good, " + dir, ""},
		{"verify", 1, ssd + ": good", oid},
		{"fetch --all --mirror " + shared, 1, "already here", "mirror"},
		{"list --dir " + dir, 0, ssd + " present", ""},
	} {
		var out, errs bytes.Buffer
		code := runCommand(t.Context(), strings.Fields(tc.args), &out, &errs)
		if code != tc.code || !strings.Contains(squeeze(out.String()), tc.out) || !strings.Contains(errs.String(), tc.err) {
			t.Errorf("%q: code %d, want %d\n%s%s", tc.args, code, tc.code, &out, &errs)
		}
	}
}

// squeeze takes the column spacing out of a table.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestCommandListsAsJSON(t *testing.T) {
	var out, errs bytes.Buffer
	if code := runCommand(t.Context(), []string{"list", "--json", "--dir", t.TempDir()}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	var rows []struct{ ID, Status, SHA256 string }
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(Default().Models) || rows[0].Status != "missing" || rows[0].SHA256 != Default().Models[0].SHA256 {
		t.Errorf("%+v", rows)
	}
}

func TestCommandStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"fetch", "--all"}, {"verify"}} {
		var out, errs bytes.Buffer
		if code := runCommand(ctx, append(args, "--dir", t.TempDir()), &out, &errs); code != 1 || !strings.Contains(errs.String(), "canceled") {
			t.Errorf("%q: code %d\n%s%s", args, code, &out, &errs)
		}
	}
}

// TestCommandDrawsABar fetches with a pseudo-terminal as standard error.
func TestCommandDrawsABar(t *testing.T) {
	shared := sharedModels(t)
	terminal, screen, err := openTerminal()
	if err != nil {
		t.Skipf("wants a pseudo-terminal: %v", err)
	}
	defer terminal.Close()
	var out bytes.Buffer
	args := []string{"fetch", "ssd_mobilenet_v1_coco_quant", "--mirror", shared, "--dir", filepath.Join(t.TempDir(), "m")}
	code := runCommand(t.Context(), args, &out, screen)
	_ = screen.Close()
	buf := make([]byte, 16<<10)
	n, _ := terminal.Read(buf)
	if code != 0 || !strings.Contains(string(buf[:n]), "100%  4.0 MiB of 4.0 MiB") {
		t.Errorf("code %d, screen %q", code, buf[:n])
	}
}

func openTerminal() (terminal, screen *os.File, err error) {
	terminal, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(terminal.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		_ = terminal.Close()
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		_ = terminal.Close()
	}
	return terminal, screen, err
}
