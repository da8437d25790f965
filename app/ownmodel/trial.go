package ownmodel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"reterminal-vision/models"
)

// TrialCommand is the first argument with which the program runs itself to try
// a model; the file is the second. It reads a Trial and writes what it Ran.
const TrialCommand = "try-model"

// TrialLimit is the longest that a trial may take. Running a network once takes
// a second at most on the device, and loading a large one some more.
const TrialLimit = time.Minute

// Trial is what is tried: the entry as it would be in the catalogue, and its
// labels.
type Trial struct {
	Model  models.Model `json:"model"`
	Labels []string     `json:"labels"`
}

// Ran is what a trial found.
type Ran struct {
	Outputs []RanOutput `json:"outputs"`
}

// RanOutput is an output after the network ran.
type RanOutput struct {
	Name     string  `json:"name"`
	Shape    []int   `json:"shape"`
	DType    string  `json:"dtype"`
	Greatest float32 `json:"greatest"` // real number in it, 0 where that is not known
}

// ReadTrial reads what is to be tried.
func ReadTrial(r io.Reader) (*models.Model, error) {
	var t Trial
	if err := json.NewDecoder(r).Decode(&t); err != nil {
		return nil, fmt.Errorf("trial: %w", err)
	}
	t.Model.Names = t.Labels
	return &t.Model, nil
}

// maxTold is how much of what a trial writes is read.
const maxTold = 1 << 20

// try runs the model once in another process, so that a model which brings the
// library down brings nothing else down.
func try(ctx context.Context, file string, t Trial) (Ran, error) {
	ctx, cancel := context.WithTimeout(ctx, TrialLimit)
	defer cancel()
	text, err := json.Marshal(t)
	if err != nil {
		return Ran{}, err
	}
	// The program that runs, even when a newer one lies in its place.
	cmd := exec.CommandContext(ctx, "/proc/self/exe", TrialCommand, file)
	var out, log limited
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, &log
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Ran{}, fmt.Errorf("it was not done after %v: choose a smaller network", TrialLimit)
	case ctx.Err() != nil:
		return Ran{}, context.Cause(ctx)
	case err != nil:
		return Ran{}, failed(err, log.String())
	}
	var ran Ran
	if err := json.Unmarshal(out.Bytes(), &ran); err != nil {
		return Ran{}, fmt.Errorf("what it told cannot be understood: %w", err)
	}
	return ran, nil
}

// failed words how a trial ended: with a message of its own, or not.
func failed(err error, log string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("it could not be started: %w: close other programs", err)
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if exit.ExitCode() == 1 {
		return errors.New(strings.TrimPrefix(lines[len(lines)-1], "reterminal-vision: "))
	}
	why := exit.String()
	for _, line := range lines {
		if strings.HasPrefix(line, "SIG") {
			why, _, _ = strings.Cut(line, "\n")
			break
		}
	}
	return fmt.Errorf("it brought the TensorFlow Lite library down (%s): convert it anew, or choose another", why)
}

// limited keeps the first part of what is written to it.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxTold - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
