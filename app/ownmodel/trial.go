package ownmodel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"reterminal-vision/app/probe"
	"reterminal-vision/inference/tasks"
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
	if tasks.Of(t.Model.Task) == nil {
		return nil, fmt.Errorf("trial: task %q is not known", t.Model.Task)
	}
	t.Model.Names = t.Labels
	return &t.Model, nil
}

// try runs the model once in another process, so that a model which brings the
// library down brings nothing else down.
func try(ctx context.Context, file string, t Trial) (ran Ran, err error) {
	_, err = probe.Run(ctx, TrialLimit, []string{TrialCommand, file}, t, &ran)
	var late probe.Late
	var died probe.Died
	switch {
	case errors.Is(err, context.DeadlineExceeded): // of whoever waits
		err = errors.New("it was not done in time: choose a smaller network")
	case errors.As(err, &late):
		err = fmt.Errorf("%w: choose a smaller network", err)
	case errors.As(err, &died):
		err = fmt.Errorf("it brought the TensorFlow Lite library down (%s): convert it anew, or choose another", died.Why)
	}
	return ran, err
}
