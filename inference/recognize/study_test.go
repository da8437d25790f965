package recognize

import (
	"archive/tar"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/disintegration/imaging"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/testmedia"
)

// thresholds are those of the catalogue.
var thresholds = map[string]float32{"mobilefacenet_112": .55, "mobilefacenet_112x96_quant": .46, "mobilefacenet_112_uint8": .47, ownModel: .47}

// ownModel is the embedder that this project trained.
const ownModel = "embedding_mobilefacenet_112_int8"

var models = []string{"mobilefacenet_112", "mobilefacenet_112x96_quant", "mobilefacenet_112_uint8", ownModel}

// sample is one face of the study with what is known of it.
type sample struct {
	name    string // of the picture
	who     string // "" for a stranger
	size    float32
	fit     bool // for enrolment
	vectors map[string][]float32

	sharpness float32
}

// study embeds faces end to end: detector with landmarks, alignment, the
// published embedders and this project's own.
type study struct {
	detector  face.Detector
	portrait  *photographer
	embedders map[string]*Embedder
}

func openStudy(t testing.TB) *study {
	t.Helper()
	s := &study{detector: openDetector(t), embedders: map[string]*Embedder{}}
	for name := range published {
		s.embedders[name] = openEmbedder(t, name, inference.Options{Delegate: inference.XNNPACK})
	}
	net, err := inference.Open(filepath.Join(testmedia.Project(), "models", "trained", ownModel+".tflite"), inference.Options{Delegate: inference.XNNPACK})
	if err != nil {
		t.Fatal(err)
	}
	own := EmbedderConfig{Model: ownModel, Norm: inference.Uniform(128, 128), Output: "embedding"}
	if s.embedders[ownModel], err = NewEmbedder(net, own); err != nil {
		t.Fatal(err)
	}
	if s.portrait, err = newPhotographer(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.detector.Close()
		s.portrait.close()
		for _, e := range s.embedders {
			e.Close()
		}
	})
	return s
}

// look embeds the largest face of a frame; false when there is none.
func (s *study) look(t testing.TB, f *frame.Frame, name, who string) (sample, bool) {
	t.Helper()
	objects := detect(t, s.detector, f)
	if len(objects) == 0 {
		return sample{}, false
	}
	o := slices.MaxFunc(objects, func(a, b inference.Object) int { return int(a.Box.Area() - b.Box.Area()) })
	q, err := s.portrait.take(f, &o)
	if err != nil {
		return sample{}, false
	}
	x := sample{name, who, q.Size, DefaultLimits.Check(q) == Fit, map[string][]float32{}, q.Sharpness}
	for model, e := range s.embedders {
		v := make([]float32, e.Len())
		if err := e.Embed(f, face.LandmarksOf(&o), v, &inference.Timing{}); err != nil {
			t.Fatal(err)
		}
		x.vectors[model] = v
	}
	return x, true
}

// pictures embeds the files that match; who tells from a name whose face it is.
func (s *study) pictures(t testing.TB, pattern string, who func(string) string) (found []sample) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(testmedia.Root(), pattern))
	for _, path := range paths {
		name := filepath.Base(path)
		rel, err := filepath.Rel(testmedia.Root(), path)
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := s.look(t, testmedia.Frame(t, rel), name, who(name)); ok {
			found = append(found, x)
		}
	}
	return found
}

var utkAge = regexp.MustCompile(`(\d+)_[01]_\d_\d+\.jpg$`)

