package shell

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/library"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/people"
	"reterminal-vision/app/pin"
	"reterminal-vision/app/preferences"
	"reterminal-vision/app/settings"
	"reterminal-vision/assets/lang"
	"reterminal-vision/ui"
	"reterminal-vision/ui/kit"
)

// Pages of the settings, by ID. What a page is about follows its ID after a
// space, as in "model ssd_mobilenet_v1".
const (
	pageSettings = "settings"
	pageCamera   = "camera"
	pageLanguage = "language"
	pageDisplay  = "display"
	pageVisitors = "visitors"
	pageLock     = "lock"
	pagePeople   = "people"
	pageCheck    = "check"
	pageAbout    = "about"
	pageAdjust   = "adjust"
	pageDemo     = "about-demo"
	pageWelcome  = "welcome"
	pageReady    = "ready"
)

// page is the page with the ID, nil when there is none.
func (w *window) page(id string) page {
	if model, ok := strings.CutPrefix(id, pageModel); ok {
		return modelPage{w, model}
	}
	if file, ok := strings.CutPrefix(id, pageImport); ok {
		return importPage{w, file}
	}
	if p := w.bench.page(id); p != nil {
		return p
	}
	switch id {
	case pageSettings:
		return dialog{content: w.settingsPage, chosen: w.openPage}
	case pageCamera:
		return w.camera
	case pageLanguage:
		return dialog{content: w.languagePage, chosen: w.chooseLanguage}
	case pageDisplay:
		return dialog{w.displayPage, w.chooseDisplay, w.stepDisplay}
	case pageVisitors:
		return dialog{w.visitorsPage, w.chooseVisitors, w.stepVisitors}
	case pageLock:
		return dialog{content: w.lockPage, chosen: w.chooseLock}
	case pagePeople:
		return dialog{content: w.keepPage, chosen: w.chooseKeep, stepped: w.stepKeep}
	case pageModels:
		return dialog{content: w.modelsPage, chosen: w.openPage}
	case pageOwn:
		return dialog{content: w.ownPage, chosen: w.chooseOwn}
	case pageSpeed:
		return dialog{content: w.speedPage, chosen: w.chooseSpeed}
	case pageCheck:
		return dialog{content: w.checkPage}
	case pageAbout:
		return dialog{content: w.aboutPage}
	case pageAdjust:
		return dialog{w.adjustPage, w.chooseAdjust, w.stepAdjust}
	case pageSafe:
		return dialog{content: w.safePage, chosen: w.chooseSafe}
	case pageDemo:
		return dialog{content: w.demoPage}
	case pageWelcome:
		return dialog{content: w.welcomePage, chosen: w.chooseWelcome}
	case pageReady:
		return dialog{content: w.readyPage, chosen: w.chooseReady}
	}
	return nil
}

func (w *window) settingsPage() kit.Page {
	s := w.prefs.Get()
	lead := func(id, label, value string) kit.Row {
		return kit.Row{Kind: kit.RowLead, ID: id, Label: label, Value: value}
	}
	lock := lang.T("off")
	if s.PIN != "" {
		lock = lang.T("on")
	}
	return kit.Page{Title: lang.T("Settings"), Wrong: w.prefs.WhyLost(), Groups: []kit.Group{
		{Rows: []kit.Row{
			lead(pageCamera, lang.T("Camera"), ""),
			lead(pageLanguage, lang.T("Language"), language().Name),
			lead(pageDisplay, lang.T("Look and light"), ""),
			lead(pageVisitors, lang.T("Visitors"), ""),
			lead(pageLock, lang.T("Lock"), lock),
			lead(pagePeople, lang.T("People"), ""),
			lead(pageModels, lang.T("Models"), ""),
		}},
		{Rows: []kit.Row{
			lead(pageSpeed, lang.T("How fast it is"), ""),
			lead(pageCheck, lang.T("Check this device"), ""),
			lead(pageAbout, lang.T("About this app"), cli.Version()),
		}},
	}}
}

// openPage opens the page that a row leads to; what was asked there before is
// forgotten.
func (w *window) openPage(id string) error {
	w.ask(askedKeep{})
	w.screen.Pages.Open(id)
	return nil
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
		rows = append(rows, kit.Row{ID: l.Tag, Label: l.Name, Chosen: l.Tag == lang.Current(), Language: l.Tag})
	}
	return rows
}

