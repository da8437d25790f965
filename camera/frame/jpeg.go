package frame

import (
	"errors"

	"reterminal-vision/camera/fault"
)

// ErrCorrupt marks a picture whose data are damaged or cut short; the next
// picture of the same source may be fine.
var ErrCorrupt = errors.New("damaged picture")

// ErrUnsupportedJPEG marks a sound JPEG picture of a kind the decoder does not
// take, such as CMYK.
var ErrUnsupportedJPEG = errors.New("unsupported kind of JPEG")

// maxPixels bounds a decoded picture, so that a forged header cannot ask for
// gigabytes.
const maxPixels = 1 << 26

// CheckSize refuses sizes no source of ours has.
func CheckSize(w, h int) error {
	if w <= 0 || h <= 0 || w > MaxSide || h > MaxSide || w*h > maxPixels {
		return fault.Errorf("picture of %dx%d: at most %d on a side and %d megapixels are read", w, h, MaxSide, maxPixels>>20)
	}
	return nil
}

// jpegMarkers walks the segments of the JPEG picture at the start of data and
// calls seg for each with its marker and payload. It returns the picture's
// length including its end marker, or 0 when data holds no whole picture.
func jpegMarkers(data []byte, seg func(marker byte, payload []byte)) int {
	if len(data) < 4 || data[0] != 0xFF || data[1] != 0xD8 {
		return 0
	}
	for i := 2; i+1 < len(data); {
		if data[i] != 0xFF {
			i++ // entropy-coded data, or stray bytes that decoders skip too
			continue
		}
		switch m := data[i+1]; {
		case m == 0xD9:
			return i + 2
		case m == 0xFF: // fill byte
			i++
		case m == 0 || m == 1 || m >= 0xD0 && m <= 0xD8: // no payload
			i += 2
		default:
			if i+4 > len(data) {
				return 0
			}
			end := i + 2 + (int(data[i+2])<<8 | int(data[i+3]))
			if end > len(data) || end < i+4 {
				return 0
			}
			if seg != nil {
				seg(m, data[i+4:end])
			}
			i = end
		}
	}
	return 0
}

// SplitJPEGs cuts pictures stored one after the other; bytes between them and
// a cut-off last one are left out.
func SplitJPEGs(data []byte) [][]byte {
	var pictures [][]byte
	for i := 0; i+1 < len(data); {
		n := jpegMarkers(data[i:], nil)
		if n == 0 {
			i++
			continue
		}
		pictures = append(pictures, data[i:i+n:i+n])
		i += n
	}
	return pictures
}

// ExifOrientation returns the orientation tag (1..8) of a JPEG picture, 1 when
// it has none. Layout: TIFF 6.0 directory inside an APP1 "Exif" segment.
func ExifOrientation(data []byte) int {
	orientation := 1
	jpegMarkers(data, func(marker byte, p []byte) {
		if marker == 0xE1 && len(p) > 14 && string(p[:6]) == "Exif\x00\x00" {
			orientation = tiffOrientation(p[6:])
		}
	})
	return orientation
}

func tiffOrientation(p []byte) int {
	big := string(p[:2]) == "MM"
	u16 := func(i int) int {
		if i < 0 || i+2 > len(p) {
			return 0
		}
		if big {
			return int(p[i])<<8 | int(p[i+1])
		}
		return int(p[i+1])<<8 | int(p[i])
	}
	dir := u16(4)<<16 | u16(6)
	if !big {
		dir = u16(6)<<16 | u16(4)
	}
	for i := range u16(dir) {
		if entry := dir + 2 + 12*i; u16(entry) == 0x0112 {
			if v := u16(entry + 8); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}
