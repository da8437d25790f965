package camera

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/camera/testpicture"
)

func TestCarsVideo(t *testing.T) {
	noLeaks(t)
	src := open(t, testpicture.Media(t, "traffic/cars.mp4"), Options{})
	defer src.Close()
	info := src.Info()
	if info.Name != "cars.mp4" || info.Width != 628 || info.Height != 420 || info.FPS != 30 || info.Kind != KindVideo {
		t.Errorf("info %+v", info)
	}
	n, frames := 0, map[*frame.Frame]bool{}
	for ; ; n++ {
		f, err := read(t, src)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Validate(); err != nil || f.Sequence != uint64(n) || f.Timestamp != time.Duration(n)*perFrame(30) {
			t.Fatalf("frame %d: sequence %d at %v, %v", n, f.Sequence, f.Timestamp, err)
		}
		frames[f] = true
		f.Release()
	}
	if n != 525 {
		t.Errorf("%d frames, want 525", n)
	}
	if len(frames) > playAhead+3 {
		t.Errorf("%d frames allocated", len(frames))
	}
	if _, err := read(t, src); err != io.EOF {
		t.Errorf("reading on gives %v, want EOF again", err)
	}
}

func TestVideoFormats(t *testing.T) {
	tests := []struct {
		name   string
		file   string
		args   []string
		w, h   int
		format frame.Format
		rng    frame.Range
	}{
		{"h264", "a.mp4", []string{"-pix_fmt", "yuv420p"}, 64, 48, frame.I420, frame.RangeLimited},
		{"h264 4:2:2", "a.mkv", []string{"-pix_fmt", "yuv422p"}, 64, 48, frame.I422, frame.RangeLimited},
		{"h264 4:4:4", "a.mkv", []string{"-pix_fmt", "yuv444p"}, 64, 48, frame.I444, frame.RangeLimited},
		{"full range", "a.mp4", []string{"-pix_fmt", "yuvj420p"}, 64, 48, frame.I420, frame.RangeFull},
		{"mjpeg avi", "a.avi", []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj422p"}, 64, 48, frame.I422, frame.RangeFull},
		{"bare mjpeg", "a.mjpeg", []string{"-pix_fmt", "yuvj420p"}, 64, 48, frame.I420, frame.RangeFull},
		{"10 bit", "a.mkv", []string{"-pix_fmt", "yuv420p10le"}, 64, 48, frame.I420, frame.RangeLimited},
		{"rgb", "a.mkv", []string{"-c:v", "ffv1", "-pix_fmt", "bgr0"}, 64, 48, frame.I420, frame.RangeLimited},
		{"odd size", "a.mkv", []string{"-vf", "scale=63:47", "-c:v", "ffv1", "-pix_fmt", "yuv420p"}, 63, 47, frame.I420, frame.RangeLimited},
		{"vp8", "a.webm", []string{"-c:v", "libvpx"}, 64, 48, frame.I420, frame.RangeLimited},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t)
			src := open(t, testClip(t, tt.file, "10", tt.args...), Options{})
			defer src.Close()
			f, err := read(t, src)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Release()
			if f.Width != tt.w || f.Height != tt.h || f.Format != tt.format || f.Range != tt.rng {
				t.Errorf("got %v %dx%d range %d", f.Format, f.Width, f.Height, f.Range)
			}
			if src.Info().Width != tt.w || src.Info().FPS != 25 {
				t.Errorf("info %+v", src.Info())
			}
			if err := drain(t, src, 9); err != nil {
				t.Error(err)
			}
			if _, err := read(t, src); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}

func TestVideoAfterSound(t *testing.T) {
	src := open(t, testpicture.Video(t, "a.mov", "-f", "lavfi", "-i", "sine=d=0.2", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25",
		"-t", "0.2", "-map", "0", "-map", "1", "-pix_fmt", "yuv444p"), Options{})
	defer src.Close()
	if err := drain(t, src, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, src); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestRotatedVideo(t *testing.T) {
	plain := testClip(t, "a.mp4", "5")
	src := open(t, testpicture.Video(t, "b.mp4", "-i", plain, "-c", "copy", "-metadata:s:v", "rotate=90"), Options{})
	defer src.Close()
	if err := drain(t, src, 4); err != nil {
		t.Fatal(err)
	}
	f, err := read(t, src)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	if f.Width != 48 || f.Height != 64 || src.Info().Width != 48 {
		t.Errorf("frame %dx%d, info %+v", f.Width, f.Height, src.Info())
	}
}

// ways are a clip that the libraries play here and one for the ffmpeg program.
var ways = map[string][]string{"libraries": {"-pix_fmt", "yuv420p"}, "program": {"-pix_fmt", "yuv420p10le"}}

func TestVideoLoop(t *testing.T) {
	for name, args := range ways {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			src := open(t, testClip(t, "a.mp4", "10", args...), Options{Loop: true})
			defer src.Close()
			var first [10]uint32
			for i := range 35 {
				f, err := read(t, src)
				if err != nil {
					t.Fatal(err)
				}
				if f.Sequence != uint64(i) || f.Timestamp != time.Duration(i)*40*time.Millisecond {
					t.Fatalf("frame %d: sequence %d at %v", i, f.Sequence, f.Timestamp)
				}
				sum := lumaSum(f)
				if i < 10 {
					first[i] = sum
				} else if sum != first[i%10] {
					t.Errorf("frame %d differs from frame %d", i, i%10)
				}
				f.Release()
			}
		})
	}
}

