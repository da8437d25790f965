package app

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reterminal-vision/app/people"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/ui"
)

// TestIntroduce has somebody before the camera introduced by taps alone,
// recognised, and forgotten.
func TestIntroduce(t *testing.T) {
	db := filepath.Join(t.TempDir(), "people.db")
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en", "RTV_PEOPLE=" + db},
		"--demo", "recognition", "--source", testmedia.Path(t, "media/recognition/img13.jpg"), "--models-dir", testmedia.Path(t, "models"))
	p.log.await(t, "source open", 1)
	s.awaitShot("stranger", func(img image.Image) bool { return boxes(img) > 200 })
	known := func() (names []string) {
		t.Helper()
		store, err := people.Open(db)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		for _, one := range store.List() {
			names = append(names, one.Name)
			if len(one.Shots) != ui.EnrolShots {
				t.Errorf("%s has %d shots", one.Name, len(one.Shots))
			}
		}
		return names
	}
	const (
		people, firstRow         = 540, 200
		add, start               = 1200, 800
		forgetPerson, forgetSure = 985, 915
	)
	s.tapped(people, 64, "nobody")
	s.tapped(360, add, "keyboard")
	s.tap(81, 1020) // A on the keyboard
	s.run("xdotool", "type", "--delay", "50", "nna")
	s.still("name")
	s.tap(360, start)
	p.log.await(t, "person enrolled", 1)
	s.still("enrolled")
	if got := strings.Join(known(), ","); got != "Anna" {
		t.Fatalf("enrolled: %q", got)
	}
	s.tapped(360, add, "recognised")
	s.tapped(people, 64, "people")
	s.tapped(360, firstRow, "person")
	s.tapped(360, forgetPerson, "forget")
	s.tap(360, forgetSure)
	for until := time.Now().Add(time.Minute); len(known()) > 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("nobody was forgotten")
		}
	}
	s.shot("forgotten")
	p.end(t, syscall.SIGTERM)
}

// TestDamagedPeople starts over at a tap where the list of people is damaged,
// and keeps the damaged one.
func TestDamagedPeople(t *testing.T) {
	db := filepath.Join(t.TempDir(), "people.db")
	bad := []byte("these were people")
	if err := os.WriteFile(db, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	s := screen{t, display(t)}
	p := start(t, []string{s.display, "LANGUAGE=en", "RTV_PEOPLE=" + db},
		"--demo", "recognition", "--source", testmedia.Path(t, "media/recognition/img13.jpg"), "--models-dir", testmedia.Path(t, "models"))
	p.log.await(t, "damaged", 1)
	p.log.await(t, "window shown", 1)
	s.still("damaged-people")
	s.tap(186, 1190)
	p.log.await(t, "source open", 1)
	p.end(t, syscall.SIGTERM)
	kept, _ := filepath.Glob(db + ".damaged-*")
	if len(kept) != 1 {
		t.Fatalf("kept: %v", kept)
	}
	if raw, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(raw, bad) {
		t.Errorf("the damaged file is %q now (%v)", raw, err)
	}
}

// boxes counts pixels in the ink of the boxes round faces: none before the
// first result.
func boxes(img image.Image) (n int) {
	for y := 128; y < 700; y += 2 {
		for x := 0; x < 720; x += 2 {
			if c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA); c == (color.RGBA{86, 180, 233, 255}) {
				n++
			}
		}
	}
	return n
}
