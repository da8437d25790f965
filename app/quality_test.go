package app

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	bin "encoding/binary"
	"encoding/json"
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

	"reterminal-vision/app/config"
	"reterminal-vision/app/demo"
	"reterminal-vision/app/roster"
	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/attribute"
	"reterminal-vision/inference/tasktest"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

// TestQuality measures the demos' models on labelled pictures, each through
// the app's own way from a picture to results, and prints a table. It passes
// whatever the figures are: they are for people to read. `make quality` runs it;
// a part alone leaves the other figures in RTV_ACCURACY as they are.
func TestQuality(t *testing.T) {
	if os.Getenv("RTV_QUALITY") == "" {
		t.Skip("takes minutes: run make quality")
	}
	q := &quality{t: t, dir: allModels(t), out: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0), accuracy: map[string][]models.Accuracy{}}
	q.readHeldOut()
	fmt.Fprintln(q.out, "model\tset\tpictures\tfigure\tvalue")
	for _, part := range []struct {
		name    string
		measure func()
	}{
		{"objects", q.detection}, {"vehicles", q.vehicles}, {"scene", q.segmentation}, {"lungs", q.lungs}, {"belts", q.belt},
		{"ages", q.ages}, {"genders", q.genders}, {"emotion", q.emotion}, {"liveness", q.liveness}, {"faces", q.faces},
	} {
		t.Run(part.name, func(t *testing.T) {
			q.t = t
			part.measure()
		})
	}
	q.out.Flush()
	if file := os.Getenv("RTV_ACCURACY"); file != "" {
		q.writeAccuracy(file)
	}
}

type quality struct {
	t   *testing.T
	dir string // with all models
	out *tabwriter.Writer
	// accuracy is what the catalogue tells, by model.
	accuracy map[string][]models.Accuracy
	// held is what no training step of models/train saw, by models/train/held_out.py.
	held struct {
		FERPlus         map[string]string // emotions
		Belt            [][5]any
		Faces, Vehicles map[string][][4]float32
	}
}

func (q *quality) readHeldOut() {
	q.t.Helper()
	text, err := os.ReadFile("testdata/held_out.json")
	if err == nil {
		err = json.Unmarshal(text, &q.held)
	}
	if err != nil {
		q.t.Fatal(err)
	}
}

// own reports whether this project trained the model.
func own(id string) bool {
	return models.Default().Model(id).URL == "" && strings.HasPrefix(models.Default().Model(id).Source, "This project")
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

// tell has the catalogue tell a figure.
func (q *quality) tell(model, figure string, value float64, less bool, on string) {
	q.accuracy[model] = append(q.accuracy[model], models.Accuracy{Figure: figure, Value: math.Round(1e4*value) / 1e4, Less: less, On: on})
}

// writeAccuracy writes what was measured; what is known of other networks
// stays.
func (q *quality) writeAccuracy(file string) {
	q.t.Helper()
	all := map[string][]models.Accuracy{}
	if text, err := os.ReadFile(file); err != nil || json.Unmarshal(text, &all) != nil {
		q.t.Fatalf("%s cannot be read: %v", file, err)
	}
	for id, figures := range all {
		if q.accuracy[id] == nil { // stated, or measured by another test
			q.accuracy[id] = figures
		}
	}
	text, err := json.MarshalIndent(q.accuracy, "", " ")
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		q.t.Fatal(err)
	}
}

// open loads a demo with these models, plain: nothing smoothed.
func (q *quality) open(demo, choice string) *demo.Task {
	q.t.Helper()
	cfg := config.Config{ModelsDir: q.dir, Model: choice, Threads: 2, Delegate: inference.XNNPACK, Raw: true}
	task, err := roster.OpenDemo(q.t.Context(), cfg, demo)
	if err != nil {
		q.t.Fatal(err)
	}
	return task
}

