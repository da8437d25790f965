package custom

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reterminal-vision/inference/task"
	"reterminal-vision/inference/testmedia"
	"reterminal-vision/models"
)

var (
	beltFile = filepath.Join(testmedia.Project(), "models", "trained", "belt_rip_mobilenet_025_128_int8.tflite")
	lungFile = filepath.Join(testmedia.Project(), "models", "trained", "lung_mobilenet_025_256_int8.tflite")
	belt     = Choice{Title: "Belt", Task: "classify", Labels: "belt"}
)

// put writes a file of the test and returns its path.
func put(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// packed is the belt's network with files packed behind it.
func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	data, err := os.ReadFile(beltFile)
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, data, files)
}

// zipped is data with files packed behind it.
func zipped(t testing.TB, data []byte, files map[string]string) []byte {
	t.Helper()
	archive := bytes.NewBuffer(data)
	w := zip.NewWriter(archive)
	w.SetOffset(int64(len(data)))
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func TestInspect(t *testing.T) {
	d, err := Inspect(beltFile)
	if err != nil {
		t.Fatal(err)
	}
	want := models.Default().Model("belt_rip_mobilenet_025_128_int8")
	if d.Size != want.Size || d.SHA256 != want.SHA256 || d.Variant != "int8" || d.Precision != "8 bit" || d.Unfit != "" || d.Labels != nil {
		t.Errorf("%+v", d)
	}
	if in := d.Inputs[0]; in.String() != "image [1 128 128 3] uint8 scale 0.0078125 zero point 128" {
		t.Error(in)
	}
	total, depthwise := 0, 0
	var macs int64
	for _, op := range d.Operators {
		total += op.Count
		macs += op.MACs
		if op.Name == "DEPTHWISE_CONV_2D" {
			depthwise = op.Count
		}
	}
	if total != 32 || depthwise != 13 || macs != d.MACs {
		t.Errorf("operators %v", d.Operators)
	}
}

// TestInspectPublished checks what published networks are taken for.
func TestInspectPublished(t *testing.T) {
	for file, want := range map[string]string{
		"mobilenet_v2_1.0_224_quant":       "classify 1001 labels of its own, 8 bit",
		"ssd_mobilenet_v1_coco_quant":      "ssd 0 labels of its own, 8 bit",
		"yolov8n_int8":                     "yolov8 80 labels of its own, 8-bit weights",
		"deeplabv3_257_mv":                 "segment 0 labels of its own, 32-bit float",
		"deeplabv3_mnv2_dm05_pascal_quant": "segment 0 labels of its own, 8 bit",
		"minifas_128_float16":              "classify 0 labels of its own, 16-bit weights",
		"ultralight_face_rfb_320":          "nothing 0 labels of its own, 32-bit float",
		"traffic_model":                    "nothing 0 labels of its own, 8 bit",
	} {
		d, err := Inspect(testmedia.Path(t, "models/"+file+".tflite"))
		if err != nil {
			t.Error(err)
			continue
		}
		task := "nothing"
		if len(d.Fits) == 1 {
			task = d.Fits[0].Task
		}
		if got := fmt.Sprintf("%s %d labels of its own, %s", task, len(d.Labels), d.Precision); got != want {
			t.Errorf("%s: %s", file, got)
		}
	}
}

func TestInspectRefuses(t *testing.T) {
	data, err := os.ReadFile(beltFile)
	if err != nil {
		t.Fatal(err)
	}
	huge := put(t, "huge.tflite", nil)
	if err := os.Truncate(huge, maxFile+1); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe.tflite")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, says string }{
		{"missing", filepath.Join(t.TempDir(), "none.tflite"), "no such file"},
		{"folder", t.TempDir(), "is not a file"},
		{"pipe", pipe, "is not a file"},
		{"empty", put(t, "m", nil), "empty file"},
		{"text", put(t, "m", []byte("person\nbicycle\n")), "choose a .tflite file"},
		{"cut off", put(t, "m", data[:len(data)/2]), "copy the file again"},
		{"damaged", put(t, "m", append([]byte{0, 0, 0, 0}, data[4:]...)), "copy the file again"},
		{"too large", huge, "more than the 512 MB"},
		{"bomb behind it", put(t, "m", packed(t, map[string]string{"labels.txt": strings.Repeat("x\n", maxPacked)})), "when unpacked"},
		{"binary labels behind it", put(t, "m", packed(t, map[string]string{"labels.txt": "\xff\xfe"})), "UTF-8"},
	} {
		_, err := Inspect(tc.path)
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), tc.path) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// TestInspectDamaged changes bytes of sound files: whatever they then say must
// be described or refused.
func TestInspectDamaged(t *testing.T) {
	ssd := testmedia.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite")
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range []string{beltFile, ssd} {
		sound, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 300 {
			data := slices.Clone(sound)
			for range 1 + random.IntN(4) {
				at := random.IntN(60_000) // tables lie at either end, weights between them
				if random.IntN(2) == 0 {
					at = len(data) - 1 - at
				}
				data[at] = byte(random.IntN(256))
			}
			d, err := inspectData(file, data)
			if err != nil {
				refused++
				continue
			}
			if (len(d.Fits) == 0) == (d.Unfit == "") {
				t.Errorf("fits %v and %q", d.Fits, d.Unfit)
			}
		}
		t.Logf("%s: %d of 300 refused", filepath.Base(file), refused)
	}
}

