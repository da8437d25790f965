package app

import (
	"bytes"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/durable"
)

// TestListedBackends parts backends whose options have commas.
func TestListedBackends(t *testing.T) {
	for list, want := range map[string][]string{
		"builtin, xnnpack": {"builtin", "xnnpack"},
		"external:/usr/lib/libarmnnDelegate.so?backends=CpuAcc,CpuRef,xnnpack": {"external:/usr/lib/libarmnnDelegate.so?backends=CpuAcc,CpuRef", "xnnpack"},
		"builtin,warp": {"builtin", "warp"},
	} {
		if got := bench.ListedBackends(list); !slices.Equal(got, want) {
			t.Errorf("%s: %q", list, got)
		}
	}
}

// TestBenchTable measures networks with one command, goes on where it was
// broken off, and writes what was asked for.
func TestBenchTable(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("RTV_PEOPLE", filepath.Join(folder, "people.db"))
	t.Setenv("RTV_OWN", filepath.Join(folder, "own"))
	trained := filepath.Join("..", "models", "trained")
	odd := filepath.Join(folder, "models", "odd.tflite") // one that the catalogue does not know
	if err := os.MkdirAll(filepath.Dir(odd), 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"belt_rip_mobilenet_025_128_int8": "odd", "liveness_mobilenet_025_128_float": "liveness_mobilenet_025_128_float",
		"liveness_mobilenet_025_128_int8": "liveness_mobilenet_025_128_int8"} {
		data, err := os.ReadFile(filepath.Join(trained, from+".tflite"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "models", to+".tflite"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	document := filepath.Join(folder, "table.md")
	if err := os.WriteFile(document, []byte("# Before\n"+bench.TableBegins+"\nold\n"+bench.TableEnds+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := func(more ...string) []string {
		return append([]string{"bench", "table", "--models-dir", filepath.Join(folder, "models"), "--threads", "1", "--json", filepath.Join(folder, "table.json")}, more...)
	}
	command := func(args []string, says ...string) {
		t.Helper()
		var out bytes.Buffer
		if code, log := call(t, t.Context(), &out, args...); code != cli.OK {
			t.Fatalf("%v: exit code %d: %s", args, code, log)
		}
		for _, want := range says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v does not tell %q:\n%s", args, want, &out)
			}
		}
	}
	command(args("--for", "1ns"), "0 of", "goes on")
	command(args("--models", "odd,liveness_mobilenet_025_128_float", "--backends", "xnnpack"), "odd ", "int8", "fp32", "TensorFlow Lite 2.")
	begun := time.Now()
	command(args("--models", "odd,liveness_mobilenet_025_128_float,liveness_mobilenet_025_128_int8", "--backends", "xnnpack", "--markdown", document, "--csv", filepath.Join(folder, "table.csv")),
		"liveness_mobilenet_025_128: int8 on xnnpack, 1 thread: ", "times as fast as fp32")
	records, err := bench.ReadRecords(filepath.Join(folder, "table.json"))
	if err != nil || len(records) != 3 || records[1].Date.After(begun) {
		t.Errorf("%v: measured again: %+v", err, records)
	}
	text, err := os.ReadFile(document)
	if err != nil || !strings.HasPrefix(string(text), "# Before\n"+bench.TableBegins+"\n| network | variant") || !strings.HasSuffix(string(text), bench.TableEnds+"\nafter\n") || strings.Contains(string(text), "old") {
		t.Errorf("%v:\n%s", err, text)
	}
	if csv, err := os.ReadFile(filepath.Join(folder, "table.csv")); err != nil || bytes.Count(csv, []byte("\n")) != 4 {
		t.Errorf("%v:\n%s", err, csv)
	}
	h, err := bench.OpenHistory()
	if err != nil {
		t.Fatal(err)
	}
	if all, err := h.Read(); err != nil || len(all) != 3 {
		t.Errorf("%d in the history, %v", len(all), err)
	}
	// A narrower table leaves the rest of its file, and what is new is measured anew.
	whole := slices.Clone(records)
	whole[2].SHA256, whole[1].Failed = strings.Repeat("0", 64), "it did not run"
	if err := durable.Write(filepath.Join(folder, "table.json"), 0o644, func(w io.Writer) error { return benchmark.WriteJSON(w, whole) }); err != nil {
		t.Fatal(err)
	}
	command(args("--models", "liveness_mobilenet_025_128_float,liveness_mobilenet_025_128_int8", "--backends", "xnnpack"))
	again, err := bench.ReadRecords(filepath.Join(folder, "table.json"))
	if err != nil || len(again) != 3 || !again[0].Date.Equal(records[0].Date) || again[1].Failed != "" || again[2].SHA256 != records[2].SHA256 {
		t.Errorf("%v: %+v", err, again)
	}
	other := filepath.Join(folder, "other.md")
	if err := os.WriteFile(other, []byte("# Something else\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		says string
	}{
		{args("--models", "odd", "--backends", "xnnpack", "--markdown", other), "has no lines"},
		{args("--models", "nothing"), `no model "nothing" here`},
		{args("--backends", "warp"), "warp"},
		{args("--threads", "0"), "1 to 64"},
		{[]string{"bench", "table", "--json", document, "--models-dir", filepath.Join(folder, "models")}, "bench table --json wrote"},
	} {
		if code, log := call(t, t.Context(), &bytes.Buffer{}, tc.args...); code == cli.OK || !strings.Contains(log, tc.says) {
			t.Errorf("%v: exit code %d: %s", tc.args, code, log)
		}
	}
}