func (q *quality) still(path string) *frame.Frame {
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
		if own(model) { // trained on every other one by models/train/vehicle.py
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
			tasktest.Process(q.t, task, f, in, out)
			all += len(out.Objects)
			for i := range out.Objects {
				if claim(truths, &out.Objects[i], .5) {
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

// vehicles measures AP50 on photographs that no network of this project learned
// from. Vehicles below 0.5 % of the picture count neither way.
func (q *quality) vehicles() {
	for _, id := range models.Default().Demo("vehicles").Models {
		if models.Default().Model(id).Task == "ssd-anchors" {
			continue
		}
		cfg := config.Config{ModelsDir: q.dir, Model: id, Threads: 2, Delegate: inference.XNNPACK, Raw: true, Threshold: .01}
		task, err := roster.OpenDemo(q.t.Context(), cfg, "vehicles")
		if err != nil {
			q.t.Fatal(err)
		}
		in, out := task.NewInput(), &inference.Result{}
		type find struct {
			score float32
			right bool
		}
		var finds []find
		there := 0
		for file, boxes := range q.held.Vehicles {
			f := q.still(testmedia.Path(q.t, file))
			least := float32(f.Width*f.Height) / 200
			truths := make([]truth, len(boxes))
			for i, b := range boxes {
				truths[i] = truth{label: "vehicle", box: inference.Box{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3]}}
				if truths[i].box.Area() >= least {
					there++
				}
			}
			tasktest.Process(q.t, task, f, in, out)
			f.Release()
			slices.SortFunc(out.Objects, func(a, b inference.Object) int { return cmp.Compare(b.Score, a.Score) })
			for i := range out.Objects {
				o := &out.Objects[i]
				o.Label = "vehicle"
				before := slices.Clone(truths)
				right := claim(truths, o, .5)
				small := false
				for k := range truths {
					small = small || truths[k].found && !before[k].found && truths[k].box.Area() < least
				}
				if !small {
					finds = append(finds, find{o.Score, right})
				}
			}
		}
		task.Close()
		slices.SortStableFunc(finds, func(a, b find) int { return cmp.Compare(b.score, a.score) })
		right, ap, best := 0, 0.0, 0.0
		for _, f := range finds {
			if f.right {
				right++
			}
		}
		// Precision made falling, from the least sure on: as Pascal VOC has it since 2010.
		for n := len(finds); n > 0; n-- {
			best = max(best, ratio(right, n))
			if finds[n-1].right {
				ap += best
				right--
			}
		}
		q.row(id, fmt.Sprintf("photographs held out, %d vehicles", there), len(q.held.Vehicles), "AP50", "%.3f", ap/float64(there))
		q.tell(id, "vehicles, AP50", ap/float64(there), false, fmt.Sprintf("%d vehicles in %d photographs", there, len(q.held.Vehicles)))
	}
}

// claim takes the true box of the object's class that it overlaps most; a
// network that knows no kinds of vehicles may name any of them.
func claim(truths []truth, o *inference.Object, least float32) bool {
	best := -1
	for i := range truths {
		if !truths[i].found && (truths[i].label == o.Label || o.Label == "vehicle") && inference.IoU(truths[i].box, o.Box) >= least &&
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
		sum := 0.
		for _, c := range []struct {
			picture, mask, label string
			isObject             func(color.Color) bool
		}{
			{"bird_segmentation.bmp", "bird_segmentation_mask.bmp", "bird", func(c color.Color) bool { return grey(c) == 3 }},
			{"dog_segmentation.bmp", "dog_segmentation_mask.bmp", "dog", func(c color.Color) bool { return grey(c) == 0 }},
		} {
			iou := q.maskIoU("scene", model, testmedia.Path(q.t, "media/objects/"+c.picture), testmedia.Path(q.t, "media/objects/"+c.mask), c.label, c.isObject)
			q.row(model, c.label+" picture", 1, "mask IoU", "%.3f", iou)
			sum += iou
		}
		q.tell(model, "scene, mask IoU", sum/2, false, "2 photographs")
	}
}

// leftOut reports whether the recipes of models/train leave this share of what
// has names out, and this name with it: share_of in recipe.py.
func leftOut(name string, share float64) bool {
	sum := sha256.Sum256([]byte(name))
	return float64(bin.BigEndian.Uint32(sum[:]))/(1<<32) < share
}

// lungs measures the X-rays that models/train/lung.py does not train on.
func (q *quality) lungs() {
	white := func(c color.Color) bool { return grey(c) > 127 }
	folder := q.unpacked("data/lung.tar.gz")
	for _, set := range []struct {
		name, masks, picture string
		sources              map[string]string // by how names begin, as the recipe calls them
		share                float64
		tell                 bool
	}{
		{"X-rays of Shenzhen and Montgomery left out", filepath.Join(folder, "lung", "*_mask.png"), "_mask.png .jpg",
			map[string]string{"CHNCXR": "Shenzhen", "MCUCXR": "Montgomery"}, .1, true},
		{"X-rays of COVID-19 left out", testmedia.Path(q.t, "data/lung") + "/*_mask.png", "_mask.png .png", map[string]string{"": "COVID-19"}, .2, false},
		{"X-rays of another source", testmedia.Path(q.t, "media/lung") + "/*-mask.png", "-mask.png .jpg", map[string]string{"": ""}, 1, false},
	} {
		masks, err := filepath.Glob(set.masks)
		if err != nil {
			q.t.Fatal(err)
		}
		ends := strings.Fields(set.picture)
		masks = slices.DeleteFunc(masks, func(path string) bool {
			name := strings.TrimSuffix(filepath.Base(path), ends[0])
			for begins, source := range set.sources {
				if strings.HasPrefix(name, begins) && leftOut(source+name, set.share) {
					return false
				}
			}
			return true
		})
		for _, model := range models.Default().Demo("lungs").Models {
			sum := 0.
			for _, mask := range masks {
				sum += q.maskIoU("lungs", model, strings.TrimSuffix(mask, ends[0])+ends[1], mask, "lung", white)
			}
			q.row(model, set.name, len(masks), "mean mask IoU", "%.3f", sum/float64(len(masks)))
			if set.tell {
				q.tell(model, "lungs, mask IoU", sum/float64(len(masks)), false, fmt.Sprintf("%d X-rays held out", len(masks)))
			}
		}
	}
}

// unpacked is a folder with the files of a compressed archive.
func (q *quality) unpacked(archive string) string {
	q.t.Helper()
	file, err := os.Open(testmedia.Path(q.t, archive))
	if err != nil {
		q.t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		q.t.Fatal(err)
	}
	folder := q.t.TempDir()
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return folder
		}
		if err == nil && h.Typeflag == tar.TypeReg && filepath.IsLocal(h.Name) {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.MkdirAll(filepath.Join(folder, filepath.Dir(h.Name)), 0o755)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, h.Name), data, 0o644)
			}
		}
		if err != nil {
			q.t.Fatal(err)
		}
	}
}

