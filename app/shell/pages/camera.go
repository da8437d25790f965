package pages

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"reterminal-vision/app/choices"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/camera"
	"reterminal-vision/camera/fault"
	"reterminal-vision/ui/kit"
)

// Camera chooses the camera and sets what can be set on it.
type Camera struct{ *App }

// What is tapped there.
type (
	setSource string // as settings.Camera.Source, "" for the first that is connected
	setMode   struct {
		format        string // "" leaves the mode to the app
		width, height int    // pixels
		fps           float64
	}
	setRotation int    // degrees
	setMirror   bool   // on or off
	stepControl string // by the control's name
)

// Choose implements chooser.
func (c Camera) Choose(a kit.Action) error {
	err := c.Prefs.Change(func(s *settings.Settings) {
		k := &s.Camera
		switch a := a.(type) {
		case setSource:
			// Another camera has modes and controls of its own.
			*k = settings.Camera{Source: string(a), Rotate: k.Rotate, Mirror: k.Mirror}
		case setMode:
			k.Format, k.Width, k.Height, k.FPS = a.format, a.width, a.height, a.fps
		case setRotation:
			k.Rotate = int(a)
		case setMirror:
			k.Mirror = bool(a)
		}
	})
	switch a.(type) {
	case setRotation, setMirror:
		c.Demos.Adjust()
	default:
		c.Demos.Restart()
	}
	return err
}

