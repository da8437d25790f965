package bench

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/custom"
	"reterminal-vision/app/library"
	"reterminal-vision/inference"
	"reterminal-vision/models"
)

const profileUsage = `Usage: reterminal-vision bench profile MODEL [flags]

Tells how long each operator of a network takes; MODEL is an ID of the catalogue
or a file. An operator in a delegate goes by the delegate's name for it.

Flags:
`

// Profiled is where the time of a network goes.
type Profiled struct {
	Model    string             `json:"model"`
	Delegate inference.Delegate `json:"delegate"`
	Threads  int                `json:"threads"`
	Runs     int                `json:"runs"`
	// Operators in the order they run.
	Operators []inference.OperatorTime `json:"operators"`
	Placement inference.Placement      `json:"placement"`
}

// Total is the time of all operators.
func (p Profiled) Total() (sum time.Duration) {
	for _, op := range p.Operators {
		sum += op.Median
	}
	return sum
}

// Profile measures the operators of the network in the file. An external
// delegate is tried in another process first.
func Profile(ctx context.Context, file string, opt inference.Options, runs int) (p Profiled, err error) {
	p = Profiled{Model: file, Delegate: opt.Delegate, Threads: opt.Threads, Runs: runs}
	var said string
	if _, external := opt.Delegate.External(); external {
		placed, err := backend.Probe(ctx, file, opt)
		if err != nil {
			return p, err
		}
		said = placed.Said
	}
	p.Operators, p.Placement, p.Runs, err = inference.Profile(ctx, file, opt, runs)
	if said != "" { // in the trial, where what it prints is caught, too
		p.Placement.Said = said
	}
	return p, err
}

// ModelFile is the file of a model of the catalogue, or the file named.
func ModelFile(store *models.Store, name string) (string, error) {
	if m := library.Catalogue().Model(name); m != nil {
		return store.Find(m)
	}
	if _, err := custom.Inspect(name); err != nil {
		return "", fmt.Errorf("no model %q in the catalogue (see 'models list'), and as a file: %w", name, err)
	}
	return name, nil
}

func profileCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opt := inference.Options{Delegate: inference.XNNPACK}
	fs := cli.NewFlags("bench profile", profileUsage, stderr)
	cli.DelegateFlag(fs, &opt.Delegate)
	fs.BoolVar(&opt.NoOptimize, "as-is", false, "the network as it is in its file, with the work that changes nothing")
	fs.IntVar(&opt.Threads, "threads", 1, "inference threads")
	folder := fs.String("models-dir", "", "folder with the models")
	runs := fs.Int("runs", 50, "how often the network runs; the median counts")
	top := fs.Int("top", 10, "how many of the slowest operators are listed; 0 lists all, as they run")
	asJSON := fs.Bool("json", false, "all operators as JSON")
	name, err := cli.ParseWord(fs, args, func() error { return cli.Usagef("bench profile: name one model, by ID or file") })
	if err != nil {
		return err
	}
	if opt.Threads < 1 || opt.Threads > 64 || *runs < 1 || *top < 0 {
		return cli.Usagef("bench profile: choose 1 to 64 threads, and at least one run")
	}
	file, err := ModelFile(library.OpenStore(*folder), name)
	if err != nil {
		return err
	}
	if stdout, err = backend.Output(opt.Delegate, stdout); err != nil {
		return err
	}
	p, err := Profile(ctx, file, opt, *runs)
	if err != nil {
		return err
	}
	if *asJSON {
		return cli.PrintJSON(stdout, p)
	}
	return p.print(stdout, *top)
}

func (p Profiled) print(stdout io.Writer, top int) error {
	fmt.Fprintf(stdout, "%s on %s, %d threads: %.2f ms in %d operators\n", p.Model, p.Delegate, p.Threads, Millis(p.Total()), len(p.Operators))
	if n := len(p.Placement.Nodes); n > 0 {
		fmt.Fprintf(stdout, "the delegate runs %d of %d operators, in %d parts\n", p.Placement.Delegated(), n, p.Placement.Partitions)
		for _, kind := range p.Placement.Left() {
			fmt.Fprintf(stdout, "on built-in kernels: %d %s\n", kind.Count, kind.Name)
		}
		if p.Placement.Said != "" {
			fmt.Fprintf(stdout, "told while it was laid out: %s\n", p.Placement.Said)
		}
	}
	ops := p.Operators
	if top > 0 {
		ops = inference.Slowest(ops, top)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ms\tshare\toperator\tin the graph\tkernels")
	for _, op := range ops {
		at, kernels := "-", "built-in"
		if op.Index >= 0 {
			at = fmt.Sprint(op.Index)
		}
		if op.Delegated {
			kernels = "delegate"
		}
		fmt.Fprintf(w, "%.3f\t%.1f %%\t%s\t%s\t%s\n", Millis(op.Median), 100*op.Share, op.Name, at, kernels)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "\nby kind of operator")
	w = tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, kind := range inference.ByName(p.Operators) {
		fmt.Fprintf(w, "%.3f ms\t%.1f %%\t%d %s\n", Millis(kind.Time), 100*kind.Share, kind.Count, kind.Name)
	}
	return w.Flush()
}