// belt asks about crops of scenes that were not trained on, and about the two
// pictures of another source.
func (q *quality) belt() {
	crops := q.beltCrops()
	for _, model := range models.Default().Demo("belt").Models {
		task := q.open("belt", model)
		in, out, right := task.NewInput(), &inference.Result{}, 0
		for picture, want := range map[string]string{"damage": "damaged", "no_damage": "intact"} {
			f := q.still(testmedia.Path(q.t, "media/belt/"+picture+".jpeg"))
			tasktest.Process(q.t, task, f, in, out)
			f.Release()
			if out.Classes[0].Label == want {
				right++
			}
		}
		var all, correct [2]int
		for _, c := range crops {
			tasktest.Process(q.t, task, c.frame, in, out)
			all[c.damaged]++
			if out.Classes[0].Label == []string{"intact", "damaged"}[c.damaged] {
				correct[c.damaged]++
			}
		}
		task.Close()
		balanced := (ratio(correct[0], all[0]) + ratio(correct[1], all[1])) / 2
		q.row(model, "crops of belts, scenes held out", len(crops), "balanced accuracy", "%.3f", balanced)
		q.tell(model, "belts, balanced accuracy", balanced, false, fmt.Sprintf("%d crops of scenes held out", len(crops)))
		q.row(model, "belts of another source", 2, "accuracy", "%.2f", ratio(right, 2))
	}
}

type beltCrop struct {
	frame   *frame.Frame
	damaged int
}

// beltCrops cuts the held-out crops out of their pictures.
func (q *quality) beltCrops() (crops []beltCrop) {
	wanted := map[string][][5]any{}
	for _, c := range q.held.Belt {
		wanted[c[0].(string)] = append(wanted[c[0].(string)], c)
	}
	q.pictures("data/belt.tar", 1, func(name string, f *frame.Frame) {
		for _, c := range wanted[name] {
			crop := beltCrop{frame: cut(f, int(c[1].(float64)), int(c[2].(float64)), int(c[3].(float64)))}
			if c[4].(bool) {
				crop.damaged = 1
			}
			crops = append(crops, crop)
		}
	})
	return crops
}

