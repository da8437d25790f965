package benchmark

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/models"
)

// sample is a record of a made-up network, as quick as it is told.
func sample(run int, family, variant string, milliseconds float64) Record {
	begun := time.Date(2026, 11, 26, 10, run, 0, 0, time.UTC)
	return Record{
		Run: begun, Date: begun.Add(time.Second), Device: "test", Library: "2.17.1", Model: family + "_" + variant, Family: family, Title: family,
		Variant: variant, Bytes: 1_000_000, Backend: "xnnpack", Threads: 1,
		Found: Found{Invoke: Spread{milliseconds, .99 * milliseconds, 1.01 * milliseconds}, P95: 1.1 * milliseconds, Rounds: 3, Runs: 60},
	}
}

func TestHistory(t *testing.T) {
	h := &History{Path: filepath.Join(t.TempDir(), "deep", "benchmarks.json"), most: 5}
	check := func(want ...string) {
		t.Helper()
		all, err := h.Read()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, run := range Runs(all) {
			for _, r := range run {
				got = append(got, r.Run.Format("4")+r.Family)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("kept %v, want %v", got, want)
		}
	}
	add := func(all ...Record) {
		t.Helper()
		if err := h.Add(all...); err != nil {
			t.Fatal(err)
		}
	}
	check()
	add(sample(1, "a", "fp32", 1), sample(1, "b", "fp32", 2))
	add(sample(2, "a", "fp32", 1), sample(2, "b", "fp32", 2))
	check("2a", "2b", "1a", "1b")
	add(sample(3, "a", "fp32", 1), sample(3, "b", "fp32", 2)) // the oldest run goes, whole
	check("3a", "3b", "2a", "2b")
	if err := h.Forget(sample(2, "", "", 1).Run); err != nil {
		t.Fatal(err)
	}
	check("3a", "3b")
	var long []Record
	for _, family := range []string{"c", "d", "e", "f", "g", "h", "i"} {
		long = append(long, sample(4, family, "fp32", 1))
	}
	add(long...)
	check("4e", "4f", "4g", "4h", "4i")
	if info, err := os.Stat(h.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestHistorySideBySide has several add at once.
func TestHistorySideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "benchmarks.json")
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			if err := (&History{Path: path}).Add(sample(n, "a", "fp32", 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if all, err := (&History{Path: path}).Read(); len(all) != 8 || err != nil {
		t.Errorf("%d kept, %v", len(all), err)
	}
}

// TestDamagedHistory keeps what cannot be understood, says so once, and goes on.
func TestDamagedHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "benchmarks.json")
	h := &History{Path: path}
	var damaged *DamagedError
	damage := func() {
		t.Helper()
		if err := os.WriteFile(path, []byte(`[{"run": "yes`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damage()
	if _, err := h.Read(); !errors.As(err, &damaged) || !strings.Contains(err.Error(), path+".damaged") {
		t.Errorf("read: %v", err)
	}
	if text, err := os.ReadFile(path + ".damaged"); err != nil || string(text) != `[{"run": "yes` {
		t.Errorf("set aside: %q, %v", text, err)
	}
	if all, err := h.Read(); len(all) != 0 || err != nil {
		t.Errorf("then: %v, %v", all, err)
	}
	damage()
	if err := h.Add(sample(1, "a", "fp32", 1)); !errors.As(err, &damaged) {
		t.Errorf("add: %v", err)
	}
	if all, err := h.Read(); len(all) != 1 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

// TestHistoryOnAFullDisk keeps what was there.
func TestHistoryOnAFullDisk(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("wants a small disk, but mounting a tmpfs failed: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	h := &History{Path: filepath.Join(folder, "benchmarks.json")}
	if err := h.Add(sample(1, "a", "fp32", 1)); err != nil {
		t.Fatal(err)
	}
	var many []Record
	for range 200 {
		many = append(many, sample(2, "b", "fp32", 1))
	}
	err := h.Add(many...)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "delete models") {
		t.Error(err)
	}
	if all, err := h.Read(); len(all) != 1 || err != nil {
		t.Errorf("%d are left, %v", len(all), err)
	}
	if files, _ := filepath.Glob(filepath.Join(folder, ".bench*-*")); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestGains(t *testing.T) {
	figure := func(r Record, bytes int64, value float64, less bool) Record {
		r.Bytes, r.Accuracy = bytes, []models.Accuracy{{Figure: "age", Value: value, Less: less}}
		return r
	}
	failed := sample(1, "a", "fp16", 1)
	failed.Failed = "it crashed"
	all := []Record{
		figure(sample(1, "a", "fp32", 10), 1000, 6, true), figure(sample(1, "a", "int8", 4), 250, 6.5, true),
		sample(1, "a", "sparse", 10.1), failed,
		sample(1, "b", "fp16", 6), sample(1, "b", "sparse", 3), sample(1, "c", "int8", 1),
	}
	other := sample(1, "c", "fp32", 5)
	other.Threads = 2 // not to be compared with one thread
	var got []string
	for _, g := range Gains(append(all, other)) {
		got = append(got, g.Family+": "+g.String())
	}
	want := []string{
		"a: int8 on xnnpack, 1 thread: 2.50 times as fast as fp32, 25 % of its size, age -0.500",
		"a: sparse on xnnpack, 1 thread: 0.99 times as fast as fp32 (within the spread), 100000 % of its size",
		"b: sparse on xnnpack, 1 thread: 2.00 times as fast as fp16, 100 % of its size",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if table := GainsTable(Gains(all)); len(table.Rows) != 3 || len(table.Rows[0]) != len(table.Head) {
		t.Errorf("%+v", table)
	}
}

func TestTable(t *testing.T) {
	slow, failed := sample(1, "a", "fp32", 20), sample(1, "b", "int8", 0)
	slow.Backend, slow.Threads = "builtin", 2
	failed.Failed, failed.Found = "it crashed", Found{}
	table := TableOf([]Record{slow, sample(1, "a", "fp32", 10), failed})
	var b strings.Builder
	if err := table.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	want := `| network | variant | kB | accuracy | builtin, 2 | xnnpack, 1 | best FPS | load | first | MiB |
|---|---|---|---|---|---|---|---|---|---|
| a_fp32 | fp32 | 1000 | – | 20.0 ±1 % | 10.0 ±1 % | 100 | 0.00 | 0.00 | 0.00 |
| b_int8 | int8 | 1000 | – |  | failed |  |  |  |  |
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestCSV(t *testing.T) {
	celsius, throttled := 51.5, false
	good, failed := sample(1, "a", "fp32", 10), sample(1, "b", "int8", 0)
	good.Heat = Heat{Before: &celsius, Throttled: &throttled}
	good.Accuracy = []models.Accuracy{{Figure: "vehicles, AP50", Value: .5}}
	failed.Failed = `it said "no", twice`
	var b bytes.Buffer
	if err := WriteCSV(&b, []Record{good, failed}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%v, %v", lines, err)
	}
	for name, want := range map[string][2]string{
		"model": {"a_fp32", "b_int8"}, "fps": {"100", ""}, "invoke p95": {"11", ""}, "accuracy": {"0.5", ""}, "accuracy of": {"vehicles, AP50", ""},
		"°C before": {"51.5", ""}, "°C after": {"", ""}, "throttled": {"false", ""}, "failed": {"", failed.Failed}, "run": {"2026-11-26T10:01:00Z", "2026-11-26T10:01:00Z"},
	} {
		at := -1
		for i, n := range lines[0] {
			if n == name {
				at = i
			}
		}
		if at < 0 || lines[1][at] != want[0] || lines[2][at] != want[1] {
			t.Errorf("%s: %q", name, want)
		}
	}
}

// The page's figures are of families that there are.
func TestPublished(t *testing.T) {
	families := map[string]bool{}
	for _, m := range models.Default().Models {
		families[m.Family] = true
	}
	for _, p := range PublishedFPS {
		if p.Family != "" && !families[p.Family] {
			t.Errorf("no family %q", p.Family)
		}
		if p.Family != "" && PublishedFor(p.Family, p.Variant) == nil {
			t.Errorf("%s, %s is not found", p.Family, p.Variant)
		}
	}
	if got := len(OtherPublished()); got != 8 {
		t.Errorf("%d figures are of no family", got)
	}
}
