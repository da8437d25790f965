package headless

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
)

// full is a result with everything a demo can tell.
func full() *inference.Result {
	r := &inference.Result{
		Sequence: 7, Width: 640, Height: 480, Dropped: 3,
		Timestamp: 250 * time.Millisecond, Captured: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		Timing: inference.Timing{Preprocess: time.Millisecond, Invoke: 2500 * time.Microsecond, Latency: 10 * time.Millisecond},
		Classes: []inference.Class{
			{Index: 3, Label: "Tear", Score: .75}, {Index: 0, Label: "Intact", Score: .25},
		},
		Mask: &inference.Mask{
			Width: 4, Height: 2, Class: make([]uint8, 8), Labels: []string{"background", "car", "lung"},
			Share: []float32{.75, 0, .25}, Area: inference.Box{X1: 640, Y1: 480},
		},
		Alarm: "Tear",
	}
	o := r.AddObject()
	*o = inference.Object{
		Box: inference.Box{X0: 1, Y0: 2, X1: 30.5, Y1: 40}, Label: "face", Score: .9, Track: 12, Skeleton: face.Skeleton,
		Attributes: []inference.Attribute{{Name: "emotion", Value: "happy", Score: .5}, {Name: "age", Value: "21-45"}},
	}
	for i := float32(0); i < 5; i++ {
		o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: inference.Point{X: 2*i + 1, Y: 2*i + 2}})
	}
	return r
}

func TestResultAsJSON(t *testing.T) {
	const head = `"sequence":7,"captured":"2026-01-02T03:04:05.000006Z","timestamp_ms":250,"preprocess_ms":1,"invoke_ms":2.5,` +
		`"decode_ms":0,"latency_ms":10,"dropped":3,"width":640,"height":480,`
	for name, c := range map[string]struct {
		change func(*inference.Result)
		want   string
	}{
		"everything": {func(*inference.Result) {}, `"objects":[{"label":"face","class":0,"score":0.9,"box":[1,2,30.5,40],"track":12,` +
			`"landmarks":[[1,2],[3,4],[5,6],[7,8],[9,10]],` +
			`"attributes":[{"name":"emotion","value":"happy","score":0.5},{"name":"age","value":"21-45"}]}],` +
			`"classes":[{"label":"Tear","class":3,"score":0.75},{"label":"Intact","class":0,"score":0.25}],` +
			`"mask":{"width":4,"height":2,"area":[0,0,640,480],"shares":[{"label":"background","class":0,"share":0.75},{"label":"lung","class":2,"share":0.25}]},` +
			`"alarm":"Tear"`},
		"keypoints with scores": {func(r *inference.Result) {
			r.Classes, r.Mask, r.Alarm = nil, nil, ""
			r.Objects = []inference.Object{{Label: "person", Skeleton: &inference.Skeleton{Names: []string{"nose", "elbow"}, Least: .3},
				Keypoints: []inference.Keypoint{{Point: inference.Point{X: 1, Y: 2.5}, Score: .875}, {}}}}
		}, `"objects":[{"label":"person","class":0,"score":0,"box":[0,0,0,0],"landmarks":[[1,2.5,0.875],[0,0,0]]}]`},
		"nothing": {func(r *inference.Result) { r.Reset() }, `"objects":[]`},
		"bare objects": {func(r *inference.Result) {
			r.Classes, r.Mask, r.Alarm = nil, nil, ""
			r.Objects = []inference.Object{{Label: "car", Class: 2}, {Label: "", Class: 7}}
		}, `"objects":[{"label":"car","class":2,"score":0,"box":[0,0,0,0]},{"label":"","class":7,"score":0,"box":[0,0,0,0]}]`},
	} {
		r := full()
		c.change(r)
		head := head
		if name == "nothing" {
			head = `"sequence":7,"captured":"2026-01-02T03:04:05.000006Z","timestamp_ms":250,"preprocess_ms":0,"invoke_ms":0,` +
				`"decode_ms":0,"latency_ms":0,"dropped":3,"width":640,"height":480,`
		}
		got := appendResult(nil, r)
		if !reflect.DeepEqual(decode(t, got), decode(t, []byte("{"+head+c.want+"}"))) {
			t.Errorf("%s: got\n%s\nwant\n{%s%s}", name, got, head, c.want)
		}
	}
}

func decode(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

// Every name a person may have comes back as it was.
func TestStringsAsJSON(t *testing.T) {
	for _, s := range []string{"", "car", `Ann "Annie" \ Lee`, "line\nbreak\t\x00\x1f\x7f", "Zoë 李 👩‍🔧", "</script>\u2028"} {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil || got != s {
			t.Errorf("%q comes back as %q, %v", s, got, err)
		}
	}
	if got := string(appendString(nil, "a\xffb")); got != "\"a\uFFFDb\"" {
		t.Errorf("a broken string gives %q", got)
	}
}

func TestLinesCostNoMemory(t *testing.T) {
	r, buf := full(), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = appendResult(buf[:0], r) }); n > 0 {
		t.Errorf("%v allocations a line", n)
	}
}
