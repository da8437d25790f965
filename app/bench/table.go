package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/device"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/library"
	"reterminal-vision/app/paths"
	"reterminal-vision/inference"
	"reterminal-vision/models"
)

const tableUsage = `Usage: reterminal-vision bench table [flags]

Measures every network on this device, alone, each in a process of its own, on
every backend and number of threads, and prints a table: median ms of a run, the
most FPS, and what 8 bits and pruning are worth. Figures are kept in the history
that the Benchmark page shows.

Flags:
`

// tableOptions are what bench table is asked for.
type tableOptions struct {
	cfg       config.Config
	models    []string // IDs or files; empty for all
	backends  []string
	threads   []int
	json, csv string
	markdown  string
	limit     time.Duration
}

func benchTable(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o tableOptions
	fs := cli.NewFlags("bench table", tableUsage, stderr)
	fs.StringVar(&o.cfg.ModelsDir, "models-dir", "", "folder with models; those in it that the catalogue does not know are measured, too")
	fs.Func("models", "only these, by ID or file, comma-separated", func(s string) error { o.models = listed(s); return nil })
	backends := fs.String("backends", "builtin,xnnpack", "backends, comma-separated: "+inference.DelegateChoices)
	threads := fs.String("threads", "1,2", "numbers of threads, comma-separated")
	fs.StringVar(&o.json, "json", "", "write the figures to this `file`; those that it has already are not measured again")
	fs.StringVar(&o.csv, "csv", "", "write the figures as CSV to this `file`")
	fs.StringVar(&o.markdown, "markdown", "", "write the tables into this `file`, between its lines <!-- table --> and <!-- end of table -->, or make it")
	fs.DurationVar(&o.limit, "for", 0, "stop after so long, as in 50s; with --json the same command goes on from there")
	if err := cli.Parse(fs, args); err != nil {
		return err
	}
	for _, b := range ListedBackends(*backends) {
		d, err := inference.ParseDelegate(b)
		if err != nil {
			return cli.UsageError{Err: err}
		}
		o.backends = append(o.backends, string(d))
	}
	for _, n := range listed(*threads) {
		v, err := strconv.Atoi(n)
		if err != nil || v < 1 || v > 64 {
			return cli.Usagef("--threads %q: give numbers from 1 to 64, as in 1,2,4", *threads)
		}
		o.threads = append(o.threads, v)
	}
	return o.run(ctx, stdout, stderr)
}

// ListedBackends are the parts of a list with commas, of which options of an
// external delegate may have some, too.
func ListedBackends(list string) (all []string) {
	for _, part := range listed(list) {
		_, err := inference.ParseDelegate(part)
		if last := len(all) - 1; err != nil && last >= 0 && strings.Contains(all[last], "?") {
			all[last] += "," + part
			continue
		}
		all = append(all, part)
	}
	return all
}

// listed are the parts of a list with commas.
func listed(list string) (all []string) {
	for _, w := range strings.Split(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

func (o *tableOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	chosen, err := o.subjects()
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return errors.New("there is no model to measure: run: reterminal-vision models list")
	}
	before, err := ReadRecords(o.json)
	if err != nil {
		return err
	}
	plan, known, others := o.plan(chosen, before)
	if o.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.limit, errEnough)
		defer cancel()
	}
	run := time.Now().Round(time.Second)
	if len(known) > 0 { // what was broken off is one run
		run = known[0].Run
	}
	all := len(known) + len(plan)
	save := func() error { return o.write(sortRecords(slices.Concat(others, known), chosen)) }
	var lost error // of the history, which is told once
	err = MeasurePlan(ctx, run, plan, func(done int, j Job) {
		fmt.Fprintf(stderr, "%d of %d: %s on %s\n", done+1, len(plan), j.Subject.ID, benchmark.On(j.Backend, j.Threads))
	}, func(r benchmark.Record) error {
		if r.Failed != "" {
			fmt.Fprintln(stderr, "failed:", r.Failed)
		}
		if err := KeepRecord(r); err != nil && lost == nil {
			lost = err
			slog.Warn("history", "error", err)
		}
		known = append(known, r)
		return save() // whatever ends the program, this is done
	})
	enough := errors.Is(err, errEnough)
	if err != nil && !enough {
		return err
	}
	if err := save(); err != nil { // of what was measured before, in a new form
		return err
	}
	if enough {
		fmt.Fprintf(stdout, "%d of %d are measured; the same command goes on\n", len(known), all)
		return nil
	}
	return printRecords(stdout, sortRecords(known, chosen))
}

