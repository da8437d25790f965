package camera

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"reterminal-vision/camera/frame"
)

// videoInfo is what ffprobe says of the first video stream.
type videoInfo struct {
	width, height int // as shown, after rotation
	fps           float64
	steady        bool // frames are evenly spaced
	pixFmt        string
	format        frame.Format
	rng           frame.Range
	frames        int  // in the file; 0 when it does not say
	convert       bool // ffmpeg has to change the pixel format
}

// leadTime is how long before the end of a looping video the process that
// plays it again is started, so that the loop shows no pause.
const leadTime = time.Second

// pass plays a video file once.
type pass interface {
	// read returns the next picture, io.EOF after the last.
	read(ctx context.Context) (*frame.Frame, error)
	close()
}

// videoReel plays a video file: with FFmpeg's libraries where its pictures can
// be had as they are, else through the ffmpeg program, which converts them.
type videoReel struct {
	path, name string
	stat       fs.FileInfo // of the file that info describes
	info       videoInfo
	loop       bool
	pool       frame.Pool
	pictures   pictures

	index  int  // frames read in this pass
	length int  // frames in a pass; 0 until known
	now    pass // nil when it has ended
	again  pass // plays the next pass, started ahead; nil if not yet
}

func openVideo(ctx context.Context, path string, opt Options) (Source, error) {
	r := &videoReel{path: path, name: filepath.Base(path), loop: opt.Loop}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	info := Info{Name: r.name, Spec: path, Kind: KindVideo, Width: r.info.width, Height: r.info.height, FPS: r.info.fps}
	return play(info, r, opt), nil
}

// open looks at the file and starts playing it.
func (r *videoReel) open(ctx context.Context) (err error) {
	if r.stat, err = os.Stat(r.path); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	direct, info, err := openLibav(r.path, &r.pictures)
	if err == nil {
		r.info, r.now = info, direct
	} else if r.now, err = r.openProgram(ctx); err != nil {
		return err
	}
	r.index, r.length = 0, r.info.frames
	return nil
}

// openProgram has the ffmpeg program play the file.
func (r *videoReel) openProgram(ctx context.Context) (_ pass, err error) {
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s: playing a video file needs ffmpeg: install it with 'sudo apt install ffmpeg'", r.name)
		}
	}
	if r.info, err = probe(ctx, r.path); err != nil {
		return nil, fmt.Errorf("%s: not a video that ffmpeg can play, replace it: %w", r.name, err)
	}
	program, err := r.startProgram()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	return program, nil
}

func (r *videoReel) startProgram() (pass, error) {
	pipe, err := startFFmpeg(r.path, r.info)
	if err != nil {
		return nil, err
	}
	return &programPass{pipe: pipe, pool: &r.pool, path: r.path, info: r.info}, nil
}

func (r *videoReel) next(ctx context.Context) (*frame.Frame, error) {
	if r.now == nil {
		return nil, io.EOF
	}
	f, err := r.now.read(ctx)
	if err != nil {
		return nil, r.ended(ctx, err)
	}
	f.Timestamp = time.Duration(r.index) * r.interval()
	r.index++
	_, program := r.now.(*programPass)
	if program && r.loop && r.again == nil && r.index >= r.length-int(leadTime/r.interval()) && r.length > 0 {
		r.again, _ = r.startProgram() // rewind tries again and reports
	}
	return f, nil
}

// ended explains why a pass gives no more: io.EOF when it finished well.
func (r *videoReel) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.now.close()
	r.now, r.length = nil, r.index
	switch {
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("%s: playing it: %w", r.name, err)
	case r.index > 0:
		return io.EOF
	}
	return fmt.Errorf("%s: ffmpeg found no picture in it, replace it", r.name)
}

func (r *videoReel) rewind(ctx context.Context) (err error) {
	stat, err := os.Stat(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: the file was removed, choose another source", r.name, ErrGone)
	}
	if err == nil && (stat.Size() != r.stat.Size() || !stat.ModTime().Equal(r.stat.ModTime())) || r.again == nil {
		closePass(r.again)
		r.again = nil
		return r.open(ctx) // perhaps another file now: its frames may have another size
	}
	r.index, r.now, r.again = 0, r.again, nil
	return nil
}

