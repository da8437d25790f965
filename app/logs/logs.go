// Package logs makes the program's log: of a level and up, as text or JSON, and
// bounded. What is said over and over is said a few times and then counted, so
// that a fault that stays does not fill the disk.
//
// In: records of log/slog. Out: lines. It imports nothing of this project; only
// app may import it.
package logs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// ParseLevel reads a level's name.
func ParseLevel(name string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(name, l.String()) {
			return l, nil
		}
	}
	return 0, fmt.Errorf("unknown level %q: choose debug, info, warn or error", name)
}

// Formats of lines.
const (
	Text = "text"
	JSON = "json"
)

// CheckFormat reports a format that there is not.
func CheckFormat(name string) error {
	if name != Text && name != JSON {
		return fmt.Errorf("unknown format %q: choose text or json", name)
	}
	return nil
}

// Bounds of what is said over and over: a message counts as the same when its
// level, its words and its error are.
const (
	passes   = 5           // that are said within the window
	window   = time.Minute // after which the others are told as a number
	sameKept = 256         // messages that are told apart; a flood of different ones is bounded by their number
)

// New makes a handler that writes lines.
func New(to io.Writer, level slog.Level, format string) slog.Handler {
	opt := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(to, opt)
	if format == JSON {
		h = slog.NewJSONHandler(to, opt)
	}
	return &limited{Handler: h, said: &said{of: map[key]*count{}}}
}

// limited passes on what has not been said too often.
type limited struct {
	slog.Handler
	said *said
}

type key struct {
	level   slog.Level
	message string
	err     string
}

// count is how often a message came since its window began.
type count struct {
	since   time.Time
	n       int
	handler slog.Handler // that the last came through
}

type said struct {
	mu sync.Mutex
	of map[key]*count
}

// Handle implements slog.Handler.
func (l *limited) Handle(ctx context.Context, r slog.Record) error {
	k := key{level: r.Level, message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			k.err = a.Value.String()
		}
		return k.err == ""
	})
	l.said.mu.Lock()
	defer l.said.mu.Unlock()
	l.said.tellOld(ctx, r.Time)
	c := l.said.of[k]
	if c == nil {
		if len(l.said.of) >= sameKept {
			l.said.tellAll(ctx, r.Time)
		}
		c = &count{since: r.Time}
		l.said.of[k] = c
	}
	c.n, c.handler = c.n+1, l.Handler
	if c.n > passes {
		return nil
	}
	return l.Handler.Handle(ctx, r)
}

// tellOld tells what was held back of messages whose window is over. A clock
// that was set back ends a window, too.
func (s *said) tellOld(ctx context.Context, now time.Time) {
	for k, c := range s.of {
		if age := now.Sub(c.since); age >= window || age < 0 {
			s.tell(ctx, now, k, c)
		}
	}
}

func (s *said) tellAll(ctx context.Context, now time.Time) {
	for k, c := range s.of {
		s.tell(ctx, now, k, c)
	}
}

// tell says how often a message was held back, and forgets it.
func (s *said) tell(ctx context.Context, now time.Time, k key, c *count) {
	delete(s.of, k)
	if c.n <= passes {
		return
	}
	r := slog.NewRecord(now, k.level, k.message, 0)
	if k.err != "" {
		r.AddAttrs(slog.String("error", k.err))
	}
	r.AddAttrs(slog.Int("again", c.n-passes), slog.Duration("within", now.Sub(c.since).Round(time.Second)))
	_ = c.handler.Handle(ctx, r) // a log that cannot be written to has nobody to tell
}

// WithAttrs implements slog.Handler.
func (l *limited) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limited{Handler: l.Handler.WithAttrs(attrs), said: l.said}
}

// WithGroup implements slog.Handler.
func (l *limited) WithGroup(name string) slog.Handler {
	return &limited{Handler: l.Handler.WithGroup(name), said: l.said}
}
