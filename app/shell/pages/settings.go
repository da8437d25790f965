package pages

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pin"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// Settings leads to everything that can be set.
type Settings struct{ *App }

// Show implements Page.
func (w Settings) Show() kit.Page {
	s := w.Prefs.Get()
	lead := func(to Page, label, value string) kit.Row {
		return kit.Row{Kind: kit.RowLead, Action: to, Label: label, Value: value}
	}
	lock := lang.T("off")
	if s.PIN != "" {
		lock = lang.T("on")
	}
	return kit.Page{Title: lang.T("Settings"), Wrong: w.Prefs.WhyLost(), Groups: []kit.Group{
		{Rows: []kit.Row{
			lead(Camera(w), lang.T("Camera"), ""),
			lead(Language(w), lang.T("Language"), language().Name),
			lead(Display(w), lang.T("Display"), ""),
			lead(Visitors(w), lang.T("Visitors"), ""),
			lead(Lock(w), lang.T("Lock"), lock),
			lead(Keep(w), lang.T("People"), ""),
			lead(Models(w), lang.T("Models"), ""),
		}},
		{Rows: []kit.Row{
			lead(Speed(w), lang.T("Performance"), ""),
			lead(Check(w), lang.T("Check this device"), ""),
			lead(About(w), lang.T("About this app"), cli.Version()),
		}},
	}}
}

// language is the language in use.
func language() lang.Language {
	tag := lang.Current()
	for _, l := range lang.Languages() {
		if l.Tag == tag {
			return l
		}
	}
	return lang.Languages()[0]
}

// languageRows are all languages, each in its own words.
func languageRows() (rows []kit.Row) {
	for _, l := range lang.Languages() {
		rows = append(rows, kit.Row{Action: setLanguage(l.Tag), Label: l.Name, Chosen: l.Tag == lang.Current(), Language: l.Tag})
	}
	return rows
}

// setLanguage is a tap on a language, by its tag.
type setLanguage string

// Language chooses the language.
type Language struct{ *App }

// Show implements Page.
func (w Language) Show() kit.Page {
	return kit.Page{Title: lang.T("Language"), Groups: []kit.Group{{Rows: languageRows()}}}
}

// Choose implements chooser.
func (w Language) Choose(a kit.Action) error {
	err := w.setLanguage(a)
	w.restyle(Settings(w), w)
	return err
}

// restyle takes up language and theme, and shows the pages again, the first
// beneath the others.
func (a *App) restyle(pages ...Page) {
	a.Screen.Restyle(Style(a.Prefs), a.Cards())
	for _, p := range pages {
		a.Screen.Pages.Open(p)
	}
}

// setLanguage keeps the language that was tapped.
func (a *App) setLanguage(tapped kit.Action) error {
	tag, ok := tapped.(setLanguage)
	if !ok {
		return nil
	}
	return a.Prefs.Change(func(s *settings.Settings) { s.Language = string(tag) })
}

// Style is how the interface looks and speaks, as the settings say.
func Style(prefs *preferences.Store) ui.Style {
	s := prefs.Get()
	tag := s.Language
	if tag == "" || lang.Set(tag) != nil {
		tag = lang.FromLocale()
		_ = lang.Set(tag) // one that it gives
	}
	return ui.Style{Theme: s.Theme, Language: tag}
}

// Display sets the screen's colours and light.
type Display struct{ *App }

// What is tapped there.
type (
	setTheme        string // the theme's name
	toggleAutoLight struct{}
	stepBrightness  struct{}
	stepDarkFrom    struct{}
	stepDarkTo      struct{}
)

// Show implements Page.
func (w Display) Show() kit.Page {
	s := w.Prefs.Get()
	theme := s.Theme
	if theme == "" {
		theme = kit.Themes[0]
	}
	p := kit.Page{Title: lang.T("Display"), Groups: []kit.Group{
		{Title: lang.T("Theme"), Rows: []kit.Row{
			{Action: setTheme("dark"), Label: lang.T("Dark"), Detail: lang.T("for a workshop or a dim hall"), Chosen: theme == "dark"},
			{Action: setTheme("light"), Label: lang.T("Light"), Detail: lang.T("for a bright hall"), Chosen: theme == "light"},
		}},
	}}
	light := kit.Group{Title: lang.T("Backlight")}
	if percent, err := w.Light.Brightness(); err != nil {
		light.Text = lang.T("This screen's backlight cannot be controlled.")
	} else {
		if _, err := w.Device.Illuminance(); err == nil {
			light.Rows = append(light.Rows, toggle(toggleAutoLight{}, lang.T("Automatic"), lang.T("follows the light of the room"), s.Display.Automatic))
		}
		light.Rows = append(light.Rows, kit.Row{Kind: kit.RowStep, Action: stepBrightness{}, Label: lang.T("Brightness"), Value: fmt.Sprintf("%d %%", percent),
			Less: percent > brightnessLeast && !s.Display.Automatic, More: percent < 100 && !s.Display.Automatic})
	}
	p.Groups = append(p.Groups, light, kit.Group{Title: lang.T("Screen off at night"),
		Text: lang.T("The screen is off between these hours until it is touched."),
		Rows: []kit.Row{hourRow(stepDarkFrom{}, lang.T("From"), s.Display.DarkFrom), hourRow(stepDarkTo{}, lang.T("To"), s.Display.DarkTo)}})
	return p
}

