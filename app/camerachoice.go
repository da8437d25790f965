package app

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"reterminal-vision/app/settings"
	"reterminal-vision/camera"
	"reterminal-vision/ui"
)

// cameraChoices is what a person chooses about the camera on the screen. It is
// kept in the settings; what the command line says goes before it.
type cameraChoices struct {
	screen  *ui.UI
	path    string // of the settings; "" keeps none
	restart func() // has the demo that runs open the camera anew
	fixed   string // the source that the command line names, "" when it leaves it open
	given   Config // of the command line

	mu      sync.Mutex // serializes what is done in the background
	chosen  settings.Camera
	wrong   string
	working sync.WaitGroup
}

func newCameraChoices(cfg Config, restart func()) *cameraChoices {
	c := &cameraChoices{restart: restart, given: cfg}
	if cfg.Source != "auto" {
		c.fixed = cfg.Source
	}
	people, err := peoplePath()
	if err == nil {
		c.path = filepath.Join(filepath.Dir(people), "settings.json")
		var s settings.Settings
		s, err = settings.Load(c.path)
		c.chosen = s.Camera
	}
	if err != nil {
		slog.Error("settings are not kept", "error", err)
		c.wrong = err.Error()
	}
	return c
}

// configure is the configuration with what was chosen.
func (c *cameraChoices) configure(cfg Config) Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apply(cfg)
}

func (c *cameraChoices) apply(cfg Config) Config {
	if c.fixed == "" && c.chosen.Source != "" {
		if _, err := os.Stat(c.chosen.Source); err == nil || strings.HasPrefix(c.chosen.Source, "csi:") {
			cfg.Source = c.chosen.Source
		}
	}
	cfg.Width, cfg.Height = cmp.Or(cfg.Width, c.chosen.Width), cmp.Or(cfg.Height, c.chosen.Height)
	cfg.FPS, cfg.PixelFormat = cmp.Or(cfg.FPS, c.chosen.FPS), cmp.Or(cfg.PixelFormat, c.chosen.Format)
	if cfg.Turn == (camera.Turn{}) {
		cfg.Turn = camera.Turn{Degrees: c.chosen.Rotate, Mirror: c.chosen.Mirror}
	}
	if cfg.Turn.Check() != nil {
		cfg.Turn = camera.Turn{}
	}
	cfg.Controls = c.chosen.Controls
	return cfg
}

// wait returns when nothing is done in the background any more.
func (c *cameraChoices) wait() { c.working.Wait() }

// do works in the background, one thing after the other, with the cameras that
// are connected, and shows the outcome.
func (c *cameraChoices) do(change func([]camera.Device) (restart bool, err error)) {
	c.working.Go(func() {
		c.mu.Lock()
		devices := camera.Devices()
		again, err := change(devices)
		if err == nil && c.path != "" {
			err = settings.Save(c.path, settings.Settings{Camera: c.chosen})
		}
		c.wrong = ""
		if err != nil {
			slog.Error("camera settings", "error", err)
			c.wrong = err.Error()
		}
		shown := c.choices(devices)
		c.mu.Unlock()
		if again {
			c.restart()
		}
		c.screen.Choices(shown)
	})
}

// ShowChoices implements ui.ChoiceHandler.
func (c *cameraChoices) ShowChoices() {
	c.working.Go(func() {
		c.mu.Lock()
		shown := c.choices(camera.Devices())
		c.mu.Unlock()
		c.screen.Choices(shown)
	})
}

// Kinds of choices, the first part of an ID.
const (
	chooseSource = "source "
	chooseMode   = "mode "
	chooseRotate = "rotate "
	chooseMirror = "mirror "
)

