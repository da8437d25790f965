package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/camera/testpicture"

	"github.com/disintegration/imaging"
)

func writeFile(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func savePicture(t testing.TB, path string, w, h int) string {
	t.Helper()
	if err := imaging.Save(testpicture.Image(w, h), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// withOrientation adds an EXIF segment that says o.
func withOrientation(data []byte, o int, order binary.AppendByteOrder) []byte {
	mark := map[bool]string{true: "MM", false: "II"}[order == binary.AppendByteOrder(binary.BigEndian)]
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3)
	tiff = order.AppendUint16(order.AppendUint32(tiff, 1), uint16(o))
	tiff = append(tiff, make([]byte, 6)...)
	segment := slices.Concat([]byte("Exif\x00\x00"), tiff)
	head := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, byte((len(segment)+2)>>8), byte(len(segment)+2))
	return slices.Concat(head, segment, data[2:])
}

func TestReadStillKinds(t *testing.T) {
	for _, ext := range stillExtensions {
		t.Run(ext, func(t *testing.T) {
			f, err := ReadStill(savePicture(t, filepath.Join(t.TempDir(), "a"+ext), 61, 43))
			if err != nil {
				t.Fatal(err)
			}
			if f.Format != frame.RGB24 || f.Width != 61 || f.Height != 43 {
				t.Errorf("got %v %dx%d", f.Format, f.Width, f.Height)
			}
			want := testpicture.Image(61, 43).RGBAAt(50, 10)
			r, g, b := rgbOf(t, f, 50, 10)
			tolerance := map[string]int{".jpg": 30, ".jpeg": 30, ".gif": 40}[ext]
			for _, d := range []int{int(r) - int(want.R), int(g) - int(want.G), int(b) - int(want.B)} {
				if abs(d) > tolerance {
					t.Errorf("pixel is %d,%d,%d, want %v", r, g, b, want)
					break
				}
			}
		})
	}
}

func TestReadStillOrientation(t *testing.T) {
	data := testpicture.JPEG(t, 60, 40)
	for o := 0; o <= 9; o++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			path := writeFile(t, filepath.Join(t.TempDir(), "a.jpg"), withOrientation(data, o, order))
			f, err := ReadStill(path)
			if err != nil {
				t.Fatal(err)
			}
			w, h := 60, 40
			if o >= 5 && o <= 8 {
				w, h = h, w
			}
			if f.Width != w || f.Height != h {
				t.Errorf("orientation %d: %dx%d, want %dx%d", o, f.Width, f.Height, w, h)
			}
			// Red grows to the right of the scene, green downwards.
			first, _, _ := rgbOf(t, f, w/2, 2)
			last, _, _ := rgbOf(t, f, w/2, h-3)
			if grows := int(last)-int(first) > 50; grows != (o == 5 || o == 6) {
				t.Errorf("orientation %d: red goes from %d to %d downwards", o, first, last)
			}
		}
	}
}

func TestFolder(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	savePicture(t, filepath.Join(dir, "b.png"), 30, 20)
	savePicture(t, filepath.Join(dir, "a.jpg"), 20, 10)
	savePicture(t, filepath.Join(dir, "c.bmp"), 40, 30)
	writeFile(t, filepath.Join(dir, "aa.jpg"), []byte("broken"))
	writeFile(t, filepath.Join(dir, "notes.txt"), []byte("no picture"))
	src := open(t, dir, Options{Loop: true})
	defer src.Close()
	if info := src.Info(); info.Kind != KindStills || info.Width != 20 || info.Height != 10 || info.FPS != folderFPS {
		t.Errorf("info %+v", info)
	}
	for i := range 7 {
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if want := 20 + 10*(i%3); f.Width != want || f.Sequence != uint64(i) || f.Timestamp != time.Duration(i)*2*time.Second {
			t.Errorf("frame %d: width %d, sequence %d at %v", i, f.Width, f.Sequence, f.Timestamp)
		}
		f.Release()
	}
}

func TestFolderErrors(t *testing.T) {
	noLeaks(t)
	broken, empty, vanishing := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "pictures")
	writeFile(t, filepath.Join(broken, "a.jpg"), []byte("broken"))
	writeFile(t, filepath.Join(broken, "b.png"), nil)
	for _, dir := range []string{broken, empty} {
		if src, err := Open(t.Context(), dir, Options{}); err == nil {
			src.Close()
			t.Errorf("%s opened", dir)
		}
	}
	os.Mkdir(vanishing, 0o755)
	savePicture(t, filepath.Join(vanishing, "a.png"), 30, 20)
	src := open(t, vanishing, Options{Loop: true})
	defer src.Close()
	os.RemoveAll(vanishing)
	if err := drain(t, src, 100); !errors.Is(err, ErrGone) {
		t.Errorf("a removed folder gives %v", err)
	}
}

// drain reads up to n frames and returns the error that ended it.
func drain(t testing.TB, src Source, n int) error {
	for range n {
		f, err := read(t, src)
		if err != nil {
			return err
		}
		f.Release()
	}
	return nil
}

func TestSingleStill(t *testing.T) {
	noLeaks(t)
	path := savePicture(t, filepath.Join(t.TempDir(), "a.png"), 30, 20)
	once := open(t, path, Options{Paced: true})
	defer once.Close()
	if err := drain(t, once, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, once); err != io.EOF {
		t.Errorf("after the picture: %v, want EOF", err)
	}
	forever := open(t, path, Options{Loop: true})
	defer forever.Close()
	if err := drain(t, forever, 50); err != nil {
		t.Error(err)
	}
}

