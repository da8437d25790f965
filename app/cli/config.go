package cli

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// ConfigFlags are those that the app and the benchmark share.
func ConfigFlags(fs *flag.FlagSet, cfg *config.Config) {
	fs.StringVar(&cfg.Demo, "demo", cfg.Demo, "demo to run, by ID (see 'models list')")
	fs.StringVar(&cfg.Source, "source", cfg.Source, "where frames come from: auto, /dev/videoN, csi:N, a video file, a picture, a folder of pictures, builtin:traffic, belt, lungs or faces")
	cameraFlags(fs, cfg)
	fs.StringVar(&cfg.Model, "model", "", "models to use instead of the demo's default, comma-separated IDs")
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
	fs.Func("replicas", "interpreters of the first network that run in parallel, sharing the threads; auto: one, more for very fast networks and where every frame is processed (default auto)", func(s string) (err error) {
		if s == "auto" {
			cfg.Replicas = config.AutoReplicas
			return nil
		}
		if cfg.Replicas, err = strconv.Atoi(s); err == nil && (cfg.Replicas < 1 || cfg.Replicas > 16) {
			err = errors.New("choose auto or 1 to 16")
		}
		return err
	})
	DelegateFlag(fs, &cfg.Delegate)
	for old, name := range map[string]string{"plain": "raw", "spare": "skip", "as-is": "no-optimize", "lanes": "replicas"} {
		Alias(fs, old, name)
	}
}

// DelegateFlag reads which backend runs the networks.
func DelegateFlag(fs *flag.FlagSet, to *inference.Delegate) {
	fs.Func("delegate", "backend: "+inference.DelegateChoices+" (default xnnpack)", func(s string) (err error) {
		*to, err = inference.ParseDelegate(s)
		return err
	})
}

// cameraFlags say how a camera is used and how its pictures are set upright.
func cameraFlags(fs *flag.FlagSet, cfg *config.Config) {
	fs.Func("size", "camera frame size, as in 1280x720; the nearest supported one is used (default 640x480)", func(s string) error {
		var w, h int
		var rest string
		if n, _ := fmt.Sscanf(s+" ", "%dx%d%s", &w, &h, &rest); n != 2 || w < 1 || h < 1 || w > frame.MaxSide || h > frame.MaxSide {
			return fmt.Errorf("write WIDTHxHEIGHT, as in 640x480")
		}
		cfg.Width, cfg.Height = w, h
		return nil
	})
	fs.StringVar(&cfg.PixelFormat, "format", "", "camera pixel format, as 'cameras list' prints it (default: the fastest to read)")
	fs.Float64Var(&cfg.FPS, "fps", 0, "camera frame rate; the nearest supported one is used (default 30)")
	fs.IntVar(&cfg.Turn.Degrees, "rotate", 0, "rotate the picture clockwise by 0, 90, 180 or 270 degrees")
	fs.BoolVar(&cfg.Turn.Mirror, "mirror", false, "mirror the picture")
}

// CheckConfig reports settings that contradict each other or the catalogue.
func CheckConfig(cfg config.Config) error {
	switch {
	case cfg.Threads < 1 || cfg.Threads > 64:
		return Usagef("--threads %d: choose 1 to 64", cfg.Threads)
	case !(cfg.Threshold >= 0 && cfg.Threshold < 1):
		return Usagef("--threshold %g: choose 0 to 1", cfg.Threshold)
	case !(cfg.FPS >= 0 && cfg.FPS <= 1000):
		return Usagef("--fps %g: choose up to 1000", cfg.FPS)
	case cfg.Turn.Check() != nil:
		return Usagef("--rotate: %v", cfg.Turn.Check())
	case cfg.Duration < 0:
		return Usagef("--duration %v is negative", cfg.Duration)
	case cfg.Frames < 0:
		return Usagef("--frames %d is negative", cfg.Frames)
	case cfg.Headless && cfg.Kiosk:
		return Usagef("--kiosk needs a window and --headless has none: choose one")
	}
	if cfg.Demo != "" && library.Catalogue().Demo(cfg.Demo) == nil {
		return Usagef("no demo %q: choose one of %s", cfg.Demo, strings.Join(library.DemoIDs(), ", "))
	}
	return nil
}
