package overlay

import (
	"strconv"

	"fyne.io/fyne/v2"

	"reterminal-vision/assets/lang"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/ui/kit"
)

// labelKey is what a label's text is made of.
type labelKey struct {
	label   string
	percent int // -1 for none
}

// labelText is a label ready to be drawn.
type labelText struct {
	text string
	size fyne.Size
}

// labelCache makes each label's text once, not once a frame. UI goroutine.
type labelCache struct {
	size  float32
	bold  bool
	made  map[labelKey]labelText
	width float32 // longest text allowed
	names bool    // labels are people's names, which stay as they are
}

// labelCacheLimit bounds the cache; with 100 percents a label it holds more
// labels than any model here has on one screen.
const labelCacheLimit = 4096

func newLabelCache(size float32, bold bool) labelCache {
	return labelCache{size: size, bold: bold, made: map[labelKey]labelText{}}
}

// limit sets the longest text allowed.
func (c *labelCache) limit(width float32) {
	if c.width != width {
		c.width = width
		clear(c.made)
	}
}

// name says whether labels are people's names.
func (c *labelCache) name(on bool) {
	if c.names != on {
		c.names = on
		clear(c.made)
	}
}

// get is a label with its score, "car 87 %"; without one when percent is -1.
func (c *labelCache) get(label string, percent int) labelText {
	k := labelKey{label, percent}
	t, ok := c.made[k]
	if !ok {
		if len(c.made) >= labelCacheLimit {
			clear(c.made)
		}
		t = c.make(k)
		c.made[k] = t
	}
	return t
}

func (c *labelCache) make(k labelKey) labelText {
	tail := ""
	if k.percent >= 0 {
		tail = " " + percentText(k.percent)
	}
	measure := kit.Measurer(c.size, c.bold)
	label := k.label
	if !c.names || !recognize.IsName(label) {
		label = lang.Name(label)
	}
	t := labelText{text: kit.Shorten(label, c.width-measure(tail), measure) + tail}
	t.size = fyne.MeasureText(t.text, c.size, fyne.TextStyle{Bold: c.bold})
	return t
}

func percentText(p int) string { return strconv.Itoa(p) + " %" }

// percent is a probability as a whole percentage. What is not certain is
// never shown as 100.
func percent(p float32) int {
	v := round(p * 100)
	if v >= 100 && p < 1 {
		v = 99
	}
	return min(max(v, 0), 100)
}
