//go:build !cgo || purego

package camera

func turnPlanes(dst, src *Frame, t Turn) { turnReference(dst, src, t) }
