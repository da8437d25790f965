package device

import (
	"os"
	"testing"
)

func TestHealth(t *testing.T) {
	const thermal, cpu = "sys/class/thermal/", "sys/devices/system/cpu/cpufreq/"
	const throttled = "sys/devices/platform/soc/soc:firmware/get_throttled"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  Health
	}{
		{"a machine that tells nothing", nil, Health{}},
		{"a Pi in order", map[string]string{
			thermal + "thermal_zone0/type": "cpu-thermal\n", thermal + "thermal_zone0/temp": "48686\n",
			cpu + "policy0/scaling_cur_freq": "600000\n", cpu + "policy0/cpuinfo_max_freq": "1500000\n",
			throttled:      "0\n",
			"proc/meminfo": "MemTotal:        3884336 kB\nMemFree:          100 kB\nMemAvailable:    2097152 kB\nBuffers: 1 kB\n",
		}, Health{
			Temperature: known(48.686), Frequency: known(600), MaxFrequency: known(1500), Throttling: Throttling{Known: true},
			Available: known(2 << 30), Memory: known(3884336 << 10),
		}},
		{"a Pi on a weak supply that was too hot", map[string]string{throttled: "e0001\n"}, Health{Throttling: Throttling{
			Now: Limits{UnderVoltage: true}, Happened: Limits{FrequencyCapped: true, Throttled: true, SoftLimit: true}, Known: true,
		}}},
		{"a Pi that is too hot", map[string]string{throttled: "0x5000e"}, Health{Throttling: Throttling{
			Now:      Limits{FrequencyCapped: true, Throttled: true, SoftLimit: true},
			Happened: Limits{UnderVoltage: true, Throttled: true}, Known: true,
		}}},
		{"a PC of several zones and kinds of cores", map[string]string{
			thermal + "thermal_zone0/type": "acpitz", thermal + "thermal_zone0/temp": "27800",
			thermal + "thermal_zone1/type": "x86_pkg_temp", thermal + "thermal_zone1/temp": "61000",
			thermal + "thermal_zone2/type": "iwlwifi_1", thermal + "thermal_zone2/temp": "90000",
			thermal + "thermal_zone3/type": "acpitz", thermal + "thermal_zone3/temp": "",
			cpu + "policy0/scaling_cur_freq": "800000", cpu + "policy0/cpuinfo_max_freq": "3800000",
			cpu + "policy8/scaling_cur_freq": "4100000", cpu + "policy8/cpuinfo_max_freq": "5000000",
		}, Health{Temperature: known(61), Frequency: known(4100), MaxFrequency: known(5000)}},
		{"a frozen place", map[string]string{thermal + "thermal_zone0/type": "cpu-thermal", thermal + "thermal_zone0/temp": "-12000"}, Health{Temperature: known(-12)}},
		{"a sensor that firmware lacks", map[string]string{thermal + "thermal_zone0/type": "acpitz", thermal + "thermal_zone0/temp": "-273200"}, Health{}},
		{"nonsense", map[string]string{
			thermal + "thermal_zone0/type": "cpu-thermal", thermal + "thermal_zone0/temp": "hot",
			throttled: "no", "proc/meminfo": "\nMemAvailable:\nMemTotal: -3 kB\n", cpu + "policy0/scaling_cur_freq": "\x00",
		}, Health{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tree(t, tt.files).Health(); got != tt.want {
				t.Errorf("%+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for bits, want := range map[uint64]string{0: "no limit", 1: "under-voltage", 6: "frequency capped, throttled", 15: "under-voltage, frequency capped, throttled, soft temperature limit"} {
		l := limits(bits)
		if l.String() != want || l.Any() != (bits != 0) {
			t.Errorf("%d: %q, %v", bits, l, l.Any())
		}
	}
}

// TestThisMachine reads what every Linux has.
func TestThisMachine(t *testing.T) {
	h := New().Health()
	if !h.Available.Known || !h.Memory.Known || h.Available.Number <= 0 || h.Available.Number > h.Memory.Number {
		t.Errorf("memory: %+v", h)
	}
	if disk := FreeDisk(t.TempDir()); !disk.Known || disk.Number <= 0 {
		t.Errorf("disk: %+v", disk)
	}
	if disk := FreeDisk(t.TempDir() + "/absent"); disk.Known {
		t.Errorf("disk of no folder: %+v", disk)
	}
	if os.Getenv("NOTIFY_SOCKET") == "" && NewNotify().Ready() != nil {
		t.Error("a program that systemd did not start tells it something")
	}
}
