// Package choices makes the configuration of a demo out of the command line and
// the settings.
//
// In: both. Out: a config.Config; what the command line says goes before what was
// chosen. It imports app/library and app/preferences; the shell and its pages may
// import it.
package choices

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Camera is the configuration with what was chosen about the camera. A chosen
// one that is not connected is left out.
func Camera(given config.Config, prefs *preferences.Store) config.Config {
	cfg, chosen := given, prefs.Camera()
	if given.Source == "auto" && chosen.Source != "" {
		_, err := os.Stat(chosen.Source)
		if err == nil || strings.HasPrefix(chosen.Source, "csi:") || chosen.Source == pipeline.Footage {
			cfg.Source = chosen.Source
		}
	}
	cfg.Width, cfg.Height = cmp.Or(cfg.Width, chosen.Width), cmp.Or(cfg.Height, chosen.Height)
	cfg.FPS, cfg.PixelFormat = cmp.Or(cfg.FPS, chosen.FPS), cmp.Or(cfg.PixelFormat, chosen.Format)
	if cfg.Turn == (frame.Turn{}) {
		cfg.Turn = frame.Turn{Degrees: chosen.Rotate, Mirror: chosen.Mirror}
	}
	if cfg.Turn.Check() != nil {
		cfg.Turn = frame.Turn{}
	}
	cfg.Controls = chosen.Controls
	return cfg
}

// Demo is the configuration for one demo, by its ID. Chosen networks that are not
// on this device are left out.
func Demo(given config.Config, prefs *preferences.Store, id string) config.Config {
	cfg, chosen := Camera(given, prefs), prefs.Demo(id)
	if cfg.Model == "" && len(chosen.Models) > 0 {
		known, store := library.Catalogue(), library.OpenStore(cfg.ModelsDir)
		present := slices.DeleteFunc(slices.Clone(chosen.Models), func(id string) bool {
			m := known.Model(id)
			return m == nil || !store.Has(m)
		})
		cfg.Model = strings.Join(present, ",")
	}
	cfg.Liveness = cfg.Liveness || prefs.Get().Liveness
	if cfg.Threshold == 0 {
		cfg.Threshold = chosen.Threshold
	}
	if chosen.Threads > 0 {
		cfg.Threads = chosen.Threads
	}
	if chosen.Lanes > 0 {
		cfg.Replicas = chosen.Lanes
	}
	if d, err := inference.ParseDelegate(chosen.Delegate); err == nil && chosen.Delegate != "" {
		cfg.Delegate = d
	}
	if how, err := config.ParseFrameSkip(chosen.Spare); err == nil && cfg.FrameSkip == config.SkipAuto {
		cfg.FrameSkip = how
	}
	return cfg
}
