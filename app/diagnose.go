package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"reterminal-vision/app/doctor"
	"reterminal-vision/models"
)

const doctorUsage = `Usage: reterminal-vision doctor [--json] [--models-dir DIR]

  Checks camera, display, networks, memory, disk, heat, permissions and clock of
  this machine, and says what to do about what is not right. Ends with 1 when
  something fails.

Flags:
`

// doctorCommand runs "reterminal-vision doctor ARGS".
func doctorCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := newFlagSet("doctor", doctorUsage, stderr)
	asJSON := fs.Bool("json", false, "print JSON instead of a table")
	dir := fs.String("models-dir", "", "folder with the models")
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	database, err := peoplePath()
	if err != nil {
		return err
	}
	checks := doctor.Run(ctx, doctor.Options{DataDir: filepath.Dir(database), Store: models.NewStore(*dir)})
	if *asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(checks)
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
