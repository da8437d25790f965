package ui

import (
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"reterminal-vision/camera"
	"reterminal-vision/camera/frame"
	"reterminal-vision/inference"
	"reterminal-vision/ui/kit"
)

// shared finds test material outside the repository, or skips.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir := os.Getenv("RTV_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	p := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("test material is absent: %v; set RTV_SHARED to its folder", err)
	}
	return p
}

// loadFrame reads a JPEG as an RGB24 frame.
func loadFrame(t testing.TB, path string) *frame.Frame {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := jpeg.Decode(file)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return frameOf(img)
}

func frameOf(img image.Image) *frame.Frame {
	b := img.Bounds()
	rgba := image.NewRGBA(b)
	draw.Draw(rgba, b, img, b.Min, draw.Src)
	f := new(frame.Pool).Get(frame.RGB24, b.Dx(), b.Dy())
	for i := range b.Dx() * b.Dy() {
		copy(f.Planes[0][3*i:3*i+3], rgba.Pix[4*i:])
	}
	return f
}

var testCards = []Card{
	{ID: "objects", Task: "detect", Title: "Object detection", Summary: "Finds and names 80 kinds of everyday things", Model: "SSD MobileNet v1, 8 bit", Ready: true},
	{ID: "scene", Task: "segment", Title: "Segmentation", Summary: "Colours every part of the picture by what it is", Model: "DeepLab v3 MobileNet v2", Ready: true},
	{ID: "things", Task: "classify", Title: "Classification", Summary: "Names what the picture shows", Model: "MobileNet v2", Ready: true},
	{ID: "emotion", Title: "Faces and emotions", Summary: "Reads the expression of every face", Model: "Ultra-Light RFB + MobileFaceNet", Ready: false,
		Reason: "The model is not on this device. Connect to the network and run: reterminal-vision models fetch face-emotion"},
	{ID: "recognition", Title: "Who is it?", Summary: "Recognises the people you introduced", Model: "MobileFaceNet", Ready: true, People: true},
	{ID: "age-gender", Title: "Age and gender", Summary: "Guesses the age of every face in view", Model: "MobileFaceNet 2.0", Ready: true},
	{ID: "belt", Title: "Conveyor belt", Summary: "Spots a torn belt before it stops the line", Model: "MobileNet v1 0.25", Ready: true},
}

// deeds is what a UI asked of its handler.
type deeds struct {
	done []string
	ui   *UI
}

func (d *deeds) StartDemo(id string)    { d.done = append(d.done, "start "+id) }
func (d *deeds) StopDemo()              { d.done = append(d.done, "stop") }
func (d *deeds) SavePicture()           { d.done = append(d.done, "save") }
func (d *deeds) Settings()              { d.done = append(d.done, "settings") }
func (d *deeds) People()                { d.ui.People.Open() }
func (d *deeds) Idle()                  { d.done = append(d.done, "idle") }
func (d *deeds) Wake()                  { d.done = append(d.done, "wake") }
func (d *deeds) Quit()                  { d.done = append(d.done, "quit") }
func (d *deeds) ShowPeople()            { d.done = append(d.done, "people") }
func (d *deeds) StopEnrol()             { d.done = append(d.done, "stop enrol") }
func (d *deeds) Rename(id, name string) { d.done = append(d.done, "rename "+id+" "+name) }
func (d *deeds) Forget(id string)       { d.done = append(d.done, "forget "+id) }
func (d *deeds) Enrol(id, name string)  { d.done = append(d.done, "enrol "+id+" "+name) }
func (d *deeds) CheckName(id, name string) string {
	if name == "" {
		return "A person needs a name."
	}
	return ""
}

// newTestUI makes a UI on the software driver.
func newTestUI(t testing.TB, size fyne.Size, kiosk bool) (*UI, *deeds) {
	t.Helper()
	d := &deeds{}
	u := newUI(test.NewApp(), Options{Title: "reTerminal Vision", Cards: testCards, Handler: d, People: d, Pages: &wishes{}, Adjust: "adjust", About: "about-demo", Size: size, Kiosk: kiosk})
	d.ui = u
	u.win.Canvas().(interface{ SetScale(float32) }).SetScale(1)
	u.win.Resize(size)
	return u, d
}

