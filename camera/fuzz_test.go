package camera

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reterminal-vision/camera/frame"
	"reterminal-vision/camera/testpicture"

	"github.com/disintegration/imaging"
	"golang.org/x/sys/unix"
)

// usable checks a picture that a decoder gave, shows a small one, and lets it go.
func usable(t testing.TB, picture *frame.Frame) {
	t.Helper()
	if err := picture.Validate(); err != nil {
		t.Fatal(err)
	}
	if picture.Width*picture.Height < 1<<18 {
		if err := frame.ToRGBA(image.NewRGBA(image.Rect(0, 0, picture.Width, picture.Height)), picture); err != nil {
			t.Fatal(err)
		}
	}
	picture.Release()
}

// FuzzJPEG decodes any bytes as a camera's JPEG picture; what is taken can be
// shown, and the decoder goes on after it.
func FuzzJPEG(f *testing.F) {
	encode := func(img image.Image) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	colour := encode(image.NewRGBA(image.Rect(0, 0, 19, 11)))
	for _, data := range [][]byte{nil, {0xFF, 0xD8}, colour, encode(image.NewGray(image.Rect(0, 0, 8, 8))), colour[:len(colour)/2], append(bytes.Clone(colour), colour...)} {
		f.Add(data)
	}
	huge := bytes.Clone(colour) // its header asks for gigabytes
	if at := bytes.Index(huge, []byte{0xFF, 0xC0}); at > 0 {
		copy(huge[at+5:], []byte{0xFF, 0xFF, 0xFF, 0xFF})
	}
	f.Add(huge)
	d, err := frame.NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(d.Close)
	var pool frame.Pool
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, decode := range []func([]byte, *frame.Pool) (*frame.Frame, error){d.DecodeYUV, d.DecodeRGB} {
			picture, err := decode(data, &pool)
			if err != nil {
				continue
			}
			usable(t, picture)
		}
		frame.SplitJPEGs(data)
		frame.ExifOrientation(data)
		if good, err := d.DecodeRGB(colour, &pool); err != nil {
			t.Fatalf("a sound picture after it: %v", err)
		} else {
			good.Release()
		}
	})
}

// FuzzFrame shows, scales and turns frames of any format, size and strides
// over any bytes: those that are too few are refused, and nothing beyond read.
func FuzzFrame(f *testing.F) {
	picture := bytes.Repeat([]byte{7, 99, 200, 31}, 400)
	for format := range uint8(12) {
		f.Add(format, int16(16), int16(9), int8(0), picture, uint8(20), uint8(10))
		f.Add(format, int16(7), int16(5), int8(3), picture, uint8(3), uint8(50))
		f.Add(format, int16(16), int16(9), int8(-1), picture, uint8(1), uint8(1))
		f.Add(format, int16(640), int16(480), int8(0), picture, uint8(9), uint8(9))
		f.Add(format, int16(-1), int16(0), int8(0), picture, uint8(0), uint8(9))
	}
	var scaler frame.Scaler
	var pool frame.Pool
	f.Fuzz(func(t *testing.T, format uint8, w, h int16, slack int8, raw []byte, dw, dh uint8) {
		one := &frame.Frame{Format: frame.Format(format % 12), Range: frame.Range(format / 12 % 2), Width: int(w), Height: int(h)}
		one.Hold()
		for p := range one.Planes {
			row, rows := one.Format.PlaneSize(p, one.Width, one.Height)
			one.Stride[p] = row + int(slack)
			n := min(len(raw), max(0, one.Stride[p]*rows))
			one.Planes[p] = bytes.Clone(raw[:n])
			raw = raw[n:]
		}
		fits := one.Validate() == nil
		size := image.Rect(0, 0, max(0, int(w)), max(0, int(h)))
		if size.Dx()*size.Dy() > 1<<20 {
			size = image.Rect(0, 0, 1, 1)
		}
		if err := frame.ToRGBA(image.NewRGBA(size), one); err == nil && !fits {
			t.Fatalf("shown, though %v", one.Validate())
		}
		if err := scaler.ToRGBA(image.NewRGBA(image.Rect(0, 0, int(dw), int(dh))), one); err == nil && !fits {
			t.Fatalf("scaled, though %v", one.Validate())
		}
		for _, turn := range []frame.Turn{{Degrees: 90}, {Degrees: 180, Mirror: true}, {Degrees: 270}, {Mirror: true}} {
			turned, err := turn.Apply(one, &pool)
			if err != nil {
				continue
			}
			if !fits {
				t.Fatalf("turned, though %v", one.Validate())
			}
			turned.Release()
		}
	})
}

