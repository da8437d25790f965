package app

import (
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"reterminal-vision/app/paths"
	"reterminal-vision/app/settings"
)

// preferences are the settings of a running app. Any goroutine may use them;
// what is changed is kept at once.
type preferences struct {
	path string // "" keeps nothing

	mu       sync.Mutex
	now      settings.Settings
	wrong    string                   // what is wrong with the file, for the screen
	unread   error                    // why the file must not be written over; nil where it may
	unlocked bool                     // the PIN was given
	trial    map[string]settings.Demo // what visitors changed, until they leave
	mirrored *bool                    // that too; nil for nothing
}

// loadPreferences reads the settings beside the people.
func loadPreferences() *preferences {
	p := &preferences{}
	path, err := paths.Data("settings.json")
	if err == nil {
		p.path = path
		p.now, err = settings.Load(p.path)
	}
	if err != nil {
		slog.Error("settings", "error", err)
		p.wrong = err.Error()
		if errors.Is(err, settings.ErrUnread) {
			p.unread = err
		}
	}
	return p
}

// get is a copy of the settings; its maps must not be changed.
func (p *preferences) get() settings.Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// change changes the settings and keeps them; where the file could not be read,
// they hold until the app ends.
func (p *preferences) change(how func(*settings.Settings)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	how(&p.now)
	if p.unread != nil {
		return p.unread
	}
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

// whyLost says what is wrong with the file, "" for nothing.
func (p *preferences) whyLost() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong
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

// camera is how pictures are taken.
func (p *preferences) camera() settings.Camera {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.now.Camera
	if p.mirrored != nil {
		c.Mirror = *p.mirrored
	}
	return c
}

// mirror turns the mirror on or off, as changeDemo changes a demo.
func (p *preferences) mirror(on bool) error {
	p.mu.Lock()
	if p.now.PIN != "" && !p.unlocked {
		p.mirrored = &on
		p.mu.Unlock()
		return nil
	}
	p.mirrored = nil
	p.mu.Unlock()
	return p.change(func(s *settings.Settings) { s.Camera.Mirror = on })
}

// keepTried makes what visitors tried the settings.
func (p *preferences) keepTried() error {
	return p.change(func(s *settings.Settings) {
		for id, d := range p.trial {
			s.Demos = with(s.Demos, id, d)
		}
		if p.mirrored != nil {
			s.Camera.Mirror = *p.mirrored
		}
		p.trial, p.mirrored = nil, nil
	})
}

// isTried reports whether visitors try something.
func (p *preferences) isTried() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tried()
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

// relock ends that.
func (p *preferences) relock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlocked = false
}

// lock ends that, and what visitors tried; it tells whether they had tried anything.
func (p *preferences) lock() (tried bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tried = p.tried()
	p.unlocked, p.trial, p.mirrored = false, nil, nil
	return tried
}

// tried reports whether visitors try something. The lock is held.
func (p *preferences) tried() bool { return len(p.trial) > 0 || p.mirrored != nil }

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