// look paints the window until it is at rest and returns the picture, kept in
// the folder RTV_SHOTS when that is set.
func look(t testing.TB, u *UI, name string) image.Image {
	t.Helper()
	var img image.Image
	for range 2 {
		u.tick(time.Now())
		img = u.win.Canvas().Capture()
	}
	if dir := os.Getenv("RTV_SHOTS"); dir != "" {
		f, err := os.Create(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

var (
	portrait  = fyne.NewSize(720, 1280)
	landscape = fyne.NewSize(1280, 720)
)

// street is a made-up result for a 640x480 frame.
func street() *inference.Result {
	return &inference.Result{Width: 640, Height: 480, Objects: []inference.Object{
		{Box: inference.Box{X0: 20, Y0: 200, X1: 250, Y1: 380}, Class: 2, Label: "car", Score: 0.871},
		{Box: inference.Box{X0: 230, Y0: 180, X1: 330, Y1: 270}, Class: 2, Label: "car", Score: 0.74},
		{Box: inference.Box{X0: 300, Y0: 185, X1: 380, Y1: 265}, Class: 7, Label: "truck", Score: 0.62},
		{Box: inference.Box{X0: 420, Y0: 150, X1: 520, Y1: 420}, Class: 0, Label: "person", Score: 0.93},
		{Box: inference.Box{X0: 560, Y0: -10, X1: 660, Y1: 90}, Class: 9, Label: "traffic light", Score: 0.55},
		{Box: inference.Box{X0: 480, Y0: 300, X1: 630, Y1: 470}, Class: 1, Label: "bicycle", Score: 0.81},
		{Box: inference.Box{X0: 600, Y0: 440, X1: 640, Y1: 480}, Class: 26, Label: "handbag", Score: 0.41},
	}}
}

// faces is a made-up result with landmarks and attributes.
func faces() *inference.Result {
	r := &inference.Result{Width: 640, Height: 480}
	for i, box := range []inference.Box{{X0: 90, Y0: 90, X1: 240, Y1: 290}, {X0: 380, Y0: 120, X1: 520, Y1: 300}} {
		o := r.AddObject()
		o.Box, o.Label, o.Class, o.Score, o.Skeleton = box, "face", 0, 0.98, &inference.Skeleton{}
		for _, p := range []inference.Point{{X: 0.3, Y: 0.4}, {X: 0.7, Y: 0.4}, {X: 0.5, Y: 0.6}, {X: 0.35, Y: 0.78}, {X: 0.65, Y: 0.78}} {
			o.Keypoints = append(o.Keypoints, inference.Keypoint{Point: inference.Point{X: box.X0 + p.X*box.Width(), Y: box.Y0 + p.Y*box.Height()}})
		}
		o.Attributes = append(o.Attributes,
			inference.Attribute{Name: "emotion", Value: []string{"happy", "surprised"}[i], Score: 0.83},
			inference.Attribute{Name: "age", Value: []string{"21-45", "46-60"}[i]})
	}
	return r
}

// scene is a made-up segmentation of 65x65 cells.
func scene() *inference.Result {
	const side = 65
	m := &inference.Mask{Width: side, Height: side, Area: inference.Box{X1: 640, Y1: 480},
		Class: make([]uint8, side*side), Labels: []string{"background", "person", "car", "sky", "plant"}, Share: make([]float32, 5)}
	for y := range side {
		for x := range side {
			c := uint8(0)
			switch dx, dy := x-22, y-40; {
			case dx*dx+dy*dy < 260:
				c = 2
			case x > 42 && x < 52 && y > 20:
				c = 1
			case y < 14:
				c = 3
			case y > 58:
				c = 4
			}
			m.Class[y*side+x] = c
			m.Share[c] += 1.0 / (side * side)
		}
	}
	return &inference.Result{Width: 640, Height: 480, Mask: m}
}

// guesses is a made-up classification.
func guesses() *inference.Result {
	return &inference.Result{Width: 640, Height: 480, Classes: []inference.Class{
		{Index: 1, Label: "minivan", Score: 0.71}, {Index: 2, Label: "sports car", Score: 0.14},
		{Index: 3, Label: "traffic light", Score: 0.06}, {Index: 4, Label: "parking meter, a rather long name for it", Score: 0.021},
		{Index: 5, Label: "street sign", Score: 0.008},
	}}
}

// belt is a made-up classification that raises the alarm.
func belt() *inference.Result {
	return &inference.Result{Width: 640, Height: 480, Alarm: "Tear", Classes: []inference.Class{
		{Index: 3, Label: "Tear", Score: 0.934}, {Index: 0, Label: "Intact", Score: 0.041}, {Index: 1, Label: "Puncture", Score: 0.025},
	}}
}

// lungs is the segmentation that people drew of an X-ray.
func lungs(t testing.TB) *inference.Result {
	file, err := os.Open(shared(t, "media", "lung", "1-mask.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	const side = 128
	m := &inference.Mask{Width: side, Height: side, Class: make([]uint8, side*side), Labels: []string{"background", "Lung"}, Share: make([]float32, 2)}
	b := img.Bounds()
	for i := range m.Class {
		if r, _, _, _ := img.At(b.Dx()*(i%side)/side, b.Dy()*(i/side)/side).RGBA(); r > 0 {
			m.Class[i] = 1
		}
		m.Share[m.Class[i]] += 1.0 / (side * side)
	}
	return &inference.Result{Width: 640, Height: 480, Mask: m}
}

// scaled brings a result made up for 640x480 to the frame's size.
func scaled(r *inference.Result, f *frame.Frame) *inference.Result {
	sx, sy := float32(f.Width)/640, float32(f.Height)/480
	r.Width, r.Height = f.Width, f.Height
	for i := range r.Objects {
		o := &r.Objects[i]
		o.Box = inference.Box{X0: o.Box.X0 * sx, Y0: o.Box.Y0 * sy, X1: o.Box.X1 * sx, Y1: o.Box.Y1 * sy}
		for j := range o.Keypoints {
			o.Keypoints[j].X *= sx
			o.Keypoints[j].Y *= sy
		}
	}
	if r.Mask != nil {
		r.Mask.Area = inference.Box{X1: float32(f.Width), Y1: float32(f.Height)}
	}
	return r
}

func okStatus() Status {
	return Status{Source: "HD Webcam C525", Model: "SSD MobileNet v1, 8 bit", FPS: 29.6, DisplayFPS: 30,
		Latency: 41 * time.Millisecond, Invoke: 9700 * time.Microsecond, Celsius: 61}
}

func builtinStatus() Status {
	s := okStatus()
	s.Notice, s.SourceKind, s.Source = "No camera: showing built-in footage", camera.KindBuiltin, "Built-in: traffic"
	return s
}

// TestScreens walks through every state of both ways up. It checks that each
// paints; RTV_SHOTS=folder keeps the pictures to be looked at.
func TestScreens(t *testing.T) {
	dogs := loadFrame(t, shared(t, "media", "objects", "ssd_example.jpg"))
	torn := loadFrame(t, shared(t, "media", "belt", "damage.jpeg"))
	xray := loadFrame(t, shared(t, "media", "lung", "1.jpg"))
	for _, o := range []struct {
		name string
		size fyne.Size
	}{{"portrait", portrait}, {"landscape", landscape}} {
		t.Run(o.name, func(t *testing.T) {
			u, _ := newTestUI(t, o.size, false)
			look(t, u, o.name+"-home")
			u.home.scroll.ScrollTo(4000)
			look(t, u, o.name+"-home-scrolled")

			u.ShowDemo("objects")
			look(t, u, o.name+"-starting")
			for _, s := range []struct {
				name   string
				frame  *frame.Frame
				result *inference.Result
				status Status
			}{
				{"live", dogs, street(), okStatus()},
				{"builtin", dogs, street(), builtinStatus()},
				{"empty", dogs, &inference.Result{}, okStatus()},
				{"faces", dogs, faces(), okStatus()},
				{"segmentation", dogs, scene(), okStatus()},
				{"lungs", xray, lungs(t), okStatus()},
				{"alarm", torn, belt(), okStatus()},
				{"classification", dogs, guesses(), okStatus()},
			} {
				u.live.seenAt = time.Time{}
				u.Live.Result(scaled(s.result, s.frame))
				u.Live.Status(s.status)
				u.Live.Frame(s.frame)
				look(t, u, o.name+"-"+s.name)
			}
			u.Live.Problem(Problem{Title: "Camera disconnected", Detail: "/dev/video0 (HD Webcam C525) was unplugged 4 seconds ago.",
				Remedy: "Plug the camera in again: the picture comes back by itself. Another port helps when it does not.", Retry: func() {}})
			look(t, u, o.name+"-problem")
			u.Live.Problem(Problem{Title: "The model cannot be loaded", Detail: "ssd_mobilenet.tflite: checksum differs from the catalogue's.",
				Remedy: "Run: reterminal-vision models fetch object-detection", Fatal: true})
			look(t, u, o.name+"-fatal")
		})
	}
}

// An alarm comes and goes without moving anything, stands out, and is gone
// with the demo that raised it.
func TestAlarm(t *testing.T) {
	u, _ := newTestUI(t, portrait, false)
	u.ShowDemo("belt")
	pool := new(frame.Pool)
	f := pool.Get(frame.Grey, 640, 480)
	step := func(r *inference.Result) image.Image {
		u.live.seenAt = time.Time{}
		u.Live.Result(r)
		u.Live.Frame(f)
		return look(t, u, "alarm")
	}
	quiet := belt()
	quiet.Alarm = ""
	foot := image.Pt(700, int(kit.HeaderBar)+540-20) // on the banner, beside its words
	before := step(quiet)
	with := step(belt())
	after := step(quiet)
	if got, want := with.At(foot.X, foot.Y), kit.Colors.Alarm; !sameColor(got, want) {
		t.Errorf("the banner is %v, want %v", got, want)
	}
	b := before.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if !sameColor(before.At(x, y), after.At(x, y)) {
				t.Fatalf("the alarm left a trace at %d,%d", x, y)
			}
			if y >= int(kit.HeaderBar)+540 && !sameColor(before.At(x, y), with.At(x, y)) {
				t.Fatalf("the alarm changed %d,%d, which is beneath the picture", x, y)
			}
		}
	}
	step(belt())
	u.ShowHome()
	u.ShowDemo("things")
	if u.live.alarm.Visible() {
		t.Error("the alarm outlived its demo")
	}
}

func sameColor(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	return ar>>8 == br>>8 && ag>>8 == bg>>8 && ab>>8 == bb>>8
}

// smallFrame is a picture of one grey.
func smallFrame(v byte) *frame.Frame {
	f := new(frame.Pool).Get(frame.Grey, 64, 48)
	f.Range = frame.RangeFull
	for i := range f.Planes[0] {
		f.Planes[0][i] = v
	}
	return f
}
