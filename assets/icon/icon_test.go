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
	for _, tc := range []struct{ demo, task, want string }{
		{"vehicles", "detect", "demos/vehicles.svg"},
		{"objects", "detect", "cards/detect.svg"},
		{"own-belt", "classify", "cards/classify.svg"},
		{"scene", "segment", "cards/segment.svg"},
		{"own-new", "something new", "cards/vision.svg"},
		{"../icon", "../glyphs/back", "cards/vision.svg"},
	} {
		got, svg := Card(tc.demo, tc.task)
		if got != tc.want || !bytes.Contains(svg, []byte("<svg")) {
			t.Errorf("Card(%q, %q) is %s with %d bytes, want %s", tc.demo, tc.task, got, len(svg), tc.want)
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
