package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reterminal-vision/app/watchdog"
	"reterminal-vision/camera"
)

func TestRate(t *testing.T) {
	r := NewRate(2 * time.Second)
	now := time.Unix(100, 0)
	if got := r.perSecond(now); got != 0 {
		t.Errorf("no events: %v", got)
	}
	for i := range 400 { // 100 a second for 4 s, more than the ring holds in 2 s at 200/s
		r.add(now.Add(time.Duration(i) * 10 * time.Millisecond))
	}
	if got := r.perSecond(now.Add(3990 * time.Millisecond)); got < 99 || got > 101 {
		t.Errorf("100 a second: %v", got)
	}
	if got := r.perSecond(now.Add(time.Minute)); got != 0 {
		t.Errorf("long after the last: %v", got)
	}
}

// TestLookingForCameraWatched has the watchdog see that cameras are looked for while
// footage stands in for one.
func TestLookingForCameraWatched(t *testing.T) {
	dir := t.TempDir()
	release := filepath.Join(dir, "release")
	program := "#!/bin/sh\nwhile [ ! -e " + release + " ]; do sleep .05; done\n"
	if err := os.WriteFile(filepath.Join(dir, "rpicam-vid"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	look := standIn{watchdog: watchdog.New(), nodes: []string{"one that has gone"}}
	inside := func() bool { return look.watchdog.Inside(watchdog.OpenSource) }
	ended := make(chan bool)
	go func() { ended <- look.over(t.Context(), time.Now()) }()
	for !inside() {
		time.Sleep(time.Millisecond)
	}
	if err := os.WriteFile(release, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if <-ended || inside() {
		t.Error("a camera was found, or it is still looked for")
	}
}

// A CSI camera that is there and in use by another program is not listed again
// and again while footage stands in for it.
func TestStandInListsOnce(t *testing.T) {
	folder := t.TempDir()
	called := filepath.Join(folder, "called")
	script := "#!/bin/sh\necho \"$@\" >>" + called + "\n[ \"$1\" = --list-cameras ] && echo '0 : imx219 [640x480] (/base/imx219@10)'\nexit 0\n"
	if err := os.WriteFile(filepath.Join(folder, "rpicam-vid"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	stand, now := standIn{listed: true, options: camera.Options{PixelFormat: "NV12"}}, time.Now()
	for i := range 10 {
		if stand.over(t.Context(), now.Add(time.Duration(i)*time.Second)) {
			t.Error("a camera that cannot be opened takes over")
		}
	}
	args, _ := os.ReadFile(called)
	if got := strings.Count(string(args), "--list-cameras"); got > 1 {
		t.Errorf("listed %d times", got)
	}
}
