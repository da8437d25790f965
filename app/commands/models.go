// Package commands are the commands of the program beside the app itself and the
// benchmark: cameras, doctor, kiosk, models and people.
//
// In: arguments. Out: text on standard output, errors with their remedies. It
// imports app/cli, app/config, app/custom, app/demo, app/doctor, app/kiosk,
// app/library, app/people, app/probe, app/roster and what they are about; app may
// import it.
package commands

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/custom"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/library"
	"reterminal-vision/app/probe"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/tasks"
	"reterminal-vision/models"
)

// Models runs "reterminal-vision models ARGS": here what needs networks, the rest
// in package models, which prints its own errors.
func Models(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "inspect":
			return inspectModel(args[1:], stdout, stderr)
		case "import":
			return importModel(ctx, args[1:], stdout, stderr)
		case "remove":
			return removeModel(args[1:], stdout, stderr)
		}
	}
	if code := models.Command(ctx, library.Catalogue(), library.OpenStore, args, stdout, stderr); code != cli.OK {
		return cli.ExitCode(code)
	}
	return nil
}

// modelWord reads flags before and after the one word of a models command.
func modelWord(fs *flag.FlagSet, args []string, what string) (string, error) {
	return cli.ParseWord(fs, args, func() error { return cli.Usagef("models: name one %s\n\n%s", what, models.Usage) })
}

func newModelFlags(name string, stderr io.Writer) *flag.FlagSet {
	fs := cli.NewFlags(name, models.Usage, stderr)
	fs.Usage = func() { fmt.Fprint(stderr, models.Usage) }
	return fs
}

func inspectModel(args []string, stdout, stderr io.Writer) error {
	fs := newModelFlags("inspect", stderr)
	asJSON := fs.Bool("json", false, "")
	file, err := modelWord(fs, args, "file")
	if err != nil {
		return err
	}
	d, err := custom.Inspect(file)
	if err != nil {
		return err
	}
	if *asJSON {
		return cli.PrintJSON(stdout, d)
	}
	return describe(stdout, d)
}

// describe writes the description for a person.
func describe(stdout io.Writer, d custom.Description) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "file\t%s\n", d.File)
	if d.Text != "" {
		fmt.Fprintf(w, "description\t%s\n", d.Text)
	}
	fmt.Fprintf(w, "size\t%.1f MiB, %.2f million parameters, %s\n", float64(d.Size)/(1<<20), float64(d.Parameters)/1e6, d.Precision)
	fmt.Fprintf(w, "work\tabout %.0f million multiplications a picture\n", float64(d.MACs)/1e6)
	for _, t := range d.Inputs {
		fmt.Fprintf(w, "input\t%v\n", t)
	}
	for _, t := range d.Outputs {
		fmt.Fprintf(w, "output\t%v\n", t)
	}
	var operators []string
	for _, op := range d.Operators {
		operators = append(operators, op.String())
	}
	fmt.Fprintf(w, "operators\t%s\n", strings.Join(operators, ", "))
	if len(d.Labels) > 0 {
		fmt.Fprintf(w, "labels\t%d are packed into the file\n", len(d.Labels))
	}
	for _, f := range d.Fits {
		sure := "fits"
		if !f.Sure {
			sure = "may fit"
		}
		fmt.Fprintf(w, "%s\t%s: %s\n", sure, f.Task, f.Why)
	}
	if d.Unfit != "" {
		fmt.Fprintf(w, "fits nothing\t%s\n", d.Unfit)
	}
	return w.Flush()
}

func importModel(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := newModelFlags("import", stderr)
	var c custom.Choice
	number := func(to *float32) func(string) error {
		return func(s string) error {
			var v float64
			if _, err := fmt.Sscanf(s, "%g", &v); err != nil {
				return errors.New("write a number, as in 127.5")
			}
			*to = float32(v)
			return nil
		}
	}
	fs.StringVar(&c.Task, "task", "", "")
	fs.StringVar(&c.Labels, "labels", "", "")
	fs.StringVar(&c.Title, "title", "", "")
	fs.StringVar(&c.Resize, "resize", "", "")
	fs.Func("mean", "", number(&c.Mean))
	fs.Func("std", "", number(&c.Std))
	fs.Func("threshold", "", number(&c.Threshold))
	file, err := modelWord(fs, args, "file")
	if err != nil {
		return err
	}
	if c.Task == "" {
		return cli.Usagef("models import: say with --task what the network does: %s", strings.Join(custom.Tasks(), ", "))
	}
	folder, err := library.ImportedFolder()
	if err != nil {
		return err
	}
	m, d, err := custom.Import(ctx, folder, file, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: imported as %q; open it with: reterminal-vision --demo %s\n", m.ID, d.Title, d.ID)
	return nil
}

func removeModel(args []string, stdout, stderr io.Writer) error {
	id, err := modelWord(newModelFlags("remove", stderr), args, "imported model")
	if err != nil {
		return err
	}
	folder, err := library.ImportedFolder()
	if err != nil {
		return err
	}
	if err := custom.Remove(folder, id); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: removed\n", id)
	return nil
}

// ProbeModel is the other process in which a model is tried before it is
// imported: it makes the task of it and shows it one grey picture.
func ProbeModel(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("name one file")
	}
	defer probe.Begin(custom.ProbeLimit)()
	model, err := custom.ReadProbe(stdin)
	if err != nil {
		return err
	}
	net, err := inference.Open(args[0], inference.Options{Threads: config.DefaultThreads(), Delegate: inference.XNNPACK})
	if err != nil {
		return err
	}
	task, err := demo.Build(config.Config{Raw: true}, &models.Demo{Task: tasks.Of(model.Task).Name}, model, net)
	if err != nil {
		return err
	}
	defer task.Close()
	if err := runOnce(task); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(whatRan(net))
}

// runOnce shows the task a grey picture.
func runOnce(task inference.Task) error {
	var pool frame.Pool
	frame := pool.Get(frame.RGB24, 320, 240)
	defer frame.Release()
	for i := range frame.Planes[0] {
		frame.Planes[0][i] = 128
	}
	in := task.NewInput()
	if err := task.Prepare(frame, in); err != nil {
		return err
	}
	return task.Run(frame, in, &inference.Result{Width: frame.Width, Height: frame.Height})
}

func whatRan(net *inference.Interpreter) (ran custom.ProbeResult) {
	for _, t := range net.Outputs {
		ran.Outputs = append(ran.Outputs, custom.ProbedOutput{
			Name: t.Name, Shape: t.Shape, DType: t.DType.String(), Greatest: greatest(t),
		})
	}
	return ran
}

// greatest is the largest real number of the tensor that is one and finite, or 0.
func greatest(t *inference.Tensor) (most float32) {
	if v, err := inference.View[float32](t); err == nil {
		for _, x := range v {
			if x > most && !math.IsInf(float64(x), 1) {
				most = x
			}
		}
		return most
	}
	if t.DType != inference.UInt8 && t.DType != inference.Int8 {
		return 0
	}
	for _, b := range t.Bytes() {
		q := int(b)
		if t.DType == inference.Int8 {
			q = int(int8(b))
		}
		most = max(most, t.Scale*float32(q-t.ZeroPoint))
	}
	return most
}