// cut copies a square of an RGB frame.
func cut(f *frame.Frame, x, y, side int) *frame.Frame {
	var pool frame.Pool
	out := pool.Get(frame.RGB24, side, side)
	for row := range side {
		from := f.Planes[0][(y+row)*f.Stride[0]+3*x:]
		copy(out.Planes[0][row*out.Stride[0]:], from[:3*side])
	}
	return out
}

func grey(c color.Color) uint8 { return color.GrayModel.Convert(c).(color.Gray).Y }

func (q *quality) maskIoU(demo, model, picture, mask, label string, isObject func(color.Color) bool) float64 {
	task := q.open(demo, model)
	defer task.Close()
	f, m := q.still(picture), q.still(mask)
	defer f.Release()
	defer m.Release()
	img := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
	if err := frame.ToRGBA(img, m); err != nil {
		q.t.Fatal(err)
	}
	out := &inference.Result{}
	tasktest.Process(q.t, task, f, task.NewInput(), out)
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
	net, _, err := demo.OpenModel(q.t.Context(), config.Config{ModelsDir: q.dir, Delegate: inference.XNNPACK}, 2, model)
	if err != nil {
		q.t.Fatal(err)
	}
	head, err := attribute.NewNetwork(net, attribute.Configure(&model.Network))
	if err != nil {
		q.t.Fatal(err)
	}
	return head
}

// whole asks a head about a picture that is cropped as its network wants it.
func (q *quality) whole(id string, head attribute.Head, f *frame.Frame) []float32 {
	q.t.Helper()
	// The box round which the head's margin ends at the picture's edge.
	inset := float32(f.Width) * (1 - 1/(1+2*attribute.SpecOf(&models.Default().Model(id).Network).Margin)) / 2
	box := inference.Box{X0: inset, Y0: inset, X1: float32(f.Width) - inset, Y1: float32(f.Height) - inset}
	questions, n := head.HeadOutputs(), 0
	for i := range questions {
		n += questions[i].Len()
	}
	p := make([]float32, n)
	var timing inference.Timing
	if err := head.Infer(f, box, p, &timing); err != nil {
		q.t.Fatal(err)
	}
	return p
}

