// Package config is what a person chose on the command line or on the screen.
//
// In: nothing. Out: Config, and what follows from it. It imports camera and
// inference; app and its packages may import it.
package config

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Config says how one demo is run.
type Config struct {
	Demo        string // demo to open at once; "" shows the home screen
	Source      string // camera.Open specification, or "auto"
	Width       int    // of a camera's pictures; 0 leaves it to the app
	Height      int
	FPS         float64
	PixelFormat string // of a camera, its V4L2 code
	Turn        frame.Turn
	Controls    map[string]int32 // set on the camera when it is opened, by name
	Model       string           // ID from the catalogue; "" takes the best that is present
	ModelsDir   string
	NoOptimize  bool      // networks as they are in their files, without graph optimization
	Raw         bool      // results frame by frame: no smoothing, heads run on every face of every frame
	FrameSkip   FrameSkip // which runs of the networks are skipped; "" for none
	Liveness    bool      // recognition names only faces that are live
	Threads     int
	Replicas    int // of the first network, each on Threads/Replicas threads; 0 is one, AutoReplicas the fastest number
	Delegate    inference.Delegate
	Threshold   float64 // 0 leaves it to the demo
	Kiosk       bool
	Headless    bool
	Unpaced     bool
	Loop        bool
	LogLevel    slog.Level
	LogFormat   string // of logs
	Supervise   bool   // the window, from a process of its own
	Duration    time.Duration
	Frames      int // headless: results after which it ends; 0 for all
	SaveFrame   string
	Pprof       string // address of this machine at which profiles are served; "" for none
	Metrics     string // address of this machine at which metrics are served; "" for none
}

// FrameSkip says which runs of the networks are skipped.
type FrameSkip string

// The choices of frame skipping.
const (
	SkipAuto      FrameSkip = "auto" // SkipUnchanged for sources with a pace of their own, else SkipOff
	SkipOff       FrameSkip = "off"
	SkipUnchanged FrameSkip = "still"  // unchanged frames and faces keep the last result
	SkipPropagate FrameSkip = "motion" // boxes also follow the picture between two runs of the first network
)

// ParseFrameSkip reads one of the choices.
func ParseFrameSkip(s string) (FrameSkip, error) {
	switch w := FrameSkip(s); w {
	case SkipAuto, SkipOff, SkipUnchanged, SkipPropagate:
		return w, nil
	}
	return "", fmt.Errorf("choose %s, %s, %s or %s", SkipAuto, SkipOff, SkipUnchanged, SkipPropagate)
}

// EffectiveFrameSkip resolves SkipAuto. Where frames are processed as fast as
// possible, the speed of the network is what is measured, and nothing is skipped.
func (cfg Config) EffectiveFrameSkip() FrameSkip {
	switch {
	case cfg.Raw || cfg.FrameSkip == "" || cfg.FrameSkip == SkipAuto && cfg.Unpaced:
		return SkipOff
	case cfg.FrameSkip == SkipAuto:
		return SkipUnchanged
	}
	return cfg.FrameSkip
}

// Adaptive reports whether heads run on a face the sooner the more it changes.
func (cfg Config) Adaptive() bool { return cfg.EffectiveFrameSkip() != SkipOff }

// AutoReplicas leaves the number of replicas to a measurement.
const AutoReplicas = -1

// DefaultThreads is ThreadsOn this machine.
func DefaultThreads() int { return ThreadsOn(runtime.NumCPU()) }

// ThreadsOn leaves one core of a larger processor to capture and drawing.
func ThreadsOn(cores int) int {
	if cores > 2 {
		return cores - 1
	}
	return cores
}