func (w *window) languagePage() kit.Page {
	return kit.Page{Title: lang.T("Language"), Groups: []kit.Group{{Rows: languageRows()}}}
}

func (w *window) chooseLanguage(tag string) error {
	err := w.prefs.Change(func(s *settings.Settings) { s.Language = tag })
	w.restyle(pageSettings, pageLanguage)
	return err
}

// restyle takes up language and theme, and shows the pages again, the first
// beneath the others.
func (w *window) restyle(pages ...string) {
	w.screen.Restyle(w.style(), w.cards())
	for _, id := range pages {
		w.screen.Pages.Open(id)
	}
}

// style is how the interface looks and speaks, as the settings say.
func (w *window) style() ui.Style {
	s := w.prefs.Get()
	tag := s.Language
	if tag == "" || lang.Set(tag) != nil {
		tag = lang.FromLocale()
		_ = lang.Set(tag) // one that it gives
	}
	return ui.Style{Theme: s.Theme, Language: tag}
}

func (w *window) displayPage() kit.Page {
	s := w.prefs.Get()
	theme := s.Theme
	if theme == "" {
		theme = kit.Themes[0]
	}
	p := kit.Page{Title: lang.T("Look and light"), Groups: []kit.Group{
		{Title: lang.T("Look"), Rows: []kit.Row{
			{ID: "dark", Label: lang.T("Dark"), Detail: lang.T("for a workshop or a dim hall"), Chosen: theme == "dark"},
			{ID: "light", Label: lang.T("Light"), Detail: lang.T("for a bright hall"), Chosen: theme == "light"},
		}},
	}}
	light := kit.Group{Title: lang.T("Screen light")}
	if percent, err := w.light.Brightness(); err != nil {
		light.Text = lang.T("This screen's light cannot be changed from here.")
	} else {
		if _, err := w.device.Illuminance(); err == nil {
			light.Rows = append(light.Rows, toggle("automatic", lang.T("Automatic"), lang.T("follows the light of the room"), s.Display.Automatic))
		}
		light.Rows = append(light.Rows, kit.Row{Kind: kit.RowStep, ID: "brightness", Label: lang.T("Brightness"), Value: fmt.Sprintf("%d %%", percent),
			Less: percent > brightnessLeast && !s.Display.Automatic, More: percent < 100 && !s.Display.Automatic})
	}
	p.Groups = append(p.Groups, light, kit.Group{Title: lang.T("Dark at night"),
		Text: lang.T("The screen is dark between these hours, until somebody touches it."),
		Rows: []kit.Row{hourRow("from", lang.T("From"), s.Display.DarkFrom), hourRow("to", lang.T("To"), s.Display.DarkTo)}})
	return p
}

// brightnessLeast keeps the screen readable enough to be made brighter again.
const brightnessLeast = 10

func hourRow(id, label string, hour int) kit.Row {
	return kit.Row{Kind: kit.RowStep, ID: id, Label: label, Value: fmt.Sprintf("%d:00", hour), Less: true, More: true}
}

// toggle is a row that is on or off.
func toggle(id, label, detail string, on bool) kit.Row {
	value := lang.T("off")
	if on {
		value = lang.T("on")
	}
	return kit.Row{ID: id, Label: label, Detail: detail, Value: value, Chosen: on}
}

func (w *window) chooseDisplay(id string) error {
	if id == "automatic" {
		err := w.prefs.Change(func(s *settings.Settings) { s.Display.Automatic = !s.Display.Automatic })
		w.light.Look()
		return err
	}
	err := w.prefs.Change(func(s *settings.Settings) { s.Theme = id })
	w.restyle(pageSettings, pageDisplay)
	return err
}

func (w *window) stepDisplay(id string, up bool) error {
	by := direction(up)
	if id == "brightness" {
		percent, err := w.light.Brightness()
		if err != nil {
			return err
		}
		percent = min(max(percent/10*10+10*by, brightnessLeast), 100)
		if err := w.light.Set(percent); err != nil {
			return err
		}
		return w.prefs.Change(func(s *settings.Settings) { s.Display.Brightness = percent })
	}
	return w.prefs.Change(func(s *settings.Settings) {
		hour := &s.Display.DarkFrom
		if id == "to" {
			hour = &s.Display.DarkTo
		}
		*hour = (*hour + by + 24) % 24
	})
}

