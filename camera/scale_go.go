//go:build !cgo || purego

package camera

import "image"

func (s *Scaler) scaleRGBA(dst *image.RGBA, f *Frame, w, h int) { scaleReference(dst, f, w, h) }
