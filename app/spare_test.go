package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"reterminal-vision/app/bench"
	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/testmedia"
)

// saved is what sparing did on some footage, and what it cost: its results
// against those of the network looking at every frame.
type saved struct {
	frames, reused, carried int
	iou                     float64 // mean, of objects that both have, in frames without a look
	missed, extra           float64 // shares of objects that only the one has, or the other, in all frames
	wrong                   float64 // share of objects with another answer of the second stage
	full, spared            time.Duration
}

func (s saved) String() string {
	return fmt.Sprintf("%d frames, %d reused, %d carried: IoU %.3f, missed %.3f, extra %.3f, other answers %.3f; %.2f ms a frame for %.2f",
		s.frames, s.reused, s.carried, s.iou, s.missed, s.extra, s.wrong,
		bench.Millis(s.spared)/float64(s.frames), bench.Millis(s.full)/float64(s.frames))
}

// compareSpared runs a demo over footage twice, side by side.
func compareSpared(t *testing.T, cfg config.Config, how config.FrameSkip, frames int) (s saved) {
	t.Helper()
	cfg.ModelsDir, cfg.Delegate, cfg.Threads, cfg.Replicas = cmp.Or(cfg.ModelsDir, testmedia.Path(t, "models")), inference.XNNPACK, 1, 1
	open := func(how config.FrameSkip) *demo.Task {
		cfg := cfg
		cfg.FrameSkip = how
		task, err := roster.OpenDemo(t.Context(), cfg, cfg.Demo)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { task.Close() })
		return task
	}
	full, spared := open(config.SkipOff), open(how)
	source, _, err := pipeline.OpenSource(t.Context(), cfg, full.Demo.Builtin, camera.Options{Loop: cfg.Loop})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	ins := [2]*inference.Input{full.NewInput(), spared.NewInput()}
	var outs [2]inference.Result
	var matched, followed, only, others, asked int
	for s.frames < frames || frames == 0 {
		f, err := source.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		// Neither clock is that of a camera, since frames are read as fast as that goes.
		f.Captured = time.Time{}.Add(f.Timestamp)
		for i, task := range []*demo.Task{full, spared} {
			out := &outs[i]
			out.Reset()
			out.Sequence, out.Width, out.Height, out.Timestamp, out.Captured = f.Sequence, f.Width, f.Height, f.Timestamp, f.Captured
			start := time.Now()
			if err := task.Prepare(f, ins[i]); err != nil {
				t.Fatal(err)
			}
			if err := task.Run(f, ins[i], out); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if i == 0 {
				s.full += took
			} else {
				s.spared += took
			}
		}
		f.Release()
		s.frames++
		switch outs[1].Origin {
		case inference.Reused:
			s.reused++
		case inference.Propagated:
			s.carried++
		}
		taken := make([]bool, len(outs[1].Objects))
		for i := range outs[0].Objects {
			a := &outs[0].Objects[i]
			best, most := -1, float32(.3)
			for j := range outs[1].Objects {
				b := &outs[1].Objects[j]
				if iou := inference.IoU(a.Box, b.Box); a.Class == b.Class && !taken[j] && iou > most {
					best, most = j, iou
				}
			}
			if best < 0 {
				only++
				continue
			}
			taken[best] = true
			matched++
			if outs[1].Origin != inference.Inferred {
				followed++
				s.iou += float64(most)
			}
			for k := range a.Attributes {
				asked++
				if b := outs[1].Objects[best].Attributes; k >= len(b) || b[k].Value != a.Attributes[k].Value {
					others++
				}
			}
		}
		for _, ok := range taken {
			if !ok {
				s.extra++
			}
		}
	}
	if s.iou /= max(1, float64(followed)); followed == 0 {
		s.iou = 1
	}
	s.missed = float64(only) / max(1, float64(only+matched))
	s.extra /= max(1, float64(matched)+s.extra)
	s.wrong = float64(others) / max(1, float64(asked))
	return s
}

