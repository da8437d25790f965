// Package preferences holds the settings of a running app: what was chosen for
// good, and what visitors try until they leave.
//
// In: the settings file. Out: settings as they hold now; every change is kept at
// once. It imports app/paths and app/settings; app and its packages may import
// it.
package preferences

import (
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"reterminal-vision/app/paths"
	"reterminal-vision/app/settings"
)

// Store holds the settings. Any goroutine may use it.
type Store struct {
	Path string // "" keeps nothing

	mu       sync.Mutex
	now      settings.Settings
	Wrong    string                   // what is wrong with the file, for the screen
	unread   error                    // why the file must not be written over; nil where it may
	unlocked bool                     // the PIN was given
	trial    map[string]settings.Demo // what visitors changed, until they leave
	mirrored *bool                    // that too; nil for nothing
}

// Load reads the settings beside the people.
func Load() *Store {
	p := &Store{}
	path, err := paths.Data("settings.json")
	if err == nil {
		p.Path = path
		p.now, err = settings.Load(p.Path)
	}
	if err != nil {
		slog.Error("settings", "error", err)
		p.Wrong = err.Error()
		if errors.Is(err, settings.ErrUnread) {
			p.unread = err
		}
	}
	return p
}

// Get is a copy of the settings; its maps must not be changed.
func (p *Store) Get() settings.Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Change changes the settings and keeps them; where the file could not be read,
// they hold until the app ends.
func (p *Store) Change(how func(*settings.Settings)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	how(&p.now)
	if p.unread != nil {
		return p.unread
	}
	p.Wrong = ""
	if p.Path == "" {
		return nil
	}
	err := settings.Save(p.Path, p.now)
	if err != nil {
		p.Wrong = err.Error()
	}
	return err
}

// WhyLost says what is wrong with the file, "" for nothing.
func (p *Store) WhyLost() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Wrong
}

// Demo is how a demo runs.
func (p *Store) Demo(id string) settings.Demo {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d, ok := p.trial[id]; ok {
		return d
	}
	return p.now.Demos[id]
}

// ChangeDemo changes how a demo runs: for good, or, while a PIN keeps visitors
// from the settings, until they leave.
func (p *Store) ChangeDemo(id string, how func(*settings.Demo)) error {
	d := p.Demo(id)
	how(&d)
	p.mu.Lock()
	if p.now.PIN != "" && !p.unlocked {
		p.trial = with(p.trial, id, d)
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	return p.Change(func(s *settings.Settings) { s.Demos = with(s.Demos, id, d) })
}

// Camera is how pictures are taken.
func (p *Store) Camera() settings.Camera {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.now.Camera
	if p.mirrored != nil {
		c.Mirror = *p.mirrored
	}
	return c
}

// Mirror turns the mirror on or off, as ChangeDemo changes a demo.
func (p *Store) Mirror(on bool) error {
	p.mu.Lock()
	if p.now.PIN != "" && !p.unlocked {
		p.mirrored = &on
		p.mu.Unlock()
		return nil
	}
	p.mirrored = nil
	p.mu.Unlock()
	return p.Change(func(s *settings.Settings) { s.Camera.Mirror = on })
}

// KeepTried makes what visitors tried the settings.
func (p *Store) KeepTried() error {
	return p.Change(func(s *settings.Settings) {
		for id, d := range p.trial {
			s.Demos = with(s.Demos, id, d)
		}
		if p.mirrored != nil {
			s.Camera.Mirror = *p.mirrored
		}
		p.trial, p.mirrored = nil, nil
	})
}

// IsTried reports whether visitors try something.
func (p *Store) IsTried() bool {
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

// Unlock lets whoever gave the PIN reach everything until Lock.
func (p *Store) Unlock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlocked = true
}

// Relock ends that.
func (p *Store) Relock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlocked = false
}

// Lock ends that, and what visitors tried; it tells whether they had tried anything.
func (p *Store) Lock() (tried bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tried = p.tried()
	p.unlocked, p.trial, p.mirrored = false, nil, nil
	return tried
}

// tried reports whether visitors try something. The lock is held.
func (p *Store) tried() bool { return len(p.trial) > 0 || p.mirrored != nil }

// IsUnlocked reports whether the PIN was given.
func (p *Store) IsUnlocked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unlocked
}

// Visitors leave a demo without a word: after this time without a touch the
// screen attracts the next.
const UsualIdle = 90 * time.Second

// IdleAfter is after which time without a touch that is so; 0 for never.
func IdleAfter(v settings.Visitors) time.Duration {
	switch {
	case v.Idle < 0:
		return 0
	case v.Idle == 0:
		return UsualIdle
	}
	return time.Duration(v.Idle) * time.Second
}
