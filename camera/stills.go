package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/disintegration/imaging"

	"reterminal-vision/camera/frame"
)

var stillExtensions = []string{".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff"}

// Pictures a second when Options leaves it open.
const (
	folderFPS = 0.5 // long enough to look at a result
	stillFPS  = 10
)

// stillsReel shows the pictures of a folder, or one picture.
type stillsReel struct {
	path    string
	folder  bool
	repeat  bool // the one picture is shown for ever
	fps     float64
	decoder *frame.Decoder
	pool    frame.Pool

	files  []string
	at     int
	index  int             // pictures shown in this pass
	broken map[string]bool // reported already
	single *frame.Frame    // the one picture, decoded once
}

func openStills(path string, folder bool, opt Options) (Source, error) {
	decoder, err := frame.NewDecoder()
	if err != nil {
		return nil, err
	}
	r := &stillsReel{path: path, folder: folder, repeat: !folder && opt.Loop, fps: opt.FPS, decoder: decoder, broken: map[string]bool{}}
	if r.fps <= 0 {
		r.fps = stillFPS
		if folder {
			r.fps = folderFPS
		}
	}
	first, err := r.open()
	if err != nil {
		r.close()
		return nil, err
	}
	info := Info{Name: filepath.Base(path), Spec: path, Kind: KindStills, Width: first.Width, Height: first.Height, FPS: r.fps}
	first.Release()
	return play(info, r, opt), nil
}

// open finds the first picture that can be read and goes back before it.
func (r *stillsReel) open() (*frame.Frame, error) {
	if !r.folder {
		f, err := readStill(r.path, r.decoder, &r.pool)
		if err != nil {
			return nil, fmt.Errorf("picture %w", err)
		}
		r.single = f.Retain()
		return f, nil
	}
	if err := r.list(); err != nil {
		return nil, err
	}
	if len(r.files) == 0 {
		return nil, fmt.Errorf("folder %s: no pictures in it: put some there (%s)", r.path, strings.Join(stillExtensions, " "))
	}
	f, err := r.next(context.Background())
	if err != nil {
		return nil, fmt.Errorf("folder %s: none of its %d pictures could be read: replace them", r.path, len(r.files))
	}
	r.at, r.index = 0, 0
	return f, nil
}

func (r *stillsReel) list() error {
	entries, err := os.ReadDir(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("folder %s: %w: choose another source", r.path, ErrGone)
	}
	if err != nil {
		return fmt.Errorf("folder %s: listing its pictures: %w", r.path, err)
	}
	r.files = r.files[:0]
	for _, e := range entries {
		if !e.IsDir() && hasExtension(e.Name(), stillExtensions) {
			r.files = append(r.files, filepath.Join(r.path, e.Name()))
		}
	}
	return nil
}

func (r *stillsReel) next(ctx context.Context) (*frame.Frame, error) {
	if !r.folder {
		return r.nextSingle()
	}
	for r.at < len(r.files) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := r.files[r.at]
		r.at++
		f, err := readStill(path, r.decoder, &r.pool)
		if err == nil {
			f.Timestamp = time.Duration(r.index) * r.interval()
			r.index++
			return f, nil
		}
		if !r.broken[path] {
			r.broken[path] = true
			slog.Warn("picture skipped", "error", err)
		}
	}
	if r.index == 0 { // nothing left: was it the folder that went, or all in it?
		if err := r.list(); err != nil {
			return nil, err
		}
		if len(r.files) == 0 {
			return nil, fmt.Errorf("folder %s: its pictures: %w: put some there or choose another source", r.path, ErrGone)
		}
	}
	return nil, io.EOF
}

func (r *stillsReel) nextSingle() (*frame.Frame, error) {
	if r.index > 0 && !r.repeat {
		return nil, io.EOF
	}
	f := r.pool.Get(frame.RGB24, r.single.Width, r.single.Height)
	copy(f.Planes[0], r.single.Planes[0])
	f.Timestamp = time.Duration(r.index) * r.interval()
	r.index++
	return f, nil
}

func (r *stillsReel) rewind(context.Context) error {
	r.at, r.index = 0, 0
	return r.list()
}

func (r *stillsReel) interval() time.Duration { return perFrame(r.fps) }

func (r *stillsReel) close() {
	if r.single != nil {
		r.single.Release()
	}
	r.decoder.Close()
}

// ReadStill reads one picture file, turned upright by its EXIF orientation,
// as an RGB24 frame of its own.
func ReadStill(path string) (*frame.Frame, error) {
	decoder, err := frame.NewDecoder()
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	return readStill(path, decoder, &frame.Pool{})
}

func readStill(path string, decoder *frame.Decoder, pool *frame.Pool) (*frame.Frame, error) {
	data, err := readPicture(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte{0xFF, 0xD8}) && frame.ExifOrientation(data) == 1 {
		f, err := decoder.DecodeRGB(data, pool)
		if !errors.Is(err, frame.ErrUnsupportedJPEG) {
			return f, pictureError(path, err)
		}
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err == nil {
		err = frame.CheckSize(config.Width, config.Height)
	}
	if pixels := config.Width * config.Height; err == nil && kind != "jpeg" && pixels > maxOtherPixels {
		return nil, fmt.Errorf("%s: its %d megapixels are too many for a picture that is no JPEG, of which at most %d are read: make it smaller, or save it as .jpg",
			path, (pixels+1<<20-1)>>20, maxOtherPixels>>20)
	}
	if err != nil {
		return nil, pictureError(path, err)
	}
	img, err := imaging.Decode(bytes.NewReader(data), imaging.AutoOrientation(true))
	if err != nil {
		return nil, pictureError(path, err)
	}
	return frame.FromImage(img, pool), nil
}

// What is read of a file: a forged one must not take the memory of the app.
// Pictures other than JPEG have up to eight bytes a pixel, and are held twice.
const (
	maxStillBytes  = 64 << 20
	maxOtherPixels = 1 << 25
)

// readPicture reads a picture's file, which may not be of any size.
func readPicture(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: reading it: %w", path, err)
	}
	defer f.Close()
	var data bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Size() <= maxStillBytes {
		data.Grow(int(info.Size()) + bytes.MinRead)
	}
	if _, err := data.ReadFrom(io.LimitReader(f, maxStillBytes+1)); err != nil {
		return nil, fmt.Errorf("%s: reading it: %w", path, err)
	}
	if data.Len() > maxStillBytes {
		return nil, fmt.Errorf("%s: it is larger than %d MiB, more than is read of a picture: make it smaller", path, maxStillBytes>>20)
	}
	return data.Bytes(), nil
}

func pictureError(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: cannot be read as a picture, replace it: %w", path, err)
}

func hasExtension(name string, extensions []string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}
