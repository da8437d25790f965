package recognize

import (
	"fmt"
	"image"
	"math"

	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
)

// Quality says how fit a face is to be enrolled.
type Quality struct {
	Size float32 // shorter side of its box in frame pixels
	// Sharpness is the variance of the Laplacian of the luma, 0..255, over the
	// features of the aligned face, 112 pixels high. Blur, enlarging and want of
	// light all lower it.
	Sharpness float32
	// Turn is how far the nose lies to a side of the middle of the eyes, in
	// distances between the eyes: 0 for a face that looks straight ahead.
	Turn float32
	// Nod is how far down the nose lies from the eyes to the mouth, less what
	// face.Template112 has: 0 for a level face, negative when it looks up.
	Nod float32
	// Tilt is the angle of the eyes against the horizontal, in degrees.
	Tilt float32
}

// Limits are what a face must meet to be enrolled.
type Limits struct {
	Size, Sharpness float32 // at least
	Turn, Nod, Tilt float32 // at most, either way
}

// DefaultLimits are measured: testdata/README.md says how.
var DefaultLimits = Limits{Size: 60, Sharpness: 50, Turn: .25, Nod: .3, Tilt: 25}

// Fault is why a picture cannot be enrolled. As an error it says what to do.
type Fault uint8

// Faults, in the order in which they are looked for.
const (
	Fit Fault = iota
	NoFace
	SeveralFaces
	CutOff
	TooSmall
	NotFrontal
	Blurred
)

var faultNames = [...]string{"fit", "no face", "several faces", "cut off", "too small", "not frontal", "blurred"}

var faultAdvice = [...]string{
	"Good.",
	"No face in the picture: look at the camera.",
	"Several faces in the picture: one person at a time.",
	"The face is cut off: move to the middle of the picture.",
	"The face is too small: come closer.",
	"The face is turned away: look straight at the camera.",
	"The face is blurred or dark: hold still, in good light.",
}

func (f Fault) String() string { return faultNames[f] }
func (f Fault) Error() string  { return faultAdvice[f] }

// Check is the first thing wrong with a face of quality q, Fit when nothing is.
func (l Limits) Check(q Quality) Fault {
	within := func(v, limit float32) bool { return v >= -limit && v <= limit } // false for NaN
	switch {
	case !(q.Size >= l.Size):
		return TooSmall
	case !within(q.Turn, l.Turn) || !within(q.Nod, l.Nod) || !within(q.Tilt, l.Tilt):
		return NotFrontal
	case !(q.Sharpness >= l.Sharpness):
		return Blurred
	}
	return Fit
}

// portraitSide is the side of a portrait in pixels, that of face.Template112.
const portraitSide = 112

// photographer takes portraits: aligned faces, and how good they are.
type photographer struct {
	warper *face.Warper
	rgb    []byte
}

func newPhotographer() (*photographer, error) {
	w, err := face.NewWarper(&inference.Tensor{
		Name: "portrait", Shape: []int{1, portraitSide, portraitSide, 3}, DType: inference.UInt8, Scale: 1,
	}, inference.Uniform(0, 1))
	if err != nil {
		return nil, err
	}
	return &photographer{warper: w, rgb: make([]byte, w.Size())}, nil
}

func (p *photographer) close() { p.warper.Close() }

// take aligns the face into rgb and judges it.
func (p *photographer) take(f *frame.Frame, o *inference.Object) (Quality, error) {
	l := face.LandmarksOf(o)
	m, ok := face.Align(face.Template112[:], l[:])
	if !ok {
		return Quality{}, ErrNoFace
	}
	if err := p.warper.Run(f, m, p.rgb); err != nil {
		return Quality{}, err
	}
	q := pose(l)
	q.Size = min(o.Box.Width(), o.Box.Height())
	q.Sharpness = sharpness(p.rgb)
	return q, nil
}

// portrait is a copy of the face last taken.
func (p *photographer) portrait() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, portraitSide, portraitSide))
	for i := range portraitSide * portraitSide {
		copy(img.Pix[4*i:4*i+3], p.rgb[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// pose fills in the part of a quality that follows from the landmarks.
func pose(l face.Landmarks) (q Quality) {
	eyes, mouth, nose := middle(l[0], l[1]), middle(l[3], l[4]), l[2]
	across := inference.Point{X: l[1].X - l[0].X, Y: l[1].Y - l[0].Y}
	apart := float32(math.Hypot(float64(across.X), float64(across.Y)))
	// Along and down are a point's place from the eyes in the face's own directions.
	along := func(p inference.Point) float32 { return ((p.X-eyes.X)*across.X + (p.Y-eyes.Y)*across.Y) / apart }
	down := func(p inference.Point) float32 { return ((p.Y-eyes.Y)*across.X - (p.X-eyes.X)*across.Y) / apart }
	q.Turn = along(nose) / apart
	q.Nod = down(nose)/down(mouth) - levelNod
	q.Tilt = float32(math.Atan2(float64(across.Y), float64(across.X)) * 180 / math.Pi)
	return q
}

func middle(a, b inference.Point) inference.Point {
	return inference.Point{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2}
}

// levelNod is where the nose of face.Template112 is on the way from its eyes
// to its mouth.
const levelNod = .495

// features is the part of a portrait that holds eyes, nose and mouth and
// nothing of the backdrop.
var features = image.Rect(24, 36, 88, 104)

// sharpness is the variance of the Laplacian over the features of a portrait
// (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000).
func sharpness(rgb []byte) float32 {
	luma := func(x, y int) int {
		p := rgb[3*(y*portraitSide+x):]
		return (77*int(p[0]) + 150*int(p[1]) + 29*int(p[2]) + 128) >> 8
	}
	sum, squares := 0, 0
	for y := features.Min.Y; y < features.Max.Y; y++ {
		for x := features.Min.X; x < features.Max.X; x++ {
			v := luma(x-1, y) + luma(x+1, y) + luma(x, y-1) + luma(x, y+1) - 4*luma(x, y)
			sum, squares = sum+v, squares+v*v
		}
	}
	n := float64(features.Dx() * features.Dy())
	mean := float64(sum) / n
	return float32(float64(squares)/n - mean*mean)
}

func (q Quality) String() string {
	return fmt.Sprintf("size %.0f, sharpness %.0f, turn %+.2f, nod %+.2f, tilt %+.0f°", q.Size, q.Sharpness, q.Turn, q.Nod, q.Tilt)
}
