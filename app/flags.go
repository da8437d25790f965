package app

import (
	"errors"
	"flag"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
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

// commonFlags are those that the app and the benchmark share.
func commonFlags(fs *flag.FlagSet, cfg *config.Config) {
	fs.StringVar(&cfg.Demo, "demo", cfg.Demo, "demo to run, by ID (see 'models list')")
	fs.StringVar(&cfg.Source, "source", cfg.Source, "where frames come from: auto, /dev/videoN, csi:N, a video file, a picture, a folder of pictures, builtin:traffic, belt, lungs or faces")
	cameraFlags(fs, cfg)
	fs.StringVar(&cfg.Model, "model", "", "models to use instead of the demo's own choice, by ID, comma-separated")
	fs.StringVar(&cfg.ModelsDir, "models-dir", "", "folder with the models")
	fs.BoolVar(&cfg.Raw, "raw", false, "results frame by frame: no smoothing, heads run on every face of every frame")
	fs.Float64Var(&cfg.Threshold, "threshold", 0, "confidence threshold, 0 to 1 (default: the demo's)")
	fs.BoolVar(&cfg.Liveness, "liveness", false, "recognition: name only live faces, no photographs or screens")
	cfg.FrameSkip = config.SkipAuto
	fs.Func("skip", "frame skipping: still (unchanged frames), motion (boxes are also propagated between runs of the network), off; auto is still, or off where every frame is processed (default auto)", func(s string) (err error) {
		cfg.FrameSkip, err = config.ParseFrameSkip(s)
		return err
	})
	fs.BoolVar(&cfg.NoOptimize, "no-optimize", false, "run networks without graph optimization, to compare")
	cfg.Replicas = config.AutoReplicas
	fs.Func("replicas", "interpreters of the first network that work side by side, each on its share of the threads; auto is one, more for networks of a few milliseconds and where every frame is processed (default auto)", func(s string) (err error) {
		if s == "auto" {
			cfg.Replicas = config.AutoReplicas
			return nil
		}
		if cfg.Replicas, err = strconv.Atoi(s); err == nil && (cfg.Replicas < 1 || cfg.Replicas > 16) {
			err = errors.New("choose auto or 1 to 16")
		}
		return err
	})
	delegateFlag(fs, &cfg.Delegate)
	for old, name := range map[string]string{"plain": "raw", "spare": "skip", "as-is": "no-optimize", "lanes": "replicas"} {
		cli.Alias(fs, old, name)
	}
}

// delegateFlag reads which backend runs the networks.
func delegateFlag(fs *flag.FlagSet, to *inference.Delegate) {
	fs.Func("delegate", "backend: "+inference.DelegateChoices+" (default xnnpack)", func(s string) (err error) {
		*to, err = inference.ParseDelegate(s)
		return err
	})
}

func parseConfig(args []string, stderr io.Writer) (config.Config, error) {
	cfg := config.Config{Source: "auto", Delegate: inference.XNNPACK}
	fs := cli.NewFlags("reterminal-vision", usageText, stderr)
	commonFlags(fs, &cfg)
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
	return cfg, check(cfg)
}

// check reports settings that contradict each other or the catalogue.
func check(cfg config.Config) error {
	switch {
	case cfg.Threads < 1 || cfg.Threads > 64:
		return cli.Usagef("--threads %d: choose 1 to 64", cfg.Threads)
	case !(cfg.Threshold >= 0 && cfg.Threshold < 1):
		return cli.Usagef("--threshold %g: choose 0 to 1", cfg.Threshold)
	case !(cfg.FPS >= 0 && cfg.FPS <= 1000):
		return cli.Usagef("--fps %g: choose up to 1000", cfg.FPS)
	case cfg.Turn.Check() != nil:
		return cli.Usagef("--rotate: %v", cfg.Turn.Check())
	case cfg.Duration < 0:
		return cli.Usagef("--duration %v is negative", cfg.Duration)
	case cfg.Frames < 0:
		return cli.Usagef("--frames %d is negative", cfg.Frames)
	case cfg.Headless && cfg.Kiosk:
		return cli.Usagef("--kiosk needs a window and --headless has none: choose one")
	}
	if cfg.SaveFrame != "" {
		if _, err := snapshot.PictureEncoder(cfg.SaveFrame); err != nil {
			return cli.UsageError{Err: err}
		}
	}
	if cfg.Demo != "" && library.Catalogue().Demo(cfg.Demo) == nil {
		return cli.Usagef("no demo %q: choose one of %s", cfg.Demo, strings.Join(library.DemoIDs(), ", "))
	}
	return nil
}
