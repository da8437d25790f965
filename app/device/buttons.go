package device

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Button is one of the reTerminal's keys.
type Button uint8

// The keys above the screen from left to right, and the one at the side. The
// kernel has all of them on one node: whoever takes the letters away from the
// window takes the power key away from the system.
const (
	F1 Button = iota
	F2
	F3
	O
	Power
)

func (b Button) String() string { return [...]string{"F1", "F2", "F3", "O", "power"}[b] }

// Press is one press of a button.
type Press struct {
	Button Button
	Long   bool // held for a second or more; told when the second is over
}

// buttonCodes are the kernel's key codes of the buttons: A, S, D, F, sleep.
var buttonCodes = map[uint16]Button{30: F1, 31: F2, 32: F3, 33: O, 142: Power}

const (
	buttonsName = "gpio_keys" // the device tree's name of the node
	longPress   = time.Second // least time of a long press
	lookAgain   = 3 * time.Second
)

// ButtonsNode is the event node of the buttons; "" on a machine without them.
func (d *Device) ButtonsNode() string {
	for _, path := range d.glob("sys/class/input/event*/device/name") {
		if name, err := readText(path); err == nil && name == buttonsName {
			return d.Path("dev/input/" + filepath.Base(filepath.Dir(filepath.Dir(path))))
		}
	}
	return ""
}

// Buttons calls press, one call at a time, for each press until ctx ends, and
// returns then. The letters that the buttons send reach no window meanwhile.
// Buttons that are absent or cannot be read are looked for every few seconds;
// why they cannot be read is logged once.
func (d *Device) Buttons(ctx context.Context, press func(Press)) {
	logged := ""
	for ctx.Err() == nil {
		if node := d.ButtonsNode(); node != "" {
			if err := d.readButtons(ctx, node, press); err != nil && err.Error() != logged {
				logged = err.Error()
				slog.Warn("buttons cannot be read", "error", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(d.again):
		}
	}
}

// readButtons reports presses until ctx ends or the node fails.
func (d *Device) readButtons(ctx context.Context, node string, press func(Press)) error {
	f, err := os.OpenFile(node, os.O_RDONLY|unix.O_NONBLOCK, 0) // not blocking, so that a deadline ends a read
	if err != nil {
		return buttonsError(node, err)
	}
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return buttonsError(node, err)
	}
	var grabbed error
	if err := errors.Join(conn.Control(func(fd uintptr) { grabbed = d.grab(int(fd)) }), grabbed); err != nil {
		return buttonsError(node, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	p := presses{report: press}
	buf := make([]byte, 64*eventSize)
	for {
		if err := f.SetReadDeadline(p.deadline()); err != nil {
			return buttonsError(node, err)
		}
		if ctx.Err() != nil { // before the deadline that wakes this loop was overwritten
			return nil
		}
		n, err := f.Read(buf)
		now := time.Now()
		for rest := buf[:n]; len(rest) >= eventSize; rest = rest[eventSize:] {
			p.event(parseEvent(rest), now)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded), err == nil && n > 0:
			p.tick(now)
		case err == nil, errors.Is(err, io.EOF):
			return buttonsError(node, io.ErrUnexpectedEOF)
		default:
			return buttonsError(node, err)
		}
	}
}

func buttonsError(node string, err error) error {
	remedy := "they are looked for again every few seconds"
	switch {
	case errors.Is(err, fs.ErrPermission):
		remedy = "run 'sudo usermod -aG input $USER' and log in again"
	case errors.Is(err, unix.EBUSY):
		remedy = "another program has taken them, close that one"
	}
	return fmt.Errorf("buttons %s: %w: %s", node, err, remedy)
}

// event is what matters of the kernel's struct input_event.
type event struct {
	kind, code uint16
	value      int32
}

// A struct input_event begins with its time.
const (
	eventTime = 16
	eventSize = eventTime + 8
)

func parseEvent(b []byte) event {
	e := binary.NativeEndian
	return event{e.Uint16(b[eventTime:]), e.Uint16(b[eventTime+2:]), int32(e.Uint32(b[eventTime+4:]))}
}

// Kinds, codes and values of events.
const (
	kindSync, kindKey = 0, 1
	syncDropped       = 3 // the kernel's queue was full
	keyUp, keyDown    = 0, 1
)

// eviocgrab is the ioctl that takes an event node for one reader.
const eviocgrab = 0x40044590

func grabEvents(fd int) error { return unix.IoctlSetInt(fd, eviocgrab, 1) }

// presses makes presses of keys that go down and up.
type presses struct {
	report func(Press)
	held   map[Button]time.Time // since when; told long presses are no longer in it
}

func (p *presses) event(e event, now time.Time) {
	if e.kind == kindSync && e.code == syncDropped {
		clear(p.held) // which keys are still down is not known
	}
	b, ours := buttonCodes[e.code]
	if e.kind != kindKey || !ours {
		return
	}
	switch e.value {
	case keyDown:
		if p.held == nil {
			p.held = map[Button]time.Time{}
		}
		p.held[b] = now
	case keyUp:
		if since, down := p.held[b]; down {
			delete(p.held, b)
			p.report(Press{Button: b, Long: now.Sub(since) >= longPress})
		}
	}
}

// tick reports those that have been held for long enough.
func (p *presses) tick(now time.Time) {
	for b := F1; b <= Power; b++ {
		if since, down := p.held[b]; down && now.Sub(since) >= longPress {
			delete(p.held, b)
			p.report(Press{Button: b, Long: true})
		}
	}
}

// deadline is when the first key that is down has been held for long enough;
// the zero time when none is down.
func (p *presses) deadline() (first time.Time) {
	for _, since := range p.held {
		if end := since.Add(longPress); first.IsZero() || end.Before(first) {
			first = end
		}
	}
	return first
}