// brightnessLeast keeps the screen readable enough to be made brighter again.
const brightnessLeast = 10

func hourRow(a kit.Action, label string, hour int) kit.Row {
	return kit.Row{Kind: kit.RowStep, Action: a, Label: label, Value: fmt.Sprintf("%d:00", hour), Less: true, More: true}
}

// toggle is a row that is on or off.
func toggle(a kit.Action, label, detail string, on bool) kit.Row {
	value := lang.T("off")
	if on {
		value = lang.T("on")
	}
	return kit.Row{Action: a, Label: label, Detail: detail, Value: value, Chosen: on}
}

// Choose implements chooser.
func (w Display) Choose(a kit.Action) error {
	switch a := a.(type) {
	case toggleAutoLight:
		err := w.Prefs.Change(func(s *settings.Settings) { s.Display.Automatic = !s.Display.Automatic })
		w.Light.Look()
		return err
	case setTheme:
		err := w.Prefs.Change(func(s *settings.Settings) { s.Theme = string(a) })
		w.restyle(Settings(w), w)
		return err
	}
	return nil
}

// Step implements stepper.
func (w Display) Step(a kit.Action, up bool) error {
	by := direction(up)
	hour := func(s *settings.Settings) *int { return &s.Display.DarkFrom }
	switch a.(type) {
	case stepBrightness:
		percent, err := w.Light.Brightness()
		if err != nil {
			return err
		}
		percent = min(max(percent/10*10+10*by, brightnessLeast), 100)
		if err := w.Light.Set(percent); err != nil {
			return err
		}
		return w.Prefs.Change(func(s *settings.Settings) { s.Display.Brightness = percent })
	case stepDarkTo:
		hour = func(s *settings.Settings) *int { return &s.Display.DarkTo }
	}
	return w.Prefs.Change(func(s *settings.Settings) {
		h := hour(s)
		*h = (*h + by + 24) % 24
	})
}

// idleSteps are the times after which a screen that nobody touches attracts,
// in seconds; -1 is never.
var idleSteps = []int{30, 60, 90, 120, 300, 600, -1}

// Visitors sets what a screen shows that nobody touches.
type Visitors struct{ *App }

// What is tapped there.
type (
	stepIdle   struct{}
	setAttract string // as settings.Visitors.Attract
)

// Show implements Page.
func (w Visitors) Show() kit.Page {
	v := w.Prefs.Get().Visitors
	i := idleStep(v)
	value := lang.T("never")
	if idleSteps[i] > 0 {
		value = lang.T("%d seconds", idleSteps[i])
	}
	return kit.Page{Title: lang.T("Visitors"), Groups: []kit.Group{
		{Text: lang.T("When nobody touches the screen, it goes back to the gallery and shows the demos one after the other, to invite the next visitor."),
			Rows: []kit.Row{{Kind: kit.RowStep, Action: stepIdle{}, Label: lang.T("After"), Value: value, Less: i > 0, More: i < len(idleSteps)-1}}},
		{Title: lang.T("What it shows"), Rows: []kit.Row{
			{Action: setAttract("footage"), Label: lang.T("Built-in footage"), Chosen: v.Attract == "" || v.Attract == "footage"},
			{Action: setAttract("camera"), Label: lang.T("What the camera sees"), Chosen: v.Attract == "camera"},
			{Action: setAttract("off"), Label: lang.T("The gallery only"), Chosen: v.Attract == "off"},
		}},
	}}
}

func idleStep(v settings.Visitors) int {
	seconds := v.Idle
	if seconds == 0 {
		seconds = int(preferences.UsualIdle / time.Second)
	}
	for i, s := range idleSteps {
		if s == seconds {
			return i
		}
	}
	return 2
}

// Choose implements chooser.
func (w Visitors) Choose(a kit.Action) error {
	what, ok := a.(setAttract)
	if !ok {
		return nil
	}
	return w.Prefs.Change(func(s *settings.Settings) { s.Visitors.Attract = string(what) })
}