func TestPacedSkipsWhatIsLate(t *testing.T) {
	noLeaks(t)
	path := savePicture(t, filepath.Join(t.TempDir(), "a.png"), 30, 20)
	src := open(t, path, Options{Loop: true, Paced: true, FPS: 100})
	defer src.Close()
	time.Sleep(50 * time.Millisecond) // the clock starts with the first Read
	first, err := read(t, src)
	if err != nil {
		t.Fatal(err)
	}
	if first.Sequence != 0 {
		t.Errorf("the first frame is number %d", first.Sequence)
	}
	first.Release()
	time.Sleep(200 * time.Millisecond)
	if err := drain(t, src, 1); err != nil { // the one that waited
		t.Fatal(err)
	}
	f, err := read(t, src)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	if f.Sequence < 5 {
		t.Errorf("after a pause of 20 frames the reader is at %d", f.Sequence)
	}
	if age := time.Since(f.Captured); age > time.Second {
		t.Errorf("frame is %v old", age)
	}
}

func TestOpenErrors(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	odd := writeFile(t, filepath.Join(dir, "a.xyz"), nil)
	bad := writeFile(t, filepath.Join(dir, "a.png"), []byte("broken"))
	tests := []struct{ spec, want string }{
		{"", "no source named"},
		{filepath.Join(dir, "missing.mp4"), "no such file"},
		{odd, "no known kind"},
		{bad, "cannot be read as a picture"},
		{"builtin:none", "choose from: traffic"},
		{"/dev/video99", "plug in a camera"},
		{"v4l2:/dev/null", "it is no camera"},
	}
	for _, tt := range tests {
		src, err := Open(t.Context(), tt.spec, Options{Builtin: map[string]Clip{"traffic": {Data: func() []byte { return nil }}}})
		if err == nil {
			src.Close()
			t.Errorf("%q opened", tt.spec)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.spec, err, tt.want)
		}
	}
}

func TestBuiltin(t *testing.T) {
	noLeaks(t)
	a := testpicture.JPEG(t, 64, 48)
	data := slices.Concat(a, a, a)
	copy(data[2*len(a)-200:], slices.Repeat([]byte{0xFF, 0xD0}, 60)) // the second one is damaged
	clip := Clip{Title: "Built-in: traffic", FPS: 50, Data: func() []byte { return data }}
	src := open(t, "builtin:traffic", Options{Loop: true, Builtin: map[string]Clip{"traffic": clip}})
	defer src.Close()
	want := Info{Name: "Built-in: traffic", Spec: "builtin:traffic", Kind: KindBuiltin, Width: 64, Height: 48, FPS: 50}
	if src.Info() != want {
		t.Errorf("info %+v", src.Info())
	}
	times := []time.Duration{0, 40 * time.Millisecond, 60 * time.Millisecond, 100 * time.Millisecond}
	for i, at := range times {
		f, err := read(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Sequence != uint64(i) || f.Timestamp != at || f.Format != frame.I420 || f.Range != frame.RangeFull {
			t.Errorf("frame %d: %v %v, sequence %d at %v, want %v", i, f.Format, f.Range, f.Sequence, f.Timestamp, at)
		}
		f.Release()
	}
	if _, err := Open(t.Context(), "builtin:x", Options{Builtin: map[string]Clip{"x": {Data: func() []byte { return a[:100] }}}}); err == nil {
		t.Error("a clip without pictures opened")
	}
}

// TestStillTooLarge refuses files and pictures that would take the memory, with
// their name and what to do.
func TestStillTooLarge(t *testing.T) {
	wide := func(w, h int, as imaging.Format) []byte {
		var b bytes.Buffer
		if err := imaging.Encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White}), as); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, tt := range []struct {
		name    string
		data    []byte
		padding int64 // of the file, behind it
		says    []string
	}{
		{"fits.png", wide(300, 200, imaging.PNG), 0, nil},
		{"padded.jpg", testpicture.JPEG(t, 30, 20), maxStillBytes - 1<<20, nil},
		{"long.jpg", testpicture.JPEG(t, 30, 20), maxStillBytes, []string{"larger than 64 MiB", "make it smaller"}},
		{"many.png", wide(8192, 4097, imaging.PNG), 0, []string{"33 megapixels", "at most 32", "save it as .jpg"}},
		{"many.gif", wide(8192, 4097, imaging.GIF), 0, []string{"33 megapixels", "at most 32", "save it as .jpg"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.name)
			if err := errors.Join(os.WriteFile(path, tt.data, 0o600), os.Truncate(path, int64(len(tt.data))+tt.padding)); err != nil {
				t.Fatal(err)
			}
			f, err := ReadStill(path)
			if err == nil {
				f.Release()
			}
			if (err != nil) != (tt.says != nil) {
				t.Fatal(err)
			}
			for _, want := range append(tt.says, path) {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// rgbOf is the colour of a pixel.
func rgbOf(t *testing.T, f *frame.Frame, x, y int) (r, g, b uint8) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	if err := frame.ToRGBA(img, f); err != nil {
		t.Fatal(err)
	}
	c := img.RGBAAt(x, y)
	return c.R, c.G, c.B
}
