// Package settings keeps what a person chose on the screen: the camera, how the
// interface looks and speaks, how each demo runs, and what visitors may do.
//
// In and out: Settings, of the file at a path, which is written whole or not at
// all, and a copy of it. It imports app/durable; app may import it.
package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"reterminal-vision/app/durable"
)

// Settings are all that is kept. Zero values leave a choice to the app.
type Settings struct {
	Welcomed  bool            `json:"welcomed,omitempty"` // the first run is over
	Language  string          `json:"language,omitempty"` // tag, as "de"
	Theme     string          `json:"theme,omitempty"`    // "dark" or "light"
	Camera    Camera          `json:"camera"`
	Display   Display         `json:"display"`
	Visitors  Visitors        `json:"visitors"`
	PIN       string          `json:"pin,omitempty"`        // a hash; "" for none; or Locked
	WrongPINs int             `json:"wrong_pins,omitempty"` // since the right one
	Liveness  bool            `json:"liveness,omitempty"`   // people who are not alive are not called by name
	Keep      int             `json:"keep,omitempty"`       // days after which enrolled people are deleted; 0 for never
	Demos     map[string]Demo `json:"demos,omitempty"`      // by ID
	// Delegates are external ones to choose from beside those that are found, as
	// inference.ParseDelegate reads them.
	Delegates []string `json:"delegates,omitempty"`
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
	Spare     string   `json:"spare,omitempty"` // work that is saved, as --skip has it
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

// lastSuffix marks the copy of what was last saved, which stands in for a file that
// is damaged or cannot be read.
const lastSuffix = ".last"

// Locked is a PIN that no number is: there may have been one, and it cannot be read.
const Locked = "!"

// ErrUnread marks the error of a file that is there and could not be read. It must
// not be written over.
var ErrUnread = errors.New("it was not read")

// errDamaged marks what cannot be understood.
var errDamaged = errors.New("it is damaged")

// Load reads the file; there are no settings before one is written. Where it is
// damaged, cannot be read, or is gone without its copy, the settings are those last
// saved, or, where they are lost too, what can be made out of what is there; then they
// are Locked unless it is certain what PIN there was. The error says so. A damaged
// file is kept under another name, and one with these settings takes its place.
func Load(path string) (Settings, error) {
	s, text, err := read(path)
	if err == nil {
		return s, nil
	}
	gone := errors.Is(err, fs.ErrNotExist)
	instead := "those saved before are used"
	s, last, lost := read(path + lastSuffix)
	if gone && errors.Is(lost, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if lost != nil {
		instead = "nearly all are as they come now"
		s = rest(append(text, last...))
	}
	if gone {
		return s, errors.Join(fmt.Errorf("settings %s: it is gone: %s", path, instead), Save(path, s))
	}
	if !errors.Is(err, errDamaged) {
		return s, fmt.Errorf("settings %s: %w: %w: check that this user may read it; %s, and no change is kept", path, err, ErrUnread, instead)
	}
	kept := path + ".damaged"
	// A copy, so that the file stays while another has not taken its place.
	if durable.WriteText(kept, 0o600, string(text)) != nil {
		return s, fmt.Errorf("settings %s: %w: %w: %s, and no change is kept", path, err, ErrUnread, instead)
	}
	return s, errors.Join(fmt.Errorf("settings %s: %w: %s; the file is kept as %s", path, err, instead, kept), Save(path, s))
}

// read reads a file of settings; the text is what is in it.
func read(path string) (s Settings, text []byte, err error) {
	if text, err = os.ReadFile(path); err != nil {
		return Settings{}, nil, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return Settings{}, text, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return s, text, nil
}

// What protects people is looked for in damaged files.
var (
	pinIn      = regexp.MustCompile(`"pin"\s*:\s*"(\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53})"`)
	keepIn     = regexp.MustCompile(`"keep"\s*:\s*([0-9]{1,5})\b`)
	livenessIn = regexp.MustCompile(`"liveness"\s*:\s*true`)
)

// rest is what can be made out of damaged text.
func rest(text []byte) (s Settings) {
	s.Welcomed, s.Liveness = true, livenessIn.Match(text)
	if found := keepIn.FindSubmatch(text); found != nil {
		s.Keep, _ = strconv.Atoi(string(found[1])) // they are digits
	}
	if found := pinIn.FindSubmatch(text); found != nil {
		s.PIN = string(found[1])
	} else if !json.Valid(text) || bytes.Contains(text, []byte(`"pin"`)) {
		s.PIN = Locked
	}
	return s
}

// Save writes the file, whole or not at all, and then its copy.
func Save(path string, s Settings) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("settings %s: %w: free some space and check that this user may write there", path, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	for _, file := range []string{path, path + lastSuffix} {
		err := durable.Write(file, 0o600, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
