package app

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

// openDemo opens a demo; one that recognises people is told who is enrolled.
func openDemo(ctx context.Context, cfg config.Config, id string) (*demo.Task, error) {
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
	store, err := openPeople(path)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return store.Gallery(model)
}

// openPeople opens a database, and deletes the people in it whose time, as it
// was set on the screen, is over.
func openPeople(path string) (*people.Store, error) {
	store, err := people.Open(path)
	if err != nil {
		return nil, err
	}
	if err := expire(store); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

// clock is how far the time of day is believed.
var clock = &dayClock{now: time.Now, up: func() time.Duration { return time.Since(metrics.Total.Since) }, set: device.ClockSet}

// dayClock goes on over restarts with what it has counted, in a file beside the people.
type dayClock struct {
	device.Clock
	now   func() time.Time
	up    func() time.Duration // monotonic
	set   func() bool          // by who knows the time
	begun sync.Once
}

const clockFile = "clock.json"

// sure reports whether the time of day can be believed.
func (c *dayClock) sure() bool {
	c.begun.Do(func() {
		var was device.Steady
		if path, err := paths.Data(clockFile); err == nil {
			if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &was) == nil {
				c.Resume(was, c.now(), c.up())
			}
		}
	})
	return c.Sure(c.now(), c.up(), c.set())
}

// keep writes down what was counted; without, it is counted anew.
func (c *dayClock) keep() {
	path, err := paths.Data(clockFile)
	if err == nil {
		c.sure()
		steady := c.Look(c.now(), c.up())
		err = durable.Write(path, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(steady) })
	}
	if err != nil {
		slog.Warn("how long the clock has run is not kept", "error", err)
	}
}

// expire deletes the people whose time, as it was set on the screen, is over by a
// clock that can be believed.
func expire(store *people.Store) error {
	if !clock.sure() {
		return nil
	}
	keep, now := preferences.Load().Get().Keep, clock.now()
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
