// Package roster opens the database of enrolled people as the app uses it: those
// whose time is over are deleted, by a clock that can be trusted, and a demo that
// recognises people is told who is enrolled.
//
// In: the database, the settings, the clock. Out: a store of people, demos that
// know them. It imports app/config, app/demo, app/device, app/durable,
// app/metrics, app/paths, app/people, app/preferences and inference/recognize;
// app and its packages may import it.
package roster

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/device"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/metrics"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/people"
	"reterminal-vision/app/preferences"
	"reterminal-vision/inference/recognize"
)

// OpenDemo opens a demo; one that recognises people is told who is enrolled.
func OpenDemo(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
	t, err := demo.Open(ctx, cfg, id)
	if err != nil || t.Recognizer == nil {
		return t, err
	}
	if err := introduce(t.Recognizer); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// introduce tells a recognition who is enrolled.
func introduce(task *recognize.Task) error {
	path, err := paths.People()
	if err != nil {
		return err
	}
	gallery, err := loadGallery(path, task.Model())
	if err != nil {
		return err
	}
	return task.SetGallery(gallery)
}

// loadGallery reads the people whom the model can recognise. Nobody is
// enrolled where there is no database, and none is made.
func loadGallery(path, model string) (*recognize.Gallery, error) {
	if !people.CanBringBack(path) {
		return nil, nil
	}
	store, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return store.Gallery(model)
}

// Open opens a database, and deletes the people in it whose time, as it was set on
// the screen, is over.
func Open(path string) (*people.Store, error) {
	store, err := people.Open(path)
	if err != nil {
		return nil, err
	}
	if err := Expire(store); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

// Clock says how far the time of day can be trusted.
var Clock = &DayClock{Now: time.Now, Up: func() time.Duration { return time.Since(metrics.Total.Since) }, Set: device.ClockSet}

// DayClock goes on over restarts with what it has counted, in a file beside the people.
type DayClock struct {
	device.Clock
	Now   func() time.Time
	Up    func() time.Duration // monotonic
	Set   func() bool          // by who knows the time
	begun sync.Once
}

// ClockFile is its file.
const ClockFile = "clock.json"

// Trusted reports whether the time of day can be trusted.
func (c *DayClock) Trusted() bool {
	c.begun.Do(func() {
		var was device.Steady
		if path, err := paths.Data(ClockFile); err == nil {
			if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &was) == nil {
				c.Resume(was, c.Now(), c.Up())
			}
		}
	})
	return c.Sure(c.Now(), c.Up(), c.Set())
}

// Save keeps what was counted; without, counting starts again.
func (c *DayClock) Save() {
	path, err := paths.Data(ClockFile)
	if err == nil {
		c.Trusted()
		steady := c.Look(c.Now(), c.Up())
		err = durable.Write(path, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(steady) })
	}
	if err != nil {
		slog.Warn("how long the clock has run is not kept", "error", err)
	}
}

// Expire deletes the people whose time, as it was set on the screen, is over by a
// clock that can be trusted.
func Expire(store *people.Store) error {
	if !Clock.Trusted() {
		return nil
	}
	keep, now := preferences.Load().Get().Keep, Clock.Now()
	gone, err := store.Expire(keep, now, true)
	if err != nil {
		return err
	}
	if gone > 0 {
		slog.Info("people deleted, their time is over", "people", gone)
	}
	// That one cannot be deleted keeps nobody from the others.
	if gone, err = store.ExpireAsides(keep, now); err != nil {
		slog.Error("lists of people that were set aside stay beyond their time", "error", err)
	}
	if gone > 0 {
		slog.Info("lists of people that were set aside deleted, their time is over", "lists", gone)
	}
	return nil
}
