package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/doctor"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/kiosk"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/people"
	"reterminal-vision/models"
)

const doctorUsage = `Usage: reterminal-vision doctor [--json] [--bundle FILE.zip] [--models-dir DIR]

  Checks camera, display, GPU, networks, memory, disk, heat, permissions and clock
  of this machine, and says what to do about what is not right. Ends with 1 when
  something fails.

  The bundle is for a report of a fault: the checks, the machine, the settings
  without the PIN, and the logs. No picture and no name of a person is in it.

Flags:
`

// Doctor runs "reterminal-vision doctor ARGS".
func Doctor(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := cli.NewFlags("doctor", doctorUsage, stderr)
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	bundle := flags.String("bundle", "", "write what a report of a fault needs to this zip `file`")
	dir := flags.String("models-dir", "", "folder with the models")
	if slices.Equal(args, []string{"kept"}) {
		return keptCommand(stdout)
	}
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	database, err := paths.People()
	if err != nil {
		return err
	}
	opt := doctor.Options{DataDir: filepath.Dir(database), Store: models.NewStore(*dir)}
	checks := doctor.Run(ctx, opt)
	if *bundle != "" && ctx.Err() == nil {
		if err := writeBundle(ctx, *bundle, database, opt, checks); err != nil {
			return err
		}
		if *bundle != handedOver {
			fmt.Fprintln(stderr, "written:", *bundle)
		}
	}
	if *asJSON {
		err = cli.PrintJSON(stdout, checks)
	} else {
		err = printChecks(stdout, checks)
	}
	switch failed := doctor.Failed(checks); {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("doctor: ended before all was checked: %w", context.Cause(ctx))
	case failed > 0:
		return fmt.Errorf("doctor: %d of %d checks failed: follow the remedies above", failed, len(checks))
	}
	return nil
}

// printChecks writes a line a check, and under it what to do.
func printChecks(w io.Writer, checks []doctor.Check) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range checks {
		fmt.Fprintf(t, "%v\t%s\t%s\n", c.State, c.Name, c.Detail)
		if c.Remedy != "" {
			fmt.Fprintf(t, "\t\t-> %s\n", c.Remedy)
		}
	}
	return t.Flush()
}

// handedOver is the path of a bundle that goes into an open file.
const (
	handedOver   = "/dev/fd/3"
	handedOverFD = 3
)

// writeBundle writes what a report of a fault needs.
func writeBundle(ctx context.Context, path, database string, opt doctor.Options, checks []doctor.Check) error {
	r := doctor.Report{Version: cli.Version(), Settings: filepath.Join(filepath.Dir(database), "settings.json")}
	names, err := namesIn(database)
	r.Names = names
	if others, otherErr := kioskKept(ctx, database); otherErr != nil {
		err = errors.Join(err, otherErr)
	} else if others != nil {
		r.Names = append(r.Names, others.Names...)
		r.Kiosk = others.Settings
	}
	// A list that cannot be read cannot be kept out of the logs.
	r.NoLogs = err
	content := func(w io.Writer) error { return doctor.WriteBundle(ctx, w, opt, checks, r) }
	if path != handedOver {
		err = durable.Write(path, 0o600, content)
	} else {
		f := os.NewFile(handedOverFD, path)
		if err = content(f); err != nil {
			_ = f.Truncate(0) // half a bundle is none
		}
	}
	if err != nil {
		return fmt.Errorf("bundle %s: %w", path, err)
	}
	return nil
}

// namesIn lists the people of a database. Where there is none, there are none.
func namesIn(database string) ([]string, error) {
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	store, err := people.Open(database)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range store.List() {
		names = append(names, p.Name)
	}
	return names, store.Close()
}

// kept is what a bundle needs of another user's.
type kept struct {
	Names    []string        `json:"names"`
	Settings json.RawMessage `json:"settings,omitempty"`
}

// keptCommand runs "reterminal-vision doctor kept", which root runs as the
// kiosk's user.
func keptCommand(stdout io.Writer) error {
	database, err := paths.People()
	if err != nil {
		return err
	}
	names, err := namesIn(database)
	if err != nil {
		return err
	}
	k := kept{Names: names}
	settings, err := os.ReadFile(filepath.Join(filepath.Dir(database), "settings.json"))
	if err == nil && json.Valid(settings) {
		k.Settings = settings
	}
	return json.NewEncoder(stdout).Encode(k)
}

// kioskKept asks for what the kiosk's user has, whose names are in the machine's
// logs; nil where the machine has none or the database is theirs.
func kioskKept(ctx context.Context, database string) (*kept, error) {
	if _, err := os.Stat(kiosk.Folder); errors.Is(err, fs.ErrNotExist) || filepath.Dir(database) == kiosk.Folder {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("the kiosk's people are not known: run 'sudo reterminal-vision kiosk run doctor --bundle FILE'")
	}
	cmd, err := asKiosk(ctx, []string{"doctor", "kept"})
	if err != nil {
		return nil, err
	}
	out, err := cmd.Output()
	var k kept
	if err == nil {
		err = json.Unmarshal(out, &k)
	}
	if err != nil {
		return nil, fmt.Errorf("the kiosk's people are not known: %w", err)
	}
	return &k, nil
}