// FuzzStill reads any file as a picture of a folder; what is taken can be shown.
func FuzzStill(f *testing.F) {
	img := testpicture.Image(19, 11)
	paletted := image.NewPaletted(img.Rect, color.Palette{color.Black, color.White, color.RGBA{200, 30, 9, 255}})
	for i := range paletted.Pix {
		paletted.Pix[i] = uint8(i % 3)
	}
	deep := image.NewNRGBA64(img.Rect)
	for i := range deep.Pix {
		deep.Pix[i] = uint8(7 * i)
	}
	for _, picture := range []image.Image{img, paletted, deep, image.NewGray(img.Rect), image.NewCMYK(image.Rect(0, 0, 3, 2))} {
		for _, as := range []imaging.Format{imaging.PNG, imaging.BMP, imaging.GIF, imaging.TIFF, imaging.JPEG} {
			var b bytes.Buffer
			if err := imaging.Encode(&b, picture, as); err != nil {
				f.Fatal(err)
			}
			f.Add(b.Bytes())
			f.Add(b.Bytes()[:b.Len()/2])
		}
	}
	path := filepath.Join(f.TempDir(), "picture.png") // contents tell the kind
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		picture, err := ReadStill(path)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("%v does not name the file", err)
			}
			return
		}
		defer picture.Release()
		if err := picture.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzVideo plays any short file with FFmpeg's libraries in this process, as the
// app does; its pictures can be shown.
func FuzzVideo(f *testing.F) {
	clips := [][]byte{bytes.Repeat(testpicture.JPEG(f, 32, 24), 4)}
	for name, args := range map[string][]string{
		"h264.mp4": {"-c:v", "libx264", "-preset", "ultrafast"}, "mpeg4.avi": {"-c:v", "mpeg4"}, "mjpeg.mkv": {"-c:v", "mjpeg"},
		"vp8.webm": {"-c:v", "libvpx"}, "mpeg1.mpg": {"-c:v", "mpeg1video"}, "mjpeg444.mov": {"-c:v", "mjpeg", "-pix_fmt", "yuvj444p"},
	} {
		data, err := os.ReadFile(testClip(f, name, "4", args...))
		if err != nil {
			f.Fatal(err)
		}
		clips = append(clips, data)
	}
	for _, data := range clips {
		f.Add(data)
		f.Add(data[:len(data)*2/3])
	}
	path := filepath.Join(f.TempDir(), "film.mp4") // contents tell the kind
	play := func(t testing.TB, data []byte) (played int) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var pool pictures
		film, _, err := openLibav(path, &pool)
		if err != nil {
			return 0
		}
		defer pool.close()
		defer film.close()
		for ; played < 12; played++ {
			picture, err := film.read(t.Context())
			if err != nil {
				return played
			}
			usable(t, picture)
		}
		return played
	}
	if play(f, clips[1]) == 0 {
		f.Skip("FFmpeg's libraries are not here")
	}
	f.Fuzz(func(t *testing.T, data []byte) { play(t, data) })
}

