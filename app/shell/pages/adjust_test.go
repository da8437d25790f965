package pages

import (
	"testing"

	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
)

func TestFrameSkipSteps(t *testing.T) {
	for _, c := range []struct {
		cfg  config.Config
		want config.FrameSkip
	}{
		{config.Config{}, config.SkipOff},
		{config.Config{FrameSkip: config.SkipAuto}, config.SkipUnchanged},
		{config.Config{FrameSkip: config.SkipAuto, Unpaced: true}, config.SkipOff},
		{config.Config{FrameSkip: config.SkipPropagate, Unpaced: true}, config.SkipPropagate},
		{config.Config{FrameSkip: config.SkipPropagate, Raw: true}, config.SkipOff},
	} {
		if got := c.cfg.EffectiveFrameSkip(); got != c.want {
			t.Errorf("%+v: %s, expected %s", c.cfg, got, c.want)
		}
	}
	two, three := []config.FrameSkip{config.SkipOff, config.SkipUnchanged}, []config.FrameSkip{config.SkipOff, config.SkipUnchanged, config.SkipPropagate}
	for _, c := range []struct {
		steps []config.FrameSkip
		now   config.FrameSkip
		by    int
		want  config.FrameSkip
	}{
		{three, config.SkipUnchanged, 1, config.SkipPropagate}, {three, config.SkipPropagate, 1, config.SkipPropagate}, {three, config.SkipOff, -1, config.SkipOff}, {two, config.SkipUnchanged, 1, config.SkipUnchanged},
	} {
		if got := nextFrameSkip(c.steps, c.now, c.by); got != c.want {
			t.Errorf("%v from %s by %d: %s, expected %s", c.steps, c.now, c.by, got, c.want)
		}
	}
}

// Among networks that differ in their sizes alone the sheet names the ends.
func TestAmongSizes(t *testing.T) {
	candidates := library.Catalogue().Demo("vehicles").Models
	for id, want := range map[string]string{
		"vehicle_yolov2_mobilenet_025_224_int8":  " · fastest of its kind",
		"vehicle_yolov2_mobilenet_050_224_int8":  "",
		"vehicle_yolov2_mobilenet_100_320_int8":  " · most accurate of its kind",
		"vehicle_yolov2_mobilenet_025_224_float": "",
		"ssd_mobilenet_v1_coco_quant":            "",
	} {
		if got := amongSizes(library.Catalogue().Model(id), candidates); got != want {
			t.Errorf("%s: %q, expected %q", id, got, want)
		}
	}
}
