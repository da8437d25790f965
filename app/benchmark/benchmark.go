// Package benchmark times networks: one model file on one backend and number of
// threads at a time, each in a process of its own, so that a delegate or a
// network which brings that down never takes the app down.
//
// In: model files with what the catalogue knows of them. Out: Records, which it
// also compares (Gains), keeps (History) and writes as CSV and JSON. It imports
// app/probe, app/device, app/durable, app/custom, inference and models; app
// may import it.
package benchmark

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"reterminal-vision/app/custom"
	"reterminal-vision/app/device"
	"reterminal-vision/app/probe"
	"reterminal-vision/inference"
	"reterminal-vision/models"
)

// Subject is a network to measure.
type Subject struct {
	ID       string
	Title    string
	Family   string // networks of one family are one network in several variants
	Variant  string // one of models.Variants
	Task     string // as the catalogue names it; "" for a file that it does not know
	File     string // path
	Bytes    int64
	SHA256   string            // of the file
	Accuracy []models.Accuracy // the most telling first; none where it is not known
}

// Of is a network of the catalogue whose file lies at path, "" for one that is
// only listed.
func Of(m *models.Model, path string) Subject {
	s := Subject{ID: m.ID, Title: m.Title, Family: cmp.Or(m.Family, m.ID), Variant: m.Variant, Task: m.Task, File: path, Bytes: m.Size, SHA256: m.SHA256, Accuracy: m.Accuracy}
	if s.Variant == "" && path != "" { // imported before variants were told
		if d, err := custom.Inspect(path); err == nil {
			s.Variant = d.Variant
		}
	}
	return s
}

// OfFile is a network that the catalogue does not know.
func OfFile(id, path string) (Subject, error) {
	d, err := custom.Inspect(path)
	if err != nil {
		return Subject{}, err
	}
	return Subject{ID: id, Title: id, Family: id, Variant: d.Variant, File: path, Bytes: d.Size, SHA256: d.SHA256}, nil
}

// Effort is how much is done for a figure.
type Effort struct {
	Rounds int           `json:"rounds"` // times the network is loaded and run anew; the spread is between them
	Each   time.Duration `json:"each"`   // least time of a round's runs
	Runs   int           `json:"runs"`   // least number of them, unless they take longer than Most
	Most   time.Duration `json:"most"`
}

// Usual takes a second or two for a small network.
var Usual = Effort{Rounds: 3, Each: 300 * time.Millisecond, Runs: 20, Most: 4 * time.Second}

// Limit is the longest that one measurement may take.
const Limit = 2 * time.Minute

// Spread is a time in milliseconds: the median of the rounds, and the least and
// the greatest of them.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Record is one measurement, or the reason why there is none.
type Record struct {
	Run     time.Time `json:"run"`  // when the run began that it is part of
	Date    time.Time `json:"date"` // when it was measured
	Device  string    `json:"device"`
	App     string    `json:"app"`     // version of this program; "" when it was built without one
	Library string    `json:"library"` // version of TensorFlow Lite

	Model    string            `json:"model"`
	Title    string            `json:"title"`
	Family   string            `json:"family"`
	Variant  string            `json:"variant"`
	Task     string            `json:"task,omitempty"`
	Bytes    int64             `json:"bytes"`
	SHA256   string            `json:"sha256,omitempty"`
	Accuracy []models.Accuracy `json:"accuracy,omitempty"`
	Backend  string            `json:"backend"`
	Threads  int               `json:"threads"`

	Found
	Heat Heat `json:"heat"`
	// Failed says why there are no figures; "" when there are.
	Failed string `json:"failed,omitempty"`
	hung   bool   // for that it took too long
}

// Hung reports whether there are no figures because the time was over.
func (r *Record) Hung() bool { return r.hung }

// hang is the error of a measurement whose time was over.
type hang struct{ error }

// Found is what running the network told. Times are milliseconds.
type Found struct {
	Load   Spread  `json:"load_ms"`         // from the file to tensors laid out
	First  Spread  `json:"first_invoke_ms"` // the first run, in which caches are cold and weights packed
	Invoke Spread  `json:"invoke_ms"`       // the median of all runs after it, and of those of the quickest and slowest round
	P95    float64 `json:"invoke_p95_ms"`
	Rounds int     `json:"rounds"`
	Runs   int     `json:"runs"` // in all rounds
	// P95Low and P95High are the p95 of the quickest and of the slowest round; 0
	// in histories of before they were told.
	P95Low  float64 `json:"invoke_p95_low"`
	P95High float64 `json:"invoke_p95_high"`
	// Memory is that of the first round: what a round frees, later ones take again.
	RSS float64 `json:"rss_mb"`         // resident of the process, MiB
	Net float64 `json:"network_rss_mb"` // what the network added to it
}

