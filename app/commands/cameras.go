package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"reterminal-vision/app/cli"
	"reterminal-vision/camera"
)

const camerasUsage = `Usage: reterminal-vision cameras COMMAND

  list [--json]              the cameras, and in which formats, sizes and rates they give pictures
  controls CAMERA [--json]   what can be set on a camera: brightness, exposure, focus, mains frequency ...
  set CAMERA NAME=VALUE...   sets some of that

  CAMERA is a path as 'list' prints it, such as /dev/video0.
`

// Cameras runs "reterminal-vision cameras ARGS".
func Cameras(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return cli.Usagef("cameras: name a command\n\n%s", camerasUsage)
	}
	command, args := args[0], args[1:]
	asJSON := slices.Contains(args, "--json")
	args = slices.DeleteFunc(args, func(a string) bool { return a == "--json" })
	switch {
	case command == "help" || command == "-h" || command == "--help":
		fmt.Fprint(stdout, camerasUsage)
		return nil
	case command == "list" && len(args) == 0:
		return listCameras(stdout, asJSON)
	case command == "controls" && len(args) == 1:
		return listControls(stdout, args[0], asJSON)
	case command == "set" && len(args) >= 2 && !asJSON:
		return setControls(args[0], args[1:])
	}
	return cli.Usagef("cameras: %q does not make sense\n\n%s", strings.Join(append([]string{command}, args...), " "), camerasUsage)
}

func listCameras(w io.Writer, asJSON bool) error {
	devices := camera.Devices()
	if asJSON {
		return json.NewEncoder(w).Encode(devices)
	}
	if len(devices) == 0 {
		fmt.Fprintln(w, "no camera is connected")
	}
	for _, d := range devices {
		fmt.Fprintf(w, "%s  %s", d.Path, d.Name)
		if d.Bus != "" {
			fmt.Fprintf(w, "  (%s)", d.Bus)
		}
		fmt.Fprintln(w)
		if d.Stable != d.Path {
			fmt.Fprintf(w, "  %s\n", d.Stable)
		}
		for _, m := range d.Modes {
			fmt.Fprintf(w, "    %v\n", m)
		}
	}
	return nil
}

func listControls(w io.Writer, path string, asJSON bool) error {
	controls, err := camera.Controls(path)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(w).Encode(controls)
	}
	if len(controls) == 0 {
		fmt.Fprintln(w, "nothing can be set on this camera")
	}
	for _, c := range controls {
		fmt.Fprintf(w, "%s=%d  %d to %d", c.Name, c.Value, c.Min, c.Max)
		for _, choice := range c.Choices {
			fmt.Fprintf(w, "  %d: %s", choice.Value, choice.Name)
		}
		fmt.Fprintln(w)
	}
	return nil
}

func setControls(path string, settings []string) error {
	for _, s := range settings {
		name, text, found := strings.Cut(s, "=")
		var value int32
		if _, err := fmt.Sscanf(text, "%d", &value); !found || err != nil {
			return cli.Usagef("%q: write NAME=VALUE, with a whole number", s)
		}
		if err := camera.SetControl(path, name, value); err != nil {
			return err
		}
	}
	return nil
}
