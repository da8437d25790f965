// Package device reads and sets the hardware of the machine that the app runs
// on: temperature and memory, the screen's backlight, the light sensor, the
// function keys of a reTerminal, and the supervisor that started it.
//
// In: what the kernel shows under /sys, /proc and /dev, and the environment
// that systemd gives. Out: values that say whether they are known, presses of
// buttons. All of it is optional and absent on other machines. It imports
// nothing of this project; app and app/doctor may import it.
package device

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrAbsent marks the error of hardware that this machine does not have.
var ErrAbsent = errors.New("this machine has none")

// Device is the hardware below a folder. Its methods may be called from any
// goroutine.
type Device struct {
	root  string
	grab  func(fd int) error // takes an event node for itself
	again time.Duration      // after which absent buttons are looked for anew
}

// New returns the hardware of this machine.
func New() *Device { return At("/") }

// At returns the hardware that the folder root shows, laid out as / is.
func At(root string) *Device { return &Device{root: root, grab: grabEvents, again: lookAgain} }

// Path is where the device's file of this absolute path lies.
func (d *Device) Path(name string) string { return filepath.Join(d.root, name) }

// glob lists the files that match, in the order of their names.
func (d *Device) glob(pattern string) []string {
	found, _ := filepath.Glob(d.Path(pattern)) // fails for a bad pattern only
	return found
}

// readText reads a file of one line.
func readText(path string) (string, error) {
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// readNumber reads a file that holds one number.
func readNumber(path string) (float64, error) {
	text, err := readText(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(text, 64)
}

// Value is a measurement, or none.
type Value struct {
	Number float64
	Known  bool
}

func known(n float64) Value { return Value{Number: n, Known: true} }

// access tells whether this user may read, or write, what is at path.
func access(path string, mode uint32) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	return nil
}
