// Package app wires the product together: it reads the command line, builds
// the task that a demo names, runs the session that carries frames from a
// source through the worker to the screen or to standard output, and measures
// it.
//
// In: command line, catalogue, sources. Out: a window, JSON lines, tables. It
// imports camera, inference and its tasks, models, ui and assets; only main
// imports it.
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "models":
			return commands.Models(ctx, args[1:], stdout, stderr)
		case custom.ProbeCommand:
			return cli.Report(stderr, commands.ProbeModel(args[1:], os.Stdin, stdout))
		case backend.Command:
			return cli.Report(stderr, backend.ProbeHere(args[1:], os.Stdin))
		case benchmark.Command:
			return cli.Report(stderr, benchmark.Serve(os.Stdin))
		case "cameras":
			return cli.Report(stderr, commands.Cameras(args[1:], stdout))
		case "people":
			return cli.Report(stderr, commands.People(ctx, args[1:], stdout, stderr))
		case "bench":
			return cli.Report(stderr, bench.Command(ctx, args[1:], benchWindow, stdout, stderr))
		case "doctor":
			return cli.Report(stderr, commands.Doctor(ctx, args[1:], stdout, stderr))
		case "kiosk":
			return cli.Report(stderr, commands.Kiosk(ctx, args[1:], stdout, stderr))
		case "version", "--version":
			_, err := fmt.Fprintln(stdout, "reterminal-vision", cli.Version())
			return cli.Report(stderr, err)
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
	return cli.Report(stderr, runWindow(ctx, cfg, link))
}