func TestPackedLabels(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"list", map[string]string{"labelmap.txt": "good\nbad\n"}, []string{"good", "bad"}},
		{"Python", map[string]string{"temp_meta.txt": `{'task': 'classify', 'names': {0: 'it\'s', 1: "b"}}`}, []string{"it's", "b"}},
		{"JSON", map[string]string{"metadata.json": `{"names": {"1": "b", "0": "a"}, "stride": 32}`}, []string{"a", "b"}},
		{"no names", map[string]string{"metadata.json": `{"stride": 32}`}, nil},
		{"absurd number", map[string]string{"metadata.json": `{"names": {"999999999": "b"}}`}, nil},
		{"something else", map[string]string{"readme.txt": "hello"}, nil},
	} {
		data := packed(t, tc.files)
		got, err := packedLabels(bytes.NewReader(data), int64(len(data)))
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
}

func TestNumberedLabels(t *testing.T) {
	for text, want := range map[string][]string{
		"0 person\n2  car\n": {"person", "", "car"},
		"1: a\n0: b\n":       {"b", "a"},
		"1 a\n1 b\n":         {"1 a", "1 b"},
		"7\n8\n":             {"7", "8"},
		"3D printer\nchair":  {"3D printer", "chair"},
	} {
		if got, err := readLabels(strings.NewReader(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestMatchLabels(t *testing.T) {
	list := func(n int, first string) []string {
		l := slices.Repeat([]string{"thing"}, n)
		l[0] = first
		return l
	}
	classifier := task.LabelRule{SkipsBackground: true, CountsBackground: true}
	detector := task.LabelRule{SkipsBackground: true, Open: true, AtLeast: 90}
	for _, tc := range []struct {
		name   string
		list   []string
		fit    task.Fit
		offset int
		says   string
	}{
		{"as many", list(3, "a"), task.Fit{Classes: 3, Labels: classifier}, 0, ""},
		{"background too much", list(4, "background"), task.Fit{Classes: 3, Labels: classifier}, 1, ""},
		{"background missing", list(2, "a"), task.Fit{Classes: 3, Labels: classifier}, 0, `first line "background"`},
		{"one too many", list(4, "a"), task.Fit{Classes: 3, Labels: classifier}, 0, "a line for each"},
		{"far too few", list(1, "a"), task.Fit{Classes: 80, Labels: task.LabelRule{SkipsBackground: true}}, 0, "the labels are 1"},
		{"none written", []string{"", ""}, task.Fit{Classes: 2, Labels: classifier}, 0, "all empty"},
		{"map of classes", list(21, "background"), task.Fit{Labels: task.LabelRule{CountsBackground: true}}, 0, ""},
		{"map of too many", list(257, "a"), task.Fit{Labels: task.LabelRule{CountsBackground: true}}, 0, "2 to 256"},
		{"detector", list(90, "person"), task.Fit{Labels: detector}, 0, ""},
		{"detector's map of labels", list(91, "???"), task.Fit{Labels: detector}, 1, ""},
		{"detector, too few", list(80, "person"), task.Fit{Labels: detector}, 0, "add the missing lines"},
	} {
		offset, err := matchLabels(tc.list, &tc.fit)
		if offset != tc.offset || (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %d, %v", tc.name, offset, err)
		}
	}
}

func TestImportListRemove(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "own")
	if c, err := List(folder); err != nil || len(c.Models) != 0 {
		t.Fatalf("before: %v, %v", c, err)
	}
	labels := put(t, "labels.txt", []byte("\ufeffheil\r\nkaputt\r\n"))
	m, d, err := Import(t.Context(), folder, beltFile, Choice{Title: "Förderband 1!", Task: "classify", Labels: labels, Mean: 10, Std: 20, Resize: "letterbox", Threshold: .25})
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != "own-f-rderband-1" || d.ID != m.ID || d.Title != "Förderband 1!" || m.LabelOffset != 0 {
		t.Errorf("%+v %+v", m, d)
	}
	if m.Input.Mean != 10 || m.Input.Std != 20 || m.Input.Resize != "letterbox" || m.Threshold != .25 {
		t.Errorf("choice lost: %+v", m)
	}
	lungs, _, err := Import(t.Context(), folder, lungFile, Choice{Title: "Förderband 1?", Task: "segment"})
	if err != nil {
		t.Fatal(err)
	}
	if lungs.ID != "own-f-rderband-1-2" {
		t.Errorf("second ID %s", lungs.ID)
	}
	c, err := List(folder)
	if err != nil {
		t.Fatal(err)
	}
	all, err := models.Default().With(c)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string][]string{m.ID: {"heil", "kaputt"}, lungs.ID: {"Class 0", "Class 1"}} {
		model := all.Model(id)
		if got, err := model.LabelList(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: labels %q, %v", id, got, err)
		}
		store := models.Store{Dir: t.TempDir(), System: []string{folder}}
		if path, err := store.Find(model); err != nil || filepath.Dir(path) != folder {
			t.Errorf("%s, %v", path, err)
		}
	}
	if _, _, err := Import(t.Context(), folder, beltFile, belt); err == nil || !strings.Contains(err.Error(), "here already, as "+m.ID) {
		t.Errorf("twice: %v", err)
	}
	for _, id := range []string{"", "own-none", "../own", "belt", folder} {
		if err := Remove(folder, id); err == nil || !strings.Contains(err.Error(), "no imported model") {
			t.Errorf("remove %q: %v", id, err)
		}
	}
	for _, id := range []string{m.ID, lungs.ID} {
		if err := Remove(folder, id); err != nil {
			t.Fatal(err)
		}
	}
	checkEmpty(t, folder)
	if err := Remove(filepath.Join(folder, "none"), m.ID); err == nil {
		t.Error("removed from a folder that is not there")
	}
}

// checkEmpty wants nothing in the folder but an empty catalogue.
func checkEmpty(t *testing.T, folder string) {
	t.Helper()
	c, err := List(folder)
	if err != nil || len(c.Models)+len(c.Demos) != 0 {
		t.Errorf("listed: %+v, %v", c, err)
	}
	files, _ := os.ReadDir(folder)
	for _, f := range files {
		if f.Name() != ListName && f.Name() != ".lock" {
			t.Errorf("left behind: %s", f.Name())
		}
	}
}

func TestImportRefuses(t *testing.T) {
	change := func(f func(*Choice)) Choice {
		c := belt
		f(&c)
		return c
	}
	few := put(t, "few.txt", []byte("one\n"))
	binary := put(t, "binary.txt", []byte{0xff, 0xfe, 0, 1})
	for _, tc := range []struct {
		name   string
		file   string
		choice Choice
		says   []string
	}{
		{"no task", beltFile, change(func(c *Choice) { c.Task = "" }), []string{"choose one of ssd"}},
		{"unknown task", beltFile, change(func(c *Choice) { c.Task = "dance" }), []string{`"dance"`}},
		{"another task", beltFile, change(func(c *Choice) { c.Task = "ssd" }), []string{"does not fit the task ssd", "choose classify"}},
		{"title is a path", beltFile, change(func(c *Choice) { c.Title = "../../etc" }), []string{"without /"}},
		{"title of two lines", beltFile, change(func(c *Choice) { c.Title = "a\nb" }), []string{"letters and digits"}},
		{"title too long", beltFile, change(func(c *Choice) { c.Title = strings.Repeat("x", 61) }), []string{"60 letters"}},
		{"labels not there", beltFile, change(func(c *Choice) { c.Labels = "/none/labels.txt" }), []string{"/none/labels.txt", "coco80"}},
		{"too few labels", beltFile, change(func(c *Choice) { c.Labels = few }), []string{"the labels are 1", "2 classes"}},
		{"labels of another", beltFile, change(func(c *Choice) { c.Labels = "coco" }), []string{"the labels are 90"}},
		{"binary labels", beltFile, change(func(c *Choice) { c.Labels = binary }), []string{binary, "UTF-8"}},
		{"folder of labels", beltFile, change(func(c *Choice) { c.Labels = filepath.Dir(few) }), []string{"not a file"}},
		{"mean alone", beltFile, change(func(c *Choice) { c.Mean = 3 }), []string{"std 0"}},
		{"resize", beltFile, change(func(c *Choice) { c.Resize = "crop" }), []string{"letterbox"}},
		{"threshold", beltFile, change(func(c *Choice) { c.Threshold = 1 }), []string{"threshold 1"}},
		{"missing file", "/none.tflite", belt, []string{"/none.tflite", "choose a .tflite file"}},
		{"label file as model", few, belt, []string{"few.txt", "choose a .tflite file"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			_, _, err := Import(t.Context(), folder, tc.file, tc.choice)
			if err == nil {
				t.Fatal("imported")
			}
			for _, part := range append(tc.says, filepath.Base(tc.file)) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
			checkEmpty(t, folder)
		})
	}
}

// TestTrialOfABadModel checks that nothing is kept of a network that brings its
// process down, never ends or gives no answer.
func TestTrialOfABadModel(t *testing.T) {
	for _, tc := range []struct{ mode, says string }{
		{"crash", "brought the TensorFlow Lite library down"},
		{"abort", "SIGABRT: abort"},
		{"hang", "was not done"},
		{"noise", "cannot be understood"},
	} {
		t.Run(tc.mode, func(t *testing.T) {
			t.Setenv(trialMode, tc.mode)
			ctx := t.Context()
			if tc.mode == "hang" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 500*time.Millisecond)
				defer cancel()
			}
			folder := t.TempDir()
			_, _, err := Import(ctx, folder, beltFile, belt)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v does not say %q", err, tc.says)
			}
			checkEmpty(t, folder)
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("the person went back")
	cancel(enough)
	if _, _, err := Import(ctx, t.TempDir(), beltFile, belt); !errors.Is(err, enough) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFileThatChanges(t *testing.T) {
	to := filepath.Join(t.TempDir(), "copy")
	err := copyFile(t.Context(), to, beltFile, strings.Repeat("0", 64))
	if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Error(err)
	}
	if files, _ := os.ReadDir(filepath.Dir(to)); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("wants a small disk, but mounting a tmpfs failed: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	_, _, err := Import(t.Context(), folder, beltFile, belt)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "delete models") {
		t.Error(err)
	}
	checkEmpty(t, folder)
}

// TestDamagedCatalogue keeps what cannot be understood, and goes on.
func TestDamagedCatalogue(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, ListName)
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := List(folder); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("list: %v", err)
	}
	if err := Remove(folder, "own-belt"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("remove: %v", err)
	}
	if _, _, err := Import(t.Context(), folder, beltFile, belt); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path + ".damaged"); err != nil || string(text) != "{" {
		t.Errorf("set aside: %q, %v", text, err)
	}
	if c, err := List(folder); err != nil || c.Model("own-belt") == nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestImportSideBySide imports two networks under one title at once.
