package device

import (
	"errors"
	"math"
	"testing"
)

func TestIlluminance(t *testing.T) {
	const sensor = "sys/bus/iio/devices/iio:device1/in_illuminance_"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  float64
		ok    bool
	}{
		{"in lux", map[string]string{"sys/bus/iio/devices/iio:device0/in_accel_x_raw": "3", sensor + "input": "312\n"}, 312, true},
		{"in steps", map[string]string{sensor + "raw": "1200\n", sensor + "scale": "0.25\n"}, 300, true},
		{"without a scale", map[string]string{sensor + "raw": "17"}, 17, true},
		{"below nothing", map[string]string{sensor + "input": "-1"}, 0, true},
		{"unreadable", map[string]string{sensor + "input": ""}, 0, false},
		{"with a scale that is none", map[string]string{sensor + "raw": "17", sensor + "scale": "x"}, 0, false},
	} {
		got, err := tree(t, tt.files).Illuminance()
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%s: %g, %v", tt.name, got, err)
		}
	}
	if _, err := tree(t, nil).Illuminance(); !errors.Is(err, ErrAbsent) {
		t.Errorf("without a sensor: %v", err)
	}
}

func TestBrightnessFor(t *testing.T) {
	for _, tt := range []struct {
		lux           float64
		current, want int
	}{
		{0, 0, 15}, {-5, 0, 15}, {1000, 0, 100}, {90_000, 0, 100}, {math.Inf(1), 0, 100}, {math.NaN(), 0, 100},
		{100, 0, 72}, {100, 70, 70}, {100, 78, 78}, {100, 79, 72}, {100, 65, 72}, {100, 100, 72}, {0, 22, 15}, {0, 21, 21},
	} {
		if got := BrightnessFor(tt.lux, tt.current); got != tt.want {
			t.Errorf("%g lux at %d%%: %d%%, want %d%%", tt.lux, tt.current, got, tt.want)
		}
	}
}

// TestBrightnessIsSteady follows the light up and down, with noise on it.
func TestBrightnessIsSteady(t *testing.T) {
	last := 0
	for lux := 0.0; lux < 2000; lux += 0.5 {
		want := BrightnessFor(lux, 0)
		if want < last || want < 1 || want > 100 {
			t.Fatalf("%g lux: %d%% after %d%%", lux, want, last)
		}
		last = want
	}
	for lux := 1.0; lux < 2000; lux *= 1.1 {
		now := BrightnessFor(lux, 0)
		for _, noise := range []float64{1.15, 0.87, 1, 1.15, 0.87} {
			if next := BrightnessFor(lux*noise, now); next != now {
				t.Fatalf("%g lux: %d%% flickers to %d%%", lux*noise, now, next)
			}
		}
		if there := BrightnessFor(lux*4, now); lux < 200 && there <= now {
			t.Errorf("%g lux after %g: %d%% stays at %d%%", lux*4, lux, now, there)
		}
	}
}
