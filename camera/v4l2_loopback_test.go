package camera

import (
	"image"
	"os"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
)

// TestLoopback takes JPEG pictures from a device node into which a program
// plays recorded ones.
func TestLoopback(t *testing.T) {
	path := os.Getenv("RTV_LOOPBACK")
	if path == "" {
		t.Skip("set RTV_LOOPBACK to a device that gives JPEG pictures, or run v4l2_vm_test.sh")
	}
	noLeaks(t)
	src := open(t, path, Options{})
	defer src.Close()
	info, start := src.Info(), time.Now()
	for i := range 30 {
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Width != info.Width || f.Height != info.Height {
			t.Fatalf("picture of %dx%d from a device of %dx%d", f.Width, f.Height, info.Width, info.Height)
		}
		if i == 10 {
			checkPicture(t, f)
			if err := frame.ToRGBA(image.NewRGBA(image.Rect(0, 0, f.Width, f.Height)), f); err != nil {
				t.Error(err)
			}
		}
		f.Release()
	}
	t.Logf("%+v: %.1f pictures a second, %+v", info, 30/time.Since(start).Seconds(), src.(Counter).Counts())
}
