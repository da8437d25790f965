package recognize

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
)

const testModel = "mobilefacenet_112x96_quant"

// openTask is a task of the published models, closed with the test.
func openTask(t testing.TB, cfg Config) *Task {
	t.Helper()
	task, err := NewTask(openDetector(t), openEmbedder(t, testModel, inference.Options{Delegate: inference.XNNPACK}), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := task.Close(); err != nil {
			t.Error(err)
		}
	})
	return task
}

// enrol makes a gallery of pictures by name.
func enrol(t testing.TB, task *Task, pictures map[string][]string) *Gallery {
	t.Helper()
	var people []Person
	for name, files := range pictures {
		p := Person{ID: name, Name: name}
		for _, file := range files {
			shot, err := task.Examine(testmedia.Frame(t, "media/recognition/"+file))
			if err != nil {
				t.Fatalf("%s: %v (%v)", file, err, shot.Quality)
			}
			p.Vectors = append(p.Vectors, shot.Embedding)
		}
		people = append(people, p)
	}
	g, err := NewGallery(task.Model(), people)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// answer is what the task says of the only face; "" for nothing.
func answer(t testing.TB, out *inference.Result) string {
	t.Helper()
	if len(out.Objects) != 1 {
		t.Fatalf("%d faces", len(out.Objects))
	}
	for _, a := range out.Objects[0].Attributes {
		if a.Name == Attribute {
			return a.Value
		}
	}
	return ""
}

var album = map[string][]string{"Ada": {"img13.jpg", "img14.jpg"}, "Bo": {"img18.jpg"}, "Cy": {"img22.jpg"}}

// People are known in pictures they were not enrolled from, strangers are not.
func TestRecognizes(t *testing.T) {
	for _, every := range []bool{false, true} {
		enrolment := openTask(t, Config{Threshold: thresholds[testModel]})
		g := enrol(t, enrolment, album)
		for file, want := range map[string]string{
			"img15.jpg": "Ada", "img19.jpg": "Bo", "img23.jpg": "Cy", "img3.jpg": Unknown, "img12.jpg": Unknown,
		} {
			task := openTask(t, Config{Threshold: thresholds[testModel], Every: every})
			if err := task.SetGallery(g); err != nil {
				t.Fatal(err)
			}
			var out inference.Result
			tasktest.Process(t, task, testmedia.Frame(t, "media/recognition/"+file), task.NewInput(), &out)
			if got := answer(t, &out); got != want {
				t.Errorf("%s: %q, want %q (%v)", file, got, want, out.Objects[0].Attributes)
			}
			if a := out.Objects[0].Attributes[0]; !(a.Score >= 0 && a.Score <= 1) {
				t.Errorf("%s: score %g", file, a.Score)
			}
		}
	}
}

// A gallery takes effect with the next frame, without another look.
func TestSetGallery(t *testing.T) {
	task := openTask(t, Config{Threshold: thresholds[testModel]})
	f, in, out := testmedia.Frame(t, "media/recognition/img15.jpg"), task.NewInput(), &inference.Result{}
	for range 4 {
		tasktest.Process(t, task, f, in, out)
	}
	if got := answer(t, out); got != Unknown {
		t.Errorf("nobody enrolled: %q", got)
	}
	helper := openTask(t, Config{Threshold: .5})
	for _, want := range []string{"Ada", Unknown} {
		g, err := NewGallery(task.Model(), nil)
		if want != Unknown {
			g, err = enrol(t, helper, album), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := task.SetGallery(g); err != nil {
			t.Fatal(err)
		}
		tasktest.Process(t, task, f, in, out)
		if got := answer(t, out); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	other, err := NewGallery("another", []Person{{"1", "Ada", [][]float32{{1, 0}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := task.SetGallery(other); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("a gallery of another model: %v", err)
	}
}

// Of many faces only a few are looked at in a frame, all of them in the end.
func TestLooksAreBounded(t *testing.T) {
	task := openTask(t, Config{Threshold: .5, MaxPerFrame: 2, MinSize: 20, Settle: 1, Refresh: 1000})
	f, in, out := testmedia.Frame(t, "media/faces/group_16.jpg"), task.NewInput(), &inference.Result{}
	for frame := 1; frame <= 8; frame++ {
		tasktest.Process(t, task, f, in, out)
		told := 0
		for _, o := range out.Objects {
			told += len(o.Attributes)
		}
		if want := min(2*frame, len(out.Objects)); told != want {
			t.Errorf("frame %d: %d of %d faces looked at, want %d", frame, told, len(out.Objects), want)
		}
	}
}

// Faces too small to tell apart are not looked at.
func TestSmallFacesAreLeftAlone(t *testing.T) {
	task := openTask(t, Config{Threshold: .5, MaxPerFrame: 20})
	var out inference.Result
	tasktest.Process(t, task, testmedia.Frame(t, "media/faces/group_8.jpg"), task.NewInput(), &out)
	for _, o := range out.Objects {
		small := min(o.Box.Width(), o.Box.Height()) < 36
		if small != (len(o.Attributes) == 0) {
			t.Errorf("%v: %v", o.Box, o.Attributes)
		}
	}
}

// On video one person keeps one name, known from shots taken on the way.
func TestVideo(t *testing.T) {
	task := openTask(t, Config{Threshold: thresholds[testModel]})
	source, err := camera.Open(t.Context(), testmedia.Path(t, "media/people/test_s.mp4"), camera.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	in, out := task.NewInput(), &inference.Result{}
	var person Person
	known := 0
	for n := 0; ; n++ {
		f, err := source.Read(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n < 40 && n%10 == 0 {
			if shot, err := task.Examine(f); err == nil {
				person.Vectors = append(person.Vectors, shot.Embedding)
			}
		}
		if n == 40 {
			person.ID, person.Name = "1", "Sam"
			g, err := NewGallery(task.Model(), []Person{person})
			if err != nil {
				t.Fatal(err)
			}
			if err := task.SetGallery(g); err != nil {
				t.Fatal(err)
			}
		}
		tasktest.Process(t, task, f, in, out)
		if answer(t, out) == "Sam" {
			known++
		}
		f.Release()
	}
	if len(person.Vectors) < 2 || known < 80 {
		t.Errorf("%d shots, known in %d frames", len(person.Vectors), known)
	}
}

func TestCapture(t *testing.T) {
	task := openTask(t, Config{Threshold: .5})
	f := testmedia.Frame(t, "media/recognition/img15.jpg")
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		in, out := task.NewInput(), &inference.Result{}
		for {
			select {
			case <-stop:
				return
			default:
				tasktest.Process(t, task, f, in, out)
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 {
		shot, err := task.Capture(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if shot.Model != testModel || len(shot.Embedding) != 128 || shot.Portrait.Bounds().Dx() != 112 {
			t.Errorf("shot %+v", shot)
		}
	}
	close(stop)
	running.Wait()

	// Nobody runs the task any more: the context bounds the wait, and so does the task's end.
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for range 2 {
		if _, err := task.Capture(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	}
}

func TestCaptureEndsWithTheTask(t *testing.T) {
	task, err := NewTask(openDetector(t), openEmbedder(t, testModel, inference.Options{}), Config{Threshold: .5})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := task.Capture(t.Context())
		failed <- err
	}()
	if err := task.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

// blind is a detector without landmarks.
type blind struct{ face.Detector }

func (b blind) Detect(in *inference.Input, out *inference.Result) error {
	err := b.Detector.Detect(in, out)
	for i := range out.Objects {
		out.Objects[i].Skeleton = nil
	}
	return err
}

func TestNamesWhatIsWrong(t *testing.T) {
	e := openEmbedder(t, testModel, inference.Options{})
	d := openDetector(t)
	for _, threshold := range []float32{0, 1, -1} {
		if _, err := NewTask(d, e, Config{Threshold: threshold}); err == nil || !strings.Contains(err.Error(), "threshold") {
			t.Errorf("threshold %g: error %v", threshold, err)
		}
	}
	task, err := NewTask(blind{d}, e, Config{Threshold: .5})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	f, in := testmedia.Frame(t, "media/recognition/img3.jpg"), task.NewInput()
	if err := task.Prepare(f, in); err != nil {
		t.Fatal(err)
	}
	if err := task.Run(f, in, &inference.Result{Width: f.Width, Height: f.Height}); err == nil || !strings.Contains(err.Error(), "landmarks") {
		t.Errorf("no landmarks: error %v", err)
	}
	net := openNet(t, "ultralight_face_slim_320", inference.Options{})
	defer net.Close()
	for name, cfg := range map[string]EmbedderConfig{
		"no ID":          {Norm: inference.Uniform(0, 1)},
		"no such output": {Model: "m", Norm: inference.Uniform(0, 1), Output: "embedding"},
		"not a vector":   {Model: "m", Norm: inference.Uniform(0, 1)},
	} {
		if _, err := NewEmbedder(net, cfg); err == nil || !strings.Contains(err.Error(), "ultralight_face_slim_320") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func BenchmarkEmbed(b *testing.B) {
	f := testmedia.Frame(b, "media/recognition/img3.jpg")
	d := openDetector(b)
	defer d.Close()
	l := face.LandmarksOf(&detect(b, d, f)[0])
	for name := range published {
		b.Run(name, func(b *testing.B) {
			e := openEmbedder(b, name, inference.Options{Threads: 1, Delegate: inference.XNNPACK})
			defer e.Close()
			v := make([]float32, e.Len())
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Embed(f, l, v, &inference.Timing{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFrame recognizes one face among a hundred people of five shots.
func BenchmarkFrame(b *testing.B) {
	for name, every := range map[string]bool{"tracked": false, "every": true} {
		b.Run(name, func(b *testing.B) {
			task := openTask(b, Config{Threshold: .5, Every: every})
			f, in, out := testmedia.Frame(b, "media/recognition/img3.jpg"), task.NewInput(), &inference.Result{}
			shot, err := task.Examine(f)
			if err != nil {
				b.Fatal(err)
			}
			people := make([]Person, 100)
			for i := range people {
				people[i] = Person{ID: "p", Name: "p", Vectors: [][]float32{shot.Embedding, shot.Embedding, shot.Embedding, shot.Embedding, shot.Embedding}}
			}
			g, err := NewGallery(task.Model(), people)
			if err != nil {
				b.Fatal(err)
			}
			if err := task.SetGallery(g); err != nil {
				b.Fatal(err)
			}
			tasktest.Process(b, task, f, in, out)
			b.ReportAllocs()
			for b.Loop() {
				tasktest.Process(b, task, f, in, out)
			}
		})
	}
}

// judge takes faces for as alive as it is told.
type judge struct {
	live  float32
	asked int
}

func (j *judge) Live(*frame.Frame, inference.Box, *inference.Timing) (float32, error) {
	j.asked++
	return j.live, nil
}
func (j *judge) Least() float32 { return .5 }
func (j *judge) Close() error   { return nil }

// Where living faces are demanded, nobody is called by name before it is sure
// that they are, nor when they are not; strangers are not asked. One who takes
// the place of a living person is found out within a few looks.
func TestDemand(t *testing.T) {
	enrolment := openTask(t, Config{Threshold: thresholds[testModel]})
	g := enrol(t, enrolment, album)
	present := func(task *Task, file string, frames int) (said []string) {
		in, out := task.NewInput(), &inference.Result{}
		for range frames {
			tasktest.Process(t, task, testmedia.Frame(t, "media/recognition/"+file), in, out)
			said = append(said, answer(t, out))
		}
		return said
	}
	open := func(live float32, cfg Config) (*Task, *judge) {
		cfg.Threshold = thresholds[testModel]
		task, j := openTask(t, cfg), &judge{live: live}
		task.Demand(j)
		if err := task.SetGallery(g); err != nil {
			t.Fatal(err)
		}
		return task, j
	}
	for live, want := range map[float32]string{.9: "Ada", .2: NotLive} {
		task, _ := open(live, Config{Settle: 3})
		if said := present(task, "img15.jpg", 4); said[0] != "" || said[1] != "" || said[2] != want || said[3] != want {
			t.Errorf("live %g: %q", live, said)
		}
		task, _ = open(live, Config{Every: true})
		if said := present(task, "img15.jpg", 1); said[0] != want {
			t.Errorf("live %g, every face: %q", live, said)
		}
	}
	task, j := open(.9, Config{})
	if said := present(task, "img3.jpg", 3); said[2] != Unknown || j.asked > 0 {
		t.Errorf("a stranger: %q, asked %d times", said, j.asked)
	}
	task, j = open(.9, Config{Settle: 1, Refresh: 1})
	if said := present(task, "img15.jpg", 2); said[1] != "Ada" {
		t.Errorf("alive: %q", said)
	}
	j.live = .05
	if said := present(task, "img15.jpg", 3); said[2] != NotLive {
		t.Errorf("then a picture: %q", said)
	}
}