// Step implements stepper.
func (w Visitors) Step(_ kit.Action, up bool) error {
	err := w.Prefs.Change(func(s *settings.Settings) {
		i := idleStep(s.Visitors) + direction(up)
		s.Visitors.Idle = idleSteps[min(max(i, 0), len(idleSteps)-1)]
	})
	w.Screen.SetIdle(preferences.IdleAfter(w.Prefs.Get().Visitors))
	return err
}

// Lock sets the PIN, and closes the app.
type Lock struct{ *App }

// What is tapped there.
type (
	newPIN   struct{}
	clearPIN struct{}
	quit     struct{}
)

// Show implements Page.
func (w Lock) Show() kit.Page {
	p := kit.Page{Title: lang.T("Lock"), Groups: []kit.Group{{
		Text: lang.T("With a PIN, visitors can use only the demos, not the settings, the people or Quit."),
	}}}
	g := &p.Groups[0]
	if w.Prefs.Get().PIN == "" {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowAction, Action: newPIN{}, Label: lang.T("Choose a PIN")})
	} else {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowAction, Action: newPIN{}, Label: lang.T("Choose another PIN")},
			kit.Row{Kind: kit.RowAction, Action: clearPIN{}, Label: lang.T("Remove the PIN"), Danger: true})
	}
	p.Groups = append(p.Groups, kit.Group{Rows: []kit.Row{{Kind: kit.RowAction, Action: quit{}, Label: lang.T("Close the app"), Danger: true}}})
	return p
}

// Choose implements chooser.
func (w Lock) Choose(a kit.Action) error {
	switch a.(type) {
	case clearPIN:
		return w.Prefs.Change(func(s *settings.Settings) { s.PIN = "" })
	case quit:
		w.Screen.Stop()
	case newPIN:
		w.Screen.Pages.AskPIN(lang.T("Choose a PIN"), lang.T("Four to eight digits, which unlock the settings from now on."), func(first string, answer func(string, func())) {
			answer("", func() { w.confirmPIN(first) })
		})
	}
	return nil
}

// confirmPIN asks for a new PIN a second time, and keeps it.
func (w Lock) confirmPIN(first string) {
	w.Screen.Pages.AskPIN(lang.T("Choose a PIN"), lang.T("Once more, to be sure."), func(second string, answer func(string, func())) {
		if first != second {
			answer(lang.T("The PINs do not match. Go back and try again."), nil)
			return
		}
		answer("", func() {
			w.Handler.Do(w, func() error {
				hash, err := pin.Hash(second)
				if err != nil {
					return err
				}
				return w.Prefs.Change(func(s *settings.Settings) { s.PIN = hash })
			})
		})
	})
}

// keepSteps are the days after which enrolled people are deleted; 0 is never.
var keepSteps = []int{1, 7, 30, 90, 365, 0}

// Keep sets for how long people are kept.
type Keep struct{ *App }

// What is tapped there.
type (
	stepKeep   struct{}
	keepDelete struct{} // agrees that people are deleted at once
	keepAll    struct{} // does not
)

// Show implements Page.
func (w Keep) Show() kit.Page {
	days := w.Prefs.Get().Keep
	asked := w.keep.get()
	if asked.people > 0 {
		days = asked.days
	}
	i := keepStep(days)
	value := lang.T("never")
	if days > 0 {
		value = lang.T("after %d days", days)
	}
	p := kit.Page{Title: lang.T("People"), Groups: []kit.Group{{
		Text: lang.T("Small face pictures and embeddings of enrolled people stay on this device only. They can be deleted automatically after a set time."),
		Rows: []kit.Row{{Kind: kit.RowStep, Action: stepKeep{}, Label: lang.T("Delete"), Value: value, Less: i > 0, More: i < len(keepSteps)-1}},
	}, {Rows: []kit.Row{w.livenessRow(library.Catalogue().Demo(RecognitionDemo))}}}}
	if n := asked.people; n > 0 {
		p.Groups = slices.Insert(p.Groups, 1, kit.Group{Text: lang.T("That would delete %d people at once.", n), Rows: []kit.Row{
			{Kind: kit.RowAction, Action: keepDelete{}, Label: lang.T("Delete"), Danger: true},
			{Kind: kit.RowAction, Action: keepAll{}, Label: lang.T("Keep them")},
		}})
	}
	return p
}

func keepStep(days int) int {
	for i, d := range keepSteps {
		if d == days {
			return i
		}
	}
	return len(keepSteps) - 1
}

// askedKeep is a choice of days that waits for a person to agree, since it would
// delete people at once.
type askedKeep struct {
	days, people int // people is 0 where nothing waits
}

// keepQuestion is the choice that waits, if one does.
type keepQuestion struct {
	mu  sync.Mutex
	now askedKeep
}

func (k *keepQuestion) set(a askedKeep) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = a
}

