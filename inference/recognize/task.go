package recognize

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/track"
)

// Attribute is the name of the attribute that holds a person's name, or
// Unknown.
const Attribute = "person"

// Unknown is the answer for faces that resemble nobody enough.
const Unknown = "Unknown"

// NotLive is the answer for a face that resembles somebody who is known and is
// not taken for a living one, where that is demanded. Its score is how probable
// it is that it is none.
const NotLive = "Not a live face"

// Liveness tells a face before the camera from a picture of one. It serves one
// goroutine and does not allocate.
type Liveness interface {
	// Live is the probability, 0..1, that the face in box, frame pixels, is alive.
	// It adds what it took to t. ErrNoFace tells that there is nothing in box.
	Live(f *frame.Frame, box inference.Box, t *inference.Timing) (float32, error)
	// Least is the probability from which on a face is taken for alive.
	Least() float32
	// Close frees its network.
	Close() error
}

// Config tunes a task; zero fields but Threshold take the value in brackets.
type Config struct {
	Threshold   float32 // least cosine of a known person, more than 0 and less than 1
	Margin      float32 // lead over the next person without which a face stays unknown [0.05]; negative for none
	MinSize     float32 // shorter side in frame pixels of faces worth a look [36]
	MaxPerFrame int     // faces looked at in one frame [3]
	Settle      int     // first looks at a face, one a frame [3]
	Refresh     int     // frames after which it is looked at again then [10]
	Adaptive    bool    // sooner when it looks otherwise than then, later while it looks the same: see motion.Due
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
	face.Detectors
	embedder *Embedder
	portrait *photographer
	liveness Liveness // nil where it is not demanded
	cfg      Config
	tracker  *track.Tracker
	memory   memory
	gallery  atomic.Pointer[Gallery]
	frame    uint64 // frames run so far
	schedule face.Schedule
	adaptive atomic.Bool
	waiting  bool      // a Capture, for a frame that is looked at
	vector   []float32 // of one look

	requests chan chan captured
	closed   chan struct{}
	closing  sync.Once
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
	cfg = cfg.withDefaults()
	t := &Task{
		Detectors: face.Detectors{Detector: detector}, embedder: embedder, portrait: p, cfg: cfg,
		schedule: face.Schedule{MaxPerFrame: cfg.MaxPerFrame, Refresh: cfg.Refresh}, tracker: track.New(cfg.Track),
		memory: memory{n: embedder.Len()}, vector: make([]float32, embedder.Len()),
		requests: make(chan chan captured, 1), closed: make(chan struct{}),
	}
	t.SetAdaptive(cfg.Adaptive)
	return t, nil
}

// Demand takes over what tells living faces from pictures of them: from then on
// nobody is called by name without its consent. Looks are not adaptive then: a
// picture held in front of a face may look like the face. It is called before any
// frame.
func (t *Task) Demand(l Liveness) { t.liveness = l }

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

// Run finds the faces of the prepared frame and adds who they are, in an
// attribute of the name Attribute: a person's name or Unknown, with the cosine
// to the person most alike, at least 0, as its score. Faces that are too small
// or not yet looked at have no such attribute.
func (t *Task) Run(f *frame.Frame, in *inference.Input, out *inference.Result) error {
	if err := t.Detect(in, out); err != nil {
		return err
	}
	return t.Finish(f, out)
}

// Infer implements inference.Replicated: it finds the faces of a frame.
func (t *Task) Infer(replica int, f *frame.Frame, out *inference.Result) error {
	return t.DetectReplica(replica, f, out)
}

// SetAdaptive implements inference.Adaptive.
func (t *Task) SetAdaptive(on bool) { t.adaptive.Store(on) }

