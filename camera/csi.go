package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
)

// Cameras on the ribbon connector of a Raspberry Pi are spoken to by
// libcamera, whose own program writes their pictures to a pipe. It was called
// libcamera-vid before it was called rpicam-vid.
var csiPrograms = []string{"rpicam-vid", "libcamera-vid"}

// csiAlign is what libcamera pads rows of raw pictures to: widths are chosen so
// that there is no padding.
const csiAlign = 64

// listTimeout is how long the program may take to list its cameras.
const listTimeout = 5 * time.Second

func csiProgram() (string, error) {
	for _, name := range csiPrograms {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fault.Errorf("cameras on the ribbon connector need rpicam-vid: install it with 'sudo apt install rpicam-apps'")
}

// csiSource is the Source of such a camera.
type csiSource struct {
	*feed
	info Info
	csi  *csi
}

// Info implements Source.
func (s *csiSource) Info() Info { return s.info }

// Counts implements Counter.
func (s *csiSource) Counts() Counts {
	return Counts{Taken: s.csi.taken.Load(), Damaged: s.csi.damaged.Load()}
}

// csi reads one program's pictures until it fails.
type csi struct {
	name          string
	pipe          *picturePipe
	width, height int
	stall         time.Duration
	pool          frame.Pool
	decoder       *frame.Decoder // of JPEG pictures; nil when they come raw
	pending       []byte         // what has been read of JPEG pictures
	scanned       int            // of it, what holds no end of a picture

	taken, damaged atomic.Uint64
}

// csiJPEG is the --format in which the program compresses its pictures: less
// to move, more to decode, and any width.
const csiJPEG = "MJPG"

// maxJPEG bounds one compressed picture.
const maxJPEG = 32 << 20

// openCSI starts the camera of this number; "" is the first. It may be silent
// for as long as stall.
func openCSI(number string, opt Options, stall time.Duration) (Source, error) {
	n, err := strconv.Atoi(number)
	if number == "" {
		n, err = 0, nil
	}
	name := fmt.Sprintf("%s%d", csiPrefix, n)
	if err != nil || n < 0 {
		return nil, fault.Errorf("camera %s%s: give its number, as in csi:0", csiPrefix, number)
	}
	program, err := csiProgram()
	if err != nil {
		return nil, fault.Errorf("camera %s: %w", name, err)
	}
	w, h, fps := opt.Width, opt.Height, opt.FPS
	if w <= 0 || h <= 0 {
		w, h = rawWidth, rawHeight
	}
	if fps <= 0 {
		fps = usualRate
	}
	w, h = max(w/2, 1)*2, max(h/2, 1)*2
	codec := "mjpeg"
	c := &csi{name: name, stall: stall}
	switch opt.PixelFormat {
	case csiJPEG:
		if c.decoder, err = frame.NewDecoder(); err != nil {
			return nil, err
		}
	case "", "YU12":
		w, codec = max((w+csiAlign/2)/csiAlign, 1)*csiAlign, "yuv420"
	default:
		return nil, fault.Errorf("camera %s: it gives no %s, only YU12 and %s: choose one of those with --format", name, opt.PixelFormat, csiJPEG)
	}
	c.width, c.height = w, h
	c.pipe, err = startPipe(program, []string{
		"--camera", strconv.Itoa(n), "--nopreview", "--timeout", "0", "--codec", codec, "--flush",
		"--width", strconv.Itoa(w), "--height", strconv.Itoa(h), "--framerate", strconv.FormatFloat(fps, 'f', -1, 64), "--output", "-",
	})
	if err != nil {
		c.close()
		return nil, fault.Errorf("camera %s: %w", name, err)
	}
	info := Info{Name: fmt.Sprintf("CSI camera %d", n), Spec: csiPrefix + strconv.Itoa(n), Kind: KindCSI, Width: w, Height: h, FPS: fps}
	return &csiSource{feed: startFeed("camera "+name, 1, c.run), info: info, csi: c}, nil
}

func (c *csi) close() {
	if c.decoder != nil {
		c.decoder.Close()
	}
}

func (c *csi) run(ctx context.Context, out *feed) error {
	defer c.close()
	defer c.pipe.kill()
	next := c.nextRaw
	if c.decoder != nil {
		next = c.nextJPEG
	}
	var start time.Time
	for sequence := uint64(0); ; sequence++ {
		f, err := next(ctx)
		if errors.Is(err, frame.ErrCorrupt) {
			c.damaged.Add(1)
			continue
		}
		if err != nil {
			if ctx.Err() == nil {
				Rescan()
			}
			return err
		}
		now := time.Now()
		if start.IsZero() {
			start = now
		}
		f.Sequence, f.Captured, f.Timestamp = sequence, now, now.Sub(start)
		c.taken.Add(1)
		out.publish(f)
	}
}

// nextRaw waits for one raw picture; libcamera gives limited range unless it
// is told otherwise.
func (c *csi) nextRaw(ctx context.Context) (*frame.Frame, error) {
	f := c.pool.Get(frame.I420, c.width, c.height)
	for _, plane := range f.Planes {
		if err := c.read(ctx, func() error { _, err := io.ReadFull(c.pipe.stream, plane); return err }); err != nil {
			f.Release()
			return nil, err
		}
	}
	return f, nil
}

// nextJPEG waits for one compressed picture and decodes it.
func (c *csi) nextJPEG(ctx context.Context) (*frame.Frame, error) {
	for {
		if i := bytes.Index(c.pending[c.scanned:], []byte{0xFF, 0xD9}); i >= 0 {
			end := c.scanned + i + 2
			f, err := c.decoder.DecodeYUV(c.pending[:end], &c.pool)
			c.pending, c.scanned = append(c.pending[:0], c.pending[end:]...), 0
			if err != nil {
				err = fmt.Errorf("%w: %w", frame.ErrCorrupt, err)
			}
			return f, err
		}
		c.scanned = max(0, len(c.pending)-1)
		if len(c.pending) > maxJPEG {
			return nil, fault.Errorf("camera %s: what comes is no JPEG: choose YU12 with --format", c.name)
		}
		c.pending = slices.Grow(c.pending, bufferSize)
		err := c.read(ctx, func() error {
			n, err := c.pipe.stream.Read(c.pending[len(c.pending):cap(c.pending)])
			c.pending = c.pending[:len(c.pending)+n]
			return err
		})
		if err != nil {
			return nil, err
		}
	}
}

// read waits for part of a picture, no longer than a camera may be silent.
func (c *csi) read(ctx context.Context, part func() error) error {
	c.pipe.endWith(ctx)
	_ = c.pipe.stream.SetReadDeadline(time.Now().Add(c.stall))
	if ctx.Err() != nil { // it may have ended the reading just before
		return ctx.Err()
	}
	err := part()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.Errorf("camera %s: %w for %v: check the ribbon cable, then restart the device", c.name, ErrStalled, c.stall)
	}
	_ = c.pipe.wait()
	var line any = c.pipe.stderr.String()
	if line == "" {
		line = fault.Words("it ended")
	}
	return fault.Errorf("camera %s: rpicam-vid: %s: check the ribbon cable, and that no other program uses the camera", c.name, line)
}

