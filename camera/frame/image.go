package frame

import (
	"image"

	"github.com/disintegration/imaging"
)

// FromImage copies img to an RGB24 frame; transparency is ignored.
func FromImage(img image.Image, pool *Pool) *Frame {
	m := imaging.Clone(img)
	f := pool.Get(RGB24, m.Rect.Dx(), m.Rect.Dy())
	for y := range f.Height {
		dst, src := f.Planes[0][y*f.Stride[0]:], m.Pix[y*m.Stride:]
		for x := range f.Width {
			copy(dst[3*x:3*x+3], src[4*x:4*x+3])
		}
	}
	return f
}

// CopyRows fills plane p from rows stride bytes apart.
func (f *Frame) CopyRows(p int, src []byte, stride int) {
	row, rows := f.Format.PlaneSize(p, f.Width, f.Height)
	if stride == row && f.Stride[p] == row {
		copy(f.Planes[p][:row*rows], src)
		return
	}
	for y := range rows {
		copy(f.Planes[p][y*f.Stride[p]:][:row], src[y*stride:])
	}
}
