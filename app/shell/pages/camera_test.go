package pages

import (
	"testing"

	"reterminal-vision/camera"
)

func TestStepped(t *testing.T) {
	menu := []camera.Choice{{Value: 0, Name: "Off"}, {Value: 1, Name: "50 Hz"}, {Value: 3, Name: "Auto"}}
	for name, c := range map[string]struct {
		k    camera.Control
		up   bool
		want int32
	}{
		"range":            {camera.Control{Min: 0, Max: 255, Step: 1, Value: 100}, true, 115},
		"range down":       {camera.Control{Min: 0, Max: 255, Step: 1, Value: 100}, false, 85},
		"stops at the end": {camera.Control{Min: -64, Max: 64, Step: 1, Value: 62}, true, 64},
		"switch":           {camera.Control{Min: 0, Max: 1, Step: 1, Value: 0}, true, 1},
		"whole steps":      {camera.Control{Min: 0, Max: 250, Step: 5, Value: 50}, true, 65},
		"coarse":           {camera.Control{Min: 2800, Max: 6500, Step: 1000, Value: 2800}, true, 3800},
		"list":             {camera.Control{Max: 3, Step: 1, Value: 1, Choices: menu}, true, 3},
		"list's end":       {camera.Control{Max: 3, Step: 1, Value: 3, Choices: menu}, true, 3},
		"wide range":       {camera.Control{Min: -1 << 31, Max: 1<<31 - 1, Step: 1, Value: 1<<31 - 2}, true, 1<<31 - 1},
	} {
		if got := stepped(c.k, c.up); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
