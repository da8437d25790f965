// Package app is the entry of the program: it reads the command line and does
// what that asks for, in a window, without one, or by a command.
//
// In: arguments and the environment. Out: an exit code. It imports the packages
// beneath it; only main imports it.
package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/app/backend"
	"reterminal-vision/app/bench"
	"reterminal-vision/app/benchmark"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/commands"
	"reterminal-vision/app/config"
	"reterminal-vision/app/custom"
	"reterminal-vision/app/headless"
	"reterminal-vision/app/logs"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/shell"
	"reterminal-vision/app/supervise"
	"reterminal-vision/inference"
)

// secondInterrupt is how long after the first an interrupt counts as another: a
// service manager and a supervisor may both send one.
const secondInterrupt = time.Second

// gcPercent is how much garbage may lie about, in percent of what lives.
const gcPercent = 40

// Main runs the program and returns its exit code. The first interrupt ends
// it cleanly; a second one at once.
func Main(args []string) int {
	inference.BoundMemory()
	// Half of what lives is fonts; to collect the rest, seconds apart, costs nothing.
	debug.SetGCPercent(gcPercent)
	keepMemoryIn()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(secondInterrupt, stop) })
	return run(ctx, args, os.Stdout, os.Stderr)
}

// keepMemoryIn has the system write no core dump: it would hold pictures, names
// and the key of the list of people.
func keepMemoryIn() {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		slog.Warn("a crash may leave memory on the disk", "error", err)
	}
}

// subcommand is what the program does for a first argument. The exit code follows
// from its error.
type subcommand func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// subcommands lists the commands, with those by which the program runs itself.
var subcommands = map[string]subcommand{
	"models": commands.Models,
	"cameras": func(_ context.Context, args []string, stdout, _ io.Writer) error {
		return commands.Cameras(args, stdout)
	},
	"people": commands.People,
	"bench": func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
		return bench.Command(ctx, args, shell.Bench, stdout, stderr)
	},
	"doctor":    commands.Doctor,
	"kiosk":     commands.Kiosk,
	"version":   printVersion,
	"--version": printVersion,
	custom.ProbeCommand: func(_ context.Context, args []string, stdout, _ io.Writer) error {
		return commands.ProbeModel(args, os.Stdin, stdout)
	},
	backend.Command: func(_ context.Context, args []string, _, _ io.Writer) error {
		return backend.ProbeHere(args, os.Stdin)
	},
	benchmark.Command: func(context.Context, []string, io.Writer, io.Writer) error { return benchmark.Serve(os.Stdin) },
}

func printVersion(_ context.Context, _ []string, stdout, _ io.Writer) error {
	_, err := fmt.Fprintln(stdout, "reterminal-vision", cli.Version())
	return err
}

// run does what the arguments ask for and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if do, ok := subcommands[args[0]]; ok {
			return cli.Report(stderr, do(ctx, args[1:], stdout, stderr))
		}
	}
	cfg, err := parseConfig(args, stderr)
	if err != nil {
		return cli.Report(stderr, err)
	}
	slog.SetDefault(slog.New(logs.New(stderr, cfg.LogLevel, cfg.LogFormat)))
	slog.Debug("process begins")
	link := supervise.Attach()
	if !cfg.Headless && cfg.Supervise && link == nil {
		return superviseApp(cfg, args, stderr)
	}
	code := runConfigured(ctx, cfg, link, stdout, stderr)
	link.Ends(code)
	return code
}

// runConfigured does what the command line asks for, in this process.
func runConfigured(ctx context.Context, cfg config.Config, link *supervise.Link, stdout, stderr io.Writer) int {
	if cfg.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.Duration)
		defer cancel()
	}
	if cfg.Metrics != "" {
		if err := metrics.Serve(ctx, cfg.Metrics); err != nil {
			return cli.Report(stderr, err)
		}
	}
	if cfg.Pprof != "" {
		if err := metrics.ServeProfiles(ctx, cfg.Pprof); err != nil {
			return cli.Report(stderr, err)
		}
	}
	if cfg.Headless {
		return cli.Report(stderr, headless.Run(ctx, cfg, roster.OpenDemo, stdout, stderr))
	}
	return cli.Report(stderr, shell.Run(ctx, cfg, link))
}
