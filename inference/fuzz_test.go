package inference

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"reterminal-vision/camera/frame"
)

// FuzzDelegate reads any name of a delegate; one that is taken comes out again
// as it went in.
func FuzzDelegate(f *testing.F) {
	for _, name := range []string{"xnnpack", "None", "external:", "external:/lib/a.so", "external:/lib/a.so?backends=CpuAcc&b=%26%25",
		"external:a?=", "external:a?k=v&", "external:a?k=%", "external:a?k=%zz", "external:a?%00=%00", "external:?k=v", "external:a?k=v=w?x"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		d, err := ParseDelegate(name)
		if err != nil {
			return
		}
		file, external := d.External()
		if !external {
			return
		}
		same, options, err := d.split()
		if err != nil || same != file || file == "" {
			t.Fatalf("file %q and %q, %v", file, same, err)
		}
		for _, o := range options {
			if o.Key == "" || strings.ContainsRune(o.Key+o.Value, 0) {
				t.Fatalf("option %q", o)
			}
		}
		again, err := ParseDelegate(string(External(file, options...)))
		if err != nil {
			t.Fatal(err)
		}
		_, twice, err := again.split()
		if err != nil || len(twice) != len(options) {
			t.Fatalf("%q became %q, %v", options, twice, err)
		}
		for i := range twice {
			if twice[i] != options[i] {
				t.Fatalf("%q became %q", options, twice)
			}
		}
	})
}

// anyFrame is a frame of any format, size and strides over any bytes, which
// may be too few.
func anyFrame(format uint8, w, h int16, slack int8, raw []byte) *frame.Frame {
	f := &frame.Frame{Format: frame.Format(format % 12), Range: frame.Range(format / 12 % 2), Width: int(w), Height: int(h)}
	for p := range f.Planes {
		row, rows := f.Format.PlaneSize(p, f.Width, f.Height)
		f.Stride[p] = row + int(slack)
		n := min(len(raw), max(0, f.Stride[p]*rows))
		f.Planes[p] = bytes.Clone(raw[:n]) // of its own, so that a checker sees what is read beyond
		raw = raw[n:]
	}
	return f
}

// FuzzFrame prepares frames of any size with any part cut out, and warps them:
// what is too small is refused, and nothing beyond it read.
func FuzzFrame(f *testing.F) {
	picture := bytes.Repeat([]byte{7, 99, 200, 31}, 400)
	for format := range uint8(24) {
		f.Add(format, int16(16), int16(9), int8(0), picture, float32(0), float32(0), float32(0), float32(0))
		f.Add(format, int16(7), int16(5), int8(3), picture, float32(-3), float32(2), float32(99), float32(4))
		f.Add(format, int16(16), int16(9), int8(-1), picture, float32(0), float32(0), float32(5), float32(5))
		f.Add(format, int16(64), int16(64), int8(0), picture, float32(0), float32(0), float32(5), float32(math.Inf(1)))
	}
	prepare := []*Preprocessor{}
	var warps []*Warper
	for _, to := range []*Tensor{input(8, 6, UInt8, 1, 0), input(5, 9, Float32, 0, 0), input(4, 4, Int8, 1, -128)} {
		for _, r := range []Resize{Stretch, Letterbox} {
			p, err := NewPreprocessor(to, Uniform(0, 1), r)
			if err != nil {
				f.Fatal(err)
			}
			prepare = append(prepare, p)
		}
		w, err := NewWarper(to, Uniform(0, 1))
		if err != nil {
			f.Fatal(err)
		}
		warps = append(warps, w)
	}
	f.Fuzz(func(t *testing.T, format uint8, w, h int16, slack int8, raw []byte, x0, y0, x1, y1 float32) {
		frame := anyFrame(format, w, h, slack, raw)
		fits := frame.Validate() == nil
		for _, p := range prepare {
			if _, err := p.Run(frame, Box{x0, y0, x1, y1}, make([]byte, p.Size())); err == nil && !fits {
				t.Fatalf("took a frame that says %v", frame.Validate())
			}
		}
		for _, w := range warps {
			if err := w.Run(frame, [6]float32{x0, y0, x1, y1, x0, y1}, make([]byte, w.Size())); err == nil && !fits {
				t.Fatalf("warped a frame that says %v", frame.Validate())
			}
		}
	})
}
