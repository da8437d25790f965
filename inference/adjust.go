package inference

import (
	"math"
	"sync/atomic"
)

// Adjustable is a Task whose confidence threshold may change while it runs.
type Adjustable interface {
	// SetThreshold sets the least score of a result, more than 0 and less than 1,
	// from the next decoded frame on. Any goroutine may call it.
	SetThreshold(t float32)
}

// Adaptive is a Task whose heads may run on an object the sooner the more it
// changes.
type Adaptive interface {
	// SetAdaptive turns that on or off from the next frame on. Any goroutine may
	// call it.
	SetAdaptive(on bool)
}

// Threshold is a confidence threshold that one goroutine reads while others
// change it.
type Threshold struct{ bits atomic.Uint32 }

// NewThreshold makes a threshold of a score, 0..1.
func NewThreshold(score float32) *Threshold {
	t := &Threshold{}
	t.SetThreshold(score)
	return t
}

// SetThreshold implements Adjustable.
func (t *Threshold) SetThreshold(score float32) { t.bits.Store(math.Float32bits(score)) }

// Score is the threshold as a score, 0..1.
func (t *Threshold) Score() float32 { return math.Float32frombits(t.bits.Load()) }

// Logit is the threshold as a score before its sigmoid.
func (t *Threshold) Logit() float32 {
	p := float64(t.Score())
	return float32(math.Log(p / (1 - p)))
}