// idleSteps are the times after which a screen that nobody touches attracts,
// in seconds; -1 is never.
var idleSteps = []int{30, 60, 90, 120, 300, 600, -1}

func (w *window) visitorsPage() kit.Page {
	v := w.prefs.Get().Visitors
	i := idleStep(v)
	value := lang.T("never")
	if idleSteps[i] > 0 {
		value = lang.T("%d seconds", idleSteps[i])
	}
	return kit.Page{Title: lang.T("Visitors"), Groups: []kit.Group{
		{Text: lang.T("When nobody touches the screen, it goes back to the gallery and shows the demos one after the other, to invite the next visitor."),
			Rows: []kit.Row{{Kind: kit.RowStep, ID: "idle", Label: lang.T("After"), Value: value, Less: i > 0, More: i < len(idleSteps)-1}}},
		{Title: lang.T("What it shows"), Rows: []kit.Row{
			{ID: "footage", Label: lang.T("Built-in footage"), Chosen: v.Attract == "" || v.Attract == "footage"},
			{ID: "camera", Label: lang.T("What the camera sees"), Chosen: v.Attract == "camera"},
			{ID: "off", Label: lang.T("The gallery only"), Chosen: v.Attract == "off"},
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

func (w *window) chooseVisitors(id string) error {
	return w.prefs.Change(func(s *settings.Settings) { s.Visitors.Attract = id })
}

func (w *window) stepVisitors(_ string, up bool) error {
	err := w.prefs.Change(func(s *settings.Settings) {
		i := idleStep(s.Visitors) + direction(up)
		s.Visitors.Idle = idleSteps[min(max(i, 0), len(idleSteps)-1)]
	})
	w.screen.SetIdle(preferences.IdleAfter(w.prefs.Get().Visitors))
	return err
}

func (w *window) lockPage() kit.Page {
	p := kit.Page{Title: lang.T("Lock"), Groups: []kit.Group{{
		Text: lang.T("With a PIN, visitors reach the demos only: not these settings, not the people, and not the way out."),
	}}}
	g := &p.Groups[0]
	if w.prefs.Get().PIN == "" {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowAction, ID: "set", Label: lang.T("Choose a PIN")})
	} else {
		g.Rows = append(g.Rows, kit.Row{Kind: kit.RowAction, ID: "set", Label: lang.T("Choose another PIN")},
			kit.Row{Kind: kit.RowAction, ID: "clear", Label: lang.T("Take the PIN away"), Danger: true})
	}
	p.Groups = append(p.Groups, kit.Group{Rows: []kit.Row{{Kind: kit.RowAction, ID: "quit", Label: lang.T("Close the app"), Danger: true}}})
	return p
}

func (w *window) chooseLock(id string) error {
	switch id {
	case "clear":
		return w.prefs.Change(func(s *settings.Settings) { s.PIN = "" })
	case "quit":
		w.Quit()
		return nil
	}
	w.screen.Pages.AskPIN(lang.T("Choose a PIN"), lang.T("Four to eight digits, which unlock the settings from now on."), func(first string, answer func(string, func())) {
		answer("", func() { w.confirmPIN(first) })
	})
	return nil
}

// confirmPIN asks for a new PIN a second time, and keeps it.
func (w *window) confirmPIN(first string) {
	w.screen.Pages.AskPIN(lang.T("Choose a PIN"), lang.T("Once more, to be sure."), func(second string, answer func(string, func())) {
		if first != second {
			answer(lang.T("That was another one. Go back and try again."), nil)
			return
		}
		answer("", func() {
			w.pages.do(pageLock, func(page) error {
				hash, err := pin.Hash(second)
				if err != nil {
					return err
				}
				return w.prefs.Change(func(s *settings.Settings) { s.PIN = hash })
			})
		})
	})
}

// keepSteps are the days after which enrolled people are deleted; 0 is never.
var keepSteps = []int{1, 7, 30, 90, 365, 0}

func (w *window) keepPage() kit.Page {
	days := w.prefs.Get().Keep
	asked := w.asking()
	if asked.people > 0 {
		days = asked.days
	}
	i := keepStep(days)
	value := lang.T("never")
	if days > 0 {
		value = lang.T("after %d days", days)
	}
	p := kit.Page{Title: lang.T("People"), Groups: []kit.Group{{
		Text: lang.T("Of everybody who is enrolled, small pictures of the face and numbers made from them stay on this device, and nowhere else. They can be deleted by themselves when their time is over."),
		Rows: []kit.Row{{Kind: kit.RowStep, ID: "keep", Label: lang.T("Delete"), Value: value, Less: i > 0, More: i < len(keepSteps)-1}},
	}, {Rows: []kit.Row{w.livenessRow(library.Catalogue().Demo(recognitionDemo))}}}}
	if n := asked.people; n > 0 {
		p.Groups = slices.Insert(p.Groups, 1, kit.Group{Text: lang.T("That would delete %d people at once.", n), Rows: []kit.Row{
			{Kind: kit.RowAction, ID: keepForget, Label: lang.T("Delete"), Danger: true},
			{Kind: kit.RowAction, ID: keepStay, Label: lang.T("Keep them")},
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

// ask has a choice wait, or none.
func (w *window) ask(a askedKeep) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = a
}

// asking is the choice that waits.
func (w *window) asking() askedKeep {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// Rows of that question.
const (
	keepForget = "forget"
	keepStay   = "stay"
)

// stepKeep changes after how many days people are deleted; where somebody's time
// would be over by that, only once a person has agreed.
func (w *window) stepKeep(_ string, up bool) error {
	was := w.prefs.Get().Keep
	from := was
	if asked := w.asking(); asked.people > 0 {
		from = asked.days
	}
	i := keepStep(from) + direction(up)
	next := askedKeep{days: keepSteps[min(max(i, 0), len(keepSteps)-1)]}
	if next.days != was {
		next.people = w.countOver(next.days)
	}
	if w.ask(next); next.people > 0 || next.days == was {
		return nil
	}
	return w.prefs.Change(func(s *settings.Settings) { s.Keep = next.days })
}

// countOver is how many people would be deleted if they were kept for so many days.
func (w *window) countOver(days int) (n int) {
	path, err := paths.People()
	if err == nil {
		_, err = os.Stat(path)
	}
	if err == nil {
		err = w.people.with(func(s *people.Store) error {
			n = s.Over(days, time.Now())
			return nil
		})
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		slog.Error("people not counted", "error", err) // nor deleted, while that lasts
	}
	return n
}

func (w *window) chooseKeep(id string) error {
	asked := w.asking()
	switch id {
	case chooseLiveness:
		w.toggleLiveness(pagePeople)
		return nil
	case keepForget:
		w.ask(askedKeep{})
		if asked.people == 0 {
			return nil
		}
		err := w.prefs.Change(func(s *settings.Settings) { s.Keep = asked.days })
		w.forgetOld(true)
		return err
	}
	w.ask(askedKeep{})
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

func (w *window) aboutPage() kit.Page {
	p := kit.Page{Title: lang.T("About this app"), Groups: []kit.Group{
		{Title: "reTerminal Vision " + cli.Version(), Text: lang.T("Everything runs on this device, offline: no picture leaves it, and none is kept unless a person saves it.")},
	}}
	made := kit.Group{Title: lang.T("Made with")}
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

// Welcome asks for the language first, and shows then what was found.

func (w *window) welcomePage() kit.Page {
	return kit.Page{Title: "reTerminal Vision", First: true, Groups: []kit.Group{{Title: "Language · Sprache", Rows: languageRows()}}}
}

func (w *window) chooseWelcome(tag string) error {
	err := w.prefs.Change(func(s *settings.Settings) { s.Language = tag })
	w.restyle(pageReady)
	return err
}

func (w *window) readyPage() kit.Page {
	p := w.checkPage()
	p.Title, p.First = lang.T("Ready"), true
	start := kit.Group{Rows: []kit.Row{
		{Kind: kit.RowAction, ID: "start", Label: lang.T("Start")},
		{Kind: kit.RowLead, ID: pageCamera, Label: lang.T("Choose the camera")},
	}}
	p.Groups = append([]kit.Group{start}, p.Groups...)
	return p
}

func (w *window) chooseReady(id string) error {
	if id == pageCamera {
		w.screen.Pages.Open(pageCamera)
		return nil
	}
	err := w.prefs.Change(func(s *settings.Settings) { s.Welcomed = true })
	w.screen.ShowHome()
	return err
}