// lumaSum tells pictures apart.
func lumaSum(f *frame.Frame) (sum uint32) {
	for y := range f.Height {
		sum = crc32.Update(sum, crc32.IEEETable, f.Planes[0][y*f.Stride[0]:][:f.Width])
	}
	return sum
}

// A frame stays what it was however far the decoder has gone on, and after the
// source is closed.
func TestVideoFramesStay(t *testing.T) {
	for name, args := range ways {
		t.Run(name, func(t *testing.T) {
			src := open(t, testClip(t, "a.mp4", "30", args...), Options{})
			var frames []*frame.Frame
			var sums []uint32
			for range 20 {
				f, err := read(t, src)
				if err != nil {
					t.Fatal(err)
				}
				frames, sums = append(frames, f), append(sums, lumaSum(f))
			}
			src.Close()
			for i, f := range frames {
				if lumaSum(f) != sums[i] {
					t.Errorf("frame %d was overwritten", i)
				}
				f.Release()
			}
		})
	}
}

func TestVideoPaced(t *testing.T) {
	noLeaks(t)
	src := open(t, testClip(t, "a.mp4", "10"), Options{Paced: true})
	defer src.Close()
	start := time.Now()
	for {
		f, err := read(t, src)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if early := f.Timestamp - time.Since(start); early > 0 {
			t.Errorf("frame %d came %v early", f.Sequence, early)
		}
		f.Release()
	}
}

func TestVideoVanishes(t *testing.T) {
	for name, args := range ways {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			path := testClip(t, "a.mp4", "10", args...)
			src := open(t, path, Options{Loop: true})
			defer src.Close()
			if err := drain(t, src, 3); err != nil {
				t.Fatal(err)
			}
			os.Remove(path)
			if err := drain(t, src, 100); !errors.Is(err, ErrGone) {
				t.Errorf("a removed file gives %v", err)
			}
		})
	}
}

func TestVideoReplaced(t *testing.T) {
	for name, args := range ways {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			path := testClip(t, "a.mp4", "10")
			src := open(t, path, Options{Loop: true})
			defer src.Close()
			if err := os.Rename(testClip(t, "b.mp4", "4", append(args, "-vf", "scale=32:24")...), path); err != nil {
				t.Fatal(err)
			}
			for replaced := false; !replaced; {
				f, err := read(t, src)
				if err != nil {
					t.Fatal(err)
				}
				replaced = f.Width == 32 && f.Sequence > 12
				f.Release()
			}
		})
	}
}

func TestVideoDamaged(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	whole := slurp(t, testClip(t, "a.mp4", "50"))
	cut := writeFile(t, filepath.Join(dir, "cut.mp4"), whole[:len(whole)/2])
	text := writeFile(t, filepath.Join(dir, "text.mp4"), []byte("this is not a video"))
	sound := testpicture.Video(t, "sound.mp4", "-f", "lavfi", "-i", "sine=d=1")
	for path, want := range map[string]string{cut: "Invalid data", text: "Invalid data", sound: "no video stream"} {
		src, err := Open(t.Context(), path, Options{})
		if err == nil {
			src.Close()
			t.Errorf("%s opened", path)
		} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%v: want %q and the name in it", err, want)
		}
	}
	// Cut where the index is at the front: what is there plays.
	front := slurp(t, testClip(t, "front.mp4", "50", "-movflags", "faststart", "-g", "5"))
	src := open(t, writeFile(t, filepath.Join(dir, "front.mp4"), front[:len(front)*3/4]), Options{})
	defer src.Close()
	if err := drain(t, src, 100); err == nil {
		t.Error("a truncated video never ends")
	}
}