// csiLine is one camera as the program lists it:
//
//	0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)
var csiLine = regexp.MustCompile(`(?m)^(\d+) : (\S+) \[[^\]]*\] \(([^)]*)\)`)

// csiListing is what a program listed last, which takes it up to seconds.
type csiListing struct {
	mu      sync.Mutex // held while it lists: who asks meanwhile shares the answer
	program string     // "" for nothing listed
	nodes   []string   // video devices at that time
	devices []Device
	at      time.Time   // when
	stale   atomic.Bool // it is to be listed anew
}

// noneFor is how long "no cameras" holds: libcamera may have started late.
const noneFor = 2 * time.Second

var csiListed csiListing

// Rescan has the next Devices ask anew which cameras are on the ribbon connectors.
// What was listed is used until then, until a video device comes or goes, or until
// such a camera fails; that there is none, for noneFor.
func Rescan() { csiListed.stale.Store(true) }

// csiDevices lists the cameras on the ribbon connectors of a machine with these
// video devices.
func csiDevices(nodes []string) []Device {
	program, err := csiProgram()
	if err != nil {
		return nil
	}
	l := &csiListed
	l.mu.Lock()
	defer l.mu.Unlock()
	none := len(l.devices) == 0 && time.Since(l.at) > noneFor
	if stale := l.stale.Swap(false); stale || none || l.program != program || !slices.Equal(l.nodes, nodes) {
		devices, whole := listCSI(program)
		if l.program, l.nodes, l.devices, l.at = program, nodes, devices, time.Now(); !whole {
			l.program = ""
		}
	}
	return slices.Clone(l.devices)
}

// listCSI has the program list its cameras; whole tells that it came to its end.
func listCSI(program string) (devices []Device, whole bool) {
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "--list-cameras")
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // what it lists counts, not how it ends
	return parseCSI(out.Bytes()), ctx.Err() == nil && cmd.ProcessState != nil
}

func parseCSI(listing []byte) []Device {
	var devices []Device
	for _, m := range csiLine.FindAllSubmatch(listing, -1) {
		path := csiPrefix + string(m[1])
		devices = append(devices, Device{Name: "CSI camera " + string(m[2]), Path: path, Stable: path, Bus: string(m[3])})
	}
	return devices
}
