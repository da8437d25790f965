// Package guard decides when a demo has to stop because the device is too hot
// or short of memory, and when it goes on.
//
// In: samples of the device's health and of what runs. Out: what is to be done.
// It imports nothing of this project; app may import it.
package guard

// Limits of what the device can bear, in °C and bytes.
const (
	TooHot          = 85
	CooledDown      = 78
	LowMemory       = 96 << 20
	MemoryRecovered = 160 << 20
)

// Sample is the device's health and what runs, at one moment.
type Sample struct {
	Celsius     float64 // of the processor; 0 when unknown
	FreeMemory  float64 // available memory in bytes
	Running     string  // the demo; "" for none
	AttractMode bool    // it runs in attract mode
	Changes     uint64  // demos that people have begun and ended so far
	Touches     uint64  // of the screen so far
}

// Action is what is to be done; the zero value is nothing.
type Action struct {
	Stop bool // the demo that runs
	Hot  bool // why: heat, rather than memory
	// Resume is the demo that was stopped and goes on, "" for none.
	Resume string
	// Attract has it go on in attract mode, unless there were other touches than
	// those so far.
	Attract bool
	Touches uint64
}

// Guard remembers what it has stopped. The zero value has stopped nothing.
type Guard struct {
	holding bool   // no demo may run until the device has recovered
	stopped Sample // the sample at which a demo was stopped last
}

// Check decides by the newest sample. Every demo that is opened while the device
// recovers is stopped, and the last of them goes on afterwards, unless people
// have chosen something else.
func (g *Guard) Check(now Sample) Action {
	hot, short := now.Celsius >= TooHot, now.FreeMemory < LowMemory
	if g.holding {
		hot, short = now.Celsius >= CooledDown, now.FreeMemory <= MemoryRecovered
	}
	switch {
	case (hot || short) && now.Running != "":
		g.holding, g.stopped = true, now
		return Action{Stop: true, Hot: hot}
	case hot || short || !g.holding:
		return Action{}
	}
	g.holding = false
	if was := g.stopped; now.Running == "" && now.Changes == was.Changes {
		return Action{Resume: was.Running, Attract: was.AttractMode, Touches: was.Touches}
	}
	return Action{}
}
