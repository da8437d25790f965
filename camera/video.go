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
)

// videoInfo is what ffprobe says of the first video stream.
type videoInfo struct {
	width, height int // as shown, after rotation
	fps           float64
	steady        bool // frames are evenly spaced
	pixFmt        string
	format        Format
	rng           Range
	frames        int  // in the file; 0 when it does not say
	convert       bool // ffmpeg has to change the pixel format
}

// leadTime is how long before the end of a looping video the process that
// plays it again is started, so that the loop shows no pause.
const leadTime = time.Second

// videoReel plays a video file through an ffmpeg process.
type videoReel struct {
	path, name string
	stat       fs.FileInfo // of the file that info describes
	info       videoInfo
	loop       bool
	pool       Pool

	index  int          // frames read in this pass
	length int          // frames in a pass; 0 until known
	now    *picturePipe // nil when it has ended
	again  *picturePipe // plays the next pass, started ahead; nil if not yet
}

func openVideo(ctx context.Context, path string, opt Options) (Source, error) {
	name := filepath.Base(path)
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s: playing a video file needs ffmpeg: install it with 'sudo apt install ffmpeg'", name)
		}
	}
	r := &videoReel{path: path, name: name, loop: opt.Loop}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	info := Info{Name: name, Spec: path, Kind: KindVideo, Width: r.info.width, Height: r.info.height, FPS: r.info.fps}
	return play(info, r, opt), nil
}

// open looks at the file and starts playing it.
func (r *videoReel) open(ctx context.Context) (err error) {
	if r.stat, err = os.Stat(r.path); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	if r.info, err = probe(ctx, r.path); err != nil {
		return fmt.Errorf("%s: not a video that ffmpeg can play, replace it: %w", r.name, err)
	}
	r.index, r.length = 0, r.info.frames
	if r.now, err = startFFmpeg(r.path, r.info); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

func (r *videoReel) next(ctx context.Context) (*Frame, error) {
	if r.now == nil {
		return nil, io.EOF
	}
	f := r.pool.Get(r.info.format, r.info.width, r.info.height)
	f.Range = r.info.rng
	if err := r.now.read(ctx, f); err != nil {
		f.Release()
		return nil, r.ended(ctx)
	}
	f.Timestamp = time.Duration(r.index) * r.interval()
	r.index++
	if r.loop && r.again == nil && r.index >= r.length-int(leadTime/r.interval()) && r.length > 0 {
		r.again, _ = startFFmpeg(r.path, r.info) // rewind tries again and reports
	}
	return f, nil
}

// ended explains why ffmpeg gives no more: io.EOF when it finished well.
func (r *videoReel) ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := r.now.wait()
	line := strings.TrimPrefix(r.now.stderr.String(), fileURL(r.path)+": ")
	r.now, r.length = nil, r.index
	switch {
	case err == nil && r.index > 0:
		return io.EOF
	case line != "":
		return fmt.Errorf("%s: playing it: %s", r.name, line)
	case err != nil:
		return fmt.Errorf("%s: playing it: ffmpeg: %w", r.name, err)
	}
	return fmt.Errorf("%s: ffmpeg found no picture in it, replace it", r.name)
}

func (r *videoReel) rewind(ctx context.Context) (err error) {
	stat, err := os.Stat(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: the file was removed, choose another source", r.name, ErrGone)
	}
	if err == nil && (stat.Size() != r.stat.Size() || !stat.ModTime().Equal(r.stat.ModTime())) {
		r.again.kill()
		r.again = nil
		return r.open(ctx) // another file now: its frames may have another size
	}
	r.index, r.now, r.again = 0, r.again, nil
	if r.now != nil {
		return nil
	}
	if r.now, err = startFFmpeg(r.path, r.info); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

func (r *videoReel) interval() time.Duration { return perFrame(r.info.fps) }

func (r *videoReel) close() {
	r.now.kill()
	r.again.kill()
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
	v.fps, v.steady = frameRate(s.RFrameRate, s.AvgFrameRate)
	v.setFormat(s.PixFmt, s.ColorRange)
	return v, checkSize(v.width, v.height)
}

// setFormat keeps the file's pixel format when frames have it.
func (v *videoInfo) setFormat(pixFmt, colorRange string) {
	v.pixFmt = pixFmt
	if strings.HasPrefix(pixFmt, "yuvj") || colorRange == "pc" {
		v.rng = RangeFull
	}
	switch pixFmt {
	case "yuv420p", "yuvj420p":
		v.format = I420
	case "yuv422p", "yuvj422p":
		v.format = I422
	case "yuv444p", "yuvj444p":
		v.format = I444
	default:
		v.format, v.rng, v.pixFmt, v.convert = I420, RangeLimited, "yuv420p", true
	}
}

// frameRate chooses the rate to play at from a stream's nominal and average
// rates; steady tells that they agree.
func frameRate(nominal, average string) (fps float64, steady bool) {
	r, avg := ratio(nominal), ratio(average)
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
	if err != nil || d == 0 || n/d < 0.1 || n/d > 240 {
		return 0
	}
	return n / d
}
