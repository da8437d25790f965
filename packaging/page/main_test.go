package main

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	page, err := render([]byte("# Vision\n\n| a | b |\n|---|---|\n| 1 | `<2>` |\n"), "1.0+2.gabc", "00ff  reterminal-vision_1.0_arm64.deb\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1 id=\"vision\">Vision</h1>", "<td><code>&lt;2&gt;</code></td>", "<code>00ff</code>", `href="reterminal-vision_1.0_arm64.deb"`, "apt install ./reterminal-vision_1.0+2.gabc_arm64.deb"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	if _, err := render(nil, "1", "nonsense"); err == nil {
		t.Error("a line that is no checksum is taken")
	}
}
