package device

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// BacklightRule is the udev rule that lets the group video set backlights.
const BacklightRule = `SUBSYSTEM=="backlight", ACTION=="add", ` +
	`RUN+="/bin/sh -c 'chgrp video %S%p/brightness %S%p/bl_power; chmod g+w %S%p/brightness %S%p/bl_power'"`

// States of bl_power: those of a frame buffer's blanking.
const (
	powerOn  = "0"
	powerOff = "4"
)

// Backlight is the light behind a screen. Its methods may be called from any
// goroutine.
type Backlight struct {
	Name string // as the kernel calls it

	folder string
	max    int

	mu   sync.Mutex
	dark int // of a light without bl_power that is off: the level to come back to
}

// Backlight finds the first backlight; the error is ErrAbsent where there is
// none. One that the program left off stays off until SetPower.
func (d *Device) Backlight() (*Backlight, error) {
	for _, folder := range d.glob("sys/class/backlight/*") {
		most, err := readNumber(filepath.Join(folder, "max_brightness"))
		if err != nil || most < 1 {
			continue
		}
		return &Backlight{Name: filepath.Base(folder), folder: folder, max: int(most)}, nil
	}
	return nil, fmt.Errorf("backlight: %w: its brightness can only be set on the screen itself", ErrAbsent)
}

// Brightness is how bright the screen is set, 0 to 100 percent, also while it
// is off.
func (b *Backlight) Brightness() (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	level, err := b.level()
	if err != nil {
		return 0, err
	}
	return int(math.Round(float64(level) * 100 / float64(b.max))), nil
}

// SetBrightness sets 1 to 100 percent. The least lights the screen still, and
// a screen that is off stays off and comes back as bright as this.
func (b *Backlight) SetBrightness(percent int) error {
	if percent < 1 || percent > 100 {
		return fmt.Errorf("backlight %s: brightness %d: choose 1 to 100 percent", b.Name, percent)
	}
	level := max(1, int(math.Round(float64(b.max)*float64(percent)/100)))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dark > 0 {
		b.dark = level
		return nil
	}
	return b.write("brightness", strconv.Itoa(level))
}

// SetPower switches the light on or off. One that comes on is never at zero.
func (b *Backlight) SetPower(on bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	level, err := b.level()
	if err != nil {
		return err
	}
	_, err = os.Stat(b.file("bl_power"))
	switchable := err == nil
	switch {
	case !on && switchable:
		return b.write("bl_power", powerOff)
	case !on:
		if err := b.write("brightness", "0"); err != nil {
			return err
		}
		b.dark = max(level, 1)
		return nil
	}
	if level == 0 {
		level = b.max
	}
	if err := b.write("brightness", strconv.Itoa(level)); err != nil {
		return err
	}
	b.dark = 0
	if switchable {
		return b.write("bl_power", powerOn)
	}
	return nil
}

// Check tells whether this user may set the light; the error has the remedy.
func (b *Backlight) Check() error {
	for _, name := range []string{"brightness", "bl_power"} {
		err := access(b.file(name), unix.W_OK)
		if err != nil && !(name == "bl_power" && errors.Is(err, fs.ErrNotExist)) {
			return b.failure(err)
		}
	}
	return nil
}

// level is what is set, in the driver's steps.
func (b *Backlight) level() (int, error) {
	if b.dark > 0 {
		return b.dark, nil
	}
	level, err := readNumber(b.file("brightness"))
	if err != nil {
		return 0, b.failure(err)
	}
	return min(max(int(level), 0), b.max), nil
}

func (b *Backlight) file(name string) string { return filepath.Join(b.folder, name) }

func (b *Backlight) write(name, text string) error {
	f, err := os.OpenFile(b.file(name), os.O_WRONLY|os.O_TRUNC, 0) // never made where the driver has none
	if err != nil {
		return b.failure(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return b.failure(err)
	}
	return nil
}

// failure says what can be done about a backlight that cannot be set.
func (b *Backlight) failure(err error) error {
	remedy := "restart the machine, and look into the kernel's log if it stays so"
	if errors.Is(err, fs.ErrPermission) {
		remedy = "join the group with 'sudo usermod -aG video $USER', put this line into " +
			"/etc/udev/rules.d/99-reterminal-vision.rules, and restart the machine: " + BacklightRule
	}
	return fmt.Errorf("backlight %s: %w: %s", b.Name, err, remedy)
}
