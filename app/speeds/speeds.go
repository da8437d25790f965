// Package speeds keeps how many results a second each demo gave on this device.
//
// In: times that demos took. Out: rates for the gallery and the watchdog, kept in
// a file. It imports app/durable and app/paths; the shell and its pages may
// import it.
package speeds

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"reterminal-vision/app/durable"
	"reterminal-vision/app/paths"
)

// Store is how many results a second the networks of each demo gave on this
// device when it last ran. Losing it loses nothing but that. Any goroutine.
type Store struct {
	path string

	mu  sync.Mutex
	fps map[string]float64 // by demo ID
}

func Load() *Store {
	s := &Store{fps: map[string]float64{}}
	path, err := paths.Data("speeds.json")
	if err != nil {
		return s
	}
	s.path = path
	if text, err := os.ReadFile(s.path); err == nil && json.Unmarshal(text, &s.fps) != nil {
		s.fps = map[string]float64{}
	}
	return s
}

// Of is how many results a second a demo gives here; 0 when it has not run.
func (s *Store) Of(demo string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fps[demo]
}

// Note keeps how long the networks of a demo took for a frame, and reports
// whether that is news: more than a tenth from what was known.
func (s *Store) Note(demo string, invoke time.Duration) (news bool) {
	if invoke <= 0 {
		return false
	}
	fps := 1 / invoke.Seconds()
	if known := s.Of(demo); known > .9*fps && known < 1.1*fps {
		return false
	}
	s.Keep(demo, fps)
	return true
}

// Keep keeps how many results a second a demo gives here.
func (s *Store) Keep(demo string, fps float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fps[demo] = fps
	if s.path == "" {
		return
	}
	err := os.MkdirAll(filepath.Dir(s.path), 0o700)
	if err == nil {
		err = durable.Write(s.path, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(s.fps) })
	}
	if err != nil {
		slog.Warn("speeds are not kept", "error", err)
	}
}
