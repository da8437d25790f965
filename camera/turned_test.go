package camera

import (
	"image"
	"testing"

	"reterminal-vision/camera/frame"
	"reterminal-vision/camera/testpicture"
)

func TestTurnedSource(t *testing.T) {
	noLeaks(t)
	clip := Clip{FPS: 50, Data: func() []byte { return testpicture.JPEG(t, 64, 48) }}
	src := open(t, "builtin:x", Options{Builtin: map[string]Clip{"x": clip}, Turn: frame.Turn{Degrees: 90, Mirror: true}})
	defer src.Close()
	if i := src.Info(); i.Width != 48 || i.Height != 64 {
		t.Errorf("a picture on its side is %dx%d", i.Width, i.Height)
	}
	f, err := read(t, src)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	if err := frame.ToRGBA(image.NewRGBA(image.Rect(0, 0, 48, 64)), f); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.Context(), "builtin:x", Options{Turn: frame.Turn{Degrees: 45}}); err == nil {
		t.Error("a turn of 45 degrees was accepted")
	}
}
