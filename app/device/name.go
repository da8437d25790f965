package device

import (
	"bufio"
	"os"
	"runtime"
	"strings"
)

// Name is what the machine is: as its device tree says, as "Raspberry Pi
// Compute Module 4 Rev 1.0", else its processor.
func (d *Device) Name() string {
	for _, file := range []string{"proc/device-tree/model", "sys/firmware/devicetree/base/model"} {
		if text, err := readText(d.Path(file)); err == nil {
			if name := strings.TrimSpace(strings.TrimRight(text, "\x00")); name != "" {
				return name
			}
		}
	}
	f, err := os.Open(d.Path("proc/cpuinfo"))
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
