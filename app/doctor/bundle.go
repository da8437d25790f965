package doctor

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"reterminal-vision/app/device"
)

// Report is what goes into a bundle beside the checks.
type Report struct {
	Version  string
	Settings string   // path of the settings' file
	Names    []string // of the people enrolled, which are taken out of all texts
	Kiosk    []byte   // settings of the kiosk, where that is another user's
	NoLogs   error    // why the names are not all known, so that logs are left out; nil where they are
	// Run runs a program that tells of the machine and returns what it printed;
	// nil for the real one.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// bundleTextMost is how much of a text is kept, bytes from its end.
const bundleTextMost = 2 << 20

// sources are the files and programs whose words go into a bundle. None of
// them has pictures in it.
var (
	bundleFiles = []string{
		"/etc/os-release", "/proc/version", "/proc/cmdline", "/proc/device-tree/model", "/proc/cpuinfo", "/proc/meminfo", "/proc/loadavg",
		"/proc/uptime", "/proc/mounts", "/etc/reterminal-vision/kiosk.conf", "/etc/systemd/system/reterminal-vision.service.d/kiosk.conf",
	}
	bundleCommands = [][]string{
		{"log.txt", "journalctl", "--no-pager", "--lines=2000", "--output=short-iso-precise", "--unit=reterminal-vision", "--unit=reterminal-vision-x"},
		{"kernel.txt", "journalctl", "--no-pager", "--lines=1000", "--output=short-monotonic", "--dmesg"},
		{"service.txt", "systemctl", "--no-pager", "--full", "status", "reterminal-vision.service", "seatd.service"},
		{"packages.txt", "dpkg-query", "--show", "reterminal-vision", "cage", "seatd", "xwayland", "xserver-xorg-core", "libgl1-mesa-dri",
			"libwlroots*", "ffmpeg", "rpicam-apps", "libcamera*"},
		{"usb.txt", "lsusb"},
		{"disk.txt", "df", "--human-readable"},
	}
)

// WriteBundle writes a zip file for a report of a fault: the checks, the
// machine, the settings without the PIN, and the logs. What is not there is
// named in missing.txt. It holds texts alone, and no name of a person enrolled.
func WriteBundle(ctx context.Context, w io.Writer, opt Options, checks []Check, r Report) error {
	e := newExamination(opt)
	run := r.Run
	if run == nil {
		run = runProgram
	}
	b := bundle{zip: zip.NewWriter(w), now: e.Now(), hide: replacer(r.Names, e.serials())}
	b.json("doctor.json", checks)
	b.add("version.txt", r.Version+"\n")
	b.json("cameras.json", e.Cameras())
	b.json("people.json", map[string]int{"enrolled": len(r.Names)})
	b.add("models.txt", e.modelList(ctx))
	own, err := os.ReadFile(r.Settings)
	b.settings("settings.json", own, err)
	if r.Kiosk != nil {
		b.settings("kiosk-settings.json", r.Kiosk, nil)
	}
	for _, name := range bundleFiles {
		text, err := os.ReadFile(e.device.Path(name))
		if err != nil {
			b.lacks(name, err)
			continue
		}
		b.add("machine"+name, string(text))
	}
	for _, c := range bundleCommands {
		if logged := c[1] == "journalctl" || c[1] == "systemctl"; logged && r.NoLogs != nil {
			b.lacks(c[0], fmt.Errorf("left out, as the names in it are not known: %w", r.NoLogs))
			continue
		}
		text, err := run(ctx, c[1], c[2:]...)
		if c[1] == "journalctl" {
			err = cmp.Or(err, refused(text))
		} else if text != "" {
			err = nil // the status of a service that rests, a package that is not installed
		}
		if text == "" || err != nil {
			b.lacks(c[0], err)
			continue
		}
		b.add(c[0], text)
	}
	b.add("missing.txt", strings.Join(b.missing, "\n")+"\n")
	return errors.Join(b.err, ctx.Err(), b.zip.Close())
}

// refused is what journalctl says to those who may not read all of it.
func refused(text string) error {
	for _, hint := range []string{"insufficient permissions", "not seeing messages from other users"} {
		if strings.Contains(text, hint) {
			return errors.New("this user may not read the journal: run 'sudo reterminal-vision kiosk run doctor --bundle FILE'")
		}
	}
	return nil
}

// bundle is a zip file under way.
type bundle struct {
	zip     *zip.Writer
	now     time.Time
	hide    *strings.Replacer
	missing []string
	err     error // the first that kept something from being written
}

func (b *bundle) lacks(name string, err error) {
	if err == nil {
		err = errors.New("empty")
	}
	b.missing = append(b.missing, b.hide.Replace(fmt.Sprintf("%s: %v", name, err)))
}

// add writes the end of a text; what is no text is left out.
func (b *bundle) add(name, text string) {
	if len(text) > bundleTextMost {
		text = text[len(text)-bundleTextMost:]
		for len(text) > 0 && !utf8.RuneStart(text[0]) {
			text = text[1:]
		}
	}
	text = strings.ReplaceAll(text, "\x00", "")
	if !utf8.ValidString(text) {
		b.lacks(name, errors.New("it is no text"))
		return
	}
	f, err := b.zip.CreateHeader(&zip.FileHeader{Name: "report/" + strings.TrimPrefix(name, "/"), Method: zip.Deflate, Modified: b.now})
	if err == nil {
		_, err = io.WriteString(f, b.hide.Replace(withoutAddresses(text)))
	}
	b.err = errors.Join(b.err, err)
}

func (b *bundle) json(name string, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		b.lacks(name, err)
		return
	}
	b.add(name, string(text)+"\n")
}

