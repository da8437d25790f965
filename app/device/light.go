package device

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
)

// Illuminance is how much light falls on the device, in lux. The error is
// ErrAbsent where there is no sensor. It may take seconds, since the kernel
// waits for the sensor's next measurement.
func (d *Device) Illuminance() (lux float64, err error) {
	if inLux := d.glob("sys/bus/iio/devices/iio:device*/in_illuminance_input"); len(inLux) > 0 {
		return reading(readNumber(inLux[0]))
	}
	if inSteps := d.glob("sys/bus/iio/devices/iio:device*/in_illuminance_raw"); len(inSteps) > 0 {
		raw, err := readNumber(inSteps[0])
		if err != nil {
			return reading(0, err)
		}
		scale, err := readNumber(strings.TrimSuffix(inSteps[0], "raw") + "scale")
		if errors.Is(err, fs.ErrNotExist) { // raw is in lux then
			scale, err = 1, nil
		}
		return reading(raw*scale, err)
	}
	return 0, fmt.Errorf("light sensor: %w: set the brightness by hand", ErrAbsent)
}

func reading(lux float64, err error) (float64, error) {
	if err != nil {
		return 0, fmt.Errorf("light sensor: %w: it may answer the next time; else restart the machine", err)
	}
	return max(lux, 0), nil
}

// What BrightnessFor chooses between, and how far the light must change first.
const (
	darkRoom   = 15   // percent where there is no light
	brightRoom = 1000 // lux at which all of the backlight is needed
	hold       = 6    // percent that a change must exceed
)

// BrightnessFor is how bright the screen should be, 15 to 100 percent, where
// so much light falls on it and it is at current percent now; 0 when that is
// not known. Eyes see ratios of light, so each doubling adds the same. It
// stays at current until the light has clearly changed, so that the screen
// does not flicker.
func BrightnessFor(lux float64, current int) int {
	share := math.Log1p(max(lux, 0)) / math.Log1p(brightRoom)
	if !(share < 1) { // also when the sensor gave no number
		share = 1
	}
	want := darkRoom + int(math.Round((100-darkRoom)*share))
	if current > 0 && max(want-current, current-want) <= hold {
		return current
	}
	return want
}
