package app

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
)

// picture keeps the frame that --save-frame asks for: the first whose result
// shows something, else the last.
type picture struct {
	file string

	mu     sync.Mutex
	recent []*camera.Frame // frames whose results are still to come
	shown  *camera.Frame
	res    inference.Result
	done   bool
}

// newPicture collects for file; nothing at all when file is "".
func newPicture(file string) *picture { return &picture{file: file, done: file == ""} }

// frame notes a frame on its way to the network.
func (p *picture) frame(f *camera.Frame) {
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

// result pairs a result with its frame.
func (p *picture) result(r *inference.Result) {
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

// save writes the picture, if there is one to write.
func (p *picture) save() error {
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
	if err := camera.ToRGBA(img, p.shown); err != nil {
		return err
	}
	if err := annotate(img, &p.res); err != nil {
		return err
	}
	return savePicture(p.file, img)
}

// annotate draws boxes and labels into the picture.
func annotate(img *image.RGBA, r *inference.Result) error {
	f, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		return err
	}
	size := max(float64(img.Rect.Dy())/28, 11)
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return err
	}
	defer face.Close()
	ink := image.NewUniform(color.RGBA{R: 0xE6, G: 0x9F, A: 0xFF})
	width := max(img.Rect.Dy()/200, 2)
	for i := range r.Objects {
		o := &r.Objects[i]
		box := image.Rect(int(o.Box.X0), int(o.Box.Y0), int(o.Box.X1), int(o.Box.Y1))
		for _, edge := range []image.Rectangle{
			{box.Min, image.Pt(box.Max.X, box.Min.Y+width)}, {image.Pt(box.Min.X, box.Max.Y-width), box.Max},
			{box.Min, image.Pt(box.Min.X+width, box.Max.Y)}, {image.Pt(box.Max.X-width, box.Min.Y), box.Max},
		} {
			draw.Draw(img, edge, ink, image.Point{}, draw.Src)
		}
		text := fmt.Sprintf("%s %.0f %%", o.Label, 100*o.Score)
		plate := image.Rect(0, 0, font.MeasureString(face, text).Ceil()+8, int(size*1.3)).Add(box.Min)
		draw.Draw(img, plate, ink, image.Point{}, draw.Src)
		(&font.Drawer{Dst: img, Src: image.Black, Face: face, Dot: fixed.P(plate.Min.X+4, plate.Min.Y+int(size))}).DrawString(text)
	}
	return nil
}

// pictureEncoder chooses the format by the file's ending.
func pictureEncoder(file string) (func(io.Writer, image.Image) error, error) {
	format, err := imaging.FormatFromFilename(file)
	if err != nil || (format != imaging.PNG && format != imaging.JPEG) {
		return nil, fmt.Errorf("%s: pictures are saved as .png or .jpg", file)
	}
	return func(w io.Writer, img image.Image) error {
		return imaging.Encode(w, img, format, imaging.JPEGQuality(92))
	}, nil
}

// savePicture writes to a temporary file first, so that a full disk leaves no
// broken picture.
func savePicture(file string, img image.Image) error {
	encode, err := pictureEncoder(file)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))+"-*")
	if err != nil {
		return fmt.Errorf("saving %s: %w", file, err)
	}
	err = encode(tmp, img)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("saving %s: %w", file, err)
	}
	slog.Info("picture saved", "file", file)
	return nil
}
