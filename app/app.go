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
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"reterminal-vision/app/ownmodel"
	"reterminal-vision/inference"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Main runs the program and returns its exit code. The first interrupt ends
// it cleanly; a second one at once.
func Main(args []string) int {
	inference.BoundMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, args, os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "models":
			return modelsCommand(ctx, args[1:], stdout, stderr)
		case ownmodel.TrialCommand:
			return report(stderr, tryModel(args[1:], os.Stdin, stdout))
		case "cameras":
			return report(stderr, camerasCommand(args[1:], stdout))
		case "people":
			return report(stderr, peopleCommand(ctx, args[1:], stdout, stderr))
		case "bench":
			return report(stderr, benchCommand(ctx, args[1:], stdout, stderr))
		case "doctor":
			return report(stderr, doctorCommand(ctx, args[1:], stdout, stderr))
		}
	}
	cfg, err := parseConfig(args, stderr)
	if err != nil {
		return report(stderr, err)
	}
	level := slog.LevelInfo
	if cfg.Verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})))
	if cfg.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.Duration)
		defer cancel()
	}
	if cfg.Metrics != "" {
		if err := serveMetrics(ctx, cfg.Metrics); err != nil {
			return report(stderr, err)
		}
	}
	if cfg.Headless {
		return report(stderr, headless(ctx, cfg, stdout, stderr))
	}
	return report(stderr, runWindow(ctx, cfg))
}

// report prints what went wrong and chooses the exit code for it.
func report(stderr io.Writer, err error) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "reterminal-vision:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "reterminal-vision:", err)
	return exitFailed
}
