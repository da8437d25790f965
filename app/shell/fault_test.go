package shell

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/app/config"
	"reterminal-vision/app/faults"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/assets/lang"
	"reterminal-vision/camera"
	"reterminal-vision/camera/fault"
)

// english are words that are in every sentence of English about a camera, and in
// none of German.
var english = regexp.MustCompile(`(?i)\b(the|is|it|its|camera|choose|plug|unplug|check|another|again|source|with|no|of|to|picture|pictures|device|or|and)\b`)

// failing opens a source as a session does and reads it until it fails.
func failing(t *testing.T, spec string, opt camera.Options) error {
	t.Helper()
	src, err := camera.Open(t.Context(), spec, opt)
	if err != nil {
		return err
	}
	defer src.Close()
	for {
		f, err := src.Read(t.Context())
		if err != nil {
			return err
		}
		f.Release()
	}
}

// No error of a camera that is shown on the screen is English when German is
// chosen, and none is told apart by its words.
func TestCameraErrorsAreTranslated(t *testing.T) {
	t.Cleanup(func() { _ = lang.Set("en") })
	none, ends := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\n[ \"$1\" = --list-cameras ] && exit 0\nhead -c 1000 /dev/zero\n"
	if err := os.WriteFile(filepath.Join(ends, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	silent := watchdog.SilentError(camera.Info{Name: "HD Webcam C525"}, 4*time.Second)
	_, _, unconnected := pipeline.OpenSource(t.Context(), config.Config{Source: "auto"}, "", camera.Options{})
	if unconnected == nil {
		t.Skip("this machine has a camera of its own")
	}
	type kind struct {
		is    error // what it is told apart by
		title string
	}
	gone := func(is error) error {
		return fault.Errorf("camera %s: %w: plug it in again or choose another source", "/dev/video0", is)
	}
	for name, c := range map[string]struct {
		path, spec string
		opt        camera.Options
		err        error
		kind       kind
	}{
		"no program":                {path: none, spec: "csi:0"},
		"no number":                 {path: ends, spec: "csi:front"},
		"a format that it has not":  {path: ends, spec: "csi:0", opt: camera.Options{PixelFormat: "NV12"}},
		"its program ends":          {path: ends + ":" + path, spec: "csi:0"},
		"no such camera":            {path: path, spec: "/dev/video99"},
		"no camera":                 {path: path, spec: "/dev/null"},
		"gone":                      {err: gone(camera.ErrGone), kind: kind{camera.ErrGone, "Kamera getrennt"}},
		"busy":                      {err: fault.Errorf("camera %s: %w: another program uses it, close that one", "/dev/video0", camera.ErrBusy), kind: kind{camera.ErrBusy, "Die Kamera wird benutzt"}},
		"stalled":                   {err: fault.Errorf("camera %s: %w for %v: unplug it, plug it in again", "/dev/video0", camera.ErrStalled, 4*time.Second), kind: kind{camera.ErrStalled, "Die Kamera liefert keine Bilder"}},
		"stalled, says the watch":   {err: silent, kind: kind{camera.ErrStalled, "Die Kamera liefert keine Bilder"}},
		"may not be opened":         {err: fault.Errorf("camera %s: %w: %s", "/dev/video0", &fs.PathError{Op: "open", Path: "/dev/video0", Err: unix.EACCES}, fault.Words("run 'sudo usermod -aG video $USER' and log in again")), kind: kind{unix.EACCES, ""}},
		"an error without words":    {err: gone(unix.ENOTRECOVERABLE), kind: kind{unix.ENOTRECOVERABLE, ""}},
		"a fault in a fault":        {err: gone(fault.Errorf("setting %s %dx%d: %w", "YUYV", 640, 480, unix.EINVAL)), kind: kind{unix.EINVAL, ""}},
		"none is connected":         {err: unconnected},
		"a control that is no more": {err: fault.Errorf("camera %s has no %s any more: choose the camera again", "/dev/video0", "Zoom")},
	} {
		t.Run(name, func(t *testing.T) {
			_ = lang.Set("en")
			err := c.err
			if c.spec != "" {
				t.Setenv("PATH", c.path)
				err = failing(t, c.spec, c.opt)
			}
			if err == nil || c.kind.is != nil && !errors.Is(err, c.kind.is) {
				t.Fatalf("it is told apart no more: %v", err)
			}
			if got := faults.Worded(err); got != err.Error() {
				t.Errorf("in English: %q, and %q", got, err)
			}
			seen := map[string]string{}
			for _, l := range lang.Languages() {
				_ = lang.Set(l.Tag)
				problem := (&screenSink{}).noPictures(err)
				if got := problem.Detail; got == "" || seen[got] != "" || strings.Contains(got, "%!") {
					t.Errorf("%s: %q, as in %s", l.Tag, got, seen[got])
				}
				seen[problem.Detail] = l.Tag
				if l.Tag != "de" {
					continue
				}
				for _, shown := range []string{problem.Detail, faults.Sentence(err)} {
					bare := regexp.MustCompile(`'[^']*'|--\w+`).ReplaceAllString(shown, "") // what is to be typed
					if word := english.FindString(bare); word != "" {
						t.Errorf("%q is English: %q", word, shown)
					}
				}
				if c.kind.title != "" && problem.Title != c.kind.title {
					t.Errorf("%q, want %q", problem.Title, c.kind.title)
				}
			}
		})
	}
}