func (k *keepQuestion) get() askedKeep {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

// opened implements opener: what was asked before is forgotten.
func (w Keep) opened() { w.keep.set(askedKeep{}) }

// Step implements stepper: it changes after how many days people are deleted;
// where somebody's time would be over by that, only once a person has agreed.
func (w Keep) Step(_ kit.Action, up bool) error {
	was := w.Prefs.Get().Keep
	from := was
	if asked := w.keep.get(); asked.people > 0 {
		from = asked.days
	}
	i := keepStep(from) + direction(up)
	next := askedKeep{days: keepSteps[min(max(i, 0), len(keepSteps)-1)]}
	if next.days != was {
		n, err := w.People.CountOver(next.days)
		if err != nil {
			slog.Error("people not counted", "error", err) // nor deleted, while that lasts
		}
		next.people = n
	}
	if w.keep.set(next); next.people > 0 || next.days == was {
		return nil
	}
	return w.Prefs.Change(func(s *settings.Settings) { s.Keep = next.days })
}

// Choose implements chooser.
func (w Keep) Choose(a kit.Action) error {
	asked := w.keep.get()
	switch a.(type) {
	case toggleLiveness:
		w.toggleLiveness(w)
		return nil
	case keepDelete:
		w.keep.set(askedKeep{})
		if asked.people == 0 {
			return nil
		}
		err := w.Prefs.Change(func(s *settings.Settings) { s.Keep = asked.days })
		w.People.DeleteOver()
		return err
	}
	w.keep.set(askedKeep{})
	return nil
}

// parts are what the app is made of beside its own code, for the page about it.
var parts = [][2]string{
	{"TensorFlow Lite 2.17, XNNPACK", "Apache-2.0"},
	{"go-tflite", "MIT"},
	{"Fyne", "BSD-3-Clause"},
	{"systray and portal (parts of Fyne)", "Apache-2.0"},
	{"webcam (blackjack)", "MIT"},
	{"imaging (disintegration)", "MIT"},
	{"libyuv", "BSD-3-Clause"},
	{"libjpeg-turbo", "IJG, BSD-3-Clause"},
	{"GLFW", "Zlib"},
	{"age", "BSD-3-Clause"},
	{"FFmpeg (the system's, for films)", "GPL-2.0-or-later"},
	{"Noto Sans, Noto Sans CJK", "OFL-1.1"},
	{"Go", "BSD-3-Clause"},
}

// About tells what the app and its networks are made of.
type About struct{ *App }

// Show implements Page.
func (w About) Show() kit.Page {
	p := kit.Page{Title: lang.T("About this app"), Groups: []kit.Group{
		{Title: "reTerminal Vision " + cli.Version(), Text: lang.T("Everything runs on this device, offline: no picture leaves it, and none is kept unless a person saves it.")},
	}}
	made := kit.Group{Title: lang.T("Third-party software")}
	for _, part := range parts {
		made.Rows = append(made.Rows, kit.Row{Kind: kit.RowFact, Label: part[0], Value: part[1]})
	}
	own := kit.Group{Title: lang.T("Models")}
	for _, m := range library.Catalogue().Models {
		own.Rows = append(own.Rows, kit.Row{Kind: kit.RowFact, Label: m.Title, Detail: strings.TrimSpace(m.Source+" · "+m.Licence) + limitedUse(&m)})
	}
	p.Groups = append(p.Groups, made, own)
	return p
}

// Welcome asks for the language at the first start, and leads to Ready.
type Welcome struct{ *App }

// Show implements Page.
func (w Welcome) Show() kit.Page {
	return kit.Page{Title: "reTerminal Vision", First: true, Groups: []kit.Group{{Title: "Language · Sprache", Rows: languageRows()}}}
}

// Choose implements chooser.
func (w Welcome) Choose(a kit.Action) error {
	err := w.setLanguage(a)
	w.restyle(Ready(w))
	return err
}

// Ready shows what was found at the first start.
type Ready struct{ *App }

// begin leads to the gallery.
type begin struct{}

// Show implements Page.
func (w Ready) Show() kit.Page {
	p := Check(w).Show()
	p.Title, p.First = lang.T("Ready"), true
	start := kit.Group{Rows: []kit.Row{
		{Kind: kit.RowAction, Action: begin{}, Label: lang.T("Start")},
		{Kind: kit.RowLead, Action: Camera(w), Label: lang.T("Choose the camera")},
	}}
	p.Groups = append([]kit.Group{start}, p.Groups...)
	return p
}

// Choose implements chooser.
func (w Ready) Choose(kit.Action) error {
	err := w.Prefs.Change(func(s *settings.Settings) { s.Welcomed = true })
	w.Screen.ShowHome()
	return err
}