// Choose implements ui.ChoiceHandler.
func (c *cameraChoices) Choose(id string) {
	c.do(func([]camera.Device) (bool, error) {
		switch {
		case strings.HasPrefix(id, chooseSource):
			source := strings.TrimPrefix(id, chooseSource)
			// Another camera has modes and controls of its own.
			c.chosen = settings.Camera{Source: source, Rotate: c.chosen.Rotate, Mirror: c.chosen.Mirror}
		case strings.HasPrefix(id, chooseMode):
			c.chosen.Format, c.chosen.Width, c.chosen.Height, c.chosen.FPS = "", 0, 0, 0
			fmt.Sscan(strings.TrimPrefix(id, chooseMode), &c.chosen.Format, &c.chosen.Width, &c.chosen.Height, &c.chosen.FPS)
		case strings.HasPrefix(id, chooseRotate):
			c.chosen.Rotate, _ = strconv.Atoi(strings.TrimPrefix(id, chooseRotate))
		case strings.HasPrefix(id, chooseMirror):
			c.chosen.Mirror = strings.TrimPrefix(id, chooseMirror) == "on"
		}
		return true, nil
	})
}

// Step implements ui.ChoiceHandler: a control of the camera, which changes
// while pictures come.
func (c *cameraChoices) Step(id string, up bool) {
	c.do(func(devices []camera.Device) (bool, error) {
		path := c.device(devices)
		controls, err := camera.Controls(path)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(controls, func(k camera.Control) bool { return k.Name == id })
		if i < 0 {
			return false, fmt.Errorf("camera %s has no %s any more: choose the camera again", path, id)
		}
		value := stepped(controls[i], up)
		if err := camera.SetControl(path, id, value); err != nil {
			return false, err
		}
		if c.chosen.Controls == nil {
			c.chosen.Controls = map[string]int32{}
		}
		c.chosen.Controls[id] = value
		return false, nil
	})
}

// stepped is the next value of a control: of a list the neighbour, of a range
// about a sixteenth farther.
func stepped(k camera.Control, up bool) int32 {
	if len(k.Choices) > 0 {
		i := slices.IndexFunc(k.Choices, func(o camera.Choice) bool { return o.Value == k.Value })
		if up {
			i++
		} else {
			i--
		}
		return k.Choices[min(max(i, 0), len(k.Choices)-1)].Value
	}
	by := (int64(k.Max) - int64(k.Min)) / 16 / int64(k.Step) * int64(k.Step)
	by = max(by, int64(k.Step))
	if !up {
		by = -by
	}
	return int32(min(max(int64(k.Value)+by, int64(k.Min)), int64(k.Max)))
}

// device is the path of the camera in use of those connected, "" when it is none.
func (c *cameraChoices) device(devices []camera.Device) string {
	source := c.apply(c.given).Source
	if source != "auto" {
		if strings.HasPrefix(source, "/dev/") {
			return source
		}
		return ""
	}
	if len(devices) == 0 || !strings.HasPrefix(devices[0].Path, "/dev/") {
		return ""
	}
	return devices[0].Path
}

// choices is what the screen shows of the cameras connected. The lock is held.
func (c *cameraChoices) choices(devices []camera.Device) ui.Choices {
	shown := ui.Choices{Wrong: c.wrong}
	sources := ui.ChoiceGroup{Title: "Camera"}
	if c.fixed != "" {
		sources.Choices = []ui.Choice{{ID: "", Label: c.fixed, Detail: "as the command line says", Chosen: true}}
	} else {
		detail := "the first that is connected"
		if len(devices) == 0 {
			detail = "none is connected: built-in footage"
		}
		sources.Choices = append(sources.Choices, ui.Choice{ID: chooseSource, Label: "Automatic", Detail: detail, Chosen: c.chosen.Source == ""})
		there := c.chosen.Source == ""
		for _, d := range devices {
			chosen := c.chosen.Source == d.Stable
			there = there || chosen
			sources.Choices = append(sources.Choices, ui.Choice{ID: chooseSource + d.Stable, Label: d.Name, Detail: d.Path, Chosen: chosen})
		}
		if !there {
			sources.Choices = append(sources.Choices, ui.Choice{ID: chooseSource + c.chosen.Source, Label: filepath.Base(c.chosen.Source),
				Detail: "not connected: the first that is takes its place", Chosen: true})
		}
	}
	shown.Groups = append(shown.Groups, sources)
	path := c.device(devices)
	for _, d := range devices {
		if d.Path == path || d.Stable == path {
			shown.Groups = append(shown.Groups, c.modeGroup(d))
		}
	}
	shown.Groups = append(shown.Groups, c.uprightGroup())
	if path != "" {
		if controls, err := camera.Controls(path); err == nil && len(controls) > 0 {
			shown.Groups = append(shown.Groups, controlGroup(controls))
		}
	}
	return shown
}

