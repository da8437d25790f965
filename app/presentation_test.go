package app

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/disintegration/imaging"

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/library"
	"reterminal-vision/app/roster"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/recognize"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
)

// presented counts what became of presentations to a recognition that demands
// living faces, in the terms of ISO/IEC 30107-3.
type presented struct {
	all    int
	silent int // no face was found in it: non-response
	named  int // called by the name of whom it shows
	attack int // taken for an attack
}

// TestQualityPresentationAttacks enrols people and presents them to the
// recognition: themselves, and pictures of them on screens and on paper. Without
// the demand the pictures are called by name; with it they are not. The table is
// for people to read, and for `make quality`.
func TestQualityPresentationAttacks(t *testing.T) {
	dir := allModels(t)
	wholePictures(t, dir)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "liveness\tattacks\tno face\tcalled by name (IAPAR)\tAPCER\tbona fide\tno face\tcalled by name\tBPCER")
	number := func(file string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".jpg"))
		return n
	}
	files := func(kind string) []string {
		all, err := filepath.Glob(filepath.Join(testmedia.Path(t, "data/spoof"), kind, "*.jpg"))
		if err != nil || len(all) == 0 {
			t.Fatal("no pictures", err)
		}
		return all
	}
	for _, model := range append([]string{""}, library.Catalogue().Demo("recognition").Liveness...) {
		cfg := config.Config{ModelsDir: dir, Threads: 1, Delegate: inference.XNNPACK, Raw: true, Liveness: model != ""}
		t.Setenv("RTV_PEOPLE", filepath.Join(t.TempDir(), "people.db"))
		task, err := openRecognition(t.Context(), cfg, model)
		if err != nil {
			t.Fatal(err)
		}
		recogniser := task.Recognizer
		first := 20 // those before are enrolled
		if model != "" && own(model) {
			first = 60 // models/train/liveness.py trains on those before
		}
		person := recognize.Person{ID: "1", Name: "Ada"}
		for _, file := range files("real") {
			if number(file) < 20 {
				f := widened(t, file)
				if shot, err := recogniser.Examine(f); err == nil {
					person.Vectors = append(person.Vectors, shot.Embedding)
				}
				f.Release()
			}
		}
		if len(person.Vectors) < 2 {
			t.Fatalf("%d shots for enrolment", len(person.Vectors))
		}
		person.Vectors = person.Vectors[:min(len(person.Vectors), 5)]
		gallery, err := recognize.NewGallery(recogniser.Model(), []recognize.Person{person})
		if err != nil {
			t.Fatal(err)
		}
		if err := recogniser.SetGallery(gallery); err != nil {
			t.Fatal(err)
		}
		present := func(kind string) (p presented) {
			in, out := task.NewInput(), &inference.Result{}
			for _, file := range files(kind) {
				if number(file) < first {
					continue
				}
				p.all++
				f, err := camera.ReadStill(file)
				if err != nil {
					t.Fatal(err)
				}
				tasktest.Process(t, task, f, in, out)
				f.Release()
				answer := ""
				for _, o := range out.Objects {
					for _, a := range o.Attributes {
						answer = a.Value
					}
				}
				switch answer {
				case "":
					p.silent++
				case person.Name:
					p.named++
				case recognize.NotLive:
					p.attack++
				}
			}
			return p
		}
		fake, real := present("fake"), present("real")
		task.Close()
		title := model
		if model == "" {
			title = "not demanded"
		}
		// Of those who are somebody known: only they are asked whether they are alive.
		apcer, bpcer := ratio(fake.named, fake.named+fake.attack), ratio(real.attack, real.named+real.attack)
		fmt.Fprintf(table, "%s\t%d\t%d\t%.3f\t%.3f\t%d\t%d\t%.3f\t%.3f\n", title, fake.all, fake.silent, ratio(fake.named, fake.all), apcer,
			real.all, real.silent, ratio(real.named, real.all), bpcer)
		switch {
		case model == "" && (fake.named == 0 || fake.attack+real.attack > 0):
			t.Errorf("without the demand: %+v, %+v", fake, real)
		case strings.HasPrefix(model, "minifas") && (apcer > .05 || bpcer > .4):
			t.Errorf("%s: APCER %.3f, BPCER %.3f", model, apcer, bpcer)
		}
	}
}

