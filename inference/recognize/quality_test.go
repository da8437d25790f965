package recognize

import (
	"image"
	"math"
	"strings"
	"testing"

	"github.com/disintegration/imaging"

	"reterminal-vision/inference"
	"reterminal-vision/inference/face"
	"reterminal-vision/inference/testmedia"
)

// Sharpness is what OpenCV computes.
func TestSharpnessAgainstOpenCV(t *testing.T) {
	p, err := newPhotographer()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for _, c := range readRecorded(t) {
		o := inference.Object{Skeleton: face.Skeleton}
		for _, p := range c.landmarks() {
			o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: p})
		}
		q, err := p.take(testmedia.Frame(t, c.Picture), &o)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(q.Sharpness)-c.Sharpness) > .02*c.Sharpness+1 {
			t.Errorf("%s: sharpness %.2f, OpenCV has %.2f", c.Picture, q.Sharpness, c.Sharpness)
		}
	}
}

func TestPose(t *testing.T) {
	// turned is the template's face with its nose moved, rotated by degrees.
	turned := func(dx, dy float32, degrees float64) (l face.Landmarks) {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		for i, p := range face.Template112 {
			if i == 2 {
				p.X, p.Y = p.X+dx, p.Y+dy
			}
			l[i] = inference.Point{X: float32(cos)*p.X - float32(sin)*p.Y, Y: float32(sin)*p.X + float32(cos)*p.Y}
		}
		return l
	}
	apart := face.Template112[1].X - face.Template112[0].X
	down := (face.Template112[3].Y+face.Template112[4].Y)/2 - (face.Template112[0].Y+face.Template112[1].Y)/2
	for name, c := range map[string]struct {
		landmarks       face.Landmarks
		turn, nod, tilt float32
	}{
		"straight": {turned(0, 0, 0), 0, 0, 0},
		"to right": {turned(.3*apart, 0, 0), .3, 0, 0},
		"to left":  {turned(-.3*apart, 0, 0), -.3, 0, 0},
		"down":     {turned(0, .2*down, 0), 0, .2, 0},
		"up":       {turned(0, -.2*down, 0), 0, -.2, 0},
		"tilted":   {turned(.3*apart, 0, 30), .3, 0, 30},
	} {
		q := pose(c.landmarks)
		for _, v := range [][2]float32{{q.Turn, c.turn}, {q.Nod, c.nod}, {q.Tilt / 30, c.tilt / 30}} {
			if math.Abs(float64(v[0]-v[1])) > .02 {
				t.Errorf("%s: %v", name, q)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	good := Quality{Size: 100, Sharpness: 200}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		change func(*Quality)
		want   Fault
	}{
		"good":         {func(*Quality) {}, Fit},
		"small":        {func(q *Quality) { q.Size = 59 }, TooSmall},
		"blurred":      {func(q *Quality) { q.Sharpness = 49 }, Blurred},
		"left":         {func(q *Quality) { q.Turn = -.3 }, NotFrontal},
		"right":        {func(q *Quality) { q.Turn = .3 }, NotFrontal},
		"down":         {func(q *Quality) { q.Nod = .4 }, NotFrontal},
		"tilted":       {func(q *Quality) { q.Tilt = -30 }, NotFrontal},
		"not a number": {func(q *Quality) { q.Nod = nan }, NotFrontal},
		"no sharpness": {func(q *Quality) { q.Sharpness = nan }, Blurred},
	} {
		q := good
		c.change(&q)
		if got := DefaultLimits.Check(q); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for f := Fit; f <= Blurred; f++ {
		if f.String() == "" || !strings.HasSuffix(f.Error(), ".") {
			t.Errorf("fault %d has no words", f)
		}
	}
}

// Pictures are judged as a person would.
func TestExamine(t *testing.T) {
	portrait, err := imaging.Open(testmedia.Path(t, "media/recognition/img13.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	// scaled is the portrait on a camera's picture, its face so many pixels across.
	scaled := func(width int) image.Image {
		small := imaging.Resize(portrait, portrait.Bounds().Dx()*width/142, 0, imaging.Box)
		return imaging.PasteCenter(imaging.New(640, 480, image.Black), small)
	}
	task := openTask(t, Config{Threshold: .5})
	for name, c := range map[string]struct {
		img  image.Image
		want Fault
	}{
		"good":    {portrait, Fit},
		"near":    {scaled(100), Fit},
		"far":     {scaled(45), TooSmall},
		"blurred": {imaging.Blur(portrait, 3.5), Blurred},
		"nobody":  {imaging.New(640, 480, image.White), NoFace},
		"two":     {imaging.Paste(imaging.Paste(imaging.New(1440, 480, image.Black), portrait, image.Pt(0, 0)), portrait, image.Pt(720, 0)), SeveralFaces},
		"cut off": {imaging.Crop(portrait, image.Rect(0, 150, 720, 480)), CutOff},
		"tilted":  {imaging.Rotate(portrait, 32, image.Black), NotFrontal},
	} {
		shot, err := task.Examine(frameOf(c.img))
		if got, ok := err.(Fault); err != nil && !ok || got != c.want {
			t.Errorf("%s: %v (%v), want %v", name, err, shot.Quality, c.want)
		}
		if (shot.Embedding != nil) != (c.want == Fit) {
			t.Errorf("%s: %d numbers of embedding", name, len(shot.Embedding))
		}
	}
}
