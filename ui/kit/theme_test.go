package kit

import (
	"testing"
)

// Both themes keep a contrast of 4.5 and more between text and ground.
func TestContrast(t *testing.T) {
	for name, p := range map[string]palette{"dark": Dark, "light": light} {
		for what, c := range map[string]float64{
			"text on background": Contrast(p.Text, p.Background), "text on surface": Contrast(p.Text, p.Surface), "text on raised": Contrast(p.Text, p.Raised),
			"text on pressed":     Contrast(p.Text, p.Pressed),
			"muted on background": Contrast(p.Muted, p.Background), "muted on surface": Contrast(p.Muted, p.Surface),
			"accent on background": Contrast(p.Accent, p.Background), "accent on surface": Contrast(p.Accent, p.Surface),
			"on accent": Contrast(p.OnAccent, p.Accent), "warning on surface": Contrast(p.Warning, p.Surface), "warning on background": Contrast(p.Warning, p.Background),
			"danger on surface": Contrast(p.danger, p.Surface), "on alarm": Contrast(p.OnAlarm, p.Alarm),
		} {
			if c < 4.5 {
				t.Errorf("%s: %s has a contrast of %.1f", name, what, c)
			}
		}
	}
}
