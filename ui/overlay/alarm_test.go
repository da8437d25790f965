package overlay

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"reterminal-vision/inference"
	"reterminal-vision/inference/drawing"
)

// An alarm over a segmentation says how much of the picture it is about.
func TestAlarmTellsExtent(t *testing.T) {
	test.NewApp()
	a := NewAlarm()
	a.Resize(fyne.NewSize(1200, 400))
	var d drawing.Drawing
	mask := &inference.Mask{Width: 32, Height: 32, Labels: []string{"intact", "damaged"}, Share: []float32{.966, .034}}
	for _, c := range []struct {
		alarm string
		mask  *inference.Mask
		want  string
	}{
		{"damaged", nil, "damaged"},
		{"damaged", mask, "damaged: 3 % of the picture"},
		{"damaged", &inference.Mask{Labels: mask.Labels, Share: []float32{.997, .003}}, "damaged: 1 % of the picture"},
		{"Tear", mask, "Tear"},
	} {
		d.Update(&inference.Result{Alarm: c.alarm, Mask: c.mask})
		a.Update(d.Alarm)
		if got := a.words.Text; got != c.want || !a.Visible() {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	d.Update(&inference.Result{})
	a.Update(d.Alarm)
	if a.Visible() {
		t.Error("an alarm that is over stays")
	}
}
