package guard

import "testing"

// What a device suffers, and the demo that runs then, look by look.
func TestLook(t *testing.T) {
	const plenty = 1 << 30
	hot := Sample{Celsius: 86, FreeMemory: plenty}
	warm := Sample{Celsius: 80, FreeMemory: plenty}
	cool := Sample{Celsius: 60, FreeMemory: plenty}
	short := Sample{Celsius: 60, FreeMemory: 90 << 20}
	tight := Sample{Celsius: 60, FreeMemory: 120 << 20}
	runs := func(l Sample, demo string, changes uint64) Sample { l.Running, l.Changes = demo, changes; return l }
	attracts := func(l Sample) Sample { l.AttractMode, l.Touches = true, l.Touches+7; return l }
	touched := func(l Sample) Sample { l.Touches = 9; return l }
	type step struct {
		now  Sample
		want Action
	}
	nothing, tooHot, tooFull := Action{}, Action{Stop: true, Hot: true}, Action{Stop: true}
	for name, steps := range map[string][]step{
		"well":                    {{runs(cool, "a", 1), nothing}, {runs(warm, "a", 1), nothing}, {runs(tight, "a", 1), nothing}},
		"unknown temperature":     {{runs(Sample{FreeMemory: plenty}, "a", 1), nothing}},
		"too hot with no demo":    {{hot, nothing}, {runs(warm, "a", 1), nothing}, {runs(hot, "a", 1), tooHot}},
		"hot and cool again":      {{runs(hot, "a", 1), tooHot}, {runs(hot, "", 1), nothing}, {runs(warm, "", 1), nothing}, {runs(cool, "", 1), Action{Resume: "a"}}, {runs(warm, "a", 2), nothing}},
		"short and enough again":  {{runs(short, "a", 1), tooFull}, {runs(tight, "", 1), nothing}, {runs(cool, "", 1), Action{Resume: "a"}}},
		"one cause after another": {{runs(hot, "a", 1), tooHot}, {runs(short, "", 1), nothing}, {runs(tight, "", 1), nothing}, {runs(cool, "", 1), Action{Resume: "a"}}},
		"another demo is opened meanwhile": {{runs(hot, "a", 1), tooHot}, {runs(hot, "b", 2), tooHot}, {runs(hot, "", 2), nothing},
			{runs(cool, "", 2), Action{Resume: "b"}}},
		"the same demo is opened meanwhile":   {{runs(hot, "a", 1), tooHot}, {runs(hot, "a", 2), tooHot}, {runs(cool, "", 2), Action{Resume: "a"}}},
		"one is opened before it is cool":     {{runs(hot, "a", 1), tooHot}, {runs(warm, "b", 2), tooHot}, {runs(cool, "", 2), Action{Resume: "b"}}},
		"one is opened before there is room":  {{runs(short, "a", 1), tooFull}, {runs(tight, "b", 2), tooFull}, {runs(cool, "", 2), Action{Resume: "b"}}},
		"one is opened just when it is cool":  {{runs(hot, "a", 1), tooHot}, {runs(cool, "b", 2), nothing}, {runs(cool, "b", 2), nothing}},
		"people go back to the gallery":       {{runs(hot, "a", 1), tooHot}, {runs(hot, "", 2), nothing}, {runs(cool, "", 2), nothing}, {runs(cool, "", 2), nothing}},
		"attract mode goes on as such":        {{attracts(runs(hot, "a", 1)), tooHot}, {runs(hot, "", 1), nothing}, {runs(cool, "", 1), Action{Resume: "a", Attract: true, Touches: 7}}},
		"a touch meanwhile is for who asks":   {{attracts(runs(hot, "a", 1)), tooHot}, {touched(runs(cool, "", 1)), Action{Resume: "a", Attract: true, Touches: 7}}},
		"a person after attract mode":         {{attracts(runs(hot, "a", 1)), tooHot}, {runs(hot, "b", 2), tooHot}, {runs(cool, "", 2), Action{Resume: "b"}}},
		"attract mode after a person":         {{runs(hot, "a", 1), tooHot}, {attracts(runs(hot, "b", 2)), tooHot}, {runs(cool, "", 2), Action{Resume: "b", Attract: true, Touches: 7}}},
		"it takes more heat the second time":  {{runs(hot, "a", 1), tooHot}, {runs(cool, "", 1), Action{Resume: "a"}}, {runs(warm, "a", 2), nothing}, {runs(hot, "a", 2), tooHot}},
		"nothing is resumed a second time":    {{runs(hot, "a", 1), tooHot}, {runs(cool, "", 1), Action{Resume: "a"}}, {runs(cool, "", 1), nothing}},
		"what people end afterwards is ended": {{runs(hot, "a", 1), tooHot}, {runs(cool, "", 1), Action{Resume: "a"}}, {runs(cool, "a", 2), nothing}, {runs(cool, "", 3), nothing}},
	} {
		t.Run(name, func(t *testing.T) {
			var g Guard
			for i, s := range steps {
				if got := g.Check(s.now); got != s.want {
					t.Fatalf("look %d: %+v, want %+v", i, got, s.want)
				}
			}
		})
	}
}
