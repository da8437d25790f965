package recognize

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/track"
)

// Attribute is the name of the attribute that holds a person's name, or
// Unknown.
const Attribute = "person"

// Unknown is the answer for faces that resemble nobody enough.
const Unknown = "Unknown"

// Config tunes a task; zero fields but Threshold take the value in brackets.
type Config struct {
	Threshold   float32 // least cosine of a known person, more than 0 and less than 1
	Margin      float32 // lead over the next person without which a face stays unknown [0.05]; negative for none
	MinSize     float32 // shorter side in frame pixels of faces worth a look [36]
	MaxPerFrame int     // faces looked at in one frame [3]
	Settle      int     // first looks at a face, one a frame [3]
	Refresh     int     // frames after which it is looked at again then [10]
	Smoothing   float32 // least weight of a new look against the earlier ones, up to 1 [0.2]
	Track       track.Config
	Limits      Limits // of enrolment [DefaultLimits]
	// Every looks at all faces of all frames, each on its own: for benchmarks
	// and for comparison with references.
	Every bool
}

// withDefaults fills in what was left open.
func (c Config) withDefaults() Config {
	c.Margin = max(cmp.Or(c.Margin, .05), 0)
	c.MinSize = cmp.Or(c.MinSize, 36)
	c.MaxPerFrame = cmp.Or(max(c.MaxPerFrame, 0), 3)
	c.Settle = cmp.Or(max(c.Settle, 0), 3)
	c.Refresh = cmp.Or(max(c.Refresh, 0), 10)
	if c.Smoothing <= 0 || c.Smoothing > 1 {
		c.Smoothing = .2
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	return c
}

// Task finds faces, follows them and tells who they are. How many faces are
// embedded in one frame is bounded: first those never looked at, then those
// whose last look is the longest ago. The vectors of a track are averaged, and
// the average is what is compared with the gallery.
type Task struct {
	detector face.Detector
	more     []face.Detector // of further lanes
	embedder *Embedder
	portrait *photographer
	cfg      Config
	tracker  *track.Tracker
	memory   memory
	gallery  atomic.Pointer[Gallery]
	frame    uint64 // frames run so far
	due      []look
	vector   []float32 // of one look

	requests chan chan captured
	closed   chan struct{}
	closing  sync.Once
}

// look is a face to be embedded.
type look struct {
	object int
	looked uint64 // frame of the last look; 0 for never
}

// NewTask takes over the detector, which has to give landmarks, and the
// embedder, unless it returns an error. Its gallery is empty at first.
func NewTask(detector face.Detector, embedder *Embedder, cfg Config) (*Task, error) {
	if !(cfg.Threshold > 0 && cfg.Threshold < 1) {
		return nil, fmt.Errorf("model %s: the threshold is %g, expected more than 0 and less than 1", embedder.Model(), cfg.Threshold)
	}
	p, err := newPhotographer()
	if err != nil {
		return nil, err
	}
	return &Task{
		detector: detector, embedder: embedder, portrait: p,
		cfg: cfg.withDefaults(), tracker: track.New(cfg.Track),
		memory: memory{n: embedder.Len()}, vector: make([]float32, embedder.Len()),
		requests: make(chan chan captured, 1), closed: make(chan struct{}),
	}, nil
}

// Model is the ID of the embedding network, which a gallery has to match.
func (t *Task) Model() string { return t.embedder.Model() }

// SetGallery replaces the people that the task knows, from the next frame on;
// nil stands for nobody. It may be called at any time, from any goroutine.
func (t *Task) SetGallery(g *Gallery) error {
	if g.Len() > 0 && (g.model != t.embedder.Model() || g.n != t.embedder.Len()) {
		return fmt.Errorf("a gallery of %d numbers by model %s does not fit the model %s with %d: enrol these people anew",
			g.n, g.model, t.embedder.Model(), t.embedder.Len())
	}
	t.gallery.Store(g)
	return nil
}

// NewInput returns a staging buffer for the detector's picture.
func (t *Task) NewInput() *inference.Input { return t.detector.NewInput() }

// Prepare fills in the detector's picture.
func (t *Task) Prepare(f *camera.Frame, in *inference.Input) error { return t.detector.Prepare(f, in) }

// Run finds the faces of the prepared frame and adds who they are, in an
// attribute of the name Attribute: a person's name or Unknown, with the cosine
// to the person most alike, at least 0, as its score. Faces that are too small
// or not yet looked at have no such attribute.
func (t *Task) Run(f *camera.Frame, in *inference.Input, out *inference.Result) error {
	if err := t.Infer(0, f, in, out); err != nil {
		return err
	}
	return t.Finish(f, out)
}

// AddLanes takes over detectors like that of NewTask, for as many frames more
// at once.
func (t *Task) AddLanes(detectors ...face.Detector) { t.more = append(t.more, detectors...) }

// Lanes implements inference.Parallel.
func (t *Task) Lanes() int { return 1 + len(t.more) }

// Infer implements inference.Parallel: it finds the faces of a frame.
func (t *Task) Infer(lane int, _ *camera.Frame, in *inference.Input, out *inference.Result) error {
	if lane == 0 {
		return find(t.detector, in, out)
	}
	return find(t.more[lane-1], in, out)
}

// Finish implements inference.Parallel: it tells who the faces are.
func (t *Task) Finish(f *camera.Frame, out *inference.Result) error {
	t.frame++
	start := time.Now()
	t.tracker.Update(out.Objects)
	t.memory.forget(t.tracker.Alive)
	out.Timing.Decode += time.Since(start)
	t.answer(f, out)
	if t.cfg.Every {
		return t.lookAtAll(f, out)
	}
	t.choose(out.Objects)
	for _, d := range t.due {
		if err := t.look(f, &out.Objects[d.object], &out.Timing); err != nil {
			return err
		}
	}
	start = time.Now()
	for i := range out.Objects {
		t.tell(&out.Objects[i])
	}
	out.Timing.Decode += time.Since(start)
	return nil
}

// find detects faces and insists on landmarks.
func find(detector face.Detector, in *inference.Input, out *inference.Result) error {
	if err := detector.Detect(in, out); err != nil {
		return err
	}
	for i := range out.Objects {
		if !out.Objects[i].HasLandmarks {
			return errors.New("the face detector gives no landmarks, without which nobody is recognised: choose one that does")
		}
	}
	return nil
}

// worth reports whether a face is large enough to be looked at.
func (t *Task) worth(o *inference.Object) bool {
	return min(o.Box.Width(), o.Box.Height()) >= t.cfg.MinSize
}

// choose fills due with the faces to look at in this frame. Of faces equally
// long unseen the detector's order decides.
func (t *Task) choose(objects []inference.Object) {
	t.due = t.due[:0]
	for i := range objects {
		o := &objects[i]
		if o.Track == 0 || !t.worth(o) {
			continue
		}
		r := t.memory.find(o.Track)
		if r.looks < t.cfg.Settle || r.doubts > 0 || t.frame-r.looked >= uint64(t.cfg.Refresh) {
			t.due = append(t.due, look{i, r.looked})
		}
	}
	slices.SortStableFunc(t.due, func(a, b look) int { return cmp.Compare(a.looked, b.looked) })
	t.due = t.due[:min(len(t.due), t.cfg.MaxPerFrame)]
}

// look embeds a face and takes the vector into its record.
func (t *Task) look(f *camera.Frame, o *inference.Object, timing *inference.Timing) error {
	r := t.memory.find(o.Track)
	r.looked = t.frame
	err := t.embedder.Embed(f, &o.Landmarks, t.vector, timing)
	if errors.Is(err, ErrNoFace) {
		return nil
	}
	if err == nil {
		r.take(t.vector, t.cfg.Smoothing, t.cfg.Threshold)
	}
	return err
}

// tell adds to a face who it is, as far as its record knows.
func (t *Task) tell(o *inference.Object) {
	if o.Track == 0 {
		return
	}
	r := t.memory.find(o.Track)
	if r.looks == 0 {
		return
	}
	if g := t.gallery.Load(); r.matched == nil || r.matched != g {
		r.match, r.matched = g.Match(r.unit), g
	}
	t.add(o, r.match)
}

// add words a match.
func (t *Task) add(o *inference.Object, m Match) {
	a := inference.Attribute{Name: Attribute, Value: Unknown, Score: max(m.Score, 0)}
	if m.Score >= t.cfg.Threshold && m.Score-m.Second >= t.cfg.Margin {
		a.Value = m.Name
	}
	o.Attributes = append(o.Attributes, a)
}

// lookAtAll embeds every face and adds whom just this look resembles.
func (t *Task) lookAtAll(f *camera.Frame, out *inference.Result) error {
	g := t.gallery.Load()
	for i := range out.Objects {
		o := &out.Objects[i]
		if !t.worth(o) {
			continue
		}
		err := t.embedder.Embed(f, &o.Landmarks, t.vector, &out.Timing)
		if errors.Is(err, ErrNoFace) {
			continue
		}
		if err != nil {
			return err
		}
		t.add(o, g.Match(t.vector))
	}
	return nil
}

// Close frees the networks of the detector and the embedder, and ends every
// Capture that waits.
func (t *Task) Close() error {
	t.closing.Do(func() { close(t.closed) })
	t.portrait.close()
	errs := []error{t.detector.Close(), t.embedder.Close()}
	for _, d := range t.more {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}
