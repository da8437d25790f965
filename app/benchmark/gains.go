package benchmark

import (
	"fmt"
	"slices"
	"strings"

	"reterminal-vision/inference"
	"reterminal-vision/inference/tflite"
)

// Gain is what a variant of a network is worth against a plainer one of the
// same family, on the same backend and threads.
type Gain struct {
	Family, Variant, Against string
	Backend                  string
	Threads                  int
	Speed                    float64 // how many times as fast
	Ms                       float64 // a run of it takes, median
	Sure                     bool    // the spreads of the two do not meet
	Size                     float64 // its file as a part of the other's
	// Better is how much the accuracy grows, negative where it shrinks; Figure
	// says of what, "" where it is not known of both.
	Better float64
	Figure string
}

// against lists what each variant is compared with, the best first.
var against = map[string][]string{"int8": {"fp32", "fp16"}, "dynamic": {"fp32", "fp16"}, "sparse": {"fp32", "fp16"}, "fp16": {"fp32"}}

// Gains compares the variants of every family of one run. Reference leaves
// layers with 8-bit weights on floats to the library's own kernels, so that
// nothing is learned of those there.
func Gains(all []Record) (gains []Gain) {
	for i := range all {
		r := &all[i]
		if r.Failed != "" || r.Backend == string(inference.Reference) && r.Variant == tflite.DynamicRange {
			continue
		}
		for _, variant := range against[r.Variant] {
			at := slices.IndexFunc(all, func(o Record) bool {
				return o.Failed == "" && o.Family == r.Family && o.Variant == variant && o.Backend == r.Backend && o.Threads == r.Threads
			})
			if at >= 0 {
				gains = append(gains, gain(r, &all[at]))
				break
			}
		}
	}
	return gains
}

func gain(r, plain *Record) Gain {
	g := Gain{
		Family: r.Family, Variant: r.Variant, Against: plain.Variant, Backend: r.Backend, Threads: r.Threads,
		Speed: plain.Invoke.Median / r.Invoke.Median, Ms: r.Invoke.Median, Size: float64(r.Bytes) / float64(max(plain.Bytes, 1)),
		Sure: r.Invoke.High < plain.Invoke.Low || r.Invoke.Low > plain.Invoke.High,
	}
	if len(r.Accuracy) == 0 {
		return g
	}
	a := r.Accuracy[0]
	for _, b := range plain.Accuracy {
		if b.Figure == a.Figure {
			if g.Figure, g.Better = a.Figure, a.Value-b.Value; a.Less {
				g.Better = -g.Better
			}
		}
	}
	return g
}

// String is a sentence as "int8 on xnnpack, 1 thread: 2.10 times as fast as
// fp32, 36 % of its size, vehicles, AP50 +0.051".
func (g Gain) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: %.2f times as fast as %s", g.Variant, On(g.Backend, g.Threads), g.Speed, g.Against)
	if !g.Sure {
		b.WriteString(" (within the spread)")
	}
	fmt.Fprintf(&b, ", %.0f %% of its size", 100*g.Size)
	if g.Figure != "" {
		fmt.Fprintf(&b, ", %s %+.3f", g.Figure, g.Better)
	}
	return b.String()
}

// GainsTable has a row for each variant of a family and backend.
func GainsTable(gains []Gain) Table {
	t := Table{Head: []string{"network", "variant", "against", "backend, threads", "speed", "size", "accuracy"}}
	for _, g := range gains {
		speed, accuracy := fmt.Sprintf("%.2f times", g.Speed), "–"
		if !g.Sure {
			speed += ", within the spread"
		}
		if g.Figure != "" {
			accuracy = fmt.Sprintf("%s %+.3f", g.Figure, g.Better)
		}
		t.Rows = append(t.Rows, []string{g.Family, g.Variant, g.Against, fmt.Sprintf("%s, %d", g.Backend, g.Threads), speed, fmt.Sprintf("%.0f %%", 100*g.Size), accuracy})
	}
	return t
}

// On names a backend and its threads.
func On(backend string, threads int) string {
	if threads == 1 {
		return backend + ", 1 thread"
	}
	return fmt.Sprintf("%s, %d threads", backend, threads)
}
