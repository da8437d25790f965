package supervise

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Crash is an end of the program that it had not announced, or a restart that
// it asked for since something in it hung.
type Crash struct {
	At    time.Time     `json:"at"`
	After time.Duration `json:"after"`          // from its start
	How   string        `json:"how"`            // in one line
	Demo  string        `json:"demo,omitempty"` // that ran
	Log   string        `json:"log,omitempty"`  // the last lines before it
}

// Before is what a program that is started again has to know.
type Before struct {
	Demo    string  `json:"demo,omitempty"`    // to go on with
	Crashes []Crash `json:"crashes,omitempty"` // of the last minutes, oldest first
	Safe    bool    `json:"safe,omitempty"`    // there were too many: nothing that may crash again is to be started
}

// Last is the newest crash, nil for none.
func (b *Before) Last() *Crash {
	if len(b.Crashes) == 0 {
		return nil
	}
	return &b.Crashes[len(b.Crashes)-1]
}

// Text is the report for a file.
func (b *Before) Text() string {
	var text strings.Builder
	for _, c := range b.Crashes {
		fmt.Fprintf(&text, "%s: %s, %v after the start, demo %q\n%s\n\n", c.At.Format(time.RFC3339), c.How, c.After.Round(time.Second), c.Demo, c.Log)
	}
	return text.String()
}

// headlines begin the line in which Go's runtime says why it ends.
var headlines = []string{"panic: ", "fatal error: ", "SIGSEGV: ", "SIGABRT: ", "SIGBUS: ", "SIGILL: ", "SIGFPE: ", "SIGTRAP: ", "unexpected fault address", "runtime: out of memory"}

// headline finds that line in the end of a log; -1 without one.
func headline(lines []string) int {
	for i, line := range lines {
		for _, h := range headlines {
			if strings.HasPrefix(line, h) {
				return i
			}
		}
	}
	return -1
}

// how says in one line why a process has ended.
func how(state *os.ProcessState, log string) string {
	lines := strings.Split(log, "\n")
	if i := headline(lines); i >= 0 {
		return lines[i]
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return state.String()
}

// excerptLines is how many lines of a log a report has.
const excerptLines = 14

// excerpt is the end of a log, without the stacks that Go's runtime prints.
func excerpt(log string) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	if i := headline(lines); i >= 0 {
		lines = lines[:min(i+3, len(lines))]
	}
	return strings.Join(lines[max(0, len(lines)-excerptLines):], "\n")
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

const tailSize = 256 << 10 // stacks of a hundred goroutines, and what was said before

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// String is the end, from the beginning of a line.
func (t *tail) String() string {
	kept := t.kept
	if len(kept) == tailSize {
		if _, rest, ok := bytes.Cut(kept, []byte("\n")); ok {
			kept = rest
		}
	}
	return string(kept)
}