// Finish implements inference.Replicated: it tells who the faces are.
func (t *Task) Finish(f *frame.Frame, out *inference.Result) error {
	t.schedule.Adaptive = t.adaptive.Load() && t.liveness == nil
	if err := landmarked(out); err != nil {
		return err
	}
	t.frame++
	start := time.Now()
	t.tracker.Update(out.Objects)
	t.memory.forget(t.tracker.Alive)
	out.Timing.Decode += time.Since(start)
	t.waiting = out.Origin == inference.Propagated && len(t.requests) > 0
	if !t.waiting {
		t.answer(f, out)
	}
	if t.cfg.Every {
		return t.lookAtAll(f, out)
	}
	for _, l := range t.choose(f, out) {
		if err := t.look(f, &out.Objects[l.Object], &out.Timing); err != nil {
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
	return landmarked(out)
}

// landmarked is the error of faces without landmarks.
func landmarked(out *inference.Result) error {
	for i := range out.Objects {
		if out.Objects[i].Skeleton != face.Skeleton {
			return errors.New("the face detector gives no landmarks, without which nobody is recognised: choose one that does")
		}
	}
	return nil
}

// worth reports whether a face is large enough to be looked at.
func (t *Task) worth(o *inference.Object) bool {
	return min(o.Box.Width(), o.Box.Height()) >= t.cfg.MinSize
}

// choose returns the faces to look at in this frame.
func (t *Task) choose(f *frame.Frame, out *inference.Result) []face.Look {
	t.schedule.Begin(out)
	for i := range out.Objects {
		o := &out.Objects[i]
		if o.Track == 0 || !t.worth(o) {
			continue
		}
		r := t.memory.find(o.Track)
		unsure := t.liveness != nil && r.liveLooks < t.cfg.Settle && r.looks > 0 && t.known(t.match(r))
		if r.looks < t.cfg.Settle || r.doubts > 0 || unsure || t.schedule.Again(t.frame-r.looked, f, o.Box, &r.patch) {
			t.schedule.Add(i, r.looked)
		}
	}
	return t.schedule.Choose()
}

// Urgent reports whether a face that was carried in the last frame, or a
// Capture, waits for one that is looked at.
func (t *Task) Urgent() bool { return t.waiting || t.schedule.Urgent() }

// look embeds a face and takes the vector into its record.
func (t *Task) look(f *frame.Frame, o *inference.Object, timing *inference.Timing) error {
	r := t.memory.find(o.Track)
	r.looked = t.frame
	if t.adaptive.Load() {
		r.patch.Take(f, o.Box)
	}
	err := t.embedder.Embed(f, face.LandmarksOf(o), t.vector, timing)
	if errors.Is(err, ErrNoFace) {
		return nil
	}
	if err != nil {
		return err
	}
	r.take(t.vector, t.cfg.Smoothing, t.cfg.Threshold)
	if t.liveness == nil || !t.known(t.match(r)) {
		return nil // whoever is not called by name need not be alive
	}
	live, err := t.liveness.Live(f, o.Box, timing)
	if errors.Is(err, ErrNoFace) {
		return nil
	}
	if err == nil {
		r.lives(live)
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
	m := t.match(r)
	if t.liveness != nil && t.known(m) && r.liveLooks < t.cfg.Settle {
		return // not before it is sure that it is alive
	}
	t.add(o, m, r.live)
}

// match is whom a record resembles among the people known now.
func (t *Task) match(r *record) Match {
	if g := t.gallery.Load(); r.matched == nil || r.matched != g {
		r.match, r.matched = g.Match(r.unit), g
	}
	return r.match
}

// known reports whether a match is good enough for a name.
func (t *Task) known(m Match) bool {
	return m.Score >= t.cfg.Threshold && m.Score-m.Second >= t.cfg.Margin
}

// add words a match of a face that is so probably alive.
func (t *Task) add(o *inference.Object, m Match, live float32) {
	a := inference.Attribute{Name: Attribute, Value: Unknown, Score: max(m.Score, 0)}
	switch {
	case !t.known(m):
	case t.liveness != nil && !(live >= t.liveness.Least()):
		a.Value, a.Score = NotLive, 1-live
	default:
		a.Value, a.Verbatim = m.Name, true
	}
	o.Attributes = append(o.Attributes, a)
}

// lookAtAll embeds every face and adds whom just this look resembles.
func (t *Task) lookAtAll(f *frame.Frame, out *inference.Result) error {
	g := t.gallery.Load()
	for i := range out.Objects {
		o := &out.Objects[i]
		if !t.worth(o) {
			continue
		}
		err := t.embedder.Embed(f, face.LandmarksOf(o), t.vector, &out.Timing)
		if errors.Is(err, ErrNoFace) {
			continue
		}
		if err != nil {
			return err
		}
		m, live := g.Match(t.vector), float32(0)
		if t.liveness != nil && t.known(m) {
			if live, err = t.liveness.Live(f, o.Box, &out.Timing); err != nil && !errors.Is(err, ErrNoFace) {
				return err
			}
		}
		t.add(o, m, live)
	}
	return nil
}

// Close frees the networks of the detectors and the embedder, and ends every
// Capture that waits.
func (t *Task) Close() error {
	t.closing.Do(func() { close(t.closed) })
	t.portrait.close()
	errs := []error{t.Detectors.Close(), t.embedder.Close()}
	if t.liveness != nil {
		errs = append(errs, t.liveness.Close())
	}
	return errors.Join(errs...)
}