// settings adds them without the PIN.
func (b *bundle) settings(name string, text []byte, err error) {
	var all map[string]any
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		b.lacks(name, err)
		return
	}
	if _, ok := all["pin"]; ok {
		all["pin"] = "(set)"
	}
	b.json(name, all)
}

// replacer puts a word in the place of each name, the longest first, and of
// the machine's serial numbers.
func replacer(names, serials []string) *strings.Replacer {
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, n := range serials {
		pairs = append(pairs, n, "(serial)")
	}
	for _, n := range names {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		quoted, err := json.Marshal(n) // as it is in a log
		if err == nil {
			pairs = append(pairs, strings.Trim(string(quoted), `"`), "(person)")
		}
		pairs = append(pairs, n, "(person)")
	}
	return strings.NewReplacer(pairs...)
}

var (
	macAddress   = regexp.MustCompile(`\b[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}\b`)
	serialNumber = regexp.MustCompile(`(?i)(serial(?:[ _]?(?:number|no))?\s*[:=]\s*)\S+`)
)

// withoutAddresses leaves out what names one device.
func withoutAddresses(text string) string {
	return serialNumber.ReplaceAllString(macAddress.ReplaceAllString(text, "(address)"), "$1(serial)")
}

// serials are the machine's own, wherever they are told again.
func (e *examination) serials() (all []string) {
	texts := []string{}
	for _, name := range []string{"/proc/device-tree/serial-number", "/sys/class/dmi/id/product_serial"} {
		if text, err := os.ReadFile(e.device.Path(name)); err == nil {
			texts = append(texts, string(text))
		}
	}
	if text, err := os.ReadFile(e.device.Path("/proc/cpuinfo")); err == nil {
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "Serial"); ok {
				texts = append(texts, strings.Trim(value, "\t :\n"))
			}
		}
	}
	for _, text := range texts {
		// A short one is made up, and would strike words.
		if text = strings.Trim(text, "\x00\n "); len(text) >= 8 {
			all = append(all, text)
		}
	}
	return all
}

// modelList is a line a model.
func (e *examination) modelList(ctx context.Context) string {
	var text strings.Builder
	for _, m := range e.Catalogue.Models {
		fmt.Fprintf(&text, "%v %s\n", e.status(ctx)[m.ID], m.ID)
	}
	if free := device.FreeDisk(filepath.Dir(e.DataDir)); free.Known {
		fmt.Fprintf(&text, "%.0f MB free\n", free.Number/megabyte)
	}
	return text.String()
}

// runProgram runs a program for a few seconds.
func runProgram(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}