// FuzzCSI reads any bytes as a stream of JPEG pictures from rpicam-vid, which
// come in two pieces: the same pictures are found wherever the cut is.
func FuzzCSI(f *testing.F) {
	one, other := testpicture.JPEG(f, 16, 8), testpicture.JPEG(f, 24, 24)
	for _, data := range [][]byte{nil, one, append(bytes.Clone(one), other...), append([]byte("stray"), one...), one[:len(one)-1], {0xFF, 0xD9, 0xFF}} {
		f.Add(data, uint16(len(data)/2))
		f.Add(data, uint16(max(0, len(data)-1)))
	}
	d, err := frame.NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(d.Close)
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		at := min(int(cut), len(data))
		if len(data) > bufferSize/4 { // more than the stream takes at once
			return
		}
		whole, pieces := pour(t, d, data), pour(t, d, data[:at], data[at:])
		if whole != pieces {
			t.Fatalf("%v pictures in one piece, %v cut at %d", whole, pieces, at)
		}
	})
}

// pour has the reader of a camera's JPEG stream read pieces, and tells how many
// pictures were sound and damaged.
func pour(t *testing.T, d *frame.Decoder, pieces ...[]byte) (found [2]int) {
	out, in, err := stream()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer in.Close()
	c := &csi{name: "camera", pipe: &picturePipe{stream: out}, stall: time.Millisecond, decoder: d}
	for _, piece := range pieces {
		if _, err := in.Write(piece); err != nil {
			t.Fatal(err)
		}
		for {
			picture, err := c.nextJPEG(t.Context())
			if errors.Is(err, ErrStalled) && unread(t, out) == 0 {
				break
			}
			if errors.Is(err, ErrStalled) {
				continue // the machine did something else for that long
			}
			switch {
			case errors.Is(err, frame.ErrCorrupt):
				found[1]++
			case err != nil:
				t.Fatal(err)
			default:
				if err := picture.Validate(); err != nil {
					t.Fatal(err)
				}
				picture.Release()
				found[0]++
			}
		}
	}
	return found
}

// unread is how many bytes wait in a stream.
func unread(t *testing.T, f *os.File) (n int) {
	conn, err := f.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// FuzzCapture has a driver set any size and rows of any length, and give buffers
// that hold less or more than that: pictures are whole or refused.
func FuzzCapture(f *testing.F) {
	for i := range len(rawFormats) + len(jpegFormats) {
		f.Add(uint8(i), uint16(16), uint16(9), uint32(0), uint8(0), bytes.Repeat([]byte{7, 99, 200, 31}, 150))
		f.Add(uint8(i), uint16(7), uint16(5), uint32(64), uint8(7), bytes.Repeat([]byte{1}, 320))
		f.Add(uint8(i), uint16(640), uint16(480), uint32(1<<31), uint8(1), []byte{1, 2, 3})
	}
	f.Add(uint8(len(rawFormats)), uint16(16), uint16(8), uint32(0), uint8(0), testpicture.JPEG(f, 16, 8))
	d, err := frame.NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(d.Close)
	formats := slices.Concat(rawFormats, jpegFormats)
	f.Fuzz(func(t *testing.T, kind uint8, w, h uint16, row uint32, colours uint8, data []byte) {
		mode := captureMode{pixelFormat: formats[int(kind)%len(formats)], width: rawWidth, height: rawHeight}
		mode.adopt(v4l2PixFormat{width: uint32(w), height: uint32(h), bytesPerLine: row, quantization: uint32(colours % 3), colorspace: uint32(colours)})
		if frame.CheckSize(mode.width, mode.height) != nil || mode.width*mode.height > 1<<21 {
			return
		}
		c := &capture{name: "camera", mode: mode, decoder: d}
		picture, err := c.frame(filled{data: data})
		switch {
		case errors.Is(err, frame.ErrCorrupt):
			return
		case err != nil && !mode.compressed():
			t.Fatal(err)
		case err != nil:
			return
		}
		if err := picture.Validate(); err != nil {
			t.Fatal(err)
		}
		if !mode.compressed() && (picture.Width != mode.width || picture.Height != mode.height) {
			t.Fatalf("%dx%d of %dx%d", picture.Width, picture.Height, mode.width, mode.height)
		}
		picture.Release()
	})
}
