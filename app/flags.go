package app

import (
	"io"
	"log/slog"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/logs"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/inference"
)

const usageText = `Usage: reterminal-vision [flags]            the touchscreen app
       reterminal-vision --headless [flags]  results as JSON lines, no window
       reterminal-vision bench [flags]       how fast, stage by stage
       reterminal-vision models ...          list, fetch and verify models, import your own
       reterminal-vision people ...          enrol, list, rename and delete people
       reterminal-vision cameras ...         list cameras and what can be set on them
       reterminal-vision doctor [--json]     check this machine, with remedies
       reterminal-vision kiosk on|off        start the machine with the app, or as before
       reterminal-vision version             which version this is

Flags:
`

func parseConfig(args []string, stderr io.Writer) (config.Config, error) {
	cfg := config.Config{Source: "auto", Delegate: inference.XNNPACK}
	fs := cli.NewFlags("reterminal-vision", usageText, stderr)
	cli.ConfigFlags(fs, &cfg)
	fs.IntVar(&cfg.Threads, "threads", config.DefaultThreads(), "threads of the network")
	fs.BoolVar(&cfg.Kiosk, "kiosk", false, "full screen, no cursor, no way out by keyboard")
	fs.BoolVar(&cfg.Headless, "headless", false, "no window: one JSON line a frame on standard output")
	fs.BoolVar(&cfg.Unpaced, "unpaced", false, "headless: read recorded sources as fast as the network takes them")
	fs.BoolVar(&cfg.Loop, "loop", false, "headless: start recorded sources over at their end")
	fs.Func("log-level", "least level that is logged: debug, info, warn or error (default info)", func(s string) (err error) {
		cfg.LogLevel, err = logs.ParseLevel(s)
		return err
	})
	fs.BoolFunc("verbose", "the same as --log-level debug", func(string) error { cfg.LogLevel = slog.LevelDebug; return nil })
	fs.Func("log-format", "of log lines: text or json (default text)", func(s string) error {
		cfg.LogFormat = s
		return logs.CheckFormat(s)
	})
	fs.StringVar(&cfg.Pprof, "pprof", "", "serve profiles of the program at this `address`, as in 127.0.0.1:6060; this machine alone may ask")
	fs.BoolVar(&cfg.Supervise, "supervise", true, "start the app again when it crashes or hangs; no without a window")
	fs.DurationVar(&cfg.Duration, "duration", 0, "stop after this long, as in 30s")
	fs.IntVar(&cfg.Frames, "frames", 0, "headless: stop after this many results")
	fs.StringVar(&cfg.SaveFrame, "save-frame", "", "save one picture with its overlay to this .png or .jpg `file`")
	fs.StringVar(&cfg.Metrics, "metrics", "", "serve counts and rates as OpenMetrics text at this `address`, as in 127.0.0.1:9477; this machine alone may ask")
	if err := cli.Parse(fs, args); err != nil {
		return cfg, err
	}
	if cfg.Headless && cfg.Demo == "" {
		cfg.Demo = "vehicles"
	}
	if cfg.SaveFrame != "" {
		if _, err := snapshot.PictureEncoder(cfg.SaveFrame); err != nil {
			return cfg, cli.UsageError{Err: err}
		}
	}
	return cfg, cli.CheckConfig(cfg)
}
