package pages

import (
	"fmt"
	"strings"
	"testing"

	"reterminal-vision/app/supervise"
)

// TestSafePage words a report.
func TestSafePage(t *testing.T) {
	b := supervise.Before{Safe: true, Crashes: []supervise.Crash{{How: "signal: killed"}, {How: "SIGSEGV: segmentation violation", Demo: "belt", Log: "last words"}}}
	text := fmt.Sprintf("%+v", safePage(&App{}, b, true))
	for _, want := range []string{"2 times", "SIGSEGV", "Conveyor", "last words", ReportName, "Start again", "Settings", "Check this device"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
}