// wholePictures presents photographs of somebody on paper and on a telephone,
// with all that is round them, who could not be more alike to whom is enrolled:
// they are enrolled from the very photographs.
func wholePictures(t *testing.T, dir string) {
	for demand, want := range map[bool]string{false: "Ada", true: recognize.NotLive} {
		task, err := openRecognition(t.Context(), config.Config{ModelsDir: dir, Threads: 1, Delegate: inference.XNNPACK, Raw: true, Liveness: demand}, "")
		if err != nil {
			t.Fatal(err)
		}
		recogniser := task.Task.(*recognize.Task)
		presented := 0
		for _, name := range []string{"F1", "F2"} {
			shot, err := recogniser.Examine(testmedia.Frame(t, "media/spoof/image_"+name+".jpg"))
			if err != nil {
				t.Logf("%s is not fit to be enrolled: %v", name, err)
				continue
			}
			gallery, err := recognize.NewGallery(recogniser.Model(), []recognize.Person{{ID: "1", Name: "Ada", Vectors: [][]float32{shot.Embedding}}})
			if err == nil {
				err = recogniser.SetGallery(gallery)
			}
			if err != nil {
				t.Fatal(err)
			}
			presented++
			in, out := task.NewInput(), &inference.Result{}
			tasktest.Process(t, task, testmedia.Frame(t, "media/spoof/image_"+name+".jpg"), in, out)
			if got := fmt.Sprint(out.Objects); !strings.Contains(got, want) {
				t.Errorf("demanded %v, %s: %s, want %s", demand, name, got, want)
			}
		}
		if presented == 0 {
			t.Error("no photograph was presented")
		}
		task.Close()
	}
}

// openRecognition opens the recognition with this network for liveness.
func openRecognition(ctx context.Context, cfg config.Config, liveness string) (*demo.Task, error) {
	demo := library.Catalogue().Demo("recognition")
	kept := demo.Liveness
	defer func() { demo.Liveness = kept }()
	if liveness != "" {
		demo.Liveness = []string{liveness}
	}
	return roster.OpenDemo(ctx, cfg, "recognition")
}

// widened reads a tight crop of a face as part of a picture with a quarter more
// on each side, which mirrors it: faces that are cut off are not enrolled.
func widened(t *testing.T, file string) *frame.Frame {
	t.Helper()
	img, err := imaging.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	x, y := w/4, h/4
	mirrored := func(v, more, size int) int {
		v -= more
		if v < 0 {
			v = -v
		}
		if v >= size {
			v = 2*size - 2 - v
		}
		return v
	}
	wide := image.NewNRGBA(image.Rect(0, 0, w+2*x, h+2*y))
	for j := range h + 2*y {
		for i := range w + 2*x {
			wide.Set(i, j, img.At(mirrored(i, x, w), mirrored(j, y, h)))
		}
	}
	padded := filepath.Join(t.TempDir(), "padded.jpg")
	if err := imaging.Save(wide, padded, imaging.JPEGQuality(98)); err != nil {
		t.Fatal(err)
	}
	f, err := camera.ReadStill(padded)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// BenchmarkLiveness is a frame of recognition with one known face that is looked
// at in every frame, with the demand and without; in a demo it is one in ten.
func BenchmarkLiveness(b *testing.B) {
	dir := b.TempDir()
	for _, model := range []string{"minifas_128_float16", "ultralight_face_landmark", "mobilefacenet_112x96_quant"} {
		if err := os.Symlink(testmedia.Path(b, "models/"+model+".tflite"), filepath.Join(dir, model+".tflite")); err != nil {
			b.Fatal(err)
		}
	}
	for _, demand := range []bool{false, true} {
		b.Run(fmt.Sprint("demand=", demand), func(b *testing.B) {
			task, err := openRecognition(b.Context(), config.Config{ModelsDir: dir, Threads: 1, Delegate: inference.XNNPACK, Raw: true, Liveness: demand}, "")
			if err != nil {
				b.Fatal(err)
			}
			defer task.Close()
			recogniser := task.Task.(*recognize.Task)
			f := testmedia.Frame(b, "media/recognition/img15.jpg")
			shot, err := recogniser.Examine(f)
			if err != nil {
				b.Fatal(err)
			}
			gallery, err := recognize.NewGallery(recogniser.Model(), []recognize.Person{{ID: "1", Name: "Ada", Vectors: [][]float32{shot.Embedding}}})
			if err == nil {
				err = recogniser.SetGallery(gallery)
			}
			if err != nil {
				b.Fatal(err)
			}
			in, out := task.NewInput(), &inference.Result{}
			b.ReportAllocs()
			for b.Loop() {
				tasktest.Process(b, task, f, in, out)
			}
		})
	}
}