// On real footage, with real networks: frames that do not change lose nothing
// by having the result of the one before; boxes that are carried lie where the
// network finds them, nearly.
func TestSparedAgainstEveryFrame(t *testing.T) {
	for _, c := range []struct {
		demo, footage string
		how           config.FrameSkip
		least         int     // frames without a look
		iou           float64 // of those
		missed        float64
	}{
		{"vehicles", "traffic/cars.mp4", config.SkipUnchanged, 60, .98, .01},
		{"objects", "people/one-by-one-person-detection.mp4", config.SkipUnchanged, 20, .98, .02},
		{"objects", "people/one-by-one-person-detection.mp4", config.SkipPropagate, 50, .9, .08},
		{"emotion", "people/test_s.mp4", config.SkipUnchanged, 0, .95, .01},
		{"emotion", "people/test_dance.mp4", config.SkipPropagate, 50, .88, .03},
		{"emotion", "people/test_s.mp4", config.SkipPropagate, 50, .88, .03},
	} {
		t.Run(c.demo+" "+path.Base(c.footage)+" "+string(c.how), func(t *testing.T) {
			s := compareSpared(t, config.Config{Demo: c.demo, Source: testmedia.Path(t, "media/"+c.footage)}, c.how, 100)
			t.Log(s)
			if n := s.reused + s.carried; n < c.least {
				t.Errorf("%d frames of %d saved, expected %d", n, s.frames, c.least)
			}
			if s.iou < c.iou || s.missed > c.missed {
				t.Errorf("IoU %.3f, expected %.2f; missed %.3f, expected %.2f", s.iou, c.iou, s.missed, c.missed)
			}
		})
	}
}

// The belt's alarm counts a frame that did not change as any other: it is
// raised after as many frames.
func TestAlarmOfAStillPicture(t *testing.T) {
	source, err := camera.Open(t.Context(), "builtin:belt", camera.Options{Builtin: pipeline.BuiltinClips()})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	open := func(how config.FrameSkip) *demo.Task {
		task, err := roster.OpenDemo(t.Context(), config.Config{Demo: "belt", ModelsDir: filepath.Join("..", "models", "trained"), Delegate: inference.XNNPACK, Threads: 1, FrameSkip: how}, "belt")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { task.Close() })
		return task
	}
	raised := false
	for !raised {
		f, err := source.Read(t.Context())
		if err != nil {
			t.Fatal("no frame with damage that raises the alarm: ", err)
		}
		plain, spared := open(config.SkipOff), open(config.SkipUnchanged)
		a, b := plain.NewInput(), spared.NewInput()
		for i := range 8 {
			f.Sequence, f.Captured = uint64(i+1), time.Now()
			var want, got inference.Result
			for _, c := range []struct {
				task *demo.Task
				in   *inference.Input
				out  *inference.Result
			}{{plain, a, &want}, {spared, b, &got}} {
				c.out.Width, c.out.Height = f.Width, f.Height
				if err := errors.Join(c.task.Prepare(f, c.in), c.task.Run(f, c.in, c.out)); err != nil {
					t.Fatal(err)
				}
			}
			if got.Alarm != want.Alarm || !slices.Equal(got.Classes, want.Classes) || (got.Origin == inference.Reused) != (i > 0) {
				t.Fatalf("look %d: %+v, expected %+v", i, got, want)
			}
			raised = raised || want.Alarm != ""
		}
		for range 9 { // not every frame, which takes longer
			f.Release()
			if f, err = source.Read(t.Context()); err != nil {
				break
			}
		}
		if err == nil {
			f.Release()
		}
	}
}

// Without a window each result says how it came about; --raw saves nothing.
func TestSparedLines(t *testing.T) {
	still := filepath.Join(t.TempDir(), "still.png")
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for i := range img.Pix {
		img.Pix[i] = uint8(i*i/977 + i/320)
	}
	if err := imaging.Save(img, still); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]bool{"--skip still": true, "--skip auto": true, "--skip motion": true, "--skip off": false, "--skip motion --raw": false} {
		var out bytes.Buffer
		all := append([]string{"--headless", "--demo", "emotion", "--source", still, "--loop", "--duration", "1500ms",
			"--models-dir", filepath.Join("..", "models", "trained")}, strings.Fields(args)...)
		if code, stderr := call(t, t.Context(), &out, all...); code != cli.OK || want != strings.Contains(stderr, "the network looked at") {
			t.Errorf("%s: %d: %s", args, code, stderr)
		}
		if got := strings.Contains(out.String(), `"reused":true`); got != want {
			t.Errorf("%s: reused %v, expected %v: %.300s", args, got, want, out.String())
		}
	}
	if code, stderr := call(t, t.Context(), io.Discard, "--headless", "--skip", "everything"); code == cli.OK || !strings.Contains(stderr, "still") {
		t.Errorf("%d: %s", code, stderr)
	}
}
