package device

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Health is how the machine does at one moment. What it does not tell is not
// known.
type Health struct {
	Temperature  Value // of the hottest part of the CPU, °C
	Frequency    Value // of the fastest core, MHz
	MaxFrequency Value // that the CPU reaches, MHz
	Throttling   Throttling
	Available    Value // memory that programs can still get, bytes
	Memory       Value // all of it, bytes
}

// Throttling is what a Raspberry Pi's firmware says about its power and heat.
type Throttling struct {
	Now      Limits
	Happened Limits // since the firmware's memory of it was cleared, usually the start
	Known    bool
}

// Limits are the reasons for which the firmware slows the CPU down.
type Limits struct {
	UnderVoltage    bool // the supply gives less than 4.63 V
	FrequencyCapped bool
	Throttled       bool
	SoftLimit       bool // of the temperature
}

// Any reports whether one of them applies.
func (l Limits) Any() bool { return l != Limits{} }

func (l Limits) String() string {
	var words []string
	for _, limit := range []struct {
		set  bool
		word string
	}{
		{l.UnderVoltage, "under-voltage"}, {l.FrequencyCapped, "frequency capped"},
		{l.Throttled, "throttled"}, {l.SoftLimit, "soft temperature limit"},
	} {
		if limit.set {
			words = append(words, limit.word)
		}
	}
	if len(words) == 0 {
		return "no limit"
	}
	return strings.Join(words, ", ")
}

// Health reads a dozen small files; it may be called every second.
func (d *Device) Health() Health {
	h := Health{Temperature: d.temperature(), Throttling: d.throttling()}
	h.Frequency = d.megahertz("scaling_cur_freq")
	h.MaxFrequency = d.megahertz("cpuinfo_max_freq")
	h.Available, h.Memory = d.memory()
	return h
}

// FreeDisk is how many bytes this user can still write to the folder's file
// system. The folder is a path of this machine, not one below the root.
func FreeDisk(folder string) Value {
	var fs unix.Statfs_t
	if unix.Statfs(folder, &fs) != nil {
		return Value{}
	}
	return known(float64(fs.Bavail) * float64(fs.Bsize))
}

// coldest is below what any machine runs at, in thousandths of a degree:
// firmware gives absolute zero for a sensor that it lacks.
const coldest = -100_000

func (d *Device) temperature() (hottest Value) {
	for _, zone := range d.glob("sys/class/thermal/thermal_zone*") {
		kind, err := readText(filepath.Join(zone, "type"))
		if err != nil || !strings.HasPrefix(kind, "cpu") && kind != "x86_pkg_temp" && kind != "acpitz" {
			continue
		}
		milli, err := readNumber(filepath.Join(zone, "temp"))
		if err != nil || milli < coldest {
			continue
		}
		if !hottest.Known || milli/1000 > hottest.Number {
			hottest = known(milli / 1000)
		}
	}
	return hottest
}

// megahertz is the greatest value among the cores; the kernel tells kHz.
func (d *Device) megahertz(name string) (fastest Value) {
	for _, path := range d.glob("sys/devices/system/cpu/cpufreq/policy*/" + name) {
		if kilo, err := readNumber(path); err == nil && kilo/1000 > fastest.Number {
			fastest = known(kilo / 1000)
		}
	}
	return fastest
}

func (d *Device) throttling() Throttling {
	text, err := readText(d.Path("sys/devices/platform/soc/soc:firmware/get_throttled"))
	if err != nil {
		return Throttling{}
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 32)
	if err != nil {
		return Throttling{}
	}
	return Throttling{Now: limits(bits), Happened: limits(bits >> 16), Known: true}
}

func limits(bits uint64) Limits {
	return Limits{UnderVoltage: bits&1 != 0, FrequencyCapped: bits&2 != 0, Throttled: bits&4 != 0, SoftLimit: bits&8 != 0}
}

func (d *Device) memory() (available, total Value) {
	f, err := os.Open(d.Path("proc/meminfo"))
	if err != nil {
		return Value{}, Value{}
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan() && !(available.Known && total.Known); {
		words := strings.Fields(s.Text())
		if len(words) < 2 {
			continue
		}
		kilo, err := strconv.ParseUint(words[1], 10, 53)
		if err != nil {
			continue
		}
		switch words[0] {
		case "MemAvailable:":
			available = known(float64(kilo) * 1024)
		case "MemTotal:":
			total = known(float64(kilo) * 1024)
		}
	}
	return available, total
}