// strangers embeds every step-th picture of the UTKFace set that shows an adult.
func (s *study) strangers(t testing.TB, step int) (found []sample) {
	t.Helper()
	f, err := os.Open(testmedia.Path(t, "data/utkface.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	archive := tar.NewReader(f)
	for i := 0; ; i++ {
		h, err := archive.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		m := utkAge.FindStringSubmatch(h.Name)
		if i%step != 0 || m == nil {
			continue
		}
		if age, _ := strconv.Atoi(m[1]); age < 16 {
			continue
		}
		img, _, err := image.Decode(archive)
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := s.look(t, frameOf(img), h.Name, ""); ok && x.size >= 36 {
			found = append(found, x)
		}
	}
}

// frameOf is a picture as a frame.
func frameOf(img image.Image) *frame.Frame {
	b := img.Bounds()
	f := new(frame.Pool).Get(frame.RGB24, b.Dx(), b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, b, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			p := f.Planes[0][y*f.Stride[0]+3*x:]
			p[0], p[1], p[2] = byte(r>>8), byte(g>>8), byte(b>>8)
		}
	}
	return f
}

// scores are cosines of two faces of one person, and of two people.
type scores struct{ same, different []float64 }

func (s *scores) add(same bool, cosine float32) {
	if same {
		s.same = append(s.same, float64(cosine))
	} else {
		s.different = append(s.different, float64(cosine))
	}
}

// above is the share of values that reach the threshold.
func above(values []float64, threshold float64) float64 {
	n := 0
	for _, v := range values {
		if v >= threshold {
			n++
		}
	}
	return float64(n) / float64(max(len(values), 1))
}

// auc is the chance that a same pair scores higher than a different one.
func (s *scores) auc() float64 {
	slices.Sort(s.different)
	sum := 0.
	for _, v := range s.same {
		at, _ := slices.BinarySearch(s.different, v)
		sum += float64(at)
	}
	return sum / float64(len(s.same)*len(s.different))
}

// accuracy is the share of pairs told right at the threshold.
func (s *scores) accuracy(threshold float64) float64 {
	right := above(s.same, threshold)*float64(len(s.same)) + (1-above(s.different, threshold))*float64(len(s.different))
	return right / float64(len(s.same)+len(s.different))
}

// bestAccuracy is the accuracy at the threshold that suits these very pairs best.
func (s *scores) bestAccuracy() (accuracy, threshold float64) {
	for _, v := range s.same {
		if a := s.accuracy(v); a > accuracy {
			accuracy, threshold = a, v
		}
	}
	return accuracy, threshold
}

// atRate is the threshold that this share of different pairs reaches.
func (s *scores) atRate(rate float64) float64 {
	slices.Sort(s.different)
	return s.different[len(s.different)-1-int(rate*float64(len(s.different)))]
}

// labelledPairs scores media/recognition/pairs.csv.
func labelledPairs(t testing.TB, faces []sample, model string) (s scores) {
	t.Helper()
	f, err := os.Open(testmedia.Path(t, "media/recognition/pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string][]float32{}
	for _, x := range faces {
		byName[x.name] = x.vectors[model]
	}
	for _, row := range rows[1:] {
		a, b := byName[row[0]], byName[row[1]]
		if a == nil || b == nil {
			t.Errorf("no face found for the pair %v", row)
			continue
		}
		s.add(strings.EqualFold(row[2], "yes"), Cosine(a, b))
	}
	return s
}

// allPairs scores every two faces of a labelled set.
func allPairs(faces []sample, model string) (s scores) {
	for i, a := range faces {
		for _, b := range faces[:i] {
			s.add(a.who == b.who, Cosine(a.vectors[model], b.vectors[model]))
		}
	}
	return s
}

// againstStrangers scores the faces fit for enrolment with strangers' faces.
func againstStrangers(enrolled, strangers []sample, model string) (s scores) {
	for _, a := range enrolled {
		for _, b := range strangers {
			if a.fit && a.name != b.name {
				s.add(false, Cosine(a.vectors[model], b.vectors[model]))
			}
		}
	}
	return s
}

// rule makes one score of the cosines to a person's vectors, best first.
type rule struct {
	name string
	of   func([]float64) float64
}

var rules = []rule{
	{"best", func(c []float64) float64 { return c[0] }},
	{"mean of best two", func(c []float64) float64 { return (c[0] + c[1]) / 2 }},
	{"mean of all", func(c []float64) float64 {
		sum := 0.
		for _, v := range c {
			sum += v
		}
		return sum / float64(len(c))
	}},
}

// people scores each face with every person of at least two other faces.
func (r rule) people(faces []sample, model string) (s scores) {
	for _, probe := range faces {
		cosines := map[string][]float64{}
		for _, x := range faces {
			if x.name != probe.name {
				cosines[x.who] = append(cosines[x.who], float64(Cosine(probe.vectors[model], x.vectors[model])))
			}
		}
		for who, c := range cosines {
			if len(c) >= 2 {
				slices.SortFunc(c, func(a, b float64) int { return int(1e6 * (b - a)) })
				s.add(who == probe.who, float32(r.of(c)))
			}
		}
	}
	return s
}

// identify matches each face with all the others, by subject: how many reach
// the threshold with the right and with a wrong answer, and how many of both
// have the margin too.
func identify(t *testing.T, faces []sample, model string, margin float32) (right, wrong int, kept [2]int) {
	t.Helper()
	for _, probe := range faces {
		bySubject := map[string]*Person{}
		var people []Person
		for _, x := range faces {
			if x.name != probe.name {
				if bySubject[x.who] == nil {
					bySubject[x.who] = &Person{ID: x.who, Name: x.who}
				}
				bySubject[x.who].Vectors = append(bySubject[x.who].Vectors, x.vectors[model])
			}
		}
		for _, p := range bySubject {
			people = append(people, *p)
		}
		g, err := NewGallery(model, people)
		if err != nil {
			t.Fatal(err)
		}
		m := g.Match(probe.vectors[model])
		lead := 0
		if m.Score-m.Second >= margin {
			lead = 1
		}
		switch {
		case m.Score < thresholds[model]:
		case m.ID == probe.who:
			right, kept[0] = right+1, kept[0]+lead
		default:
			wrong, kept[1] = wrong+1, kept[1]+lead
		}
	}
	return right, wrong, kept
}

// TestStudy measures what the thresholds rest on; it passes whatever comes
// out. testdata/README.md explains the figures and keeps the last ones.
func TestStudy(t *testing.T) {
	if os.Getenv("RTV_QUALITY") == "" {
		t.Skip("takes minutes: set RTV_QUALITY=1")
	}
	s := openStudy(t)
	labelled := s.pictures(t, "media/recognition/*.jpg", func(name string) string { return name })
	subjects := s.pictures(t, "media/emotion/*/*.png", func(name string) string { return name[:4] })
	strangers := s.strangers(t, 5)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer out.Flush()
	fit := 0
	for _, x := range slices.Concat(labelled, strangers) {
		if x.fit {
			fit++
		}
	}
	fmt.Fprintf(out, "%d faces of pairs.csv, %d of CK+, %d strangers, of first and last %d fit for enrolment\n", len(labelled), len(subjects), len(strangers), fit)
	for _, model := range models {
		pairs, grey := labelledPairs(t, labelled, model), allPairs(subjects, model)
		impostors := againstStrangers(slices.Concat(labelled, strangers), strangers, model)
		threshold := float64(thresholds[model])
		best, at := pairs.bestAccuracy()
		slices.Sort(pairs.same)
		slices.Sort(pairs.different)
		fmt.Fprintf(out, "%s\tthreshold\t%.2f\n", model, threshold)
		fmt.Fprintf(out, "\tpairs.csv, %d same %d different\taccuracy %.3f (best %.3f at %.3f), AUC %.4f\n",
			len(pairs.same), len(pairs.different), pairs.accuracy(threshold), best, at, pairs.auc())
		fmt.Fprintf(out, "\t\tsame %.3f, different at most %.3f\n", pairs.same, pairs.different[len(pairs.different)-1])
		fmt.Fprintf(out, "\tCK+ 48 px grey, %d same %d different\taccepted %.3f and %.4f, AUC %.4f\n",
			len(grey.same), len(grey.different), above(grey.same, threshold), above(grey.different, threshold), grey.auc())
		fmt.Fprintf(out, "\tstrangers, %d pairs\taccepted %.5f\n", len(impostors.different), above(impostors.different, threshold))
		for _, rate := range []float64{1e-1, 1e-2, 1e-3, 1e-4} {
			v := impostors.atRate(rate)
			if rate == 1e-3 {
				tellAccuracy(t, model, above(grey.same, v), len(grey.same))
			}
			fmt.Fprintf(out, "\tROC, strangers accepted %g\tat %.3f: pairs.csv %.3f, CK+ %.3f of same pairs\n", rate, v, above(pairs.same, v), above(grey.same, v))
		}
		right, wrong, kept := identify(t, subjects, model, .05)
		fmt.Fprintf(out, "\tCK+, all subjects enrolled\tright %d, of them with a margin of 0.05 %d; wrong %d, with the margin %d\n", right, kept[0], wrong, kept[1])
		for _, r := range rules {
			p := r.people(subjects, model)
			v := p.atRate(1e-2)
			fmt.Fprintf(out, "\tCK+ people, %s (%d, %d)\tAUC %.4f, at 1 %% of others (%.3f) %.3f accepted\n",
				r.name, len(p.same), len(p.different), p.auc(), v, above(p.same, v))
		}
	}
}

// tellAccuracy has the catalogue tell which part of pairs of one face is known.
func tellAccuracy(t *testing.T, model string, known float64, pairs int) {
	t.Helper()
	file := os.Getenv("RTV_ACCURACY")
	if file == "" {
		return
	}
	all := map[string]any{}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	all[model] = []any{map[string]any{
		"figure": "recognition, same pairs known", "value": math.Round(1e4*known) / 1e4,
		"on": fmt.Sprintf("%d pairs of CK+, 1 stranger in 1000 taken for somebody", pairs),
	}}
	if err == nil {
		text, err = json.MarshalIndent(all, "", " ")
	}
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestStudyLimits measures what the limits of enrolment rest on: how alike a
// face stays to itself when it is shown smaller, or blurred.
func TestStudyLimits(t *testing.T) {
	if os.Getenv("RTV_QUALITY") == "" {
		t.Skip("takes half a minute: set RTV_QUALITY=1")
	}
	s := openStudy(t)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer out.Flush()
	for _, width := range []int{24, 28, 32, 36, 40, 50, 60, 80, 120} {
		s.effect(t, out, fmt.Sprintf("%d pixels across", width), width, 0)
	}
	for _, sigma := range []float64{.5, 1, 1.5, 2, 2.5, 3, 4} {
		s.effect(t, out, fmt.Sprintf("120 across, blur of %g in 112", sigma), 120, sigma)
	}
}

// effect prints what scaling and blurring does to the pictures of pairs.csv,
// each on a 640x480 canvas.
func (s *study) effect(t *testing.T, out io.Writer, name string, width int, sigma float64) {
	t.Helper()
	cosines, sharp, lost := map[string][]float32{}, []float32{}, 0
	paths, _ := filepath.Glob(filepath.Join(testmedia.Root(), "media/recognition/*.jpg"))
	for _, path := range paths {
		img, err := imaging.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f := frameOf(img)
		was, _ := s.look(t, f, path, path)
		across := detect(t, s.detector, f)[0].Box.Width()
		small := imaging.Resize(img, int(float32(f.Width*width)/across), 0, imaging.Box)
		canvas := imaging.PasteCenter(imaging.New(640, 480, image.Black), small)
		if sigma > 0 {
			canvas = imaging.Blur(canvas, sigma*float64(width)/112)
		}
		now, ok := s.look(t, frameOf(canvas), path, path)
		if !ok {
			lost++
			continue
		}
		sharp = append(sharp, now.sharpness)
		for model, v := range now.vectors {
			cosines[model] = append(cosines[model], Cosine(v, was.vectors[model]))
		}
	}
	fmt.Fprintf(out, "%s\t%d lost\tsharpness %.0f to %.0f", name, lost, slices.Min(sharp), slices.Max(sharp))
	for _, model := range models {
		slices.Sort(cosines[model])
		fmt.Fprintf(out, "\t%.2f %.2f", cosines[model][0], cosines[model][len(cosines[model])/2])
	}
	fmt.Fprintln(out)
}
