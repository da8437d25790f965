package app

import (
	"io"
	"os"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/device"
	"reterminal-vision/app/supervise"
)

// superviseApp runs the window in a child that is started again when it crashes
// or hangs.
func superviseApp(cfg config.Config, args []string, stderr io.Writer) int {
	code, err := supervise.Run(supervise.Options{Args: args, Stdout: os.Stdout, Stderr: stderr, Notify: device.NewNotify(), Drawn: cfg.Kiosk})
	if err != nil {
		return cli.Report(stderr, err)
	}
	return code
}
