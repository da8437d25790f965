package models

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

// Usage is what "models" understands.
const Usage = `Usage: reterminal-vision models COMMAND

  list [--json] [--dir DIR]        list models with their size and state
  fetch ID...|--all [--mirror MIRROR] [--dir DIR]
                                   download missing models
  verify [ID...] [--dir DIR]       check size and SHA-256 (default: all models)
  inspect FILE [--json]            show a .tflite file's tensors and matching tasks
  import FILE --task TASK [--labels LIST] [--title TITLE] [--mean M --std S]
         [--resize stretch|letterbox] [--threshold T]
                                   import it as a demo; LIST is a file with one label per
                                   line, or a built-in list such as coco, imagenet or voc
  remove ID                        remove an imported model and its demo

  --dir DIR        models folder
                   (default: $RTV_MODELS, else ~/.local/share/reterminal-vision/models)
  --mirror MIRROR  folder or https address to fetch from instead
`

// Exit codes of Command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Command runs "reterminal-vision models ARGS" on the models of the catalogue,
// in the store that open gives for a folder, and returns its exit code: 0, 1
// when a model is missing, bad or could not be fetched, 2 for wrong usage. The
// commands that need the networks themselves are app's.
func Command(ctx context.Context, catalogue *Catalogue, open func(dir string) *Store, args []string, stdout, stderr io.Writer) int {
	c := command{catalogue: catalogue, open: open, stdout: stdout, stderr: stderr}
	return c.run(ctx, args)
}

type command struct {
	catalogue      *Catalogue
	open           func(dir string) *Store
	store          *Store
	stdout, stderr io.Writer
}

func (c *command) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		return c.wrongUsage("name a command")
	}
	flags := flag.NewFlagSet("models", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir := flags.String("dir", "", "")
	var mirror string
	var all, asJSON bool
	var do func(context.Context, []*Model) int
	switch args[0] {
	case "list":
		flags.BoolVar(&asJSON, "json", false, "")
		do = func(context.Context, []*Model) int { return c.list(asJSON) }
	case "fetch":
		flags.StringVar(&mirror, "mirror", "", "")
		flags.BoolVar(&all, "all", false, "")
		do = c.fetch
	case "verify":
		do = c.verify
	case "help", "-h", "-help", "--help":
		return c.help()
	default:
		return c.wrongUsage(fmt.Sprintf("there is no command %q", args[0]))
	}
	ids, err := parse(flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return c.help()
	}
	if err != nil {
		return c.wrongUsage(err.Error())
	}
	if args[0] == "list" && len(ids) > 0 {
		return c.wrongUsage("list takes no model")
	}
	if args[0] == "fetch" && (len(ids) > 0) == all {
		return c.wrongUsage("fetch wants models or --all")
	}
	chosen, err := c.choose(ids)
	if err != nil {
		return c.wrongUsage(err.Error())
	}
	c.store = c.open(*dir)
	c.store.Mirror = mirror
	return do(ctx, chosen)
}

// parse allows flags after names, which package flag alone does not.
func parse(flags *flag.FlagSet, args []string) (names []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return names, nil
		}
		names = append(names, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

func (c *command) help() int {
	fmt.Fprint(c.stdout, Usage)
	return exitOK
}

func (c *command) wrongUsage(what string) int {
	fmt.Fprintf(c.stderr, "models: %s\n\n%s", what, Usage)
	return exitUsage
}

// choose finds the models of these IDs, or all of them.
func (c *command) choose(ids []string) ([]*Model, error) {
	var chosen []*Model
	for _, id := range ids {
		m := c.catalogue.Model(id)
		if m == nil {
			return nil, fmt.Errorf("there is no model %q; see: reterminal-vision models list", id)
		}
		chosen = append(chosen, m)
	}
	if len(ids) == 0 {
		for i := range c.catalogue.Models {
			chosen = append(chosen, &c.catalogue.Models[i])
		}
	}
	return chosen, nil
}

// listing is one model as "list --json" prints it.
type listing struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Status  Status `json:"status"`
	File    string `json:"file"` // path; where it would be when missing
	Size    int64  `json:"size"` // bytes
	SHA256  string `json:"sha256"`
	URL     string `json:"url"`
	Licence string `json:"licence"`
	Source  string `json:"source"`
	Task    string `json:"task"`
}

func (c *command) list(asJSON bool) int {
	rows := make([]listing, 0, len(c.catalogue.Models))
	for i := range c.catalogue.Models {
		m := &c.catalogue.Models[i]
		path, status := c.store.locate(m)
		rows = append(rows, listing{m.ID, m.Title, status, path, m.Size, m.SHA256, m.URL, m.Licence, m.Source, m.Task})
	}
	if asJSON {
		enc := json.NewEncoder(c.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(rows); err != nil {
			fmt.Fprintln(c.stderr, "models:", err)
			return exitFailed
		}
		return exitOK
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL\tSTATUS\tSIZE\tLICENCE\tFILE")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Status, mib(r.Size), r.Licence, r.File)
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintln(c.stderr, "models:", err)
		return exitFailed
	}
	return exitOK
}

func (c *command) verify(ctx context.Context, chosen []*Model) int {
	code := exitOK
	for _, m := range chosen {
		if ctx.Err() != nil {
			fmt.Fprintln(c.stderr, "models:", context.Cause(ctx))
			return exitFailed
		}
		path, err := c.store.Find(m)
		if err != nil {
			fmt.Fprintln(c.stderr, err)
			code = exitFailed
			continue
		}
		fmt.Fprintf(c.stdout, "%s: good, %s\n", m.ID, path)
	}
	return code
}

// fetch goes on after a model that failed, but not after ctx ended.
func (c *command) fetch(ctx context.Context, chosen []*Model) int {
	code := exitOK
	for _, m := range chosen {
		if path, err := c.store.Find(m); err == nil {
			fmt.Fprintf(c.stdout, "%s: already here, %s\n", m.ID, path)
			continue
		}
		if err := c.fetchOne(ctx, m); err != nil {
			fmt.Fprintln(c.stderr, err)
			code = exitFailed
		}
		if ctx.Err() != nil {
			return exitFailed
		}
	}
	return code
}

func (c *command) fetchOne(ctx context.Context, m *Model) error {
	from := m.URL
	if c.store.Mirror != "" {
		from = c.store.Mirror
	}
	fmt.Fprintf(c.stdout, "%s: fetching %s from %s\n", m.ID, mib(m.Size), from)
	var progress func(done, total int64)
	bar := isTerminal(c.stderr)
	if bar {
		progress = drawBar(c.stderr)
	}
	err := c.store.Fetch(ctx, m, progress)
	if bar {
		fmt.Fprintln(c.stderr)
	}
	if err == nil {
		fmt.Fprintf(c.stdout, "%s: done, %s\n", m.ID, c.store.Path(m))
	}
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// drawBar draws progress over itself on one line, a new one each per cent.
func drawBar(w io.Writer) func(done, total int64) {
	const width = 30
	last := int64(-1)
	return func(done, total int64) {
		percent := 100 * done / total
		if percent == last {
			return
		}
		last = percent
		full := int(width * done / total)
		fmt.Fprintf(w, "\r  [%s%s] %3d%%  %s of %s ", strings.Repeat("#", full), strings.Repeat(" ", width-full), percent, mib(done), mib(total))
	}
}
