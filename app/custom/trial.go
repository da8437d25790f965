package custom

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

// ProbeCommand is the first argument with which the program runs itself to try
// a model; the file is the second. It reads a Trial and writes what it Ran.
const ProbeCommand = "try-model"

// ProbeLimit is the longest that a probe may take. Running a network once takes
// a second at most on the device, and loading a large one some more.
const ProbeLimit = time.Minute

// Probe is what is probed: the entry as it would be in the catalogue, and its
// labels.
type Probe struct {
	Model  models.Model `json:"model"`
	Labels []string     `json:"labels"`
}

// ProbeResult is what a probe found.
type ProbeResult struct {
	Outputs []ProbedOutput `json:"outputs"`
}

// ProbedOutput is an output after the network ran.
type ProbedOutput struct {
	Name     string  `json:"name"`
	Shape    []int   `json:"shape"`
	DType    string  `json:"dtype"`
	Greatest float32 `json:"greatest"` // real number in it, 0 where that is not known
}

// ReadProbe reads what is to be probed.
func ReadProbe(r io.Reader) (*models.Model, error) {
	var t Probe
	if err := json.NewDecoder(r).Decode(&t); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if tasks.Of(t.Model.Task) == nil {
		return nil, fmt.Errorf("probe: task %q is not known", t.Model.Task)
	}
	t.Model.Names = t.Labels
	return &t.Model, nil
}

// probeModel runs the model once in another process, so that a model which brings the
// library down brings nothing else down.
func probeModel(ctx context.Context, file string, t Probe) (ran ProbeResult, err error) {
	_, err = probe.Run(ctx, ProbeLimit, []string{ProbeCommand, file}, t, &ran)
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
