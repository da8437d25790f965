package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/app/shell/pages"
	"reterminal-vision/camera"
)

// Taps on the controls of a camera and footage that stands in for one do not have
// the cameras on ribbons listed over and over; opening the page does, once.
func TestCamerasAreListedOnce(t *testing.T) {
	if nodes := camera.Nodes(); len(nodes) > 0 {
		t.Skip("this machine has cameras of its own: ", nodes)
	}
	w, folder := testShell(t), t.TempDir()
	called := filepath.Join(folder, "called")
	script := "#!/bin/sh\necho \"$@\" >>" + called + "\n[ \"$1\" = --list-cameras ] && echo '0 : imx219 [640x480] (/base/imx219@10)'\nexit 0\n"
	if err := os.WriteFile(filepath.Join(folder, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	if devices := camera.Devices(); devices[len(devices)-1].Path != "csi:0" {
		t.Fatalf("listed %+v", devices)
	}
	listed := func() int {
		args, _ := os.ReadFile(called)
		return strings.Count(string(args), "--list-cameras")
	}
	c := pages.Camera{App: w.pages}
	for range 5 {
		for _, g := range c.Show().Groups {
			if g.Title == "Light and focus" {
				t.Error("a camera on a ribbon has controls")
			}
		}
	}
	tap(t, c, "Rotated right")
	rowOf(t, c.Show(), "CSI camera imx219")
	if got := listed(); got != 1 {
		t.Errorf("at taps: listed %d times", got)
	}
	p := pages.NewHandler()
	p.Screen = w.screen.Pages
	p.ShowPage(c)
	p.Choose(c, rowOf(t, c.Show(), "Not rotated").Action)
	p.Wait()
	if got := listed(); got != 2 {
		t.Errorf("with the page opened: listed %d times", got)
	}
}
