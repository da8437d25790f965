package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/app/device"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/models"
)

// examination is what the checks of one run share.
type examination struct {
	Options
	device   *device.Device
	health   device.Health
	statuses map[string]models.Status // by ID, once asked for
	user     int                      // effective user
	groups   []int                    // that this process is in
}

func newExamination(opt Options) *examination {
	if opt.Root == "" {
		opt.Root = "/"
	}
	if opt.Store == nil {
		opt.Store = models.NewStore("")
	}
	if opt.Catalogue == nil {
		opt.Catalogue = models.Default()
	}
	if opt.Cameras == nil {
		opt.Cameras = func() []camera.Device {
			camera.Rescan() // whoever asks for a check wants to know what is so now
			return camera.Devices()
		}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	e := &examination{Options: opt, device: device.At(opt.Root), user: os.Geteuid()}
	e.health = e.device.Health()
	e.groups, _ = os.Getgroups() // none of them known is none of them
	e.groups = append(e.groups, os.Getegid())
	return e
}

func pass(format string, args ...any) Check {
	return Check{State: Pass, Detail: fmt.Sprintf(format, args...)}
}

// unknown is a check for which the machine tells nothing.
func unknown(format string, args ...any) Check {
	return Check{State: Unknown, Detail: fmt.Sprintf(format, args...)}
}

// found is a check with a remedy.
func found(state State, remedy, format string, args ...any) Check {
	return Check{State: state, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

func (e *examination) camera(context.Context) Check {
	var names, refused []string
	for _, d := range e.Cameras() {
		names = append(names, d.Name+" at "+d.Path)
		// One that may not be opened is listed without modes.
		if len(d.Modes) == 0 && filepath.IsAbs(d.Path) && unix.Faccessat(unix.AT_FDCWD, d.Path, unix.R_OK|unix.W_OK, unix.AT_EACCESS) != nil {
			refused = append(refused, d.Path)
		}
	}
	switch {
	case len(names) == 0:
		return found(Warn, "plug in a USB camera, or connect one to the ribbon connector and install rpicam-apps; built-in footage stands in for it",
			"no camera is connected")
	case len(refused) > 0:
		return found(Fail, joinGroup("video"), "this user may not open %s", strings.Join(refused, ", "))
	}
	return pass("%s", strings.Join(names, ", "))
}

func (e *examination) display(context.Context) Check {
	name := os.Getenv("DISPLAY")
	if name == "" {
		// A kiosk's display is its service's own, and not in anybody else's environment.
		if _, err := os.Stat(e.device.Path(kioskGroup)); err == nil {
			return e.connectors()
		}
		if wayland := os.Getenv("WAYLAND_DISPLAY"); wayland != "" {
			return found(Warn, "install and start Xwayland, which sets DISPLAY",
				"WAYLAND_DISPLAY is %s and DISPLAY is not set: the app draws through X11", wayland)
		}
		return found(Warn, "start the app from the desktop, or set DISPLAY=:0 for the device's own screen; --headless needs none",
			"neither DISPLAY nor WAYLAND_DISPLAY is set")
	}
	host, number, ok := strings.Cut(name, ":")
	number, _, _ = strings.Cut(number, ".") // the screen's number is of no matter
	if !ok || number == "" {
		return found(Fail, "set DISPLAY=:0 for the device's own screen", "DISPLAY is %q, which names no display", name)
	}
	if host != "" && host != "unix" {
		return pass("DISPLAY is %s, on another machine", name)
	}
	socket := "/tmp/.X11-unix/X" + number
	var err error
	for _, at := range []string{"@" + e.device.Path(socket), e.device.Path(socket)} {
		var conn net.Conn
		if conn, err = net.DialTimeout("unix", at, time.Second); err == nil {
			_ = conn.Close() // that it answered is all
			return pass("DISPLAY is %s", name)
		}
	}
	return found(Fail, "start the desktop, or set DISPLAY to the display that runs", "nothing answers at DISPLAY %s: %v", name, err)
}

// kioskGroup is there while the kiosk's service runs.
const kioskGroup = "/sys/fs/cgroup/system.slice/reterminal-vision.service"

// connectors asks the kernel for the displays that the kiosk draws on.
func (e *examination) connectors() Check {
	var connected []string
	states := e.nodes("/sys/class/drm/*/status")
	for _, at := range states {
		if text, err := os.ReadFile(at); err == nil && strings.TrimSpace(string(text)) == "connected" {
			_, name, _ := strings.Cut(filepath.Base(filepath.Dir(at)), "-") // as card1-DSI-1
			connected = append(connected, name)
		}
	}
	switch {
	case len(connected) > 0:
		return pass("the kiosk runs; connected: %s", strings.Join(connected, ", "))
	case len(states) > 0:
		return found(Fail, "connect the display, and restart the machine", "the kiosk runs, and no display is connected")
	}
	return unknown("the kiosk runs; the kernel does not tell of displays")
}

// plainMark is left by the kiosk's session when drawing with the GPU failed.
const plainMark = "/run/reterminal-vision/plain"

// gpu looks for a node that programs draw through.
func (e *examination) gpu(context.Context) Check {
	const remedy = "on a Raspberry Pi put dtoverlay=vc4-kms-v3d into /boot/firmware/config.txt and restart it"
	nodes := e.nodes("/dev/dri/renderD*")
	if len(nodes) == 0 {
		if cards := e.nodes("/dev/dri/card*"); len(cards) > 0 {
			return found(Warn, remedy, "%s has no GPU behind it: the processor draws, which takes time from the networks", e.driver(cards[0]))
		}
		return found(Warn, remedy, "there is none: the processor draws, which takes time from the networks")
	}
	var names []string
	for _, node := range nodes {
		if unix.Faccessat(unix.AT_FDCWD, node, unix.R_OK|unix.W_OK, unix.AT_EACCESS) != nil {
			return found(Warn, joinGroup("render"), "this user may not open %s", node)
		}
		names = append(names, e.driver(node)+" at "+node)
	}
	if _, err := os.Stat(e.device.Path(plainMark)); err == nil {
		return found(Warn, "run: sudo reterminal-vision kiosk on, which tries the GPU again; why it failed is in: journalctl -u reterminal-vision",
			"the kiosk draws without %s, with which its display server ended three times: the processor draws, which takes time from the networks", strings.Join(names, ", "))
	}
	return pass("%s", strings.Join(names, ", "))
}

// driver is the kernel's driver of a node of graphics.
func (e *examination) driver(node string) string {
	link, err := os.Readlink(e.device.Path("/sys/class/drm/" + filepath.Base(node) + "/device/driver"))
	if err != nil {
		return "unknown driver"
	}
	return filepath.Base(link)
}

// library runs the smallest model that is here.
func (e *examination) library(ctx context.Context) Check {
	var smallest *models.Model
	for i := range e.Catalogue.Models {
		m := &e.Catalogue.Models[i]
		if e.status(ctx)[m.ID] == models.Present && (smallest == nil || m.Size < smallest.Size) {
			smallest = m
		}
	}
	if smallest == nil {
		return found(Fail, remedyNoModels, "there is no model to try it with")
	}
	took, err := runOnce(e.Store, smallest)
	if err != nil {
		return found(Fail, "install the app anew; the library is lib/libtensorflowlite_c.so beside the program", "%v", err)
	}
	return pass("ran %s in %.1f ms", smallest.ID, float64(took)/1e6)
}

const remedyNoModels = "install the app anew with the models beside the program, or run: reterminal-vision models fetch --all"

func runOnce(store *models.Store, m *models.Model) (time.Duration, error) {
	path, err := store.Find(m)
	if err != nil {
		return 0, err
	}
	net, err := inference.Open(path, inference.Options{Threads: 1, Delegate: inference.XNNPACK})
	if err != nil {
		return 0, err
	}
	defer net.Close()
	start := time.Now()
	err = net.Invoke()
	return time.Since(start), err
}

// status reads every model once; those that ctx left no time for are missing
// from it.
func (e *examination) status(ctx context.Context) map[string]models.Status {
	if e.statuses != nil {
		return e.statuses
	}
	e.statuses = map[string]models.Status{}
	for i := range e.Catalogue.Models {
		if ctx.Err() != nil {
			break
		}
		m := &e.Catalogue.Models[i]
		e.statuses[m.ID] = e.Store.Status(m)
	}
	return e.statuses
}

func (e *examination) models(ctx context.Context) Check {
	var here int
	var missing, damaged []string
	for i := range e.Catalogue.Models {
		switch id := e.Catalogue.Models[i].ID; e.status(ctx)[id] {
		case models.Present:
			here++
		case models.Missing:
			missing = append(missing, id)
		default:
			damaged = append(damaged, id)
		}
	}
	detail := fmt.Sprintf("%d present", here)
	if len(missing) > 0 {
		detail += fmt.Sprintf(", %d missing (%s)", len(missing), strings.Join(missing, ", "))
	}
	if len(damaged) > 0 {
		detail += fmt.Sprintf(", %d damaged (%s)", len(damaged), strings.Join(damaged, ", "))
	}
	idle, wanted := e.idleDemos(ctx)
	switch {
	case len(damaged) > 0:
		return found(Fail, e.bringBack(damaged), "%s", detail)
	case here == 0:
		return found(Fail, remedyNoModels, "%s", detail)
	case len(idle) > 0:
		return found(Warn, e.bringBack(wanted), "%s; without a model: %s", detail, strings.Join(idle, ", "))
	}
	return pass("%s; every demo has one", detail)
}

// bringBack says where the models of these IDs come from.
func (e *examination) bringBack(ids []string) string {
	var fetched, remedies []string
	for _, id := range ids {
		if e.Catalogue.Model(id).URL != "" {
			fetched = append(fetched, id)
		}
	}
	if len(fetched) > 0 {
		remedies = append(remedies, "run: reterminal-vision models fetch "+strings.Join(fetched, " "))
	}
	if len(fetched) < len(ids) {
		remedies = append(remedies, "install the app anew, which brings models beside the program that have no address on the web")
	}
	return strings.Join(remedies, "; ")
}

// idleDemos lists the demos that lack a model for one of their stages, and
// the models that each of those stages prefers.
func (e *examination) idleDemos(ctx context.Context) (idle, wanted []string) {
	here := func(id string) bool { return e.status(ctx)[id] == models.Present }
	for _, d := range e.Catalogue.Demos {
		lacks := false
		for _, stage := range d.Stages() {
			if slices.ContainsFunc(stage, here) {
				continue
			}
			lacks = true
			if len(stage) > 0 && !slices.Contains(wanted, stage[0]) {
				wanted = append(wanted, stage[0])
			}
		}
		if lacks {
			idle = append(idle, d.ID)
		}
	}
	return idle, wanted
}

func (e *examination) memory(context.Context) Check {
	free, all := e.health.Available, e.health.Memory
	if !free.Known {
		return unknown("not available")
	}
	detail := fmt.Sprintf("%.0f MB available", free.Number/megabyte)
	if all.Known {
		detail += fmt.Sprintf(" of %.0f MB", all.Number/megabyte)
	}
	if free.Number < leastRAM {
		return found(Warn, "close other programs, or restart the machine", "%s", detail)
	}
	return pass("%s", detail)
}

// disk writes a file, and takes it away, where the app would write.
func (e *examination) disk(context.Context) Check {
	folder, err := existing(e.DataDir)
	var f *os.File
	if err == nil {
		f, err = os.CreateTemp(folder, ".doctor-*")
	}
	if err == nil {
		_, err = f.WriteString("written to see whether it can be\n")
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return found(Fail, "free some space and check that this user may write there", "%s cannot be written to: %v", e.DataDir, err)
	}
	free := device.FreeDisk(folder)
	if !free.Known {
		return unknown("%s can be written to; how much is free is not told", folder)
	}
	detail := fmt.Sprintf("%.0f MB free in %s", free.Number/megabyte, folder)
	if free.Number < leastDisk {
		return found(Warn, "delete what is not needed: models fetched once are the largest", "%s", detail)
	}
	return pass("%s", detail)
}

// existing is the folder, or the nearest one above it that exists.
func existing(folder string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(folder)
		if !errors.Is(err, fs.ErrNotExist) || folder == "/" {
			return folder, err
		}
		folder = filepath.Dir(folder)
	}
}

func (e *examination) temperature(context.Context) Check {
	t, limits := e.health.Temperature, e.health.Throttling.Now
	detail := "not available"
	if t.Known {
		detail = fmt.Sprintf("%.0f °C", t.Number)
	}
	if f, most := e.health.Frequency, e.health.MaxFrequency; f.Known && most.Known {
		detail += fmt.Sprintf(", CPU at %.0f of %.0f MHz", f.Number, most.Number)
	}
	const cool = "let the device cool down: shade it, give it air, or run fewer threads"
	switch {
	case t.Known && t.Number >= hot, limits.Throttled:
		if limits.Throttled {
			detail += ", throttled"
		}
		return found(Fail, cool, "%s", detail)
	case t.Known && t.Number >= warm, limits.SoftLimit:
		return found(Warn, cool, "%s", detail)
	case !t.Known:
		return unknown("%s", detail)
	}
	return pass("%s", detail)
}

func (e *examination) power(context.Context) Check {
	const supply = "use a supply of 5 V and 4 A with a short, thick cable"
	switch t := e.health.Throttling; {
	case !t.Known:
		return unknown("not available")
	case t.Now.UnderVoltage:
		return found(Warn, supply, "the supply's voltage is too low")
	case t.Happened.UnderVoltage:
		return found(Warn, supply, "the supply's voltage has been too low since the start")
	}
	return pass("the supply's voltage is right")
}

func joinGroup(names ...string) string {
	return "run 'sudo usermod -aG " + strings.Join(names, ",") + " $USER' and log in again"
}

// permissions tries the nodes that the app opens.
func (e *examination) permissions(context.Context) Check {
	var buttons []string
	if node := e.device.ButtonsNode(); node != "" {
		buttons = append(buttons, node)
	}
	var refused, lacking, remedies []string
	tried := 0
	for _, g := range []struct {
		name   string
		nodes  []string
		mode   uint32
		always bool // a node may come at any time
	}{
		{"video", e.nodes("/dev/video*"), unix.R_OK | unix.W_OK, true},
		{"render", e.nodes("/dev/dri/renderD*"), unix.R_OK | unix.W_OK, false},
		{"input", buttons, unix.R_OK, false},
	} {
		shut := slices.DeleteFunc(slices.Clone(g.nodes), func(node string) bool {
			return unix.Faccessat(unix.AT_FDCWD, node, g.mode, unix.AT_EACCESS) == nil
		})
		tried += len(g.nodes)
		refused = append(refused, shut...)
		untried := g.always && len(g.nodes) == 0
		if len(shut) > 0 || untried && e.user != 0 && !e.member(g.name) {
			lacking = append(lacking, g.name)
		}
	}
	if len(lacking) > 0 {
		remedies = append(remedies, joinGroup(lacking...))
	}
	if light, err := e.device.Backlight(); err == nil {
		tried++
		if light.Check() != nil {
			refused = append(refused, "backlight "+light.Name)
			remedies = append(remedies, "put this line into /etc/udev/rules.d/99-reterminal-vision.rules and restart the machine: "+device.BacklightRule)
		}
	}
	switch remedy := strings.Join(remedies, "; "); {
	case len(refused) > 0:
		return found(Warn, remedy, "this user may not use %s", strings.Join(refused, ", "))
	case len(lacking) > 0:
		return found(Warn, remedy, "this user is not in the group %s", strings.Join(lacking, ", "))
	}
	return pass("this user may use all of %d device files", tried)
}

func (e *examination) nodes(pattern string) []string {
	found, _ := filepath.Glob(e.device.Path(pattern)) // fails for a bad pattern only
	return found
}

// member tells whether this process is in the group of this name. A machine
// without such a group needs nobody in it.
func (e *examination) member(group string) bool {
	text, err := os.ReadFile(e.device.Path("/etc/group"))
	if err != nil {
		return true
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(line, ":")
		if fields[0] == group && len(fields) > 2 {
			return slices.ContainsFunc(e.groups, func(id int) bool { return fmt.Sprint(id) == fields[2] })
		}
	}
	return true
}

func (e *examination) clock(context.Context) Check {
	now := e.Now().UTC()
	if now.Year() < oldestYear {
		return found(Warn, "connect to a network, or run 'sudo date -s' with the right time: results and people are stamped with it",
			"it is %s, as the clock says", now.Format(time.DateOnly))
	}
	return pass("%s UTC", now.Format(time.DateTime))
}

func (e *examination) ffmpeg(context.Context) Check {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return found(Warn, "run 'sudo apt install ffmpeg'", "not installed: video files cannot be shown")
	}
	return pass("%s", path)
}
