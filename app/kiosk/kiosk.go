// Package kiosk turns a machine into a kiosk that starts with the app, and back.
//
// In: the settings in kiosk.conf and what is installed. Out: systemd's default
// target and a drop-in for the app's service. It imports app/durable; app may
// import it.
package kiosk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"reterminal-vision/app/durable"
)

// Names that the package shares with this code.
const (
	User    = "reterminal-vision" // whom the service runs as
	Service = "reterminal-vision.service"
	Folder  = "/var/lib/reterminal-vision" // of what it keeps
	target  = "reterminal-vision-kiosk.target"
	server  = "reterminal-vision-x.service"

	unitFile = "lib/systemd/system/" + Service
	confFile = "etc/reterminal-vision/kiosk.conf"
	dropIn   = "etc/systemd/system/" + Service + ".d/kiosk.conf"
	running  = "run/systemd/system" // there where systemd runs the machine
)

// Environment is where the service keeps what it keeps.
var Environment = []string{
	"XDG_DATA_HOME=/var/lib", "XDG_CACHE_HOME=/var/cache/reterminal-vision",
	"RTV_PICTURES=/var/lib/reterminal-vision/pictures", "HOME=/var/lib/reterminal-vision",
}

// Machine is the machine to be turned into a kiosk.
type Machine struct {
	Root string // folder that it lies under; "" for /
	// Run runs a program and returns what it printed; nil for the real one.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// State is what a machine does when it starts.
type State struct {
	On      bool   `json:"on"`      // it starts with the app
	Active  bool   `json:"active"`  // the service runs now
	Display string `json:"display"` // "cage" or "x"; "" where it is off
	Target  string `json:"target"`  // systemd's default
}

// On has the machine start with the app, and starts the app where systemd
// runs. Called again it takes up changed settings.
func (m Machine) On(ctx context.Context) (State, error) {
	if _, err := os.Stat(m.path(unitFile)); err != nil {
		return State{}, fmt.Errorf("kiosk: %w: install the app's package: sudo apt install ./reterminal-vision_VERSION_ARCH.deb", err)
	}
	conf, err := m.settings()
	if err != nil {
		return State{}, err
	}
	display, err := m.display(conf["DISPLAY_SERVER"])
	if err != nil {
		return State{}, err
	}
	before, err := m.systemctl(ctx, "get-default")
	if err != nil {
		return State{}, err
	}
	if before == target {
		before = m.before()
	}
	if err := m.writeDropIn(conf, display, before); err != nil {
		return State{}, err
	}
	if _, err := m.systemctl(ctx, "set-default", target); err != nil {
		return State{}, err
	}
	if m.live() {
		if _, err := m.systemctl(ctx, "daemon-reload"); err != nil {
			return State{}, err
		}
		// What ran before ran with the settings of before.
		if _, err := m.systemctl(ctx, "stop", Service, server); err != nil {
			return State{}, err
		}
		if _, err := m.systemctl(ctx, "isolate", target); err != nil {
			return State{}, err
		}
		if s, err := m.State(ctx); err != nil || !s.Active {
			return s, errors.Join(err, errors.New("kiosk: it is on, but the app does not run; see: journalctl -u reterminal-vision"))
		}
	}
	return m.State(ctx)
}

// Off has the machine start as it did before On, and goes there.
func (m Machine) Off(ctx context.Context) (State, error) {
	s, err := m.State(ctx)
	if err != nil || !s.On {
		return s, err
	}
	before := m.before()
	if _, err := m.systemctl(ctx, "set-default", before); err != nil {
		return State{}, err
	}
	if err := os.Remove(m.path(dropIn)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return State{}, fmt.Errorf("kiosk: %w", err)
	}
	_ = os.Remove(filepath.Dir(m.path(dropIn))) // stays where the machine's owner put something in it
	if m.live() {
		if _, err := m.systemctl(ctx, "daemon-reload"); err != nil {
			return State{}, err
		}
		if _, err := m.systemctl(ctx, "isolate", before); err != nil {
			return State{}, err
		}
	}
	return m.State(ctx)
}

// State asks systemd.
func (m Machine) State(ctx context.Context) (State, error) {
	now, err := m.systemctl(ctx, "get-default")
	if err != nil {
		return State{}, err
	}
	s := State{On: now == target, Target: now}
	if s.On {
		s.Display = m.dropped("Environment=RTV_DISPLAY=")
	}
	if m.live() {
		active, _ := m.systemctl(ctx, "is-active", Service) // fails for one that is not
		s.Active = active == "active"
	}
	return s, nil
}

// display chooses what draws.
func (m Machine) display(wanted string) (string, error) {
	has := func(program string) bool {
		return slices.ContainsFunc([]string{"usr/bin/", "usr/sbin/"}, func(folder string) bool {
			_, err := os.Stat(m.path(folder + program))
			return err == nil
		})
	}
	cards, _ := filepath.Glob(m.path("dev/dri/card*")) // fails for a bad pattern only
	wayland := has("cage") && has("Xwayland") && has("seatd")
	x := has("Xorg") && has("xrandr") && has("xinput") && has("xauth")
	switch wanted {
	case "cage":
		if !wayland {
			return "", errors.New("kiosk: cage, or what it needs, is not installed: sudo apt install cage seatd xwayland")
		}
		return "cage", nil
	case "x":
		if !x {
			return "", errors.New("kiosk: the X server is not installed: " + installX)
		}
		return "x", nil
	case "auto", "":
		// Before its first start, a machine that is prepared has no devices.
		if wayland && (len(cards) > 0 || !m.live() || !x) {
			return "cage", nil
		}
		if x {
			return "x", nil
		}
		return "", errors.New("kiosk: nothing to draw with is installed: sudo apt install cage seatd xwayland, or " + installX)
	}
	return "", fmt.Errorf("kiosk: DISPLAY_SERVER is %q in %s: choose auto, cage or x", wanted, m.path(confFile))
}

const installX = "sudo apt install xserver-xorg-core xserver-xorg-input-libinput x11-xserver-utils xinput xauth"

// settings reads kiosk.conf as systemd does, but for continued lines. None is
// as it comes.
func (m Machine) settings() (map[string]string, error) {
	f, err := os.Open(m.path(confFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("kiosk: %w", err)
	}
	defer f.Close()
	conf := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "="); ok && !strings.HasPrefix(key, "#") {
			conf[key] = strings.Trim(value, `"'`)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("kiosk: %s: %w", f.Name(), err)
	}
	switch conf["ROTATE"] {
	case "", "0", "90", "180", "270":
	default:
		return nil, fmt.Errorf("kiosk: ROTATE is %q in %s: choose 0, 90, 180 or 270", conf["ROTATE"], f.Name())
	}
	switch conf["NETWORK"] {
	case "", "no", "yes":
	default:
		return nil, fmt.Errorf("kiosk: NETWORK is %q in %s: choose no or yes", conf["NETWORK"], f.Name())
	}
	return conf, nil
}

// writeDropIn tells the service how it is to run. systemd passes over the
// section X-Kiosk.
func (m Machine) writeDropIn(conf map[string]string, display, before string) error {
	var text strings.Builder
	text.WriteString("# Written by 'reterminal-vision kiosk on' from /etc/reterminal-vision/kiosk.conf.\n[Unit]\n")
	if display == "x" {
		fmt.Fprintf(&text, "Requires=%s\nAfter=%s\n", server, server)
	}
	text.WriteString("\n[Service]\nEnvironment=RTV_DISPLAY=" + display + "\n")
	if conf["NETWORK"] == "yes" {
		text.WriteString("IPAddressAllow=any\n")
	}
	text.WriteString("\n[X-Kiosk]\n" + beforeKey + before + "\n")
	path := m.path(dropIn)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("kiosk: %w", err)
	}
	if err := durable.WriteText(path, 0o644, text.String()); err != nil {
		return fmt.Errorf("kiosk: %w", err)
	}
	return nil
}

const beforeKey = "Before="

// before is the target that the machine started with before it was a kiosk.
func (m Machine) before() string {
	if kept := m.dropped(beforeKey); strings.HasSuffix(kept, ".target") && kept != target {
		return kept
	}
	return "multi-user.target"
}

// dropped is what follows the key in the drop-in.
func (m Machine) dropped(key string) string {
	text, err := os.ReadFile(m.path(dropIn))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key); ok {
			return value
		}
	}
	return ""
}

func (m Machine) live() bool {
	_, err := os.Stat(m.path(running))
	return err == nil
}

func (m Machine) path(name string) string {
	if m.Root == "" {
		return "/" + name
	}
	return filepath.Join(m.Root, name)
}

func (m Machine) systemctl(ctx context.Context, args ...string) (string, error) {
	run := m.Run
	if run == nil {
		run = command
	}
	out, err := run(ctx, "systemctl", args...)
	out = strings.TrimSpace(out)
	if err != nil {
		return out, fmt.Errorf("kiosk: systemctl %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// command runs a program; what it complains of is part of the error.
func command(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	return string(out), err
}
