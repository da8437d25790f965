// Package guard decides when a demo has to stop because the device is too hot
// or short of memory, and when it goes on.
//
// In: how the device is and what runs, look by look. Out: what is to be done.
// It imports nothing of this project; app may import it.
package guard

// Limits of what the device can bear, in °C and bytes.
const (
	TooHot      = 85
	CoolAgain   = 78
	Scarce      = 96 << 20
	EnoughAgain = 160 << 20
)

// Look is how the device is, and what it does.
type Look struct {
	Celsius  float64 // of the processor; 0 when unknown
	Room     float64 // memory that is free, in bytes
	Running  string  // the demo; "" for none
	Attracts bool    // it runs for nobody in particular
	Changes  uint64  // demos that people have begun and ended so far
	Touches  uint64  // of the screen so far
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
	resting bool // no demo may run
	stopped Look // at the look at which one was stopped last
}

// Look decides on what is so now. Every demo that is opened while the device
// rests is stopped, and the last of them goes on afterwards, unless people have
// chosen something else.
func (g *Guard) Look(now Look) Action {
	hot, short := now.Celsius >= TooHot, now.Room < Scarce
	if g.resting {
		hot, short = now.Celsius >= CoolAgain, now.Room <= EnoughAgain
	}
	switch {
	case (hot || short) && now.Running != "":
		g.resting, g.stopped = true, now
		return Action{Stop: true, Hot: hot}
	case hot || short || !g.resting:
		return Action{}
	}
	g.resting = false
	if was := g.stopped; now.Running == "" && now.Changes == was.Changes {
		return Action{Resume: was.Running, Attract: was.Attracts, Touches: was.Touches}
	}
	return Action{}
}
