// Package settings keeps what a person chose on the screen: the camera, how the
// interface looks and speaks, how each demo runs, and what visitors may do.
//
// In and out: Settings, of the file at a path, which is written whole or not at
// all. It imports app/durable; app may import it.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"reterminal-vision/app/durable"
)

// Settings are all that is kept. Zero values leave a choice to the app.
type Settings struct {
	Welcomed bool            `json:"welcomed,omitempty"` // the first run is over
	Language string          `json:"language,omitempty"` // tag, as "de"
	Theme    string          `json:"theme,omitempty"`    // "dark" or "light"
	Camera   Camera          `json:"camera"`
	Display  Display         `json:"display"`
	Visitors Visitors        `json:"visitors"`
	PIN      string          `json:"pin,omitempty"`   // a hash; "" for none
	Keep     int             `json:"keep,omitempty"`  // days after which enrolled people are deleted; 0 for never
	Demos    map[string]Demo `json:"demos,omitempty"` // by ID
}

// Display is the light of the screen.
type Display struct {
	Brightness int  `json:"brightness,omitempty"` // percent; 0 leaves it alone
	Automatic  bool `json:"automatic,omitempty"`  // follows the light sensor
	// The screen is dark from one hour of the day to another, when they differ.
	DarkFrom int `json:"dark_from,omitempty"`
	DarkTo   int `json:"dark_to,omitempty"`
}

// Visitors is what happens when nobody touches the screen.
type Visitors struct {
	Idle    int    `json:"idle,omitempty"`    // seconds; 0 leaves it to the app, -1 is never
	Attract string `json:"attract,omitempty"` // "footage" or "" , "camera", "off"
}

// Demo is how a demo runs.
type Demo struct {
	Models    []string `json:"models,omitempty"`    // IDs to use instead of the demo's own choice
	Threshold float64  `json:"threshold,omitempty"` // least score, 0..1
	Threads   int      `json:"threads,omitempty"`
	Lanes     int      `json:"lanes,omitempty"` // frames in the network at once
	Delegate  string   `json:"delegate,omitempty"`
}

// Camera is which camera is used and how. Zero values leave a choice to the app.
type Camera struct {
	Source   string           `json:"source,omitempty"` // lasting path of a device; "" takes the first there is
	Format   string           `json:"format,omitempty"` // V4L2 code of the pixel format
	Width    int              `json:"width,omitempty"`
	Height   int              `json:"height,omitempty"`
	FPS      float64          `json:"fps,omitempty"`
	Rotate   int              `json:"rotate,omitempty"` // degrees clockwise
	Mirror   bool             `json:"mirror,omitempty"`
	Controls map[string]int32 `json:"controls,omitempty"` // by name, set when the camera is opened
}

// Load reads the file; there are no settings before one is written. A file that
// cannot be understood is set aside, so that nothing of it is lost, and the
// error says where it is; the settings are then as they come.
func Load(path string) (Settings, error) {
	var s Settings
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("settings %s: %w: check that this user may read it", path, err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		kept := path + ".damaged"
		if moved := os.Rename(path, kept); moved != nil {
			kept = path
		}
		return Settings{}, fmt.Errorf("settings %s: %w: they are as they come now; the file is kept as %s", path, err, kept)
	}
	return s, nil
}

// Save writes the file, whole or not at all.
func Save(path string, s Settings) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("settings %s: %w: free some space and check that this user may write there", path, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.Write(path, 0o600, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	})
}
