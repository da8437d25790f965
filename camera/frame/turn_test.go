package frame

import (
	"math/rand/v2"
	"testing"
)

// noisy is a frame of random bytes with rows longer than they need be.
func noisy(format Format, w, h int) *Frame {
	r := rand.New(rand.NewPCG(uint64(format), 7))
	f := &Frame{Width: w, Height: h, Format: format, Range: RangeFull}
	for p := range f.Planes {
		row, rows := format.PlaneSize(p, w, h)
		f.Stride[p] = row + 5
		f.Planes[p] = make([]byte, f.Stride[p]*rows)
		for i := range f.Planes[p] {
			f.Planes[p][i] = byte(r.UintN(256))
		}
	}
	return f
}

var turns = []Turn{{90, false}, {180, false}, {270, false}, {0, true}, {90, true}, {180, true}, {270, true}}

// The library and the reference turn every format alike, within 2 of 255, also
// where sides are odd; luma, grey and colours are moved to the bit.
func TestTurnAgainstReference(t *testing.T) {
	for format := RGB24; format <= I444; format++ {
		for _, size := range [][2]int{{64, 48}, {33, 17}, {6, 5}} {
			for _, turn := range turns {
				src := noisy(format, size[0], size[1])
				var pool Pool
				got, err := turn.Apply(src, &pool)
				if err != nil {
					t.Fatal(err)
				}
				want := pool.Get(got.Format, got.Width, got.Height)
				want.Range = got.Range
				turnReference(want, src, turn)
				for p := range got.Planes {
					for i := range got.Planes[p] {
						d := int(got.Planes[p][i]) - int(want.Planes[p][i])
						if d < -2 || d > 2 || p == 0 && d != 0 {
							t.Fatalf("%v %v %+v: plane %d byte %d is %d, want %d", format, size, turn, p, i, got.Planes[p][i], want.Planes[p][i])
						}
					}
				}
			}
		}
	}
}

// Every pixel of a colour picture goes where turning a sheet of paper takes it.
func TestTurnPlaces(t *testing.T) {
	for turn, want := range map[Turn][6]byte{
		{90, false}: {4, 1, 5, 2, 6, 3}, {180, false}: {6, 5, 4, 3, 2, 1}, {270, false}: {3, 6, 2, 5, 1, 4},
		{0, true}: {3, 2, 1, 6, 5, 4}, {90, true}: {1, 4, 2, 5, 3, 6}, {180, true}: {4, 5, 6, 1, 2, 3}, {270, true}: {6, 3, 5, 2, 4, 1},
	} {
		src := &Frame{Width: 3, Height: 2, Format: Grey, Planes: [3][]byte{{1, 2, 3, 4, 5, 6}}, Stride: [3]int{3}}
		var pool Pool
		got, err := turn.Apply(src, &pool)
		if err != nil {
			t.Fatal(err)
		}
		if [6]byte(got.Planes[0]) != want {
			t.Errorf("%+v: %v, want %v", turn, got.Planes[0], want)
		}
	}
}

func BenchmarkTurn(b *testing.B) {
	for _, format := range []Format{YUYV, NV12, I420} {
		b.Run(format.String(), func(b *testing.B) {
			src, pool := noisy(format, 640, 480), &Pool{}
			b.ReportAllocs()
			for b.Loop() {
				f, err := Turn{Degrees: 90}.Apply(src, pool)
				if err != nil {
					b.Fatal(err)
				}
				f.Release()
			}
		})
	}
}
