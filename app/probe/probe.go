// Package probe runs what may crash or hang the program in another process of
// the same program: a model file, or a delegate that a library brings.
//
// In: the arguments with which the program runs itself, and a value that the
// process reads. Out: a value that it writes, or how it ended. It imports
// nothing of ours; app and its packages may import it.
package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Late tells that the process was not done in time, and was ended.
type Late struct{ Limit time.Duration }

func (l Late) Error() string { return fmt.Sprintf("it was not done after %v", l.Limit) }

// Died tells that the process came to an end that it did not choose.
type Died struct{ Why string } // as "SIGSEGV: segmentation violation"

func (d Died) Error() string { return "it crashed (" + d.Why + ")" }

// Failed is the message with which the process gave up.
type Failed string

func (f Failed) Error() string { return string(f) }

// maxTold is how much of what a process writes is read.
const maxTold = 1 << 20

// Run runs this program anew with args; it reads in and writes out, both JSON.
// Log is what it wrote to standard error. A process that takes longer than
// limit is ended. Errors are a Late, a Died, a Failed, that of ctx, or say why
// no process could be started.
func Run(ctx context.Context, limit time.Duration, args []string, in, out any) (log string, err error) {
	told, log, err := Told(ctx, limit, args, in)
	if err != nil {
		return log, err
	}
	if err := json.Unmarshal(told, out); err != nil {
		return log, fmt.Errorf("what it told cannot be understood: %w", err)
	}
	return log, nil
}

// Told is Run for a process that writes several values as it goes, of which
// there are some also when it did not come to its end.
func Told(ctx context.Context, limit time.Duration, args []string, in any) (values []byte, log string, err error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	text, err := json.Marshal(in)
	if err != nil {
		return nil, "", err
	}
	// The program that runs, even when a newer one lies in its place.
	cmd := exec.CommandContext(limited, "/proc/self/exe", args...)
	var told, said bounded
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &told, &said
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case limited.Err() != nil:
		err = Late{limit}
	case err != nil:
		err = ended(err, said.String())
	case told.Len() == 0: // a library called exit
		err = Died{cmd.ProcessState.String()}
	}
	return told.Bytes(), said.String(), err
}

// ended words how the process ended: with a message of its own, or not.
func ended(err error, log string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("it could not be started: %w: close other programs", err)
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if exit.ExitCode() == 1 && lines[0] != "" {
		return Failed(strings.TrimPrefix(lines[len(lines)-1], "reterminal-vision: "))
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "SIG") {
			return Died{line}
		}
	}
	return Died{exit.String()}
}

// Begin prepares the process itself: it ends by itself a while after limit,
// even when nobody waits any more, and goes first should memory run out. What
// it returns is to be called when the trial is over.
func Begin(limit time.Duration) (done func()) {
	late := time.AfterFunc(limit+time.Second, func() { os.Exit(1) })
	// Where that cannot be said, the app may go instead.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0o644)
	return func() { late.Stop() }
}

// Answer takes the process's standard output over for what it tells. What the
// library or a delegate prints there goes to standard error from then on.
func Answer() (*os.File, error) {
	fd, err := unix.Dup(1)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "answer"), nil
}

// bounded keeps the first part of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := maxTold - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
