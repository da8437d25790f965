package frame

import (
	"bytes"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"os"
	"slices"
	"testing"

	"reterminal-vision/camera/testpicture"
)

func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// mjpegPicture makes one JPEG picture the way cameras do, by pixel format.
func mjpegPicture(t testing.TB, size, pixFmt string) []byte {
	return readFile(t, testpicture.Video(t, "one.mjpeg", "-f", "lavfi", "-i", "testsrc=size="+size, "-frames:v", "1", "-pix_fmt", pixFmt, "-huffman", "default", "-q:v", "4"))
}

// withoutHuffman strips the Huffman tables, which UVC cameras leave out.
func withoutHuffman(data []byte) []byte {
	out := []byte{0xFF, 0xD8}
	for i := 2; i+4 <= len(data) && data[i+1] != 0xDA; {
		n := 2 + int(data[i+2])<<8 + int(data[i+3])
		if data[i+1] != 0xC4 {
			out = append(out, data[i:i+n]...)
		}
		if i += n; data[i+1] == 0xDA {
			out = append(out, data[i:]...)
		}
	}
	return out
}

func TestDecodeYUVFormats(t *testing.T) {
	tests := []struct {
		size, pixFmt string
		w, h         int
		want         Format
	}{
		{"640x480", "yuvj420p", 640, 480, I420},
		{"640x480", "yuvj422p", 640, 480, I422},
		{"640x480", "yuvj444p", 640, 480, I444},
		{"101x67", "yuvj420p", 101, 67, I420},
		{"101x67", "yuvj422p", 101, 67, I422},
		{"101x67", "yuvj444p", 101, 67, I444},
		{"1x1", "yuvj420p", 1, 1, I420},
	}
	for _, tt := range tests {
		t.Run(tt.size+tt.pixFmt, func(t *testing.T) {
			data := mjpegPicture(t, tt.size, tt.pixFmt)
			f, err := newDecoder(t).DecodeYUV(data, &Pool{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Format != tt.want || f.Width != tt.w || f.Height != tt.h || f.Range != RangeFull {
				t.Errorf("got %v %dx%d range %d", f.Format, f.Width, f.Height, f.Range)
			}
			if err := f.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDecodeGrey(t *testing.T) {
	var buf bytes.Buffer
	want := image.NewGray(image.Rect(0, 0, 37, 21))
	for i := range want.Pix {
		want.Pix[i] = byte(i % 37 * 6)
	}
	if err := jpeg.Encode(&buf, want, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	f, err := newDecoder(t).DecodeYUV(buf.Bytes(), &Pool{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Format != Grey || f.Width != 37 || f.Height != 21 || f.Range != RangeFull {
		t.Fatalf("got %v %dx%d range %d", f.Format, f.Width, f.Height, f.Range)
	}
	for y := range 21 {
		for x := range 37 {
			if d := difference(int(f.Planes[0][y*f.Stride[0]+x]) - int(want.GrayAt(x, y).Y)); d > 6 {
				t.Fatalf("pixel %d,%d is off by %d", x, y, d)
			}
		}
	}
}

func TestDecodeWithoutHuffmanTables(t *testing.T) {
	needTurbo(t)
	data := mjpegPicture(t, "320x240", "yuvj422p")
	bare := withoutHuffman(data)
	if len(bare) >= len(data)-400 {
		t.Fatalf("tables were not stripped: %d of %d bytes left", len(bare), len(data))
	}
	d, pool := newDecoder(t), &Pool{}
	want, err := d.DecodeYUV(data, pool)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.DecodeYUV(bare, pool)
	if err != nil {
		t.Fatal(err)
	}
	for p := range want.Planes {
		if !slices.Equal(got.Planes[p], want.Planes[p]) {
			t.Errorf("plane %d differs", p)
		}
	}
}

func TestDecodeDamaged(t *testing.T) {
	data := testpicture.JPEG(t, 160, 120)
	huge := slices.Clone(data)
	for i := range huge {
		if huge[i] == 0xFF && huge[i+1] == 0xC0 {
			copy(huge[i+5:], []byte{0x4E, 0x20, 0x4E, 0x20})
			break
		}
	}
	tests := []struct {
		name    string
		data    []byte
		corrupt bool
	}{
		{"empty", nil, true},
		{"noise", []byte("not a picture at all"), true},
		{"header only", data[:200], true},
		{"cut", data[:len(data)*2/3], true},
		{"end marker lost", data[:len(data)-2], true},
		{"20000x20000", huge, false},
	}
	d, pool := newDecoder(t), &Pool{}
	for _, tt := range tests {
		for name, decode := range map[string]func([]byte, *Pool) (*Frame, error){"YUV": d.DecodeYUV, "RGB": d.DecodeRGB} {
			f, err := decode(tt.data, pool)
			if err == nil || f != nil || errors.Is(err, ErrCorrupt) != tt.corrupt {
				t.Errorf("%s as %s: frame %v, error %v", tt.name, name, f, err)
			}
		}
	}
	if _, err := d.DecodeYUV(data, pool); err != nil {
		t.Errorf("a sound picture after damaged ones: %v", err)
	}
	if n := pool.Made(); n > 2 {
		t.Errorf("%d frames made: failed decodes keep theirs", n)
	}
}

func TestDecodeStrayBytes(t *testing.T) {
	data := testpicture.JPEG(t, 160, 120)
	stray := slices.Concat(data[:len(data)-2], []byte{0, 0, 0}, data[len(data)-2:])
	if _, err := newDecoder(t).DecodeYUV(stray, &Pool{}); err != nil {
		t.Errorf("stray bytes before the end marker: %v", err)
	}
	padded := append(slices.Clone(data), make([]byte, 500)...)
	if _, err := newDecoder(t).DecodeYUV(padded, &Pool{}); err != nil {
		t.Errorf("zeros after the end marker: %v", err)
	}
}

// The checksums are of OpenCV's decode of the same files, as R G B.
func TestDecodeRGBEqualsOpenCV(t *testing.T) {
	tests := []struct {
		name string
		crc  uint32
	}{
		{"belt/damage.jpeg", 0x4f5e0bcb},
		{"faces/group.jpg", 0x694aeb49},
		{"faces/group_11.jpg", 0xce2caf56},
		{"faces/group_8.jpg", 0x1f91f1c2},
		{"faces/portrait.jpg", 0x5888380a},
		{"faces/portrait_exif.jpg", 0xdf576dfc},
		{"lung/1.jpg", 0xa992c7eb},
		{"objects/2007_000243.jpg", 0xb6bdc904},
		{"objects/parrot.jpg", 0xe24986a9},
		{"objects/ssd_example.jpg", 0x8ff2b037},
		{"recognition/img13.jpg", 0x6a8ad076},
	}
	needTurbo(t)
	d := newDecoder(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := d.DecodeRGB(readFile(t, testpicture.Media(t, tt.name)), &Pool{})
			if err != nil {
				t.Fatal(err)
			}
			if got := crc32.ChecksumIEEE(f.Planes[0]); got != tt.crc {
				t.Errorf("pixels have checksum %08x, OpenCV's %08x", got, tt.crc)
			}
		})
	}
}

func TestSplitJPEGs(t *testing.T) {
	a, b := testpicture.JPEG(t, 40, 30), testpicture.JPEG(t, 50, 20)
	thumbnail := testpicture.JPEG(t, 8, 8)
	n := len(thumbnail) + 2
	nested := slices.Concat(a[:2], []byte{0xFF, 0xE1, byte(n >> 8), byte(n)}, thumbnail, a[2:])
	tests := []struct {
		name string
		data []byte
		want [][]byte
	}{
		{"none", nil, nil},
		{"noise", []byte{1, 2, 0xFF, 0xD8, 0xFF}, nil},
		{"two", slices.Concat(a, b), [][]byte{a, b}},
		{"stray bytes between", slices.Concat([]byte{0, 0xFF}, a, []byte{1, 2, 3}, b), [][]byte{a, b}},
		{"thumbnail inside", slices.Concat(nested, b), [][]byte{nested, b}},
		{"last one cut", slices.Concat(a, b[:len(b)/2]), [][]byte{a}},
	}
	for _, tt := range tests {
		if got := SplitJPEGs(tt.data); !slices.EqualFunc(got, tt.want, slices.Equal) {
			t.Errorf("%s: %d pictures, want %d", tt.name, len(got), len(tt.want))
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	needTurbo(t)
	d, pool, data := newDecoder(t), &Pool{}, mjpegPicture(t, "101x67", "yuvj420p")
	n := testing.AllocsPerRun(50, func() {
		f, err := d.DecodeYUV(data, pool)
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
	})
	if n != 0 {
		t.Errorf("%v allocations a picture", n)
	}
}

func BenchmarkDecodeYUV(b *testing.B) {
	for _, size := range []string{"640x480", "1280x720"} {
		b.Run(size, func(b *testing.B) {
			src := testpicture.Video(b, "frame.mjpeg", "-i", testpicture.Media(b, "traffic/cars.mp4"), "-frames:v", "1", "-vf", "scale="+size[:len(size)-4]+":"+size[len(size)-3:], "-pix_fmt", "yuvj422p", "-q:v", "3")
			data, d, pool := readFile(b, src), newDecoder(b), &Pool{}
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				f, err := d.DecodeYUV(data, pool)
				if err != nil {
					b.Fatal(err)
				}
				f.Release()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "fps")
		})
	}
}

// needTurbo skips what only libjpeg-turbo does.
func needTurbo(t testing.TB) {
	t.Helper()
	if pureGo {
		t.Skip("built without libjpeg-turbo")
	}
}