func TestImportSideBySide(t *testing.T) {
	folder := t.TempDir()
	var wg sync.WaitGroup
	for _, job := range []struct{ file, task string }{{beltFile, "classify"}, {lungFile, "segment"}} {
		wg.Go(func() {
			if _, _, err := Import(t.Context(), folder, job.file, Choice{Title: "Same", Task: job.task}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := List(folder)
	if err != nil || c.Model("own-same") == nil || c.Model("own-same-2") == nil || len(c.Demos) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestLearn checks what is taken over from running the network.
func TestLearn(t *testing.T) {
	const entry = `{"task":"yolov8","yolo":{"kind":"v8","unit":"image","anchors":[]},"outputs":[{"role":"boxes","name":"out"}]}`
	for _, tc := range []struct {
		ran  ProbedOutput
		unit string
		says string
	}{
		{ProbedOutput{"out", []int{1, 7, 84}, "float32", 1.02}, "image", ""},
		{ProbedOutput{"out", []int{1, 7, 84}, "float32", 611}, "pixels", ""},
		{ProbedOutput{"other", []int{1, 7, 84}, "float32", 1}, "", `no output "out"`},
	} {
		var m models.Model
		if err := json.Unmarshal([]byte(entry), &m); err != nil {
			t.Fatal(err)
		}
		err := learn(&m, ProbeResult{Outputs: []ProbedOutput{tc.ran}})
		if tc.says != "" {
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Error(err)
			}
			continue
		}
		learned, _ := json.Marshal(m)
		if err != nil || !strings.Contains(string(learned), `"unit":"`+tc.unit+`"`) || !slices.Equal(m.Outputs[0].Shape, tc.ran.Shape) {
			t.Errorf("%s, %v", learned, err)
		}
	}
}

func TestTitles(t *testing.T) {
	for _, tc := range []struct{ title, file, want string }{
		{"", "/media/stick/My net.tflite", "My net"},
		{"  Mine ", "x.tflite", "Mine"},
		{"", "/media/" + strings.Repeat("ä", 90) + ".tflite", strings.Repeat("ä", 60)},
		{"", "a\\b\x01c.tflite", "a b c"},
		{"", ".tflite", "Own model"},
	} {
		if got, err := checkTitle(tc.title, tc.file); err != nil || got != tc.want {
			t.Errorf("%q of %q: %q, %v", tc.title, tc.file, got, err)
		}
	}
}