// modeGroup offers each size once for each format, at its highest rate.
func (c *cameraChoices) modeGroup(d camera.Device) ui.ChoiceGroup {
	g := ui.ChoiceGroup{Title: "Pictures"}
	g.Choices = append(g.Choices, ui.Choice{ID: chooseMode, Label: "Automatic", Detail: "640x480, 30 a second, or what is nearest", Chosen: c.chosen.Width == 0})
	for _, m := range d.Modes {
		rate := 0.
		detail := m.Format
		if len(m.Rates) > 0 {
			rate = m.Rates[0]
			detail += fmt.Sprintf(", up to %.4g a second", rate)
		}
		g.Choices = append(g.Choices, ui.Choice{
			ID: fmt.Sprint(chooseMode, m.Format, " ", m.Width, " ", m.Height, " ", rate), Label: fmt.Sprintf("%d x %d", m.Width, m.Height), Detail: detail,
			Chosen: c.chosen.Width == m.Width && c.chosen.Height == m.Height && c.chosen.Format == m.Format,
		})
	}
	return g
}

func (c *cameraChoices) uprightGroup() ui.ChoiceGroup {
	g := ui.ChoiceGroup{Title: "Which way up"}
	for degrees, label := range map[int]string{0: "As it comes", 90: "Turned right", 180: "Upside down", 270: "Turned left"} {
		g.Choices = append(g.Choices, ui.Choice{ID: chooseRotate + strconv.Itoa(degrees), Label: label, Detail: fmt.Sprintf("%d°", degrees), Chosen: c.chosen.Rotate == degrees})
	}
	slices.SortFunc(g.Choices, func(a, b ui.Choice) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	mirrored := ui.Choice{ID: chooseMirror + "on", Label: "Mirrored", Detail: "off"}
	if c.chosen.Mirror {
		mirrored.ID, mirrored.Detail, mirrored.Chosen = chooseMirror+"off", "as in a mirror", true
	}
	g.Choices = append(g.Choices, mirrored)
	return g
}

// controlNames are the controls' names on the screen.
var controlNames = map[string]string{
	"brightness": "Brightness", "contrast": "Contrast", "saturation": "Saturation", "sharpness": "Sharpness", "gain": "Gain",
	"backlight": "Backlight compensation", "auto-exposure": "Automatic exposure", "exposure": "Exposure",
	"auto-white-balance": "Automatic white balance", "white-balance": "White balance", "auto-focus": "Automatic focus", "focus": "Focus",
	"mains-frequency": "Mains frequency",
}

func controlGroup(controls []camera.Control) ui.ChoiceGroup {
	g := ui.ChoiceGroup{Title: "Light and focus"}
	for _, k := range controls {
		s := ui.Step{ID: k.Name, Label: cmp.Or(controlNames[k.Name], k.Name), Value: strconv.Itoa(int(k.Value)), Less: k.Value > k.Min, More: k.Value < k.Max}
		switch {
		case k.Held:
			s.Value, s.Less, s.More = "set by the camera", false, false
		case len(k.Choices) > 0:
			for _, o := range k.Choices {
				if o.Value == k.Value {
					s.Value = o.Name
				}
			}
		case k.Min == 0 && k.Max == 1:
			s.Value = []string{"off", "on"}[min(max(k.Value, 0), 1)]
		}
		g.Steps = append(g.Steps, s)
	}
	return g
}
