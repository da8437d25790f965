//go:build !cgo || purego

package frame

import "image"

func convertRGBA(dst *image.RGBA, f *Frame) { toRGBAReference(dst, f) }
