package camera

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/blackjack/webcam"

	"reterminal-vision/camera/frame"
)

// Mode is a way in which a camera can give pictures.
type Mode struct {
	Format        string    // V4L2 code of the pixel format: YUYV, NV12, MJPG ...
	Width, Height int       // pixels
	Rates         []float64 // pictures a second, highest first; empty when the driver does not say
}

func (m Mode) String() string {
	if len(m.Rates) == 0 {
		return fmt.Sprintf("%s %dx%d", m.Format, m.Width, m.Height)
	}
	return fmt.Sprintf("%s %dx%d at %s", m.Format, m.Width, m.Height, ratesText(m.Rates))
}

func ratesText(rates []float64) string {
	text := ""
	for i, r := range rates {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%.4g", r)
	}
	return text + "/s"
}

// usualSizes stand for what a device offers that takes any size in a range.
var usualSizes = [][2]int{{320, 240}, {640, 360}, {640, 480}, {800, 600}, {1280, 720}, {1920, 1080}}

// usualRates stand for what a device offers that takes any rate in a range.
var usualRates = []float64{60, 30, 25, 15, 10, 5}

// offers is what modes asks a device; *webcam.Webcam is one.
type offers interface {
	GetSupportedFormats() map[webcam.PixelFormat]string
	GetSupportedFrameSizes(webcam.PixelFormat) []webcam.FrameSize
	GetSupportedFramerates(code webcam.PixelFormat, width, height uint32) []webcam.FrameRate
}

// modes lists what a device offers in the formats that are read, best format
// first, larger pictures before smaller ones.
func modes(device offers) []Mode {
	offered := device.GetSupportedFormats()
	var list []Mode
	for _, pf := range slices.Concat(rawFormats, jpegFormats) {
		if _, ok := offered[pf.code]; !ok {
			continue
		}
		sizes := distinctSizes(device.GetSupportedFrameSizes(pf.code))
		for _, s := range sizes {
			rates := distinctRates(device.GetSupportedFramerates(pf.code, uint32(s[0]), uint32(s[1])))
			list = append(list, Mode{Format: fourCCName(pf.code), Width: s[0], Height: s[1], Rates: rates})
		}
	}
	return list
}

// distinctSizes lists what a driver offers, larger first, and of a range the usual sizes.
func distinctSizes(offered []webcam.FrameSize) [][2]int {
	var sizes [][2]int
	add := func(w, h int) {
		if s := [2]int{w, h}; w > 0 && h > 0 && w <= frame.MaxSide && h <= frame.MaxSide && !slices.Contains(sizes, s) {
			sizes = append(sizes, s)
		}
	}
	for _, s := range offered {
		if s.MinWidth == s.MaxWidth && s.MinHeight == s.MaxHeight {
			add(int(s.MaxWidth), int(s.MaxHeight))
			continue
		}
		for _, u := range usualSizes {
			add(snap(u[0], s.MinWidth, s.MaxWidth, s.StepWidth), snap(u[1], s.MinHeight, s.MaxHeight, s.StepHeight))
		}
	}
	slices.SortFunc(sizes, func(a, b [2]int) int { return cmp.Or(cmp.Compare(b[0]*b[1], a[0]*a[1]), cmp.Compare(b[0], a[0])) })
	return sizes
}

// distinctRates turns a driver's intervals into rates, highest first, and a
// range of them into the usual rates within it.
func distinctRates(offered []webcam.FrameRate) []float64 {
	var rates []float64
	add := func(r float64) {
		if r > 0 && !math.IsInf(r, 0) && !slices.Contains(rates, r) {
			rates = append(rates, r)
		}
	}
	for _, o := range offered {
		low, high := rate(o.MaxNumerator, o.MaxDenominator), rate(o.MinNumerator, o.MinDenominator)
		low, high = min(low, high), max(low, high)
		add(high)
		if low < high {
			for _, u := range usualRates {
				if u > low && u < high {
					add(u)
				}
			}
		}
		add(low)
	}
	slices.SortFunc(rates, func(a, b float64) int { return cmp.Compare(b, a) })
	return rates
}

// rate is how many intervals of this length make a second.
func rate(numerator, denominator uint32) float64 {
	if numerator == 0 {
		return 0
	}
	return math.Round(1000*float64(denominator)/float64(numerator)) / 1000
}

// nearestRate is the offered rate nearest to the wish, the higher of two; the
// highest without a wish, 0 where none is offered.
func nearestRate(rates []float64, wish float64) float64 {
	if len(rates) == 0 {
		return 0
	}
	best := rates[0]
	for _, r := range rates {
		if wish > 0 && math.Abs(r-wish) < math.Abs(best-wish) {
			best = r
		}
	}
	return best
}

// stableFolders are where the system names devices by what they are and by
// where they are plugged in.
var stableFolders = []string{"/dev/v4l/by-id", "/dev/v4l/by-path"}

// stablePath is a name of the device at path that survives replugging and
// restarts; path itself when there is none.
func stablePath(path string, folders []string) string {
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			name := filepath.Join(folder, e.Name())
			if target, err := filepath.EvalSymlinks(name); err == nil && target == path {
				return name
			}
		}
	}
	return path
}
