package app

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/disintegration/imaging"

	"reterminal-vision/app/config"
	"reterminal-vision/app/library"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/app/snapshot"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// Of each preview: its side in pixels, how many pictures, and that of how many
// frames one is taken.
const (
	previewSide  = 168
	previewLong  = 32
	previewEvery = 2
)

// previewer keeps a demo's pictures with what was found drawn in.
type previewer struct {
	t        *testing.T
	stop     context.CancelFunc
	frames   map[uint64]*frame.Frame
	skip     int // demos on the same footage show other parts of it; what they remember is there by then
	seen     int
	pictures [][]byte
}

func (p *previewer) Frame(f *frame.Frame)   { p.frames[f.Sequence] = f.Retain() }
func (p *previewer) Status(pipeline.Status) {}
func (p *previewer) Lost(err error)         { p.t.Error(err) }
func (p *previewer) Failed(err error)       { p.t.Error(err) }

func (p *previewer) Result(r *inference.Result) {
	f := p.frames[r.Sequence]
	delete(p.frames, r.Sequence)
	defer f.Release()
	if p.seen++; p.seen < p.skip || p.seen%previewEvery > 0 || len(p.pictures) == previewLong {
		return
	}
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	if err := frame.ToRGBA(img, f); err != nil {
		p.t.Fatal(err)
	}
	// The writing would be too small to be read; boxes and colours are not.
	for i := range r.Objects {
		r.Objects[i].Label, r.Objects[i].Attributes = "", nil
	}
	r.Classes = nil
	if err := snapshot.Annotate(img, r); err != nil {
		p.t.Fatal(err)
	}
	var out bytes.Buffer
	small := imaging.Fill(img, previewSide, previewSide, imaging.Center, imaging.Box)
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 72}); err != nil {
		p.t.Fatal(err)
	}
	if p.pictures = append(p.pictures, out.Bytes()); len(p.pictures) == previewLong {
		p.stop()
	}
}

// TestRecordPreviews makes the films on the gallery's cards, where
// RTV_PREVIEWS names the folder of the demos: of the built-in footage, by the
// demos with the networks that the app ships with.
func TestRecordPreviews(t *testing.T) {
	folder := os.Getenv("RTV_PREVIEWS")
	if folder == "" {
		t.Skip("set RTV_PREVIEWS to a folder")
	}
	for i, d := range library.Catalogue().Demos {
		t.Run(d.ID, func(t *testing.T) {
			cfg := config.Config{Demo: d.ID, Source: pipeline.Footage, ModelsDir: filepath.Join("..", "models", "trained"), Delegate: inference.XNNPACK, Threads: 2, Loop: true}
			task, err := roster.OpenDemo(t.Context(), cfg, d.ID)
			if err != nil {
				t.Skip(err) // it ships with no network
			}
			defer task.Close()
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			p := &previewer{t: t, stop: stop, skip: 20 + 40*i, frames: map[uint64]*frame.Frame{}}
			s := pipeline.New(cfg, task, p)
			s.EveryFrame = true
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, d.ID, "preview.mjpeg"), bytes.Join(p.pictures, nil), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}
