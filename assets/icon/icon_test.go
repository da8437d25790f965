package icon

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"io/fs"
	"strings"
	"testing"
)

func TestCard(t *testing.T) {
	for id, want := range map[string]string{
		"object-detection":     "cards/detect.svg",
		"vehicles":             "cards/vehicle.svg",
		"image-classification": "cards/classify.svg",
		"scene-segmentation":   "cards/segment.svg",
		"face-landmarks":       "cards/face.svg",
		"face-emotion":         "cards/emotion.svg",
		"face-age-gender":      "cards/age.svg",
		"face-recognition":     "cards/recognize.svg",
		"face-anti-spoofing":   "cards/spoof.svg",
		"conveyor-belt-damage": "cards/belt.svg",
		"lung-segmentation":    "cards/lung.svg",
		"something-new":        "cards/vision.svg",
		"emotion":              "cards/emotion.svg",
		"../glyphs/back":       "cards/vision.svg",
	} {
		got, svg := Card(id)
		if got != want || len(svg) == 0 {
			t.Errorf("Card(%q) is %s with %d bytes, want %s", id, got, len(svg), want)
		}
	}
}

func TestFilesAreWhole(t *testing.T) {
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".svg") {
			return err
		}
		dec := xml.NewDecoder(bytes.NewReader(mustRead(name)))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				return nil
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := png.DecodeConfig(bytes.NewReader(App()))
	if err != nil || cfg.Width != 512 || cfg.Height != 512 {
		t.Errorf("icon.png is %dx%d, %v; want 512x512", cfg.Width, cfg.Height, err)
	}
}
