// Package snapshot saves pictures with what was found drawn into them.
//
// In: frames and their results. Out: PNG or JPEG files. It imports app/durable,
// camera, inference and inference/drawing; app may import it.
package snapshot

import (
	"fmt"
	"image"
	"io"
	"log/slog"
	"sync"

	"github.com/disintegration/imaging"

	"reterminal-vision/app/durable"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
)

// FrameSaver keeps the frame that --save-frame asks for: the first whose result
// shows something, else the last.
type FrameSaver struct {
	file string

	mu     sync.Mutex
	recent []*frame.Frame // frames whose results are still to come
	shown  *frame.Frame
	res    inference.Result
	done   bool
}

// NewFrameSaver collects for file; nothing at all when file is "".
func NewFrameSaver(file string) *FrameSaver { return &FrameSaver{file: file, done: file == ""} }

// Frame notes a frame on its way to the network.
func (p *FrameSaver) Frame(f *frame.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	// More than the worker and the source ever have under way.
	if len(p.recent) == 8 {
		p.recent[0].Release()
		p.recent = append(p.recent[:0], p.recent[1:]...)
	}
	p.recent = append(p.recent, f.Retain())
}

// Result pairs a result with its frame.
func (p *FrameSaver) Result(r *inference.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	for i, f := range p.recent {
		if f.Sequence != r.Sequence {
			continue
		}
		if p.shown != nil {
			p.shown.Release()
		}
		p.shown = f
		p.recent = append(p.recent[:i], p.recent[i+1:]...)
		p.res.CopyFrom(r)
		p.done = len(r.Objects) > 0
		return
	}
}

// Save writes the picture, if there is one to write.
func (p *FrameSaver) Save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.recent {
		f.Release()
	}
	p.recent = nil
	if p.file == "" {
		return nil
	}
	if p.shown == nil {
		return fmt.Errorf("%s: no frame came, nothing saved", p.file)
	}
	defer p.shown.Release()
	img := image.NewRGBA(image.Rect(0, 0, p.shown.Width, p.shown.Height))
	if err := frame.ToRGBA(img, p.shown); err != nil {
		return err
	}
	if err := Annotate(img, &p.res); err != nil {
		return err
	}
	return SavePicture(p.file, img)
}

// PictureEncoder chooses the format by the file's ending.
func PictureEncoder(file string) (func(io.Writer, image.Image) error, error) {
	format, err := imaging.FormatFromFilename(file)
	if err != nil || (format != imaging.PNG && format != imaging.JPEG) {
		return nil, fmt.Errorf("%s: pictures are saved as .png or .jpg", file)
	}
	return func(w io.Writer, img image.Image) error {
		return imaging.Encode(w, img, format, imaging.JPEGQuality(92))
	}, nil
}

// SavePicture leaves no broken picture on a full disk.
func SavePicture(file string, img image.Image) error {
	encode, err := PictureEncoder(file)
	if err != nil {
		return err
	}
	if err := durable.Write(file, 0o644, func(w io.Writer) error { return encode(w, img) }); err != nil {
		return fmt.Errorf("saving %s: %w", file, err)
	}
	slog.Info("picture saved", "file", file)
	return nil
}
