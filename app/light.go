package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"reterminal-vision/app/device"
	"reterminal-vision/app/pipeline"
)

// light keeps the screen as bright as the settings say, or as the room is.
type light struct {
	w *window

	mu      sync.Mutex
	off     bool
	percent int // as last set by the light of the room; 0 for never
}

// newLight takes a screen that was left dark for one that is off.
func newLight(w *window) *light { return &light{w: w, off: true} }

// run looks at the room every two seconds.
func (l *light) run(ctx context.Context) {
	l.power(true)
	if p := l.w.prefs.Get().Display.Brightness; p > 0 && !l.w.prefs.Get().Display.Automatic {
		try("brightness", l.set(p))
	}
	for {
		l.look()
		if !pipeline.Sleep(ctx, 2*time.Second) {
			l.power(true)
			return
		}
	}
}

// look follows the light of the room, where that is wanted.
func (l *light) look() {
	if !l.w.prefs.Get().Display.Automatic {
		return
	}
	lux, err := l.w.device.Illuminance()
	if err != nil {
		return
	}
	l.mu.Lock()
	before := l.percent
	l.percent = device.BrightnessFor(lux, before)
	now, off := l.percent, l.off
	l.mu.Unlock()
	if now != before && !off {
		try("brightness", l.set(now))
	}
}

// set gives the screen so much of its light.
func (l *light) set(percent int) error {
	b, err := l.w.device.Backlight()
	if err != nil {
		return err
	}
	return b.SetBrightness(percent)
}

// brightness is how much of its light the screen gives, in percent.
func (l *light) brightness() (int, error) {
	b, err := l.w.device.Backlight()
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

// power turns the light of the screen on or off.
func (l *light) power(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off == !on {
		return
	}
	l.off = !on
	b, err := l.w.device.Backlight()
	if err == nil {
		err = b.SetPower(on)
	}
	try("backlight", err)
}

// dark tells whether the settings want the screen dark now.
func (l *light) dark(now time.Time) bool {
	d := l.w.prefs.Get().Display
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
