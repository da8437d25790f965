package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const keys = "sys/class/input/event2/device/name"

// events are the bytes that the kernel gives for these, each with its report.
func events(list ...event) []byte {
	var b bytes.Buffer
	for _, e := range append(list, event{}) {
		_ = binary.Write(&b, binary.NativeEndian, [2]int64{1_700_000_000, 250_000})
		_ = binary.Write(&b, binary.NativeEndian, e.kind)
		_ = binary.Write(&b, binary.NativeEndian, e.code)
		_ = binary.Write(&b, binary.NativeEndian, e.value)
	}
	return b.Bytes()
}

func key(code uint16, value int32) event { return event{kindKey, code, value} }

// buttonDevice has a FIFO in place of the event node.
func buttonDevice(t *testing.T) (d *Device, node *os.File, grabs chan int) {
	t.Helper()
	d = tree(t, map[string]string{"sys/class/input/event0/device/name": "touch\n", keys: "gpio_keys\n"})
	grabs = make(chan int, 100)
	d.grab = func(fd int) error {
		grabs <- fd
		return nil
	}
	d.again = 1 // looks again at once
	return d, makeNode(t, d), grabs
}

func makeNode(t *testing.T, d *Device) *os.File {
	t.Helper()
	path := d.Path("dev/input/event2")
	if err := os.MkdirAll(d.Path("dev/input"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0) // a FIFO opened for both waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// follow runs Buttons until the test ends.
func follow(t *testing.T, d *Device) <-chan Press {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	got, ended := make(chan Press, 16), make(chan struct{})
	go func() {
		defer close(ended)
		d.Buttons(ctx, func(p Press) { got <- p })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if len(got) > 0 {
			t.Errorf("one more press: %+v", <-got)
		}
	})
	return got
}

func send(t *testing.T, f *os.File, list ...event) {
	t.Helper()
	if _, err := f.Write(events(list...)); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, got <-chan Press, presses ...Press) {
	t.Helper()
	for _, p := range presses {
		if have := <-got; have != p {
			t.Errorf("%v, want %v", have, p)
		}
	}
}

func TestButtons(t *testing.T) {
	d, node, grabs := buttonDevice(t)
	got := follow(t, d)
	<-grabs
	for code, b := range buttonCodes {
		send(t, node, key(code, keyDown), key(code, keyUp))
		want(t, got, Press{Button: b})
	}
	// Two at once, a repeat, a key that is not ours, a release without a press.
	send(t, node, key(30, keyDown), key(33, keyDown), key(30, 2), key(115, keyDown), key(115, keyUp), key(31, keyUp), key(33, keyUp), key(30, keyUp))
	want(t, got, Press{Button: O}, Press{Button: F1})
	// What is held when the kernel's queue overflows is forgotten.
	send(t, node, key(32, keyDown), event{kindSync, syncDropped, 0}, key(32, keyUp), key(31, keyDown), key(31, keyUp))
	want(t, got, Press{Button: F2})
}

func TestLongPress(t *testing.T) {
	d, node, _ := buttonDevice(t)
	got := follow(t, d)
	send(t, node, key(30, keyDown))
	want(t, got, Press{Button: F1, Long: true}) // while it is still down
	send(t, node, key(30, 2), key(30, keyUp), key(31, keyDown), key(31, keyUp))
	want(t, got, Press{Button: F2})
	send(t, node, key(32, keyDown), key(33, keyDown))
	want(t, got, Press{Button: F3, Long: true}, Press{Button: O, Long: true})
}

// TestButtonsComeAndGo plugs the device in, takes it away and gives it back.
func TestButtonsComeAndGo(t *testing.T) {
	d, node, grabs := buttonDevice(t)
	name, away := d.Path(keys), d.Path("away")
	if err := os.Rename(name, away); err != nil {
		t.Fatal(err)
	}
	if d.ButtonsNode() != "" {
		t.Fatal("found without a name")
	}
	got := follow(t, d)
	for range 2 {
		if err := os.Rename(away, name); err != nil {
			t.Fatal(err)
		}
		<-grabs
		send(t, node, key(30, keyDown), key(30, keyUp), key(31, keyDown))
		want(t, got, Press{Button: F1})
		if err := os.Rename(name, away); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(node.Name()); err != nil {
			t.Fatal(err)
		}
		node.Close() // the reader sees the end; the key that is down is forgotten
		node = makeNode(t, d)
	}
}

func TestButtonsOfAnother(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"taken", unix.EBUSY, "close that one"}, {"gone", unix.ENODEV, "looked for again"}, {"forbidden", unix.EACCES, "usermod -aG input"},
	} {
		d, node, _ := buttonDevice(t)
		d.grab = func(int) error { return tt.err }
		err := d.readButtons(t.Context(), node.Name(), func(Press) { t.Error("a press of what is not ours") })
		if !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	d, node, _ := buttonDevice(t)
	d.grab = grabEvents
	if err := d.readButtons(t.Context(), node.Name(), nil); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("the real ioctl on a FIFO: %v", err)
	}
}

func TestButtonNames(t *testing.T) {
	var names []string
	for b := F1; b <= Power; b++ {
		names = append(names, b.String())
	}
	if !slices.Equal(names, []string{"F1", "F2", "F3", "O", "power"}) {
		t.Error(names)
	}
}