func (r *videoReel) interval() time.Duration { return perFrame(r.info.fps) }

func (r *videoReel) close() {
	closePass(r.now)
	closePass(r.again)
	r.pictures.close()
}

// closePass ends a pass, if there is one.
func closePass(p pass) {
	if p != nil {
		p.close()
	}
}

// probe asks ffprobe about the first video stream of path.
func probe(ctx context.Context, path string) (videoInfo, error) {
	cmd := exec.CommandContext(ctx, "ffprobe", "-loglevel", "error", "-select_streams", "v:0",
		"-show_entries", "stream=width,height,pix_fmt,color_range,r_frame_rate,avg_frame_rate,nb_frames:stream_tags=rotate:stream_side_data=rotation",
		"-of", "json", fileURL(path))
	var stderr lastLine
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return videoInfo{}, ctx.Err()
	}
	if err != nil {
		if line := stderr.String(); line != "" {
			err = errors.New(strings.TrimPrefix(line, fileURL(path)+": "))
		}
		return videoInfo{}, err
	}
	return parseProbe(out)
}

// parseProbe reads ffprobe's JSON.
func parseProbe(out []byte) (videoInfo, error) {
	var doc struct {
		Streams []struct {
			Width, Height int
			PixFmt        string                        `json:"pix_fmt"`
			ColorRange    string                        `json:"color_range"`
			RFrameRate    string                        `json:"r_frame_rate"`
			NbFrames      string                        `json:"nb_frames"`
			AvgFrameRate  string                        `json:"avg_frame_rate"`
			Tags          struct{ Rotate string }       `json:"tags"`
			SideData      []struct{ Rotation *float64 } `json:"side_data_list"`
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return videoInfo{}, fmt.Errorf("reading what ffprobe said: %w", err)
	}
	if len(doc.Streams) == 0 {
		return videoInfo{}, errors.New("it has no video stream")
	}
	s := doc.Streams[0]
	v := videoInfo{width: s.Width, height: s.Height}
	rotation, _ := strconv.ParseFloat(s.Tags.Rotate, 64)
	for _, d := range s.SideData {
		if d.Rotation != nil {
			rotation = *d.Rotation
		}
	}
	if int(math.Abs(math.Round(rotation)))%180 == 90 {
		v.width, v.height = v.height, v.width
	}
	v.frames, _ = strconv.Atoi(s.NbFrames)
	v.fps, v.steady = chooseRate(ratio(s.RFrameRate), ratio(s.AvgFrameRate))
	v.setFormat(s.PixFmt, s.ColorRange)
	return v, frame.CheckSize(v.width, v.height)
}

// setFormat keeps the file's pixel format when frames have it.
func (v *videoInfo) setFormat(pixFmt, colorRange string) {
	v.pixFmt = pixFmt
	if strings.HasPrefix(pixFmt, "yuvj") || colorRange == "pc" {
		v.rng = frame.RangeFull
	}
	switch pixFmt {
	case "yuv420p", "yuvj420p":
		v.format = frame.I420
	case "yuv422p", "yuvj422p":
		v.format = frame.I422
	case "yuv444p", "yuvj444p":
		v.format = frame.I444
	default:
		v.format, v.rng, v.pixFmt, v.convert = frame.I420, frame.RangeLimited, "yuv420p", true
	}
}

// chooseRate chooses the rate to play at from a stream's nominal and average
// rates, 0 where there is none; steady tells that they agree.
func chooseRate(r, avg float64) (fps float64, steady bool) {
	switch {
	case avg == 0 && r == 0:
		return 25, false
	case avg == 0:
		return r, true
	case r == 0:
		return avg, true
	}
	return avg, math.Abs(r-avg) <= avg/100
}

// ratio reads "30000/1001"; 0 when it is no sensible rate.
func ratio(s string) float64 {
	num, den, _ := strings.Cut(s, "/")
	n, _ := strconv.ParseFloat(num, 64)
	d, err := strconv.ParseFloat(den, 64)
	if err != nil {
		return 0
	}
	return sensible(n, d)
}

// sensible is the rate n/d; 0 when it is none that a video has.
func sensible(n, d float64) float64 {
	if d == 0 || n/d < 0.1 || n/d > 240 {
		return 0
	}
	return n / d
}
