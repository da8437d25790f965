package overlay

import (
	"fyne.io/fyne/v2"

	"reterminal-vision/inference/drawing"
	"reterminal-vision/ui/kit"
)

// labelText is a label ready to be drawn.
type labelText struct {
	text string
	size fyne.Size
}

// labelCache makes each label's text once, not once a frame. UI goroutine.
type labelCache struct {
	size  float32
	bold  bool
	made  map[drawing.Text]labelText
	width float32 // longest text allowed
}

// labelCacheLimit bounds the cache; with 100 percents a label it holds more
// labels than any model here has on one screen.
const labelCacheLimit = 4096

func newLabelCache(size float32, bold bool) labelCache {
	return labelCache{size: size, bold: bold, made: map[drawing.Text]labelText{}}
}

// limit sets the longest text allowed.
func (c *labelCache) limit(width float32) {
	if c.width != width {
		c.width = width
		clear(c.made)
	}
}

// get is a label with its score, its words shortened to fit.
func (c *labelCache) get(line drawing.Text) labelText {
	t, ok := c.made[line]
	if !ok {
		if len(c.made) >= labelCacheLimit {
			clear(c.made)
		}
		measure := kit.Measurer(c.size, c.bold)
		t.text = kit.Shorten(line.Words, c.width-measure(line.Tail()), measure) + line.Tail()
		t.size = fyne.MeasureText(t.text, c.size, fyne.TextStyle{Bold: c.bold})
		c.made[line] = t
	}
	return t
}