// FPS is how many pictures a second the network takes; 0 without figures.
func (r *Record) FPS() float64 {
	if r.Invoke.Median <= 0 {
		return 0
	}
	return 1000 / r.Invoke.Median
}

// Heat is how the machine did meanwhile. What it does not tell is nil.
type Heat struct {
	Before    *float64 `json:"celsius_before"`
	After     *float64 `json:"celsius_after"`
	Most      *float64 `json:"celsius_most"`
	Slowest   *float64 `json:"mhz_least"`
	Fastest   *float64 `json:"mhz_most"`
	Throttled *bool    `json:"throttled"` // whether the firmware slowed it down at any time
}

// Machine is what does the work.
type Machine struct {
	Device *device.Device
	App    string        // version of this program
	Limit  time.Duration // of one measurement; 0 stands for Limit
	AsIs   bool          // networks as they are in their files, to compare with what others measure
}

// Measure measures a network in another process. The error is that ctx ended;
// what is wrong with the network or the backend is in the record.
func (m Machine) Measure(ctx context.Context, run time.Time, s Subject, backend string, threads int, effort Effort) (Record, error) {
	r := m.record(run, s, backend, threads)
	heat := watch(m.Device)
	found, err := m.child(ctx, order{File: s.File, Backend: backend, Threads: threads, AsIs: m.AsIs, Effort: effort})
	r.Heat = heat()
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err != nil {
		r.Failed = err.Error()
		_, r.hung = err.(hang)
		return r, nil
	}
	r.Found = found
	return r, nil
}

// Skip is the record of a measurement that is not made.
func (m Machine) Skip(run time.Time, s Subject, backend string, threads int, why string) Record {
	r := m.record(run, s, backend, threads)
	r.Failed = why
	return r
}

// record is one without figures.
func (m Machine) record(run time.Time, s Subject, backend string, threads int) Record {
	return Record{
		Run: run, Date: time.Now().Round(time.Second), Device: m.Device.Name(), App: m.App, Library: inference.LibraryVersion(),
		Model: s.ID, Title: s.Title, Family: s.Family, Variant: s.Variant, Task: s.Task, Bytes: s.Bytes, SHA256: s.SHA256, Accuracy: s.Accuracy,
		Backend: backend, Threads: threads,
	}
}

// child has another process do it.
func (m Machine) child(ctx context.Context, o order) (Found, error) {
	limit := cmp.Or(m.Limit, Limit)
	out, _, err := probe.Told(ctx, limit, []string{Command}, o)
	at, found := "was started", (*Found)(nil)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var w word
		if dec.Decode(&w) != nil {
			break
		}
		if w.Begins != "" {
			at = w.Begins
		}
		if w.Found != nil {
			found = w.Found
		}
	}
	var late probe.Late
	var died probe.Died
	switch {
	case errors.As(err, &late):
		return Found{}, hang{fmt.Errorf("%s was not done after %v, when it %s: choose another backend or a smaller network", o.Backend, limit, at)}
	case errors.As(err, &died):
		return Found{}, fmt.Errorf("%s brought its process down when it %s (%s): choose another backend or convert the network anew", o.Backend, at, died.Why)
	case err != nil:
		return Found{}, err
	case found == nil || found.Invoke.Median <= 0:
		return Found{}, fmt.Errorf("%s ended its process before it was done, when it %s: choose another backend", o.Backend, at)
	}
	return *found, nil
}

// watchEvery is how often the machine is asked how it does; its answer costs it
// a millisecond.
const watchEvery = 200 * time.Millisecond

// watch looks after the machine until the function is called, which tells how
// it did.
func watch(d *device.Device) func() Heat {
	stop, ended := make(chan struct{}), make(chan struct{})
	heat := Heat{}
	heat.Before = heat.look(d, false) // its clock rests yet
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(watchEvery):
				heat.look(d, true)
			}
		}
	}()
	return func() Heat {
		close(stop)
		<-ended
		heat.After = heat.look(d, false)
		return heat
	}
}

// look takes note of how the machine does, of its clock only while it is busy, and
// returns how warm it is, nil where it does not tell.
func (h *Heat) look(d *device.Device, busy bool) *float64 {
	now := d.Health()
	if f := now.Frequency; f.Known && busy {
		if h.Slowest == nil || f.Number < *h.Slowest {
			h.Slowest = &f.Number
		}
		if h.Fastest == nil || f.Number > *h.Fastest {
			h.Fastest = &f.Number
		}
	}
	if t := now.Throttling; t.Known {
		slowed := t.Now.Any() || h.Throttled != nil && *h.Throttled
		h.Throttled = &slowed
	}
	t := now.Temperature
	if !t.Known {
		return nil
	}
	if h.Most == nil || t.Number > *h.Most {
		h.Most = &t.Number
	}
	return &t.Number
}
