//go:build !cgo || purego

package frame

func turnPlanes(dst, src *Frame, t Turn) { turnReference(dst, src, t) }