func TestVideoWithoutFFmpeg(t *testing.T) {
	path := testClip(t, "cars.mkv", "2", "-pix_fmt", "yuv420p10le")
	t.Setenv("PATH", t.TempDir())
	_, err := Open(t.Context(), path, Options{})
	if want := "cars.mkv: playing a video file needs ffmpeg: install it with 'sudo apt install ffmpeg'"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

// Every way of leaving early lets go of everything.
func TestCloseAndCancel(t *testing.T) {
	clip := testClip(t, "a.mp4", "50")
	picture := savePicture(t, filepath.Join(t.TempDir(), "a.png"), 30, 20)
	builtin := map[string]Clip{"x": {FPS: 1, Data: func() []byte { return append(testpicture.JPEG(t, 64, 48), testpicture.JPEG(t, 64, 48)...) }}}
	for _, spec := range []string{clip, picture, filepath.Dir(picture), "builtin:x"} {
		for _, paced := range []bool{false, true} {
			opt := Options{Paced: paced, Loop: true, FPS: 0.2, Builtin: builtin}
			t.Run(filepath.Base(spec), func(t *testing.T) {
				noLeaks(t)
				unread := open(t, spec, opt)
				unread.Close()

				src := open(t, spec, opt)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if _, err := src.Read(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("read with an ended context: %v", err)
				}
				if err := drain(t, src, 1); err != nil {
					t.Error(err)
				}
				ended := make(chan error)
				go func() {
					for {
						f, err := src.Read(context.Background())
						if err != nil {
							ended <- err
							return
						}
						f.Release()
					}
				}()
				time.Sleep(10 * time.Millisecond)
				src.Close()
				if err := <-ended; !errors.Is(err, os.ErrClosed) {
					t.Errorf("read ended with %v", err)
				}
				if _, err := read(t, src); !errors.Is(err, os.ErrClosed) {
					t.Errorf("read after close: %v", err)
				}
				if err := src.Close(); err != nil {
					t.Errorf("second close: %v", err)
				}
			})
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, clip, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("open with an ended context: %v", err)
	}
}

func TestParseProbe(t *testing.T) {
	tests := []struct {
		name, json string
		want       videoInfo
	}{
		{"plain", `{"streams":[{"width":640,"height":360,"pix_fmt":"yuv420p","r_frame_rate":"30/1","avg_frame_rate":"30/1","nb_frames":"9"}]}`,
			videoInfo{width: 640, height: 360, frames: 9, fps: 30, steady: true, pixFmt: "yuv420p", format: frame.I420}},
		{"turned", `{"streams":[{"width":640,"height":360,"pix_fmt":"yuv420p","color_range":"pc","r_frame_rate":"30/1","avg_frame_rate":"30/1","side_data_list":[{},{"rotation":-90}]}]}`,
			videoInfo{width: 360, height: 640, fps: 30, steady: true, pixFmt: "yuv420p", format: frame.I420, rng: frame.RangeFull}},
		{"turned, old tag", `{"streams":[{"width":640,"height":360,"pix_fmt":"nv12","r_frame_rate":"25/1","avg_frame_rate":"0/0","tags":{"rotate":"270"}}]}`,
			videoInfo{width: 360, height: 640, fps: 25, steady: true, pixFmt: "yuv420p", format: frame.I420, convert: true}},
		{"uneven", `{"streams":[{"width":64,"height":36,"pix_fmt":"yuvj422p","r_frame_rate":"90000/1","avg_frame_rate":"24000/1001"}]}`,
			videoInfo{width: 64, height: 36, fps: 24000.0 / 1001, steady: true, pixFmt: "yuvj422p", format: frame.I422, rng: frame.RangeFull}},
		{"uneven within reason", `{"streams":[{"width":64,"height":36,"pix_fmt":"yuv444p","r_frame_rate":"60/1","avg_frame_rate":"20/1"}]}`,
			videoInfo{width: 64, height: 36, fps: 20, pixFmt: "yuv444p", format: frame.I444}},
	}
	for _, tt := range tests {
		if got, err := parseProbe([]byte(tt.json)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
	for _, bad := range []string{``, `{}`, `{"streams":[{"width":0,"height":0}]}`, `{"streams":[{"width":99999,"height":2}]}`} {
		if _, err := parseProbe([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestLastLine(t *testing.T) {
	tests := []struct {
		writes []string
		want   string
	}{
		{nil, ""},
		{[]string{"one\ntwo\n"}, "two"},
		{[]string{"one\ntw", "o"}, "two"},
		{[]string{"one\n\n  \n"}, "one"},
		{[]string{strings.Repeat("x", 3000), "\n"}, strings.Repeat("x", 1024)},
	}
	for _, tt := range tests {
		var l lastLine
		for _, w := range tt.writes {
			if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
		}
		if got := l.String(); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.writes, got, tt.want)
		}
	}
}

func BenchmarkReadVideo(b *testing.B) {
	src := open(b, testpicture.Media(b, "traffic/cars.mp4"), Options{Loop: true})
	defer src.Close()
	if err := drain(b, src, 5); err != nil { // ffmpeg starts, the pool fills
		b.Fatal(err)
	}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		f, err := src.Read(ctx)
		if err != nil {
			b.Fatal(err)
		}
		f.Release()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "fps")
}

func slurp(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
