package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/durable"
	"reterminal-vision/app/kiosk"
)

const kioskUsage = `Usage: reterminal-vision kiosk COMMAND

  on               start with the app from now on, full screen and without a desktop
  off              start as before
  status [--json]  which of both
  run COMMAND...   any other command as the kiosk's user with its people, settings and models:
                   kiosk run people list, kiosk run models fetch ID; the file of kiosk run doctor --bundle FILE is
                   written where the caller is, and is theirs

  All but status need root. Settings are in /etc/reterminal-vision/kiosk.conf; 'on' takes up what was changed there.
`

// Kiosk runs "reterminal-vision kiosk ARGS".
func Kiosk(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var machine kiosk.Machine
	var state kiosk.State
	var err error
	asJSON := slices.Equal(args, []string{"status", "--json"})
	switch {
	case len(args) > 1 && args[0] == "run":
		return kioskRun(ctx, args[1:], stdout, stderr)
	case asJSON || len(args) == 1 && args[0] == "status":
		state, err = machine.State(ctx)
	case len(args) == 1 && (args[0] == "on" || args[0] == "off"):
		if os.Geteuid() != 0 {
			return errors.New("kiosk: this needs root: sudo reterminal-vision kiosk " + args[0])
		}
		if args[0] == "on" {
			state, err = machine.On(ctx)
		} else {
			state, err = machine.Off(ctx)
		}
	case len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help"):
		fmt.Fprint(stdout, kioskUsage)
		return nil
	default:
		return cli.Usagef("kiosk: choose on, off, status or run\n\n%s", kioskUsage)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(stdout).Encode(state)
	}
	_, err = fmt.Fprintln(stdout, KioskSentence(state))
	return err
}

// KioskSentence is a machine's state for people.
func KioskSentence(s kiosk.State) string {
	switch {
	case s.On && s.Active:
		return "kiosk mode is on: the app runs, through " + s.Display
	case s.On:
		return "kiosk mode is on, through " + s.Display + ": the app does not run now; it starts with the machine"
	case s.Active:
		return "kiosk mode is off, but the app's service runs now; the machine starts with " + s.Target
	}
	return "kiosk mode is off: the machine starts with " + s.Target
}

// kioskRun is this program as the kiosk's user.
func kioskRun(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("kiosk: this needs root: put sudo before the command")
	}
	cmd, err := asKiosk(ctx, args)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	if path, rest := BundleArgs(args); path != "" {
		return bundleRun(cmd, path, rest, stderr)
	}
	return ended(cmd.Run())
}

// ended words how a program that ran as the kiosk's user has ended.
func ended(err error) error {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return cli.ExitCode(failed.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("kiosk: %w: the kiosk's user must be able to run this program", err)
	}
	return nil
}

// asKiosk is this program with other arguments, to be run as the kiosk's user.
func asKiosk(ctx context.Context, args []string) (*exec.Cmd, error) {
	credential, err := kioskUser()
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("kiosk: %w", err)
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), kiosk.Environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	return cmd, nil
}

// BundleArgs finds the file in "doctor --bundle FILE" and puts the one that is
// handed over in its place; "" without one.
func BundleArgs(args []string) (path string, rest []string) {
	if args[0] != "doctor" {
		return "", nil
	}
	rest = slices.Clone(args)
	for i, arg := range rest {
		name, value, given := strings.Cut(arg, "=")
		switch {
		case name != "--bundle" && name != "-bundle":
		case given:
			path, rest[i] = value, name+"="+handedOver
		case i+1 < len(rest):
			path, rest[i+1] = rest[i+1], handedOver
			return path, rest
		}
	}
	return path, rest
}

// bundleRun has the kiosk's user write a bundle, for which it may read the
// journal, into a file that the caller alone could make.
func bundleRun(cmd *exec.Cmd, path string, args []string, stderr io.Writer) error {
	if journal, err := user.LookupGroup("systemd-journal"); err == nil { // a machine without it has no journal
		id, err := strconv.ParseUint(journal.Gid, 10, 32)
		if err != nil {
			return fmt.Errorf("kiosk: group systemd-journal: %w", err)
		}
		cmd.SysProcAttr.Credential.Groups = append(cmd.SysProcAttr.Credential.Groups, uint32(id))
	}
	cmd.Args = append(cmd.Args[:1], args...)
	var result error
	err := durable.Write(path, 0o600, func(w io.Writer) error {
		f := w.(*os.File)
		cmd.ExtraFiles = []*os.File{f}
		result = ended(cmd.Run())
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if info.Size() == 0 { // checks that fail are no reason to go without the bundle
			return errNoBundle
		}
		// Who called sudo is to read it.
		if uid, gid, ok := sudoer(); ok {
			return f.Chown(uid, gid)
		}
		return nil
	})
	switch {
	case errors.Is(err, errNoBundle):
		return cmp.Or(result, err)
	case err != nil:
		return fmt.Errorf("bundle %s: %w", path, err)
	}
	fmt.Fprintln(stderr, "written:", path)
	return result
}

var errNoBundle = errors.New("kiosk: no bundle was written")

// sudoer is who called sudo.
func sudoer() (uid, gid int, ok bool) {
	uid, err := strconv.Atoi(os.Getenv("SUDO_UID"))
	if err != nil {
		return 0, 0, false
	}
	gid, err = strconv.Atoi(os.Getenv("SUDO_GID"))
	return uid, gid, err == nil
}

// kioskUser is whom the service runs as, in the groups it is in.
func kioskUser() (*syscall.Credential, error) {
	u, err := user.Lookup(kiosk.User)
	if err != nil {
		return nil, fmt.Errorf("kiosk: %w: install the app's package, which makes that user", err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("kiosk: %w", err)
	}
	c := &syscall.Credential{}
	for _, part := range []struct {
		text string
		to   *uint32
	}{{u.Uid, &c.Uid}, {u.Gid, &c.Gid}} {
		n, err := strconv.ParseUint(part.text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("kiosk: user %s: %w", kiosk.User, err)
		}
		*part.to = uint32(n)
	}
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			c.Groups = append(c.Groups, uint32(n))
		}
	}
	return c, nil
}
