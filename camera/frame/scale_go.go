//go:build !cgo || purego

package frame

import "image"

func (s *Scaler) scaleRGBA(dst *image.RGBA, f *Frame, w, h int) { scaleReference(dst, f, w, h) }