// pictures reads every nth picture of an archive.
func (q *quality) pictures(archive string, nth int, yield func(name string, f *frame.Frame)) {
	q.t.Helper()
	file, err := os.Open(testmedia.Path(q.t, archive))
	if err != nil {
		q.t.Fatal(err)
	}
	defer file.Close()
	decoder, err := frame.NewDecoder()
	if err != nil {
		q.t.Fatal(err)
	}
	defer decoder.Close()
	pool, seen := &frame.Pool{}, 0
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

// labelled yields pictures of a data set that the network did not learn from,
// and what to call them; of a published network that is not known.
func (q *quality) labelled(id, archive string, held func(name string) bool, yield func(name string, f *frame.Frame)) string {
	q.t.Helper()
	if !own(id) {
		q.pictures("data/"+archive+".tar", 20, yield)
		return archive + " crops (may be in its training set)"
	}
	q.pictures("data/"+archive+".tar", 1, func(name string, f *frame.Frame) {
		if held(name) {
			yield(name, f)
		}
	})
	return archive + " crops held out"
}

// heldUTKFace reports whether age_gender.py leaves a file out.
func heldUTKFace(name string) bool { return leftOut(filepath.Base(name), .1) }

func (q *quality) ages() {
	for _, id := range models.Default().Demo("age-gender").Heads[0] {
		head, n, sum := q.head(id), 0, 0.0
		set := q.labelled(id, "utkface", heldUTKFace, func(name string, f *frame.Frame) {
			if age, _, ok := utkfaceLabel(name); ok {
				n++
				sum += math.Abs(float64(q.whole(id, head, f)[0]) - age)
			}
		})
		head.Close()
		q.row(id, set, n, "mean error, years", "%.1f", sum/float64(n))
		q.tell(id, "age, mean error in years", sum/float64(n), true, set)
	}
}

func (q *quality) genders() {
	for _, id := range models.Default().Demo("age-gender").Heads[1] {
		head, n, right := q.head(id), 0, 0
		set := q.labelled(id, "utkface", heldUTKFace, func(name string, f *frame.Frame) {
			if _, gender, ok := utkfaceLabel(name); ok {
				n++
				p := q.whole(id, head, f)
				if p = p[len(p)-2:]; (p[1] > p[0]) == (gender == 1) {
					right++
				}
			}
		})
		head.Close()
		q.row(id, set, n, "accuracy", "%.3f", ratio(right, n))
		q.tell(id, "gender, accuracy", ratio(right, n), false, set)
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
		labels := head.HeadOutputs()[0].Labels
		guess := func(f *frame.Frame) string {
			p := q.whole(id, head, f)
			return labels[slices.Index(p, slices.Max(p))]
		}
		ck, fer := confusion{}, confusion{}
		for _, file := range q.glob("media/emotion/*/*.png") {
			f := q.still(file)
			ck.add(emotionOf[filepath.Base(filepath.Dir(file))], guess(f))
			f.Release()
		}
		const set = "FER2013's PrivateTest by the votes of FER+"
		q.pictures("data/fer2013.tar", 1, func(name string, f *frame.Frame) {
			if want := q.held.FERPlus[name]; want != "" {
				fer.add(want, guess(f))
			}
		})
		head.Close()
		q.tell(id, "emotion, accuracy on FER+", q.confusion(id, set, fer), false, set)
		q.tell(id, "emotion, accuracy on CK+", q.confusion(id, "CK+ crops", ck), false, "CK+ crops")
	}
}

// confusion tells what is taken for what, and returns the part that is right.
func (q *quality) confusion(model, set string, c confusion) float64 {
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
	return ratio(right, all)
}

// liveness runs the whole demo: the crop needs the surroundings of a face.
func (q *quality) liveness() {
	for _, id := range models.Default().Demo("anti-spoofing").Heads[0] {
		task := q.open("anti-spoofing", id)
		in, out := task.NewInput(), &inference.Result{}
		set, first := "face crops, ", 0
		if own(id) { // models/train/liveness.py trains on those before
			set, first = "face crops held out, ", 60
		}
		sum, faces := 0., 0
		for kind, right := range map[string]string{"real": "live", "fake": "spoof"} {
			answers, noFace, n := map[string]int{}, 0, 0
			for _, file := range q.glob("data/spoof/" + kind + "/*") {
				if number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".jpg")); err == nil && number < first {
					continue
				}
				n++
				f := q.still(file)
				tasktest.Process(q.t, task, f, in, out)
				f.Release()
				if len(out.Objects) == 0 || len(out.Objects[0].Attributes) == 0 {
					noFace++
					continue
				}
				answers[out.Objects[0].Attributes[0].Value]++
			}
			q.row(id, set+kind, n, "live, spoof, unsure, no face found", "%d, %d, %d, %d",
				answers["live"], answers["spoof"], answers["unsure"], noFace)
			sum, faces = sum+ratio(answers[right], n-noFace), faces+n-noFace
		}
		q.tell(id, "liveness, balanced accuracy", sum/2, false, fmt.Sprintf("%d faces found in %scalled unsure counts as wrong", faces, set))
		task.Close()
	}
}

// faces compares the detectors with what published ones find in photographs.
func (q *quality) faces() {
	for _, id := range models.Default().Demo("emotion").Models {
		task := q.open("emotion", id)
		in, out := task.NewInput(), &inference.Result{}
		var all, found, wrong int
		for file, boxes := range q.held.Faces {
			f := q.still(testmedia.Path(q.t, file))
			tasktest.Process(q.t, task, f, in, out)
			var truths []truth
			for _, b := range boxes {
				// Smaller ones than 10 pixels of the network's input count neither way.
				if (b[2]-b[0])*320 >= 10*float32(f.Width) && (b[3]-b[1])*240 >= 10*float32(f.Height) {
					truths = append(truths, truth{label: "face", box: inference.Box{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3]}})
				}
			}
			all += len(truths)
			for i := range out.Objects {
				switch {
				case claim(truths, &out.Objects[i], .4):
					found++
				case !slices.ContainsFunc(boxes, func(b [4]float32) bool {
					return inference.IoU(inference.Box{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3]}, out.Objects[i].Box) >= .4
				}):
					wrong++
				}
			}
			f.Release()
		}
		task.Close()
		q.row(id, fmt.Sprintf("photographs, %d faces that Ultra-Light RFB finds in parts of them", all), len(q.held.Faces),
			"recall at IoU 0.4, wrong boxes a picture", "%.3f, %.2f", ratio(found, all), ratio(wrong, len(q.held.Faces)))
		q.tell(id, "faces, recall", ratio(found, all), false, fmt.Sprintf("%d faces in photographs; wrong boxes a picture: %.2f", all, ratio(wrong, len(q.held.Faces))))
	}
}
