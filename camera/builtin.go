package camera

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"reterminal-vision/camera/frame"
)

// clipReel plays a Clip.
type clipReel struct {
	name     string
	pictures [][]byte
	fps      float64
	decoder  *frame.Decoder
	pool     frame.Pool
	at       int
	damaged  bool // has been reported
}

// openBuiltin opens the clip called name.
func openBuiltin(name string, opt Options) (Source, error) {
	clip, ok := opt.Builtin[name]
	if !ok {
		return nil, fmt.Errorf("built-in footage %q: there is none of that name; choose from: %s", name, clipNames(opt.Builtin))
	}
	decoder, err := frame.NewDecoder()
	if err != nil {
		return nil, err
	}
	r := &clipReel{name: "built-in footage " + name, pictures: frame.SplitJPEGs(clip.Data()), fps: clip.FPS, decoder: decoder}
	if r.fps <= 0 {
		r.fps = 25
	}
	first, err := r.next(context.Background())
	if err != nil {
		r.close()
		return nil, fmt.Errorf("%s: no picture in it could be read: rebuild the program with its footage", r.name)
	}
	info := Info{Name: clip.Title, Spec: builtinPrefix + name, Kind: KindBuiltin, Width: first.Width, Height: first.Height, FPS: r.fps}
	if info.Name == "" {
		info.Name = name
	}
	first.Release()
	r.at = 0
	return play(info, r, opt), nil
}

func clipNames(clips map[string]Clip) string {
	if len(clips) == 0 {
		return "(none in this build)"
	}
	var names []string
	for name := range clips {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (r *clipReel) next(ctx context.Context) (*frame.Frame, error) {
	for r.at < len(r.pictures) {
		i := r.at
		r.at++
		f, err := r.decoder.DecodeYUV(r.pictures[i], &r.pool)
		if err == nil {
			f.Timestamp = time.Duration(i) * perFrame(r.fps)
			return f, nil
		}
		if !r.damaged {
			r.damaged = true
			slog.Warn("picture skipped", "source", r.name, "index", i, "error", err)
		}
	}
	return nil, io.EOF
}

func (r *clipReel) rewind(context.Context) error { r.at = 0; return nil }
func (r *clipReel) interval() time.Duration      { return perFrame(r.fps) }
func (r *clipReel) close()                       { r.decoder.Close() }