// Step implements stepper: it changes a control of the camera while pictures come.
func (c Camera) Step(a kit.Action, up bool) error {
	name, ok := a.(stepControl)
	if !ok {
		return nil
	}
	id, path := string(name), c.device(camera.Devices())
	controls, err := camera.Controls(path)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(controls, func(k camera.Control) bool { return k.Name == id })
	if i < 0 {
		return fault.Errorf("camera %s has no %s any more: choose the camera again", path, id)
	}
	value := stepped(controls[i], up)
	if err := camera.SetControl(path, id, value); err != nil {
		return err
	}
	return c.Prefs.Change(func(s *settings.Settings) {
		// The map is replaced, since others may read the one there is.
		s.Camera.Controls = maps.Clone(s.Camera.Controls)
		if s.Camera.Controls == nil {
			s.Camera.Controls = map[string]int32{}
		}
		s.Camera.Controls[id] = value
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
func (c Camera) device(devices []camera.Device) string {
	source := choices.Camera(c.Config, c.Prefs).Source
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

// opened implements opener: listing the cameras on ribbons takes seconds.
func (c Camera) opened() { camera.Rescan() }

// Show implements Page.
func (c Camera) Show() kit.Page {
	devices, chosen := camera.Devices(), c.Prefs.Get().Camera
	p := kit.Page{Title: lang.T("Camera")}
	sources := kit.Group{Title: lang.T("Video source")}
	if c.Config.Source != "auto" {
		sources.Rows = []kit.Row{{Kind: kit.RowFact, Label: c.Config.Source, Detail: lang.T("as the command line says")}}
	} else {
		detail := lang.T("the first that is connected")
		if len(devices) == 0 {
			detail = lang.T("none is connected: built-in footage")
		}
		sources.Rows = append(sources.Rows, kit.Row{Action: setSource(""), Label: lang.T("Automatic"), Detail: detail, Chosen: chosen.Source == ""})
		there := chosen.Source == "" || chosen.Source == pipeline.Footage
		for _, d := range devices {
			there = there || chosen.Source == d.Stable
			sources.Rows = append(sources.Rows, kit.Row{Action: setSource(d.Stable), Label: d.Name, Detail: d.Path, Chosen: chosen.Source == d.Stable})
		}
		if !there {
			sources.Rows = append(sources.Rows, kit.Row{Action: setSource(chosen.Source), Label: filepath.Base(chosen.Source),
				Detail: lang.T("not connected: the first that is takes its place"), Chosen: true})
		}
		sources.Rows = append(sources.Rows, kit.Row{Action: setSource(pipeline.Footage), Label: lang.T("Built-in footage"),
			Detail: lang.T("drawn for each demo, needs no camera"), Chosen: chosen.Source == pipeline.Footage})
	}
	p.Groups = append(p.Groups, sources)
	path := c.device(devices)
	for _, d := range devices {
		if d.Path == path || d.Stable == path {
			p.Groups = append(p.Groups, modeGroup(d, chosen))
		}
	}
	p.Groups = append(p.Groups, uprightGroup(chosen))
	if path != "" {
		if controls, err := camera.Controls(path); err == nil && len(controls) > 0 {
			p.Groups = append(p.Groups, controlGroup(controls))
		}
	}
	return p
}

// modeGroup offers each size once for each format, at its highest rate.
func modeGroup(d camera.Device, chosen settings.Camera) kit.Group {
	g := kit.Group{Title: lang.T("Pictures")}
	g.Rows = append(g.Rows, kit.Row{Action: setMode{}, Label: lang.T("Automatic"), Detail: lang.T("640 x 480, 30 a second, or what is nearest"), Chosen: chosen.Width == 0})
	for _, m := range d.Modes {
		rate := 0.
		detail := m.Format
		if len(m.Rates) > 0 {
			rate = m.Rates[0]
			detail += lang.T(", up to %.4g a second", rate)
		}
		g.Rows = append(g.Rows, kit.Row{
			Action: setMode{m.Format, m.Width, m.Height, rate}, Label: fmt.Sprintf("%d x %d", m.Width, m.Height), Detail: detail,
			Chosen: chosen.Width == m.Width && chosen.Height == m.Height && chosen.Format == m.Format,
		})
	}
	return g
}

func uprightGroup(chosen settings.Camera) kit.Group {
	g := kit.Group{Title: lang.T("Rotation")}
	for i, label := range []string{lang.T("Not rotated"), lang.T("Rotated right"), lang.T("Upside down"), lang.T("Rotated left")} {
		g.Rows = append(g.Rows, kit.Row{Action: setRotation(90 * i), Label: label, Value: fmt.Sprintf("%d°", 90*i), Chosen: chosen.Rotate == 90*i})
	}
	return kit.Group{Title: g.Title, Rows: append(g.Rows, mirrorRow(chosen))}
}

// mirrorRow switches the mirror.
func mirrorRow(chosen settings.Camera) kit.Row {
	if chosen.Mirror {
		return kit.Row{Action: setMirror(false), Label: lang.T("Mirrored"), Detail: lang.T("as in a mirror"), Chosen: true}
	}
	return kit.Row{Action: setMirror(true), Label: lang.T("Mirrored"), Detail: lang.T("off")}
}

// controlName is a control's name on the screen.
func controlName(name string) string {
	switch name {
	case "brightness":
		return lang.T("Brightness")
	case "contrast":
		return lang.T("Contrast")
	case "saturation":
		return lang.T("Saturation")
	case "sharpness":
		return lang.T("Sharpness")
	case "gain":
		return lang.T("Gain")
	case "backlight":
		return lang.T("Backlight compensation")
	case "auto-exposure":
		return lang.T("Automatic exposure")
	case "exposure":
		return lang.T("Exposure")
	case "auto-white-balance":
		return lang.T("Automatic white balance")
	case "white-balance":
		return lang.T("White balance")
	case "auto-focus":
		return lang.T("Automatic focus")
	case "focus":
		return lang.T("Focus")
	case "mains-frequency":
		return lang.T("Mains frequency")
	}
	return name
}

func controlGroup(controls []camera.Control) kit.Group {
	g := kit.Group{Title: lang.T("Light and focus")}
	for _, k := range controls {
		r := kit.Row{Kind: kit.RowStep, Action: stepControl(k.Name), Label: controlName(k.Name), Value: strconv.Itoa(int(k.Value)), Less: k.Value > k.Min, More: k.Value < k.Max}
		switch {
		case k.Held:
			r.Value, r.Less, r.More = lang.T("set by the camera"), false, false
		case len(k.Choices) > 0:
			for _, o := range k.Choices {
				if o.Value == k.Value {
					r.Value = o.Name
				}
			}
		case k.Min == 0 && k.Max == 1:
			r.Value = []string{lang.T("off"), lang.T("on")}[min(max(k.Value, 0), 1)]
		}
		g.Rows = append(g.Rows, r)
	}
	return g
}
