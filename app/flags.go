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
       reterminal-vision --headless [flags]  no window, results as JSON lines
       reterminal-vision bench [flags]       benchmark pipelines, networks and operators
       reterminal-vision models ...          list, fetch, verify and import models
       reterminal-vision people ...          enrol, list, rename and delete people
       reterminal-vision cameras ...         list cameras and their controls
       reterminal-vision doctor [--json]     check this machine and suggest fixes
       reterminal-vision kiosk on|off        turn kiosk mode on or off
       reterminal-vision version             print the version

Flags:
`

func parseConfig(args []string, stderr io.Writer) (config.Config, error) {
	cfg := config.Config{Source: "auto", Delegate: inference.XNNPACK}
	fs := cli.NewFlags("reterminal-vision", usageText, stderr)
	cli.ConfigFlags(fs, &cfg)
	fs.IntVar(&cfg.Threads, "threads", config.DefaultThreads(), "inference threads")
	fs.BoolVar(&cfg.Kiosk, "kiosk", false, "full screen, no cursor, no keyboard exit")
	fs.BoolVar(&cfg.Headless, "headless", false, "no window: one JSON line per frame on standard output")
	fs.BoolVar(&cfg.Unpaced, "unpaced", false, "headless: process recorded sources at full speed")
	fs.BoolVar(&cfg.Loop, "loop", false, "headless: loop recorded sources")
	fs.Func("log-level", "minimum log level: debug, info, warn or error (default info)", func(s string) (err error) {
		cfg.LogLevel, err = logs.ParseLevel(s)
		return err
	})
	fs.BoolFunc("verbose", "the same as --log-level debug", func(string) error { cfg.LogLevel = slog.LevelDebug; return nil })
	fs.Func("log-format", "log format: text or json (default text)", func(s string) error {
		cfg.LogFormat = s
		return logs.CheckFormat(s)
	})
	fs.StringVar(&cfg.Pprof, "pprof", "", "serve profiles of the program at this `address`, as in 127.0.0.1:6060; local access only")
	fs.BoolVar(&cfg.Supervise, "supervise", true, "restart the app when it crashes or hangs (window only)")
	fs.DurationVar(&cfg.Duration, "duration", 0, "stop after this long, as in 30s")
	fs.IntVar(&cfg.Frames, "frames", 0, "headless: stop after this many results")
	fs.StringVar(&cfg.SaveFrame, "save-frame", "", "save one picture with its overlay to this .png or .jpg `file`")
	fs.StringVar(&cfg.Metrics, "metrics", "", "serve counts and rates as OpenMetrics text at this `address`, as in 127.0.0.1:9477; local access only")
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
