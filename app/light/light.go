// Package light keeps the screen as bright as the settings say, or as the room
// is, and dark when they say so.
//
// In: the settings, the device's light sensor. Out: its backlight. It imports
// app/device and app/preferences; the shell and its pages may import it.
package light

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"reterminal-vision/app/device"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/preferences"
)

// Light keeps the screen as bright as the settings say, or as the room is.
type Light struct {
	prefs  *preferences.Store
	device *device.Device

	mu      sync.Mutex
	off     bool
	percent int // as last set by the light of the room; 0 for never
}

// New takes a screen that was left dark for one that is off.
func New(p *preferences.Store, d *device.Device) *Light {
	return &Light{prefs: p, device: d, off: true}
}

// Run looks at the room every two seconds.
func (l *Light) Run(ctx context.Context) {
	l.Power(true)
	if p := l.prefs.Get().Display.Brightness; p > 0 && !l.prefs.Get().Display.Automatic {
		try("brightness", l.Set(p))
	}
	for {
		l.Look()
		if !pipeline.Sleep(ctx, 2*time.Second) {
			l.Power(true)
			return
		}
	}
}

// Look follows the light of the room, where that is wanted.
func (l *Light) Look() {
	if !l.prefs.Get().Display.Automatic {
		return
	}
	lux, err := l.device.Illuminance()
	if err != nil {
		return
	}
	l.mu.Lock()
	before := l.percent
	l.percent = device.BrightnessFor(lux, before)
	now, off := l.percent, l.off
	l.mu.Unlock()
	if now != before && !off {
		try("brightness", l.Set(now))
	}
}

// Set gives the screen so much of its light.
func (l *Light) Set(percent int) error {
	b, err := l.device.Backlight()
	if err != nil {
		return err
	}
	return b.SetBrightness(percent)
}

// Brightness is how much of its light the screen gives, in percent.
func (l *Light) Brightness() (int, error) {
	b, err := l.device.Backlight()
	if err != nil {
		return 0, err
	}
	return b.Brightness()
}

// try does what may fail on a device that has no such thing.
func try(what string, err error) {
	if err != nil {
		slog.Debug(what, "error", err)
	}
}

// Power turns the light of the screen on or off.
func (l *Light) Power(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off == !on {
		return
	}
	l.off = !on
	b, err := l.device.Backlight()
	if err == nil {
		err = b.SetPower(on)
	}
	try("backlight", err)
}

// Dark tells whether the settings want the screen dark now.
func (l *Light) Dark(now time.Time) bool {
	d := l.prefs.Get().Display
	return within(now.Hour(), d.DarkFrom, d.DarkTo)
}

// within tells whether an hour is from one of the day up to another, over
// midnight too; never when both are the same.
func within(hour, from, to int) bool {
	if from <= to {
		return hour >= from && hour < to
	}
	return hour >= from || hour < to
}
