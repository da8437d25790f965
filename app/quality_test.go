package app

import (
	"archive/tar"
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/attribute"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

// TestQuality measures the demos' models on labelled pictures, each through
// the app's own way from a picture to results, and prints a table. It passes
// whatever the figures are: they are for people to read. `make quality` runs it.
func TestQuality(t *testing.T) {
	if os.Getenv("RTV_QUALITY") == "" {
		t.Skip("takes minutes: run make quality")
	}
	q := &quality{t: t, dir: allModels(t), out: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(q.out, "model\tset\tpictures\tfigure\tvalue")
	q.detection()
	q.segmentation()
	q.lungs()
	q.belt()
	q.ages()
	q.genders()
	q.emotion()
	q.liveness()
	q.out.Flush()
}

type quality struct {
	t   *testing.T
	dir string // with all models
	out *tabwriter.Writer
}

// allModels is a folder with the published models and this project's own.
func allModels(t *testing.T) string {
	dir := t.TempDir()
	for _, from := range []string{testmedia.Path(t, "models"), filepath.Join(testmedia.Project(), "models", "trained")} {
		files, _ := filepath.Glob(filepath.Join(from, "*.tflite"))
		for _, f := range files {
			if err := os.Symlink(f, filepath.Join(dir, filepath.Base(f))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func (q *quality) row(model, set string, pictures int, figure string, format string, values ...any) {
	fmt.Fprintf(q.out, "%s\t%s\t%d\t%s\t%s\n", model, set, pictures, figure, fmt.Sprintf(format, values...))
}

// open loads a demo with these models, plain: nothing smoothed.
func (q *quality) open(demo, choice string) *demoTask {
	q.t.Helper()
	cfg := Config{ModelsDir: q.dir, Model: choice, Threads: 2, Delegate: inference.XNNPACK, Plain: true}
	task, err := openDemo(cfg, demo)
	if err != nil {
		q.t.Fatal(err)
	}
	return task
}

// look runs a task on one picture.
func (q *quality) look(task inference.Task, in *inference.Input, f *camera.Frame, out *inference.Result) {
	q.t.Helper()
	out.Reset()
	out.Width, out.Height = f.Width, f.Height
	if err := task.Prepare(f, in); err != nil {
		q.t.Fatal(err)
	}
	if err := task.Run(f, in, out); err != nil {
		q.t.Fatal(err)
	}
}

func (q *quality) still(path string) *camera.Frame {
	q.t.Helper()
	f, err := camera.ReadStill(path)
	if err != nil {
		q.t.Fatal(err)
	}
	return f
}

func (q *quality) glob(pattern string) []string {
	q.t.Helper()
	files, err := filepath.Glob(filepath.Join(testmedia.Root(), pattern))
	if err != nil || len(files) == 0 {
		q.t.Fatalf("no files %s: %v", pattern, err)
	}
	return files
}

// cocoVehicles are the vehicles among COCO's 80 classes.
var cocoVehicles = map[int]string{1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}

type truth struct {
	box   inference.Box
	label string
	found bool
}

// detection matches vehicles at IoU 0.5, best score first.
func (q *quality) detection() {
	for _, model := range models.Default().Demo("vehicles").Models {
		if models.Default().Model(model).Task == "ssd-anchors" {
			continue // its labels are not COCO's
		}
		task := q.open("vehicles", model)
		in, out := task.NewInput(), &inference.Result{}
		files, which := q.glob("media/traffic/coco128/*.jpg"), "COCO pictures"
		if models.Default().Model(model).URL == "" { // trained on every other one by models/train/vehicle.py
			var held []string
			for i := 1; i < len(files); i += 2 {
				held = append(held, files[i])
			}
			files, which = held, "COCO pictures held out"
		}
		var boxes, large, foundLarge, found, hits, all int
		for _, file := range files {
			f := q.still(file)
			truths := readYOLO(q.t, strings.TrimSuffix(file, ".jpg")+".txt", f.Width, f.Height)
			q.look(task, in, f, out)
			all += len(out.Objects)
			for i := range out.Objects {
				if claim(truths, &out.Objects[i]) {
					hits++
				}
			}
			for _, tr := range truths {
				boxes++
				isLarge := tr.box.Area() >= float32(f.Width*f.Height)/50
				if isLarge {
					large++
				}
				if tr.found {
					found++
					if isLarge {
						foundLarge++
					}
				}
			}
			f.Release()
		}
		task.Close()
		set := fmt.Sprintf("%s, %d vehicles", which, boxes)
		q.row(model, set, len(files), "precision, recall at IoU 0.5", "%.2f, %.2f", ratio(hits, all), ratio(found, boxes))
		q.row(model, set, len(files), fmt.Sprintf("recall of the %d of 2 %% of the picture or more", large), "%.2f", ratio(foundLarge, large))
	}
}

// claim takes the true box of the object's class that it overlaps most.
func claim(truths []truth, o *inference.Object) bool {
	best := -1
	for i := range truths {
		if !truths[i].found && truths[i].label == o.Label && inference.IoU(truths[i].box, o.Box) >= .5 &&
			(best < 0 || inference.IoU(truths[i].box, o.Box) > inference.IoU(truths[best].box, o.Box)) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	truths[best].found = true
	return true
}

// readYOLO reads lines of class, centre and size, as parts of the picture.
func readYOLO(t *testing.T, file string, w, h int) (truths []truth) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var class int
		var x, y, bw, bh float32
		if _, err := fmt.Sscan(s.Text(), &class, &x, &y, &bw, &bh); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if label, ok := cocoVehicles[class]; ok {
			fw, fh := float32(w), float32(h)
			truths = append(truths, truth{label: label, box: inference.Box{
				X0: (x - bw/2) * fw, Y0: (y - bh/2) * fh, X1: (x + bw/2) * fw, Y1: (y + bh/2) * fh,
			}})
		}
	}
	return truths
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// segmentation compares masks at the truth's resolution.
func (q *quality) segmentation() {
	for _, model := range models.Default().Demo("scene").Models {
		for _, c := range []struct {
			picture, mask, label string
			isObject             func(color.Color) bool
		}{
			{"bird_segmentation.bmp", "bird_segmentation_mask.bmp", "bird", func(c color.Color) bool { return grey(c) == 3 }},
			{"dog_segmentation.bmp", "dog_segmentation_mask.bmp", "dog", func(c color.Color) bool { return grey(c) == 0 }},
		} {
			iou := q.maskIoU("scene", model, filepath.Join("media/objects", c.picture), filepath.Join("media/objects", c.mask), c.label, c.isObject)
			q.row(model, c.label+" picture", 1, "mask IoU", "%.3f", iou)
		}
	}
}

// lungsHeldOut are the X-rays that models/train/lung.py does not train on.
var lungsHeldOut = []string{"004", "014", "035", "036", "039", "041", "043", "044", "048", "051", "052", "057", "062", "079", "081", "086"}

func (q *quality) lungs() {
	white := func(c color.Color) bool { return grey(c) > 127 }
	for _, model := range models.Default().Demo("lungs").Models {
		sum := 0.
		for _, n := range lungsHeldOut {
			sum += q.maskIoU("lungs", model, "data/lung/"+n+".png", "data/lung/"+n+"_mask.png", "lung", white)
		}
		q.row(model, "X-rays held out", len(lungsHeldOut), "mean mask IoU", "%.3f", sum/float64(len(lungsHeldOut)))
		sum = 0
		for _, n := range []string{"1", "2", "3", "4"} {
			sum += q.maskIoU("lungs", model, "media/lung/"+n+".jpg", "media/lung/"+n+"-mask.png", "lung", white)
		}
		q.row(model, "X-rays of another source, the heart masked out", 4, "mean mask IoU", "%.3f", sum/4)
	}
}

// belt asks about the two pictures of a source not trained on; what is held out
// of the other one is measured by models/train/belt.py, which knows its scenes.
func (q *quality) belt() {
	for _, model := range models.Default().Demo("belt").Models {
		task := q.open("belt", model)
		in, out, right := task.NewInput(), &inference.Result{}, 0
		for picture, want := range map[string]string{"damage": "damaged", "no_damage": "intact"} {
			f := q.still(testmedia.Path(q.t, "media/belt/"+picture+".jpeg"))
			q.look(task, in, f, out)
			f.Release()
			if out.Classes[0].Label == want {
				right++
			}
		}
		task.Close()
		q.row(model, "belts of another source", 2, "accuracy", "%.2f", ratio(right, 2))
	}
}

func grey(c color.Color) uint8 { return color.GrayModel.Convert(c).(color.Gray).Y }

func (q *quality) maskIoU(demo, model, picture, mask, label string, isObject func(color.Color) bool) float64 {
	task := q.open(demo, model)
	defer task.Close()
	f, m := q.still(testmedia.Path(q.t, picture)), q.still(testmedia.Path(q.t, mask))
	defer f.Release()
	defer m.Release()
	img := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
	if err := camera.ToRGBA(img, m); err != nil {
		q.t.Fatal(err)
	}
	out := &inference.Result{}
	q.look(task, task.NewInput(), f, out)
	var both, either int
	for y := range m.Height {
		for x := range m.Width {
			cell := out.Mask.Class[y*out.Mask.Height/m.Height*out.Mask.Width+x*out.Mask.Width/m.Width]
			got, want := out.Mask.Labels[cell] == label, isObject(img.At(x, y))
			if got && want {
				both++
			}
			if got || want {
				either++
			}
		}
	}
	return ratio(both, either)
}

// head loads one second-stage network alone.
func (q *quality) head(id string) attribute.Head {
	q.t.Helper()
	model := models.Default().Model(id)
	b := &builder{cfg: Config{ModelsDir: q.dir, Threads: 2, Delegate: inference.XNNPACK}}
	net, err := b.open(model)
	if err != nil {
		q.t.Fatal(err)
	}
	head, err := attribute.NewNetwork(net, headConfig(model))
	if err != nil {
		q.t.Fatal(err)
	}
	return head
}

// whole asks a head about a picture that is nothing but a face.
func (q *quality) whole(head attribute.Head, f *camera.Frame) []float32 {
	q.t.Helper()
	questions, n := head.Questions(), 0
	for i := range questions {
		n += questions[i].Len()
	}
	p := make([]float32, n)
	var timing inference.Timing
	if err := head.Infer(f, inference.Box{X1: float32(f.Width), Y1: float32(f.Height)}, p, &timing); err != nil {
		q.t.Fatal(err)
	}
	return p
}

// pictures reads every nth picture of an archive.
func (q *quality) pictures(archive string, nth int, yield func(name string, f *camera.Frame)) {
	q.t.Helper()
	file, err := os.Open(testmedia.Path(q.t, archive))
	if err != nil {
		q.t.Fatal(err)
	}
	defer file.Close()
	decoder, err := camera.NewDecoder()
	if err != nil {
		q.t.Fatal(err)
	}
	defer decoder.Close()
	pool, seen := &camera.Pool{}, 0
	for r := tar.NewReader(file); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			q.t.Fatal(err)
		}
		if filepath.Ext(h.Name) != ".jpg" {
			continue
		}
		if seen++; seen%nth != 0 {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			q.t.Fatal(err)
		}
		f, err := decoder.DecodeRGB(data, pool)
		if err != nil {
			continue
		}
		yield(h.Name, f)
		f.Release()
	}
}

const utkface = "UTKFace crops (these networks were trained on UTKFace)"

// utkfaceLabel reads age and gender (0 male, 1 female) from a file's name.
func utkfaceLabel(name string) (age float64, gender int, ok bool) {
	parts := strings.Split(filepath.Base(name), "_")
	if len(parts) < 3 {
		return 0, 0, false
	}
	years, err1 := strconv.Atoi(parts[0])
	gender, err2 := strconv.Atoi(parts[1])
	return float64(years), gender, err1 == nil && err2 == nil && gender >= 0 && gender <= 1
}

func (q *quality) ages() {
	for _, id := range models.Default().Demo("age-gender").Heads[0] {
		head, n, sum := q.head(id), 0, 0.0
		q.pictures("data/utkface.tar", 40, func(name string, f *camera.Frame) {
			if age, _, ok := utkfaceLabel(name); ok {
				n++
				sum += math.Abs(float64(q.whole(head, f)[0]) - age)
			}
		})
		head.Close()
		q.row(id, utkface, n, "mean error, years", "%.1f", sum/float64(n))
	}
}

func (q *quality) genders() {
	for _, id := range models.Default().Demo("age-gender").Heads[1] {
		head, n, right := q.head(id), 0, 0
		q.pictures("data/utkface.tar", 40, func(name string, f *camera.Frame) {
			if _, gender, ok := utkfaceLabel(name); ok {
				n++
				if p := q.whole(head, f); (p[1] > p[0]) == (gender == 1) {
					right++
				}
			}
		})
		head.Close()
		q.row(id, utkface, n, "accuracy", "%.3f", ratio(right, n))
	}
}

// emotionOf maps the folders' names to the network's labels.
var emotionOf = map[string]string{
	"happy": "happiness", "sad": "sadness", "sadness": "sadness", "neutral": "neutral", "angry": "anger", "anger": "anger",
	"fear": "fear", "surprise": "surprise", "disgust": "disgust", "contempt": "contempt",
}

// confusion counts answers by true label.
type confusion map[string]map[string]int

func (c confusion) add(want, got string) {
	if c[want] == nil {
		c[want] = map[string]int{}
	}
	c[want][got]++
}

func (q *quality) emotion() {
	for _, id := range models.Default().Demo("emotion").Heads[0] {
		head := q.head(id)
		labels := head.Questions()[0].Labels
		guess := func(f *camera.Frame) string {
			p := q.whole(head, f)
			return labels[slices.Index(p, slices.Max(p))]
		}
		ck, fer := confusion{}, confusion{}
		for _, file := range q.glob("media/emotion/*/*.png") {
			f := q.still(file)
			ck.add(emotionOf[filepath.Base(filepath.Dir(file))], guess(f))
			f.Release()
		}
		q.pictures("data/fer2013.tar", 20, func(name string, f *camera.Frame) {
			fer.add(emotionOf[filepath.Base(filepath.Dir(name))], guess(f))
		})
		head.Close()
		q.confusion(id, "CK+ crops", ck)
		q.confusion(id, "FER2013 crops (may be in its training set)", fer)
	}
}

func (q *quality) confusion(model, set string, c confusion) {
	right, all := 0, 0
	var names []string
	for want, row := range c {
		names = append(names, want)
		for got, n := range row {
			all += n
			if got == want {
				right += n
			}
		}
	}
	q.row(model, set, all, "accuracy", "%.3f", ratio(right, all))
	slices.Sort(names)
	for _, want := range names {
		n := 0
		var gots []string
		for got, k := range c[want] {
			n += k
			gots = append(gots, got)
		}
		slices.SortFunc(gots, func(a, b string) int {
			return cmp.Or(cmp.Compare(c[want][b], c[want][a]), cmp.Compare(a, b))
		})
		var parts []string
		for _, got := range gots[:min(3, len(gots))] {
			parts = append(parts, fmt.Sprintf("%s %d", got, c[want][got]))
		}
		q.row(model, set, n, want+" taken for", "%s", strings.Join(parts, ", "))
	}
}

// liveness runs the whole demo: the crop needs the surroundings of a face.
func (q *quality) liveness() {
	for _, id := range models.Default().Demo("anti-spoofing").Heads[0] {
		task := q.open("anti-spoofing", id)
		in, out := task.NewInput(), &inference.Result{}
		for _, kind := range []string{"real", "fake"} {
			answers, noFace := map[string]int{}, 0
			files := q.glob("data/spoof/" + kind + "/*")
			for _, file := range files {
				f := q.still(file)
				q.look(task, in, f, out)
				f.Release()
				if len(out.Objects) == 0 || len(out.Objects[0].Attributes) == 0 {
					noFace++
					continue
				}
				answers[out.Objects[0].Attributes[0].Value]++
			}
			q.row(id, "face crops, "+kind, len(files), "live, spoof, unsure, no face found", "%d, %d, %d, %d",
				answers["live"], answers["spoof"], answers["unsure"], noFace)
		}
		task.Close()
	}
}
