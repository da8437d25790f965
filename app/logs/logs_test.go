package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func record(at time.Time, level slog.Level, message string, err error) slog.Record {
	r := slog.NewRecord(at, level, message, 0)
	if err != nil {
		r.AddAttrs(slog.Any("error", err))
	}
	return r
}

// A fault that stays is told a few times, then as a number; others are told
// meanwhile.
func TestFlood(t *testing.T) {
	var out bytes.Buffer
	h := New(&out, slog.LevelInfo, Text)
	start := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		at := start.Add(time.Duration(i) * 20 * time.Millisecond)
		if err := h.Handle(t.Context(), record(at, slog.LevelError, "frame failed", errors.New("not a number"))); err != nil {
			t.Fatal(err)
		}
	}
	_ = h.Handle(t.Context(), record(start.Add(time.Second), slog.LevelError, "frame failed", errors.New("another")))
	if n := strings.Count(out.String(), "not a number"); n != passes {
		t.Errorf("said %d times:\n%s", n, &out)
	}
	if !strings.Contains(out.String(), "another") {
		t.Error("another error was held back")
	}
	out.Reset()
	_ = h.WithAttrs([]slog.Attr{slog.String("a", "b")}).Handle(t.Context(), record(start.Add(window+time.Second), slog.LevelInfo, "anything", nil))
	if text := out.String(); !strings.Contains(text, "again=995") || !strings.Contains(text, "anything") || !strings.Contains(text, "a=b") {
		t.Errorf("after it: %s", text)
	}
	out.Reset()
	_ = h.Handle(t.Context(), record(start.Add(window+2*time.Second), slog.LevelError, "frame failed", errors.New("not a number")))
	if !strings.Contains(out.String(), "not a number") {
		t.Error("it is not told again in the next window")
	}
}

// A flood of different messages takes no more memory than is bounded.
func TestDifferentMessages(t *testing.T) {
	var out bytes.Buffer
	h := New(&out, slog.LevelInfo, JSON).(*limited)
	for i := range 10 * sameKept {
		_ = h.Handle(t.Context(), record(time.Now(), slog.LevelWarn, fmt.Sprint("message ", i), nil))
	}
	if len(h.said.of) > sameKept {
		t.Errorf("%d are kept", len(h.said.of))
	}
	for line := range strings.Lines(out.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
}

func TestParse(t *testing.T) {
	for name, want := range map[string]slog.Level{"debug": slog.LevelDebug, "INFO": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		if got, err := ParseLevel(name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := ParseLevel("loud"); err == nil {
		t.Error("loud is a level")
	}
	if CheckFormat("json") != nil || CheckFormat("xml") == nil {
		t.Error("formats")
	}
}
