//go:build !cgo || purego

package frame

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// Decoder turns JPEG pictures into frames with the standard library, several
// times slower than libjpeg-turbo. It serves one goroutine at a time.
type Decoder struct{}

// NewDecoder returns a decoder, which the caller must Close.
func NewDecoder() (*Decoder, error) { return &Decoder{}, nil }

// Close frees the decoder.
func (d *Decoder) Close() {}

// DecodeYUV decodes data to the planes it was stored as: an I420, I422, I444
// or Grey frame of RangeFull from pool. Pictures stored otherwise come as
// RGB24. Damaged or truncated data is an error.
func (d *Decoder) DecodeYUV(data []byte, pool *Pool) (*Frame, error) {
	img, err := decodeJPEG(data)
	if err != nil {
		return nil, err
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	switch m := img.(type) {
	case *image.Gray:
		f := pool.Get(Grey, w, h)
		f.Range = RangeFull
		f.CopyRows(0, m.Pix, m.Stride)
		return f, nil
	case *image.YCbCr:
		formats := map[image.YCbCrSubsampleRatio]Format{
			image.YCbCrSubsampleRatio420: I420, image.YCbCrSubsampleRatio422: I422, image.YCbCrSubsampleRatio444: I444,
		}
		if format, ok := formats[m.SubsampleRatio]; ok {
			f := pool.Get(format, w, h)
			f.Range = RangeFull
			f.CopyRows(0, m.Y, m.YStride)
			f.CopyRows(1, m.Cb, m.CStride)
			f.CopyRows(2, m.Cr, m.CStride)
			return f, nil
		}
	}
	return FromImage(img, pool), nil
}

// DecodeRGB decodes data to an RGB24 frame from pool. Damaged or truncated
// data is an error.
func (d *Decoder) DecodeRGB(data []byte, pool *Pool) (*Frame, error) {
	img, err := decodeJPEG(data)
	if err != nil {
		return nil, err
	}
	return FromImage(img, pool), nil
}

func decodeJPEG(data []byte) (image.Image, error) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := CheckSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return img, nil
}
