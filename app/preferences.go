package app

import (
	"log/slog"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"reterminal-vision/app/settings"
)

// preferences are the settings of a running app. Any goroutine may use them;
// what is changed is kept at once.
type preferences struct {
	path string // "" keeps nothing

	mu       sync.Mutex
	now      settings.Settings
	wrong    string                   // why nothing is kept, for the screen
	unlocked bool                     // the PIN was given
	trial    map[string]settings.Demo // what visitors changed, until they leave
}

// loadPreferences reads the settings beside the people.
func loadPreferences() *preferences {
	p := &preferences{}
	people, err := peoplePath()
	if err == nil {
		p.path = filepath.Join(filepath.Dir(people), "settings.json")
		p.now, err = settings.Load(p.path)
	}
	if err != nil {
		slog.Error("settings are not kept", "error", err)
		p.wrong = err.Error()
	}
	return p
}

// get is a copy of the settings; its maps must not be changed.
func (p *preferences) get() settings.Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// change changes the settings and keeps them.
func (p *preferences) change(how func(*settings.Settings)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	how(&p.now)
	p.wrong = ""
	if p.path == "" {
		return nil
	}
	err := settings.Save(p.path, p.now)
	if err != nil {
		p.wrong = err.Error()
	}
	return err
}

// demo is how a demo runs.
func (p *preferences) demo(id string) settings.Demo {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d, ok := p.trial[id]; ok {
		return d
	}
	return p.now.Demos[id]
}

// changeDemo changes how a demo runs: for good, or, while a PIN keeps visitors
// from the settings, until they leave.
func (p *preferences) changeDemo(id string, how func(*settings.Demo)) error {
	d := p.demo(id)
	how(&d)
	p.mu.Lock()
	if p.now.PIN != "" && !p.unlocked {
		p.trial = with(p.trial, id, d)
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	return p.change(func(s *settings.Settings) { s.Demos = with(s.Demos, id, d) })
}

// with is the map with one entry changed. The map itself stays, since others
// may read it.
func with(demos map[string]settings.Demo, id string, d settings.Demo) map[string]settings.Demo {
	changed := maps.Clone(demos)
	if changed == nil {
		changed = map[string]settings.Demo{}
	}
	changed[id] = d
	return changed
}

// unlock lets whoever gave the PIN reach everything until lock.
func (p *preferences) unlock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlocked = true
}

// lock ends that, and what visitors tried.
func (p *preferences) lock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlocked, p.trial = false, nil
}

func (p *preferences) isUnlocked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unlocked
}

// Visitors leave a demo without a word: after this time without a touch the
// screen attracts the next.
const usualIdle = 90 * time.Second

// idleAfter is after which time without a touch that is so; 0 for never.
func idleAfter(v settings.Visitors) time.Duration {
	switch {
	case v.Idle < 0:
		return 0
	case v.Idle == 0:
		return usualIdle
	}
	return time.Duration(v.Idle) * time.Second
}
