package camera

import (
	"slices"
	"strings"

	"github.com/blackjack/webcam"

	"reterminal-vision/camera/fault"
	"reterminal-vision/camera/frame"
)

// fourCC is a V4L2 pixel format code.
func fourCC(s string) webcam.PixelFormat {
	return webcam.PixelFormat(s[0]) | webcam.PixelFormat(s[1])<<8 | webcam.PixelFormat(s[2])<<16 | webcam.PixelFormat(s[3])<<24
}

func fourCCName(p webcam.PixelFormat) string {
	return strings.TrimSpace(string([]byte{byte(p), byte(p >> 8), byte(p >> 16), byte(p >> 24)}))
}

// pixelFormat pairs a device's format with ours; FormatNone is JPEG.
type pixelFormat struct {
	code   webcam.PixelFormat
	format frame.Format
}

// rawFormats and jpegFormats are what is read from devices, best first.
var (
	rawFormats = []pixelFormat{
		{fourCC("YUYV"), frame.YUYV}, {fourCC("UYVY"), frame.UYVY}, {fourCC("NV12"), frame.NV12}, {fourCC("YU12"), frame.I420},
		{fourCC("RGB3"), frame.RGB24}, {fourCC("BGR3"), frame.BGR24}, {fourCC("GREY"), frame.Grey},
	}
	jpegFormats = []pixelFormat{{fourCC("MJPG"), frame.FormatNone}, {fourCC("JPEG"), frame.FormatNone}}
)

// captureMode is how a device lays out its pictures.
type captureMode struct {
	pixelFormat
	width, height int
	stride        int // bytes from one row to the next of plane 0
	rng           frame.Range
}

func (m captureMode) compressed() bool { return m.format == frame.FormatNone }

// plane gives the stride and rows of plane p in the device's buffer.
func (m captureMode) plane(p int) (stride, rows int) {
	row, rows := m.format.PlaneSize(p, m.width, m.height)
	first, _ := m.format.PlaneSize(0, m.width, m.height)
	if rows == 0 {
		return 0, 0
	}
	if row >= first {
		return m.stride, rows
	}
	return (m.stride + 1) / 2, rows
}

// bytes is the least a buffer with a whole picture holds: the last row needs
// no padding.
func (m captureMode) bytes() int {
	total, slack := 0, 0
	for p := range 3 {
		stride, rows := m.plane(p)
		if rows > 0 {
			row, _ := m.format.PlaneSize(p, m.width, m.height)
			total += stride * rows
			slack = stride - row
		}
	}
	return total - slack
}

// Cameras send more than this over USB 2 at full rate only as JPEG.
const (
	rawWidth, rawHeight = 640, 480
)

// chooseMode picks, of what a device offers, the size nearest to the wish
// (0, 0 means 640x480) and its cheapest format: uncompressed up to 640x480,
// JPEG above. wanted, if it is not "", is the only format to be taken.
func chooseMode(offered map[webcam.PixelFormat]string, sizes func(webcam.PixelFormat) []webcam.FrameSize, wanted string, width, height int) (captureMode, error) {
	if width <= 0 || height <= 0 {
		width, height = rawWidth, rawHeight
	}
	order := slices.Concat(rawFormats, jpegFormats)
	if width*height > rawWidth*rawHeight {
		order = slices.Concat(jpegFormats, rawFormats)
	}
	best, bestMiss := captureMode{}, -1
	for _, pf := range order {
		if _, ok := offered[pf.code]; !ok || wanted != "" && wanted != fourCCName(pf.code) {
			continue
		}
		w, h := nearestSize(sizes(pf.code), width, height)
		if miss := abs(w-width) + abs(h-height); bestMiss < 0 || miss < bestMiss {
			best, bestMiss = captureMode{pixelFormat: pf, width: w, height: h}, miss
		}
	}
	if bestMiss < 0 && wanted != "" {
		return captureMode{}, fault.Errorf("it gives no %s, only %s: choose one of those with --format", wanted, offeredNames(offered))
	}
	if bestMiss < 0 {
		return captureMode{}, fault.Errorf("it gives none of the formats that are read, only %s: use a USB (UVC) camera", offeredNames(offered))
	}
	best.stride, _ = best.format.PlaneSize(0, best.width, best.height)
	return best, nil
}

// nearestSize picks the offered size nearest to the wish, which is the wish
// itself for devices that name no sizes.
func nearestSize(sizes []webcam.FrameSize, width, height int) (w, h int) {
	w, h = width, height
	bestMiss := -1
	for _, s := range sizes {
		if s.MaxWidth == 0 || s.MaxHeight == 0 {
			continue
		}
		sw := snap(width, s.MinWidth, s.MaxWidth, s.StepWidth)
		sh := snap(height, s.MinHeight, s.MaxHeight, s.StepHeight)
		if miss := abs(sw-width) + abs(sh-height); bestMiss < 0 || miss < bestMiss {
			w, h, bestMiss = sw, sh, miss
		}
	}
	return w, h
}

// snap limits v to lo..hi in steps from lo.
func snap(v int, lo, hi, step uint32) int {
	v = min(max(v, int(lo)), int(hi))
	if step > 1 {
		v -= (v - int(lo)) % int(step)
	}
	return v
}

func abs(v int) int { return max(v, -v) }

func offeredNames(offered map[webcam.PixelFormat]string) string {
	var names []string
	for code := range offered {
		names = append(names, fourCCName(code))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