// errEnough ends a table after the time that was asked for.
var errEnough = errors.New("the time is over")

// subjects are the networks to measure.
func (o *tableOptions) subjects() ([]benchmark.Subject, error) {
	all, err := subjectsOf(library.Catalogue(), library.OpenStore(o.cfg.ModelsDir), o.cfg.ModelsDir)
	if err != nil || len(o.models) == 0 {
		return all, err
	}
	var chosen []benchmark.Subject
	for _, wanted := range o.models {
		at := slices.IndexFunc(all, func(s benchmark.Subject) bool { return s.ID == wanted })
		if at >= 0 {
			chosen = append(chosen, all[at])
			continue
		}
		s, err := benchmark.OfFile(strings.TrimSuffix(filepath.Base(wanted), ".tflite"), wanted)
		if err != nil {
			return nil, cli.Usagef("no model %q here: name one of 'models list', or a .tflite file (%v)", wanted, err)
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

// presentSubjects are all networks of the catalogue whose files are here and
// sound. The error tells which are here and not sound.
func presentSubjects(known *models.Catalogue, store *models.Store) (all []benchmark.Subject, err error) {
	for i := range known.Models {
		m := &known.Models[i]
		path, bad := store.Find(m)
		if bad == nil {
			all = append(all, benchmark.Of(m, path))
		} else if !errors.Is(bad, fs.ErrNotExist) {
			err = errors.Join(err, bad)
		}
	}
	return all, err
}

// subjectsOf are those of the catalogue, then those of a folder that it does
// not know.
func subjectsOf(known *models.Catalogue, store *models.Store, folder string) ([]benchmark.Subject, error) {
	all, err := presentSubjects(known, store)
	if err != nil {
		slog.Warn("models are left out", "error", err)
	}
	if folder == "" {
		return all, nil
	}
	files := map[string]bool{}
	for _, m := range known.Models {
		files[m.File] = true
	}
	more, err := filepath.Glob(filepath.Join(folder, "*.tflite"))
	for _, path := range more {
		if files[filepath.Base(path)] {
			continue
		}
		s, err := benchmark.OfFile(strings.TrimSuffix(filepath.Base(path), ".tflite"), path)
		if err != nil {
			slog.Warn("model left out", "error", err)
			continue
		}
		all = append(all, s)
	}
	return all, err
}

// Job is one measurement to make.
type Job struct {
	Subject benchmark.Subject
	Backend string
	Threads int
}

// JobsOf are the ways to run a network, but that plain loops have one thread,
// however many are allowed.
func JobsOf(s benchmark.Subject, backends []string, threads []int) (jobs []Job) {
	for _, b := range backends {
		for i, n := range threads {
			if i == 0 || b != string(inference.Reference) {
				jobs = append(jobs, Job{s, b, n})
			}
		}
	}
	return jobs
}

// same reports whether a record is of what the job measures, perhaps in an
// older state.
func (j Job) same(r *benchmark.Record, device string) bool {
	return r.Model == j.Subject.ID && r.Backend == j.Backend && r.Threads == j.Threads && r.Device == device
}

// done reports whether such a record is what the job would make.
func (j Job) done(r *benchmark.Record) bool {
	return r.Failed == "" && r.SHA256 == j.Subject.SHA256 && r.Library == inference.LibraryVersion()
}

// plan is what is still to be measured, what was, and records of anything else.
func (o *tableOptions) plan(chosen []benchmark.Subject, before []benchmark.Record) (plan []Job, known, others []benchmark.Record) {
	name := device.New().Name()
	others = slices.Clone(before)
	for _, s := range chosen {
		for _, j := range JobsOf(s, o.backends, o.threads) {
			at := slices.IndexFunc(others, func(r benchmark.Record) bool { return j.same(&r, name) })
			if at < 0 || !j.done(&others[at]) {
				plan = append(plan, j)
			} else {
				r := others[at]
				r.Accuracy = s.Accuracy // which may be measured anew
				known = append(known, r)
			}
			if at >= 0 {
				others = slices.Delete(others, at, at+1)
			}
		}
	}
	return plan, known, others
}

// MeasurePlan makes one measurement after the other; the error is the cause for
// which ctx ended, or that of made.
func MeasurePlan(ctx context.Context, run time.Time, plan []Job, begins func(done int, j Job), made func(benchmark.Record) error) error {
	return MeasureOn(ctx, benchmark.Machine{Device: device.New(), App: cli.Version()}, run, plan, begins, made)
}

// MeasureOn measures the plan on a machine, as MeasurePlan does on this one.
func MeasureOn(ctx context.Context, m benchmark.Machine, run time.Time, plan []Job, begins func(done int, j Job), made func(benchmark.Record) error) error {
	hung := map[string]string{} // external delegates, and with which network
	for i, j := range plan {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		begins(i, j)
		var r benchmark.Record
		if with, known := hung[j.Backend]; known { // which takes minutes each time
			r = m.Skip(run, j.Subject, j.Backend, j.Threads, fmt.Sprintf("%s is not tried again: it hung with %s", j.Backend, with))
		} else {
			var err error
			if r, err = m.Measure(ctx, run, j.Subject, j.Backend, j.Threads, benchmark.Usual); err != nil {
				return err
			}
			if _, external := inference.Delegate(j.Backend).External(); external && r.Hung() {
				hung[j.Backend] = j.Subject.ID
			}
		}
		if err := made(r); err != nil {
			return err
		}
	}
	return nil
}

// OpenHistory is where measurements are kept.
func OpenHistory() (*benchmark.History, error) {
	path, err := paths.Data("benchmarks.json")
	if err != nil {
		return nil, err
	}
	return &benchmark.History{Path: path}, nil
}

// KeepRecord adds a measurement to the history.
func KeepRecord(r benchmark.Record) error {
	h, err := OpenHistory()
	if err != nil {
		return err
	}
	return h.Add(r)
}

// ReadRecords reads what --json wrote before: nothing where there is no file.
func ReadRecords(file string) (all []benchmark.Record, err error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: name a file that bench table --json wrote, or a new one", file, err)
	}
	return all, nil
}

// sortRecords puts records in the order of the networks; those of other ones
// come first.
func sortRecords(all []benchmark.Record, order []benchmark.Subject) []benchmark.Record {
	at := func(r benchmark.Record) int {
		return slices.IndexFunc(order, func(s benchmark.Subject) bool { return s.ID == r.Model })
	}
	slices.SortStableFunc(all, func(a, b benchmark.Record) int { return at(a) - at(b) })
	return all
}

// printRecords prints the table and what the variants are worth.
func printRecords(w io.Writer, all []benchmark.Record) error {
	if err := benchmark.TableOf(all).Write(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, g := range benchmark.Gains(all) {
		fmt.Fprintf(w, "%s: %s\n", g.Family, g)
	}
	for i := range all {
		if r := &all[i]; r.Failed != "" {
			fmt.Fprintf(w, "%s on %s failed: %s\n", r.Model, benchmark.On(r.Backend, r.Threads), r.Failed)
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(w, "%s, TensorFlow Lite %s\n", all[0].Device, all[0].Library)
	}
	return nil
}

// write writes the files that were asked for.
func (o *tableOptions) write(all []benchmark.Record) error {
	save := func(file string, content func(io.Writer) error) error {
		if file == "" {
			return nil
		}
		if err := durable.Write(file, 0o644, content); err != nil {
			return fmt.Errorf("writing %s: %w", file, err)
		}
		return nil
	}
	return errors.Join(
		save(o.json, func(w io.Writer) error { return benchmark.WriteJSON(w, all) }),
		save(o.csv, func(w io.Writer) error { return benchmark.WriteCSV(w, all) }),
		save(o.markdown, func(w io.Writer) error { return writeMarkdown(w, o.markdown, all) }),
	)
}

// Lines of a document between which the tables stand.
const TableBegins, TableEnds = "<!-- table -->", "<!-- end of table -->"

// writeMarkdown writes the document anew, with the tables of these records.
func writeMarkdown(w io.Writer, file string, all []benchmark.Record) error {
	var b strings.Builder
	if err := benchmark.TableOf(all).Markdown(&b); err != nil {
		return err
	}
	if gains := benchmark.GainsTable(benchmark.Gains(all)); len(gains.Rows) > 0 {
		b.WriteString("\n")
		if err := gains.Markdown(&b); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(file)
	before, rest, found := strings.Cut(string(text), TableBegins)
	_, after, ends := strings.Cut(rest, TableEnds)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		before, after = "", "\n"
	case err != nil:
		return err
	case !found || !ends: // a document about something else
		return fmt.Errorf("it has no lines %s and %s: add them where the tables belong, or name a new file", TableBegins, TableEnds)
	}
	_, err = io.WriteString(w, before+TableBegins+"\n"+b.String()+TableEnds+after)
	return err
}
