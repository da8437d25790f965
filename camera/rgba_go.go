//go:build !cgo || purego

package camera

import "image"

func convertRGBA(dst *image.RGBA, f *Frame) { toRGBAReference(dst, f) }
